import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { projectRoot, runCommand } from './run-command.ts';

ownTemporaryDirectory();

function folder(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-serve-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

interface Serving {
  readonly child: ChildProcess;
  readonly url: string;
  readonly stderr: () => string;
}

/** Starts the real command and waits for its ready line. */
async function serve(t: ExecutionContext, ...args: readonly string[]): Promise<Serving> {
  const child = spawn(process.execPath, [`${projectRoot}bin/isotherm.js`, 'serve', '--port', '0', ...args], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'close').then(([status]) => Promise.reject(new Error(`serve ended with ${status}: ${stderr}`))),
  ]);
  const url = /^isotherm listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(String(line))?.[1];
  t.truthy(url, String(line));
  return { child, url: url ?? '', stderr: () => stderr };
}

async function stop(child: ChildProcess, signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
  const closed = once(child, 'close');
  child.kill(signal);
  return closed;
}

async function invoke(url: string, name: string, event: string): Promise<string> {
  const response = await fetch(`${url}/2015-03-31/functions/${name}/invocations`, { method: 'POST', body: event });
  return response.text();
}

async function names(url: string): Promise<string[]> {
  const { Functions } = (await (await fetch(`${url}/2015-03-31/functions`)).json()) as {
    Functions: { FunctionName: string }[];
  };
  return Functions.map(({ FunctionName }) => FunctionName);
}

test.serial('a directory of functions is served under the names of its files and folders', async (t) => {
  const directory = folder({
    'hello.ts': 'export const handler = async (event: { name: string }) => `hello ${event.name}`;',
    'counter/index.mjs':
      'import { step } from "./step.mjs"; let n = 0; export const handler = async () => (n += step);',
    'counter/step.mjs': 'export const step = 2;',
    'notes.txt': 'no function',
    'broken.zip': 'no zip',
  });
  const { child, url, stderr } = await serve(t, directory);
  t.deepEqual(await names(url), ['counter', 'hello']);
  t.is(await invoke(url, 'hello', '{"name":"Ada"}'), '"hello Ada"');
  t.is(await invoke(url, 'counter', '{}'), '2');
  t.is(await invoke(url, 'counter', '{}'), '4');
  t.regex(stderr(), /^REPORT RequestId: /m);
  t.regex(stderr(), /^isotherm: broken is not deployed: Could not unzip/m);
  t.deepEqual(await stop(child), [0, null]);
});

test.serial(
  'with --data-dir functions survive SIGKILL, and a second server on the directory is told who holds it',
  async (t) => {
    const directory = folder({ 'f.js': 'exports.handler = async () => "kept"' });
    const data = join(folder(), 'data');
    const first = await serve(t, directory, '--data-dir', data);
    const second = await runCommand(['serve', '--port', '0', '--data-dir', data]);
    t.is(second.status, 2);
    t.regex(second.stderr, new RegExp(`DataDirectoryInUse: .*process ${first.child.pid}`));
    await stop(first.child, 'SIGKILL');

    const third = await serve(t, '--data-dir', data);
    t.is(await invoke(third.url, 'f', '{}'), '"kept"');
    await stop(third.child);

    const changed = folder();
    cpSync(directory, changed, { recursive: true });
    writeFileSync(join(changed, 'f.js'), 'exports.handler = async () => "new"');
    const fourth = await serve(t, changed, '--data-dir', data);
    t.is(await invoke(fourth.url, 'f', '{}'), '"new"');
    await stop(fourth.child);
  },
);

test.serial('SIGTERM lets a running invocation be answered; the exit status is 0', async (t) => {
  const source = `exports.handler = async () => {
    console.log('running');
    await new Promise((resolve) => setTimeout(resolve, 300));
    return 'finished';
  }`;
  const { child, url } = await serve(t, folder({ 'slow.js': source }));
  const running = new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk) => String(chunk).includes('running') && resolve());
  });
  const answered = invoke(url, 'slow', '{}');
  await running;
  const ended = stop(child);
  t.is(await answered, '"finished"');
  t.deepEqual(await ended, [0, null]);
});

test.serial('a second signal does not wait for a running invocation', async (t) => {
  const source =
    'exports.handler = async () => { console.log("running"); await new Promise((r) => setTimeout(r, 60000)); }';
  const { child, url } = await serve(t, folder({ 'long.js': source }));
  const running = new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk) => String(chunk).includes('running') && resolve());
  });
  const answered = invoke(url, 'long', '{}').catch((error: unknown) => error);
  await running;
  const closed = once(child, 'close');
  child.kill('SIGINT');
  // The first one has arrived when the port takes nobody any more.
  while ((await fetch(`${url}/healthz`).catch(() => undefined))?.status === 200);
  child.kill('SIGINT');
  t.deepEqual(await closed, [130, null]);
  await answered;
});

test.serial('a taken port, a foreign address and bad options are one clear line and exit status 2', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const file = join(folder({ file: '' }), 'file');
  for (const [args, message] of [
    [['--port', String(port)], new RegExp(`^isotherm: PortInUse: port ${port} on 127\\.0\\.0\\.1 is in use`, 'm')],
    [
      ['--host', '0.0.0.0'],
      /^isotherm: InvalidParameterValueException: host must be a loopback address .*"0\.0\.0\.0"/m,
    ],
    [['--port', '70000'], /^isotherm: --port must be an integer from 0 to 65535, got "70000"$/m],
    [['--isolation', 'none'], /^isotherm: --isolation must be one of domain, function, got "none"$/m],
    [
      ['--hardening', 'full'],
      /^isotherm: --hardening must be one of auto, required, off, S0, S1, S2, S3, S4, got "full"$/m,
    ],
    // No sandbox gets a control group of its own, which S4 needs.
    [
      ['--hardening', 'S4'],
      /^isotherm: HardeningUnavailable: hardening must be at least S4, and sandboxes reach S[0-3] here: no .*control-group/m,
    ],
    [['nowhere'], /^isotherm: "nowhere" is no directory/m],
    [['--port', '0', '--data-dir', file], /^isotherm: DataDirectoryUnusable: .*not a directory/m],
  ] as const) {
    const { status, stdout, stderr } = await runCommand(['serve', ...args]);
    t.is(status, 2, stderr);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.notRegex(stderr, /\n\s+at /);
  }
});

test.serial('two functions of one name are refused', async (t) => {
  const directory = folder({ 'same.js': 'exports.handler = 1', 'same.mjs': 'export const handler = 1' });
  const { status, stderr } = await runCommand(['serve', directory, '--port', '0']);
  t.is(status, 2);
  t.regex(stderr, /two functions that would both be called same/);
});

test('functions of the directory reach what the command says', async (t) => {
  const target = createServer((socket) => socket.end('hello'));
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  t.teardown(() => void target.close());
  const address = target.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const source = `
    import net from 'node:net';
    import { text } from 'node:stream/consumers';
    export const handler = async (port) => text(net.connect(port, '127.0.0.1'));
  `;
  const { child, url } = await serve(t, folder({ 'reach.mjs': source }), '--allow-net', `localhost:1,${port}`);
  t.is(await invoke(url, 'reach', String(port)), '"hello"');
  await stop(child);
});
