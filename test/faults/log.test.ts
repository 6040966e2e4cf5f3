/** Logs that nobody reads (SECURITY.md section 4, R28), with the real command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { projectRoot } from '../cli/run-command.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { unreadPipe } from './unread-pipe.ts';

ownTemporaryDirectory();

const source = `export const handler = async ({ lines }) => {
  for (let line = 0; line < lines; line += 1) console.log('x'.repeat(1_000));
  return lines;
};`;

function program(): string {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-loud-'));
  writeFileSync(join(directory, 'loud.mjs'), source);
  return directory;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function serve(t: ExecutionContext, stdout: number, stderr: number | 'pipe') {
  t.timeout(120_000);
  const port = await freePort();
  const args = ['bin/isotherm.js', 'serve', program(), '--port', String(port)];
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: ['ignore', stdout, stderr] });
  t.teardown(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(`${url}/healthz`).catch(() => undefined))?.ok !== true) {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`);
    await delay(20);
  }
  return { child, url };
}

async function call(url: string, lines: number): Promise<string> {
  const response = await fetch(`${url}/2015-03-31/functions/loud/invocations`, {
    method: 'POST',
    body: JSON.stringify({ lines }),
    signal: AbortSignal.timeout(20_000),
  });
  return await response.text();
}

async function linesDropped(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^isotherm_log_lines_dropped_total (\d+)$/m.exec(metrics)?.[1]);
}

async function endAfter(child: ChildProcess, signal: 'SIGTERM'): Promise<unknown> {
  const ended = once(child, 'exit');
  child.kill(signal);
  return (await Promise.race([ended, delay(20_000, ['it goes on'], { ref: false })]))[0];
}

for (const kind of ['pipe', 'socket'] as const) {
  test.serial(`R28: calls go on while nobody reads the log, a ${kind}, and what is dropped is counted`, async (t) => {
    const stdout = unreadPipe(t);
    stdout.fill();
    const stderr = unreadPipe(t);
    stderr.fill();
    // What Node makes for a child is a socket; it is not read before somebody asks.
    const { child, url } = await serve(t, stdout.writeEnd, kind === 'pipe' ? stderr.writeEnd : 'pipe');
    t.is(await linesDropped(url), 0);
    for (let calls = 0; calls < 5; calls += 1) t.is(await call(url, 4_000), '4000');
    const dropped = await linesDropped(url);
    t.true(dropped > 0);

    let text = '';
    const reads = (): string => (kind === 'pipe' ? stderr.read() : String(child.stderr?.read() ?? ''));
    while (!text.includes('lines were dropped here')) {
      text += reads();
      await delay(1);
    }
    t.true(text.includes(`isotherm: ${dropped} lines were dropped here`));
    t.is(await call(url, 1), '1');
    while (!/REPORT RequestId: .*\n$/.test(text)) {
      text += reads();
      await delay(1);
    }
    // Whole lines, whatever was dropped between them.
    const odd = text.split('\n').filter((line) => line.length > 900 && !/^\.+$|\tx{1000}$/.test(line));
    t.deepEqual(odd, []);

    // And again nobody reads.
    t.is(await call(url, 4_000), '4000');
    t.is(await endAfter(child, 'SIGTERM'), 0);
  });
}

test.serial('R28: an answer of invoke waits for its reader and is whole, while its log is dropped', async (t) => {
  t.timeout(120_000);
  const stdout = unreadPipe(t);
  stdout.fill();
  const stderr = unreadPipe(t);
  const directory = program();
  const event = JSON.stringify({ lines: 4_000 });
  const args = ['bin/isotherm.js', 'invoke', join(directory, 'loud.mjs'), '--event', event, '--repeat', '6'];
  const stdio = ['ignore', stdout.writeEnd, stderr.writeEnd] as const;
  const child = spawn(process.execPath, args, { cwd: projectRoot, stdio: [...stdio] });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let answers = '';
  while (answers.split('\n').filter((line) => line === '4000').length < 6 && child.exitCode === null) {
    answers += stdout.read();
    await delay(5);
  }
  let log = '';
  while (child.exitCode === null) {
    log += stderr.read();
    await delay(1);
  }
  t.is((await ended)[0], 0);
  log += stderr.read();
  t.regex(log, /^isotherm: \d+ lines were dropped here/m);
});
