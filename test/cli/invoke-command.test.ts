import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { runCommand } from './run-command.ts';

ownTemporaryDirectory();

function folder(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-cli-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

const reports = (stderr: string) => stderr.split('\n').filter((line) => line.startsWith('REPORT '));
const isotherm = (stderr: string) => stderr.split('\n').filter((line) => line.startsWith('isotherm: '));

test.serial('one cold and two warm invocations of a TypeScript file', async (t) => {
  const { status, stdout, stderr } = await runCommand([
    'invoke',
    'examples/hello.ts',
    '--event',
    '{"name":"Ada"}',
    '--repeat',
    '3',
  ]);
  t.is(status, 0, stderr);
  t.is(stdout, '{"message":"Hello, Ada!"}\n'.repeat(3));
  t.deepEqual(
    reports(stderr).map((line) => line.includes('Init Duration:')),
    [true, false, false],
  );
});

test.serial('the event comes from a file or from standard input', async (t) => {
  const cwd = folder({ 'echo.js': 'exports.handler = async (event) => event', 'event.json': '[1, "é"]' });
  const fromFile = await runCommand(['invoke', 'echo.js', '--event', '@event.json'], { cwd });
  t.is(fromFile.stdout, '[1,"é"]\n', fromFile.stderr);
  const fromStdin = await runCommand(['invoke', 'echo.js', '--event', '-'], { cwd, stdin: '{"a":null}' });
  t.is(fromStdin.stdout, '{"a":null}\n', fromStdin.stderr);
});

test.serial('options reach the function: handler, memory, timeout, variables, runtime', async (t) => {
  const source = `exports.main = async (event, context) => [process.env.GREETING, context.memoryLimitInMB,
    context.getRemainingTimeInMillis() > 4000, process.env.AWS_EXECUTION_ENV]`;
  const { stdout, stderr, status } = await runCommand(
    [
      'invoke',
      'f.cjs',
      '--handler',
      'index.main',
      '--memory',
      '256',
      '--timeout',
      '5',
      '--runtime',
      'nodejs22.x',
      '--env',
      'GREETING=a=b',
    ],
    { cwd: folder({ 'f.cjs': source }) },
  );
  t.is(status, 0, stderr);
  t.deepEqual(JSON.parse(stdout), ['a=b', '256', true, 'AWS_Lambda_nodejs22.x']);
});

test.serial('a function error is exit status 1 with its JSON on stdout', async (t) => {
  const { status, stdout } = await runCommand(['invoke', 'examples/order-total.ts', '--event', '{"items":[]}']);
  t.is(status, 1);
  const error = JSON.parse(stdout);
  t.is(error.errorType, 'EmptyOrder');
  t.is(error.errorMessage, 'an order needs at least one item');
});

test.serial('--json prints one line for each invocation with its report', async (t) => {
  const { stdout, stderr } = await runCommand(['invoke', 'examples/counter.js', '--json', '--repeat', '2']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.is(lines.length, 2, stderr);
  t.deepEqual(
    lines.map(({ statusCode, payload, report }) => [statusCode, payload.invocations, report.coldStart]),
    [
      [200, 1, true],
      [200, 2, false],
    ],
  );
  t.regex(lines[0].requestId, /^[0-9a-f-]{36}$/);
  t.is(lines[0].executedVersion, '$LATEST');
});

test.serial('a directory is a package: its files require each other and are there to read', async (t) => {
  const { status, stdout, stderr } = await runCommand([
    'invoke',
    'examples/thumbnails',
    '--handler',
    'fixed.handler',
    '--event',
    '{"frames":4}',
  ]);
  t.is(status, 0, stderr);
  t.deepEqual(JSON.parse(stdout), { asked: 4, thumbnails: 4 });
});

test.serial('the leaky thumbnail generator shows the bug of reused environments', async (t) => {
  const { stdout, stderr } = await runCommand([
    'invoke',
    'examples/thumbnails',
    '--handler',
    'leaky.handler',
    '--event',
    '{"frames":4}',
    '--repeat',
    '2',
  ]);
  const counts = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).thumbnails);
  t.deepEqual(counts, [4, 8], stderr);
});

