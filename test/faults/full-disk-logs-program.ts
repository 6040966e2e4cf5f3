/** Keeps logs on a small disk that is full for a while, and prints what became of them. For full-disk-logs.test.ts. */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { LogStore } from '../../src/logs/log-store.ts';

const [disk = ''] = process.argv.slice(2);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
const logs = new LogStore({ clock: systemClock, directory: join(disk, 'logs') });
const logGroup = '/aws/lambda/f';

async function print(text: string): Promise<readonly string[]> {
  logs.observe({
    type: 'function',
    functionName: 'f',
    version: '1',
    environmentId: 'e',
    logGroup,
    logStream: 's',
    logFormat: 'Text',
    time: systemClock.epochMs(),
    kind: 'raw',
    text,
  });
  const { events } = await logs.filter({ logGroup });
  return events.map(({ message }) => message.slice(0, 60).trim());
}

await print('before\n');
const filler = join(disk, 'filler');
try {
  writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024));
} catch {
  // Full: what was wanted.
}
const full = await print(`${'x'.repeat(100_000)}\n`);
rmSync(filler);
const after = await print('after\n');
await logs.close();
const again = new LogStore({ clock: systemClock, directory: join(disk, 'logs') });
const { events } = await again.filter({ logGroup });
console.log(JSON.stringify({ full, after, lost: logs.lostEvents, kept: events.length }));
