import test from 'ava';
import { resolveHandler } from '../../src/functions/resolve-handler.ts';
import type { RuntimeIdentifier } from '../../src/model/runtime-identifier.ts';
import { type Texts, taskFiles } from '../fixtures/packages.ts';

function resolve(texts: Texts, handler: string, runtime: RuntimeIdentifier = 'nodejs22.x') {
  return resolveHandler(taskFiles(texts), handler, runtime);
}

function fileOf(paths: readonly string[], handler: string, runtime?: RuntimeIdentifier): string | undefined {
  const found = resolve(Object.fromEntries(paths.map((path) => [path, ''])), handler, runtime);
  return found.kind === 'module' ? found.file.replace('/var/task/', '') : found.errorType;
}

test('a handler names a file and a dotted export (A2.2, A2.3)', (t) => {
  t.deepEqual(resolve({ 'index.js': '' }, 'index.handler'), {
    kind: 'module',
    file: '/var/task/index.js',
    exportPath: 'handler',
  });
  t.deepEqual(resolve({ 'index.js': '' }, 'index.a.b.handler'), {
    kind: 'module',
    file: '/var/task/index.js',
    exportPath: 'a.b.handler',
  });
  t.deepEqual(resolve({ 'src/fn/main.mjs': '' }, 'src/fn/main.default'), {
    kind: 'module',
    file: '/var/task/src/fn/main.mjs',
    exportPath: 'default',
  });
  t.deepEqual(resolve({ 'src/main.js': '' }, '/var/task/src/main.handler'), {
    kind: 'module',
    file: '/var/task/src/main.js',
    exportPath: 'handler',
  });
  t.deepEqual(resolve({ 'index.js': '' }, 'index.'), { kind: 'module', file: '/var/task/index.js', exportPath: '' });
});

test('the first extension that exists wins (A2.4), ours after those of Lambda', (t) => {
  const all = [
    'index',
    'index.js',
    'index.mjs',
    'index.cjs',
    'index.ts',
    'index.mts',
    'index.cts',
    'index.tsx',
    'index.jsx',
  ];
  for (let first = 0; first < all.length; first += 1) {
    t.is(fileOf(all.slice(first), 'index.handler'), all[first]);
    t.is(fileOf(all.slice(first).reverse(), 'index.handler', 'nodejs24.x'), all[first]);
  }
});

test('a module may be a package in node_modules, of the task root or of the module root (A2.4)', (t) => {
  t.is(fileOf(['node_modules/fn/index.js'], 'fn.handler'), 'node_modules/fn/index.js');
  t.is(fileOf(['src/node_modules/fn/index.js'], 'src/fn.handler'), 'src/node_modules/fn/index.js');
  t.is(fileOf(['fn.mjs', 'node_modules/fn/index.js'], 'fn.handler'), 'fn.mjs');
  const found = resolve(
    { 'node_modules/fn/package.json': '{"main":"lib/main.js"}', 'node_modules/fn/lib/main.js': '' },
    'fn.handler',
  );
  t.is(found.kind === 'module' && found.file, '/var/task/node_modules/fn/lib/main.js');
});

test('a folder of the name is loaded as a required folder, and cannot be imported', (t) => {
  t.is(fileOf(['index/index.js'], 'index.handler'), 'index/index.js');
  t.is(fileOf(['index/index.js', 'index.js'], 'index.handler'), 'index.js');
  t.deepEqual(resolve({ 'index/index.js': '' }, 'index.handler', 'nodejs24.x'), {
    kind: 'error',
    errorType: 'Error',
    errorMessage:
      "Directory import '/var/task/index' is not supported resolving ES modules imported from /var/runtime/index.mjs",
    stack: [
      "Error [ERR_UNSUPPORTED_DIR_IMPORT]: Directory import '/var/task/index' is not supported resolving ES modules imported from /var/runtime/index.mjs",
    ],
  });
});

test('two dots anywhere make a handler malformed (A2.1)', (t) => {
  for (const handler of ['../index.handler', 'a..b', '..', 'src/../index.handler']) {
    const message = `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`;
    t.deepEqual(resolve({ 'index.js': '' }, handler), {
      kind: 'error',
      errorType: 'Runtime.MalformedHandlerName',
      errorMessage: message,
      stack: [`Runtime.MalformedHandlerName: ${message}`],
    });
  }
});

test('a handler without a dot is bad (A2.2)', (t) => {
  for (const handler of ['index', 'a.b/index', '', '/']) {
    t.deepEqual(resolve({ 'index.js': '' }, handler), {
      kind: 'error',
      errorType: 'Runtime.MalformedHandlerName',
      errorMessage: 'Bad handler',
      stack: ['Runtime.MalformedHandlerName: Bad handler'],
    });
  }
});

test('a module that is not there is an import error with the require stack (A2.10)', (t) => {
  for (const runtime of ['nodejs', 'nodejs18.x', 'nodejs22.x', 'nodejs24.x'] as const) {
    t.deepEqual(resolve({ 'other.js': '' }, 'index.handler', runtime), {
      kind: 'error',
      errorType: 'Runtime.ImportModuleError',
      errorMessage: "Error: Cannot find module 'index'\nRequire stack:\n- /var/runtime/index.mjs",
      stack: [
        "Runtime.ImportModuleError: Error: Cannot find module 'index'",
        'Require stack:',
        '- /var/runtime/index.mjs',
      ],
    });
  }
});

test('no handler reaches a file outside the package', (t) => {
  for (const handler of [
    '/etc/passwd.x',
    '/opt/other.handler',
    '//etc/hosts.x',
    '.handler',
    'fs.readFile',
    'node:fs.readFile',
  ]) {
    const found = resolve({ 'index.js': '' }, handler);
    t.is(found.kind, 'error', handler);
  }
});
