/**
 * `require` of a guest for files of its package against Node's own: the same package is laid out in a directory for Node, and the
 * same requests must give the same exports or the same error.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { expectWarnings } from '../fixtures/expected-warnings.ts';
import { startSandbox } from '../sandbox/harness.ts';

expectWarnings('DeprecationWarning');

const sandbox = startSandbox();
test.after.always(async () => (await sandbox)[Symbol.asyncDispose]());

const packageJson = (fields: object) => JSON.stringify(fields);
const files: Readonly<Record<string, string>> = {
  'index.js': '',
  'plain.js': 'module.exports = { file: __filename, directory: __dirname, id: module.id, isLoaded: module.loaded }',
  'data.json': '\uFEFF{"value": [1, 2]}',
  'broken.json': '{"value":',
  'broken.js': 'module.exports = (;',
  'throws.js': 'globalThis.count = (globalThis.count ?? 0) + 1; throw new RangeError(`time ${globalThis.count}`)',
  'shebang.js': '#!/usr/bin/env node\nmodule.exports = "shebang"',
  'this.js': 'this.own = "own"; exports.same = this === module.exports',
  'circular-a.js': 'exports.before = 1; exports.b = require("./circular-b").seen; exports.after = 2',
  'circular-b.js': 'exports.seen = Object.keys(require("./circular-a"))',
  'replaced.js': 'module.exports = function replaced() { return typeof require + require.resolve("./plain") }',
  'extension.cjs': 'module.exports = "cjs"',
  'no-extension': 'module.exports = "none"',
  'deep/index.js': 'module.exports = "deep index"',
  'deep/other/thing.js':
    'module.exports = [require("../../plain").file, require(".."), require("../"), require("../index")]',
  'with-main/package.json': packageJson({ main: './lib/entry' }),
  'with-main/lib/entry.js': 'module.exports = "main entry"',
  'main-directory/package.json': packageJson({ main: 'lib' }),
  'main-directory/lib/index.json': '"main directory"',
  'main-missing/package.json': packageJson({ main: 'gone.js' }),
  'main-missing/index.js': 'module.exports = "fallback"',
  'main-lost/package.json': packageJson({ main: 'gone.js' }),
  'needs-missing.js': 'require("./middle-missing")',
  'middle-missing.js': 'require("not-installed")',
  'package.json': packageJson({
    name: 'own',
    exports: { './self': './plain.js' },
    imports: { '#inner': './deep/index.js', '#outer': 'plain-package', '#data/*': './*.json' },
  }),
  'node_modules/plain-package/package.json': packageJson({ main: 'main.js', version: '1.2.3' }),
  'node_modules/plain-package/main.js': 'module.exports = ["plain package", require("nested"), require("./side")]',
  'node_modules/plain-package/side.js': 'module.exports = "side"',
  'node_modules/plain-package/node_modules/nested/index.js': 'module.exports = "nested one"',
  'node_modules/nested/index.js': 'module.exports = "outer one"',
  'node_modules/single.js': 'module.exports = "single file"',
  'node_modules/@scope/name/package.json': packageJson({ exports: './scoped.js' }),
  'node_modules/@scope/name/scoped.js': 'module.exports = "scoped"',
  'node_modules/conditional/package.json': packageJson({
    exports: {
      '.': { browser: './no.js', import: './no.js', node: { require: './node.js' }, default: './no.js' },
      './default': { import: './no.js', default: './default.js' },
      './list': [{ browser: './no.js' }, './list.js'],
      './files/*': './lib/*.js',
      './files/private/*': null,
      './files/exact': './exact.js',
      './wide/*.js': './lib/*.js',
      './invalid': '../outside.js',
      './gone': './gone.js',
      './import-only': { import: './no.js' },
      './package.json': './package.json',
    },
  }),
  'node_modules/conditional/node.js': 'module.exports = "node condition"',
  'node_modules/conditional/default.js': 'module.exports = "default condition"',
  'node_modules/conditional/list.js': 'module.exports = "list"',
  'node_modules/conditional/exact.js': 'module.exports = "exact"',
  'node_modules/conditional/lib/one.js': 'module.exports = "one"',
  'node_modules/conditional/lib/private/two.js': 'module.exports = "two"',
  'node_modules/conditional/inner.js': 'module.exports = "inner"',
  'node_modules/self-user/package.json': packageJson({
    name: 'self-user',
    exports: { '.': './index.js', './part': './part.js' },
  }),
  'node_modules/self-user/index.js': 'module.exports = require("self-user/part")',
  'node_modules/self-user/part.js': 'module.exports = "own part"',
};

const requests = [
  ...['./plain', './plain.js', './data', './data.json', './broken.json', './throws', './throws', './shebang', './this'],
  ...[
    './circular-a',
    './replaced',
    './extension.cjs',
    './extension',
    './no-extension',
    './deep',
    './deep/',
    './deep/other/thing',
  ],
  ...[
    './with-main',
    './main-directory',
    './main-missing',
    './main-lost',
    './needs-missing',
    './nope',
    './nope/',
    '.',
    '..',
    './',
  ],
  ...[
    '/nowhere/x',
    'plain-package',
    'plain-package/side',
    'plain-package/package.json',
    'plain-package/nope',
    'nested',
    'single',
  ],
  ...['@scope/name', '@scope/name/scoped.js', '@scope', 'conditional', 'conditional/default', 'conditional/list'],
  ...['conditional/files/one', 'conditional/files/private/two', 'conditional/files/exact', 'conditional/wide/one.js'],
  ...[
    'conditional/invalid',
    'conditional/gone',
    'conditional/import-only',
    'conditional/package.json',
    'conditional/inner.js',
  ],
  ...[
    'self-user',
    'own/self',
    'own/other',
    '#inner',
    '#outer',
    '#data/data',
    '#nothing',
    '#',
    'not-installed',
    'node:nothing',
  ],
  ...['fs', 'node:path', ''],
];

/** Runs in both worlds, as its own text. */
function probe(require: NodeJS.Require, requests: readonly string[]): unknown[] {
  const told = (call: () => unknown) => {
    try {
      const value = call();
      if (typeof value === 'function') return ['function', (value as () => unknown)()];
      return typeof value === 'object' && value !== null && 'readFileSync' in value ? 'fs' : value;
    } catch (error) {
      const { name, message, code, requireStack, path } = error as NodeJS.ErrnoException & { requireStack?: string[] };
      return { name, message, code, requireStack, path };
    }
  };
  const { directory } = require('./plain');
  const seen: unknown[] = [];
  for (const request of requests) {
    if (request === 'node:path') seen.push(require(request).join('a', 'b'));
    else seen.push([request, told(() => require(request)), told(() => require.resolve(request))]);
  }
  seen.push(
    require('./plain') === require('./plain.js'),
    Object.keys(require.cache)
      .filter((path) => path.startsWith(directory))
      .sort(),
    Object.keys(require.extensions),
  );
  seen.push(require.resolve.paths('x')?.slice(0, 1), require.resolve.paths('./x'), require.resolve.paths('fs'));
  seen.push(told(() => require.resolve('./entry', { paths: [`${directory}/with-main/lib`] })));
  seen.push(told(() => require.resolve('nested', { paths: [`${directory}/node_modules/plain-package`] })));
  delete require.cache[require.resolve('./plain')];
  seen.push(
    typeof require('./plain'),
    told(() => require(12 as never)),
    typeof require.main,
  );
  return seen;
}

