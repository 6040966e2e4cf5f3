/** `deploy`, `list`, `logs` and `top` against a served engine, with the real command. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { createServer } from '../../src/http/server.ts';
import { AccessKeys } from '../../src/http/signature/access-keys.ts';
import { FunctionFigures } from '../../src/telemetry/function-figures.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { runCommand } from './run-command.ts';

ownTemporaryDirectory();
const directory = mkdtempSync(join(tmpdir(), 'isotherm-commands-'));
const dataDirectory = join(directory, 'data');
const figures = new FunctionFigures();
const engine = await createEngine({ dataDirectory, observe: figures.observe });
const server = createServer({ engine, figures });
const endpoint = await server.listen({ host: '127.0.0.1', port: 0 });
const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret-of-the-test' };
const signedServer = createServer({ engine, signatures: { keys: new AccessKeys([key]), clock: systemClock } });
const signedEndpoint = await signedServer.listen({ host: '127.0.0.1', port: 0 });

test.after.always(async () => {
  await Promise.all([server.close(), signedServer.close()]);
  await engine.close();
});

const file = join(directory, 'talk.mjs');
writeFileSync(
  file,
  'export const handler = async (event) => { console.log("said", event, "\\x1b[31m"); return process.env.WHO ?? 1; };',
);

test.serial('deploy makes a function and updates it, and ends when the new code runs', async (t) => {
  const made = await runCommand(['deploy', file, '--endpoint', endpoint]);
  t.regex(made.stdout, /^created talk: arn:aws:lambda:us-east-1:000000000000:function:talk, Active after \d+\.\d s\n$/);
  t.is(await engine.function('talk')('one'), 1);
  const updated = await runCommand(['deploy', file, '--endpoint', endpoint, '--env', 'WHO=Ada', '--memory', '256']);
  t.regex(updated.stdout, /^updated talk: /);
  t.is(await engine.function('talk')('two'), 'Ada');
  t.is(updated.status, 0);
});

test.serial('deploy takes a directory, or the functions in it', async (t) => {
  const many = join(directory, 'many');
  mkdirSync(join(many, 'inner'), { recursive: true });
  writeFileSync(
    join(many, 'inner/index.mjs'),
    'import { one } from "./one.mjs"; export const handler = async () => one;',
  );
  writeFileSync(join(many, 'inner/one.mjs'), 'export const one = 11;');
  writeFileSync(join(many, 'alone.js'), 'exports.handler = async () => 12;');
  const all = await runCommand(['deploy', many, '--endpoint', endpoint]);
  t.regex(all.stdout, /^created alone: .*\ncreated inner: .*\n$/, all.stderr);
  t.is(await engine.function('inner')(), 11);
  const named = await runCommand(['deploy', join(many, 'inner'), '--name', 'other', '--endpoint', endpoint]);
  t.regex(named.stdout, /^created other: /);
});

test.serial('list shows functions, with tabs where nobody looks', async (t) => {
  await engine.publishVersion({ functionName: 'talk' });
  await engine.functions.concurrency.put('talk', 5);
  const { stdout } = await runCommand(['list', '--endpoint', endpoint]);
  const rows = stdout.split('\n').map((line) => line.split('\t'));
  t.deepEqual(rows[0], ['FUNCTION', 'RUNTIME', 'MEMORY', 'TIMEOUT', 'VERSIONS', 'RESERVED', 'MODIFIED']);
  t.deepEqual(rows.find(([name]) => name === 'talk')?.slice(0, 6), ['talk', 'nodejs24.x', '256 MB', '3 s', '1', '5']);
  const json = JSON.parse((await runCommand(['list', '--json', '--endpoint', endpoint])).stdout);
  t.like(
    json.find(({ functionName }: { functionName: string }) => functionName === 'talk'),
    { versions: 1, reservedConcurrency: 5 },
  );
});

test.serial('logs come from the server or from its files, filtered, as text or JSON', async (t) => {
  const fromServer = await runCommand(['logs', 'talk', '--filter', 'said', '--endpoint', endpoint]);
  t.regex(
    fromServer.stdout,
    /^\S+Z\t[0-9a-f-]{36}\tINFO\tsaid one \x1b\[31m\n\S+Z\t[0-9a-f-]{36}\tINFO\tsaid two \x1b\[31m\n$/,
  );
  const fromFiles = await runCommand(['logs', 'talk', '--filter', 'said', '--data-dir', dataDirectory]);
  t.is(fromFiles.stdout, fromServer.stdout);
  const json = await runCommand([
    'logs',
    '/aws/lambda/talk',
    '--filter',
    '"said one"',
    '--json',
    '--endpoint',
    endpoint,
  ]);
  const event = JSON.parse(json.stdout);
  t.deepEqual(Object.keys(event).toSorted(), ['eventId', 'logStream', 'message', 'timestamp']);
  t.regex(event.message, /said one \x1b\[31m\n$/);
  const none = await runCommand(['logs', 'other', '--endpoint', endpoint]);
  t.deepEqual([none.stdout, none.stderr, none.status], ['', 'isotherm: other has no logs yet\n', 0]);
});

test.serial('top tells what happened between two looks', async (t) => {
  const running = runCommand(['top', '--json', '--count', '1', '--interval', '1', '--endpoint', endpoint]);
  let isDone = false;
  void running.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await engine.function('talk')('again');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { functions } = JSON.parse((await running).stdout);
  t.like(functions[0], { functionName: 'talk', errors: 0 });
  t.true(functions[0].perSecond > 0 && functions[0].p50Ms > 0);
});

test.serial('where requests must be signed, they are', async (t) => {
  const unsigned = await runCommand(['list', '--endpoint', signedEndpoint], {
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
  });
  t.regex(unsigned.stderr, /^isotherm: \w+: Missing Authentication Token\n$/);
  t.is(unsigned.status, 2);
  const env = { ISOTHERM_ACCESS_KEY_ID: key.accessKeyId, ISOTHERM_SECRET_ACCESS_KEY: key.secretAccessKey };
  t.is((await runCommand(['list', '--endpoint', signedEndpoint], { env })).status, 0);
  const logs = await runCommand(['logs', 'talk', '--filter', '"said one"', '--endpoint', signedEndpoint], { env });
  t.regex(logs.stdout, /said one/);
});

test.serial('what is no server of ours is told from one, in one line', async (t) => {
  const stranger = createHttpServer((_request, response) => response.end('<html>'));
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  t.teardown(() => stranger.close());
  const address = stranger.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const foreign = await runCommand(['list', '--endpoint', url]);
  t.is(foreign.stderr, `isotherm: ${url} answers, but not as isotherm does (status 200); is --endpoint right?\n`);
  t.is(foreign.status, 3);
  stranger.closeAllConnections();
  await new Promise((resolve) => stranger.close(resolve));
  const nobody = await runCommand(['list', '--endpoint', url]);
  t.is(
    nobody.stderr,
    `isotherm: nobody answers at ${url} (connection refused); start a server with isotherm serve, or name another with --endpoint\n`,
  );
  t.is(nobody.status, 3);
});

const mistakes: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['list', '--endpoint', 'nope'], /^isotherm: --endpoint must be a URL like http:\/\/127.0.0.1:9001, got "nope"\n$/],
  [['logs', 'talk', '--since', 'noon'], /^isotherm: --since must be a time like 30s, .*got "noon"\n$/],
  [['logs', 'talk', '--data-dir', '/nowhere'], /^isotherm: --data-dir must be a directory .* there is no \/nowhere\n$/],
  [
    ['logs', 'talk', '--data-dir', '/tmp', '--endpoint', 'http://x'],
    /^isotherm: --endpoint and --data-dir cannot be given together/,
  ],
  [['top', '--interval', '0'], /^isotherm: --interval must be an integer from 1 to 3600, got "0"\n$/],
  [['deploy', '/nowhere.js'], /^isotherm: "\/nowhere.js" is no file, directory or zip\n$/],
];

for (const [args, message] of mistakes) {
  test.serial(`isotherm ${args.join(' ')}: one line and status 2`, async (t) => {
    const { status, stderr } = await runCommand(args);
    t.regex(stderr, message);
    t.is(status, 2);
  });
}