test.serial('a syntax error names the file and the line, and is the function’s error', async (t) => {
  const cwd = folder({ 'broken.js': 'exports.handler = async () => {\n  const x = ;\n};\n' });
  const { status, stdout } = await runCommand(['invoke', 'broken.js'], { cwd });
  t.is(status, 1);
  const error = JSON.parse(stdout);
  t.is(error.errorType, 'Runtime.UserCodeSyntaxError');
  t.regex(error.errorMessage, /^SyntaxError: /);
  t.regex(JSON.stringify(error.trace), /\/var\/task\/index\.js:2/);
});

const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a target that is not there', ['invoke', 'nothing.js'], /"nothing\.js" is no file, directory or zip/],
  ['an event that is not JSON', ['invoke', 'ok.js', '--event', '{name:1}'], /--event must be JSON/],
  [
    'an event file that is not there',
    ['invoke', 'ok.js', '--event', '@none.json'],
    /--event @none\.json cannot be read/,
  ],
  ['a malformed variable', ['invoke', 'ok.js', '--env', 'NOVALUE'], /--env must be NAME=VALUE, got "NOVALUE"/],
  [
    'a repeat count of zero',
    ['invoke', 'ok.js', '--repeat', '0'],
    /--repeat must be an integer from 1 to \d+, got "0"/,
  ],
  ['a timeout out of range', ['invoke', 'ok.js', '--timeout', '901'], /'901' at 'timeout'.*less than or equal to 900/],
  ['a memory size that is no number', ['invoke', 'ok.js', '--memory', 'much'], /--memory must be an integer/],
  ['an unknown runtime', ['invoke', 'ok.js', '--runtime', 'cobol'], /Value cobol at 'runtime'/],
  ['a broken zip', ['invoke', 'broken.zip'], /Could not unzip uploaded file/],
];

for (const [what, args, message] of mistakes) {
  test.serial(`${what} is one clear line and exit status 2`, async (t) => {
    const cwd = folder({ 'ok.js': 'exports.handler = async () => 1', 'broken.zip': 'PK no zip' });
    const { status, stdout, stderr } = await runCommand(args, { cwd });
    t.is(status, 2, stderr);
    t.is(stdout, '');
    t.is(isotherm(stderr).filter((line) => !line.includes('preparing the runtime')).length, 1, stderr);
    t.regex(stderr, message);
    t.notRegex(stderr, /\n\s+at /);
  });
}

test.serial('a malformed handler is an init error of Lambda’s', async (t) => {
  const cwd = folder({ 'ok.js': 'exports.handler = async () => 1' });
  const { status, stdout } = await runCommand(['invoke', 'ok.js', '--handler', 'index'], { cwd });
  t.is(status, 1);
  t.is(JSON.parse(stdout).errorType, 'Runtime.MalformedHandlerName');
});

test.serial(
  '--limit makes a limit stricter; REPORT says when it was met, and one that cannot be is refused',
  async (t) => {
    const cwd = folder({
      'f.cjs': 'exports.handler = async () => { for (const each of [1, 2, 3]) console.log(each); return 1; }',
    });
    const { status, stdout, stderr } = await runCommand(
      ['invoke', 'f.cjs', '--limit', 'logLines=2', '--limit', 'timers=9'],
      { cwd },
    );
    t.is(status, 0, stderr);
    t.is(stdout, '1\n');
    t.regex(reports(stderr)[0] ?? '', /\tLimits: log-lines$/);
    t.deepEqual(isotherm(stderr), [
      'isotherm: limit log-lines cut the log of f: 3 of 2 lines; see limits.logLines in docs/limits.md',
    ]);
    for (const [limit, message] of [
      ['timers', 'isotherm: --limit must be NAME=NUMBER, such as logBytes=10000, got "timers"'],
      [
        'timers=0',
        'isotherm: InvalidParameterValueException: limits.timers must be a whole number from 1 to 262144, received 0',
      ],
    ] as const) {
      const refused = await runCommand(['invoke', 'f.cjs', '--limit', limit], { cwd });
      t.is(refused.status, 2);
      t.is(refused.stderr, `${message}\n`);
    }
  },
);

test.serial('an unknown command or option prints usage and ends with 2', async (t) => {
  for (const args of [['frobnicate'], ['invoke', 'x.js', '--wat']]) {
    const { status, stderr } = await runCommand(args);
    t.is(status, 2);
    t.regex(stderr, /isotherm --help/);
  }
});
