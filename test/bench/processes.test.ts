import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { processTree, treeMemoryBytes } from '../../bench/processes.ts';

test('the memory of a process is that of its children too, without the text of programs', async (t) => {
  const program =
    "const held = Buffer.alloc(50_000_000, 1); process.stdout.write('up'); process.stdin.on('end', () => held).resume();";
  const alone = treeMemoryBytes(process.pid);
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const ofChild = treeMemoryBytes(child.pid ?? 0);
  const grown = treeMemoryBytes(process.pid) - alone;
  t.true(processTree(process.pid).includes(child.pid ?? 0));
  t.true(ofChild > 50_000_000 && ofChild < 120_000_000, String(ofChild));
  // Half of it at least: this process may have collected its garbage meanwhile.
  t.true(grown > ofChild / 2, String(grown));
  child.stdin.end();
  await once(child, 'exit');
});