test('files and packages are found, loaded and refused as Node does', async (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'isotherm-require-')));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const expected = probe(createRequire(join(root, 'index.js')), requests);
  const environment = await (await sandbox).run({
    files,
    source: `exports.handler = (event) => (${probe.toString()})(require, event)`,
  });
  const { outcome, payload } = await environment.invoke(requests, { timeoutMs: 20_000 });
  t.deepEqual(outcome, { kind: 'success' }, payload);
  t.deepEqual(JSON.parse(payload), JSON.parse(JSON.stringify(expected).replaceAll(root, '/var/task')));
});

async function answer(t: { log(text: string): void }, source: string, packaged: Readonly<Record<string, string>>) {
  const environment = await (await sandbox).run({ files: packaged, source });
  const { outcome, payload } = await environment.invoke({}, { timeoutMs: 20_000 });
  if (outcome.kind !== 'success') t.log(payload);
  return JSON.parse(payload);
}

test('a missing module names what asked for it', async (t) => {
  const source = `exports.handler = async () => { try { require('x') } catch ({ code, message, requireStack }) { return { code, message, requireStack } } }`;
  t.deepEqual(await answer(t, source, {}), {
    code: 'MODULE_NOT_FOUND',
    message: "Cannot find module 'x'\nRequire stack:\n- /var/task/index.js",
    requireStack: ['/var/task/index.js'],
  });
});

