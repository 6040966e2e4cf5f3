import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { sandboxNodeFlags } from '../../src/supervisor/node-flags.ts';

const drill = fileURLToPath(new URL('./watchdog-drill.ts', import.meta.url));

interface Run {
  readonly isEnded: boolean;
  readonly thrown: string;
  readonly tookMs: number;
}

interface Results {
  readonly short: Run;
  readonly loop: Run;
  readonly microtasks: Run;
  readonly afterRest: Run;
  readonly afterwards: Run;
  readonly disposed: readonly boolean[];
  readonly many: unknown;
  readonly disposedByOthers: unknown;
  readonly ends: number;
}

test('the watchdog ends what runs past its deadline on the main thread, and nothing else', async (t) => {
  const child = spawn(process.execPath, [...sandboxNodeFlags, drill], { stdio: ['ignore', 'pipe', 'inherit'] });
  const results: Results = JSON.parse(await text(child.stdout));
  t.like(results.short, { isEnded: false, thrown: '' });
  for (const [name, timeoutMs] of Object.entries({ loop: 100, microtasks: 100, afterRest: 100, afterwards: 50 })) {
    const run = results[name as 'loop'];
    t.true(run.isEnded, name);
    t.regex(run.thrown, /disposed/);
    t.true(run.tookMs >= timeoutMs - 1, `${name}: ${run.tookMs} ms`);
  }
  t.deepEqual(results.disposed, [true, true]);
  t.deepEqual(results.many, { isDisposed: false, many: true });
  t.deepEqual(results.disposedByOthers, { isEnded: false });
  t.is(results.ends, 0);
});