test('ES modules cannot be required', async (t) => {
  const packaged = {
    'a.mjs': 'export default 1',
    'typed/package.json': '{"type":"module"}',
    'typed/b.js': 'export default 1',
    'typed/c.cjs': 'module.exports = "still CommonJS"',
  };
  const source = `exports.handler = async () => ['./a.mjs', './typed/b.js', './typed/c.cjs'].map((id) => {
    try { return require(id) } catch ({ code, message }) { return [code, message] } })`;
  const [byExtension, byType, commonJs] = await answer(t, source, packaged);
  t.deepEqual(byExtension, [
    'ERR_REQUIRE_ESM',
    'require() of ES Module /var/task/a.mjs from /var/task/index.js not supported.\nInstead change the require of /var/task/a.mjs to a dynamic import() which is available in all CommonJS modules.',
  ]);
  t.is(byType[0], 'ERR_REQUIRE_ESM');
  t.regex(byType[1], /nearest parent package\.json contains "type": "module"/);
  t.is(commonJs, 'still CommonJS');
});

test('frames name the file, and no frame is ours', async (t) => {
  const packaged = { 'lib/fails.js': '\n\nexports.fail = function fail() { throw new Error("here") }' };
  const source = `exports.handler = async () => { try { require('./lib/fails').fail() } catch ({ stack }) { return stack } }`;
  const stack: string = await answer(t, source, packaged);
  t.regex(
    stack,
    /at exports\.fail \(\/var\/task\/lib\/fails\.js:3:40\)|at (Object\.)?fail \(\/var\/task\/lib\/fails\.js:3:40\)/,
  );
  t.notRegex(stack, /isotherm/);
});

test('a syntax error in a file is a SyntaxError', async (t) => {
  const source = `exports.handler = async () => { try { require('./broken') } catch (error) { return [error instanceof SyntaxError, error.message] } }`;
  t.deepEqual(await answer(t, source, { 'broken.js': 'module.exports = (;' }), [true, "Unexpected token ';'"]);
});

test('built-ins can be replaced in nobody else, and code may change its own globals first', async (t) => {
  const source = `
    Array.prototype.push = String.prototype.split = String.prototype.startsWith = Object.keys = JSON.parse = () => { throw new Error('changed') };
    globalThis.eval = globalThis.Function = globalThis.Error = undefined;
    exports.handler = async () => [require('./lib/a'), require('p')].join(' ');`;
  const packaged = {
    'lib/a.js': 'module.exports = require("../data.json").value + require("./b")',
    'lib/b.js': 'module.exports = "b"',
    'data.json': '{"value":"a"}',
    'node_modules/p/package.json': '{"exports":{"require":"./p.js"}}',
    'node_modules/p/p.js': 'module.exports = "p"',
  };
  t.is(await answer(t, source, packaged), 'ab p');
});
