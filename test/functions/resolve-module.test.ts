import test from 'ava';
import fc from 'fast-check';
import { type ModuleRequest, resolveModule } from '../../src/functions/resolve-module.ts';
import { type Texts, taskFiles } from '../fixtures/packages.ts';

const texts: Texts = {
  'index.js': '',
  'main.ts': '',
  'lib/a.js': '',
  'lib/data.json': '',
  'lib/index.js': '',
  'lib/b.ts': '',
  'lib/c.mts': '',
  'lib/both.js': '',
  'lib/both/index.js': '',
  'package.json':
    '{"name":"app","exports":{".":"./index.js","./lib":"./lib/index.js"},"imports":{"#a":"./lib/a.js","#dep":"plain","#gone":"./gone.js","#x/*":"./lib/*.js"}}',
  'node_modules/plain/package.json': '{"main":"./dist/main"}',
  'node_modules/plain/dist/main.js': '',
  'node_modules/plain/extra.js': '',
  'node_modules/bare/index.js': '',
  'node_modules/@s/p/package.json': '{"exports":{"import":"./i.mjs","require":"./r.cjs"}}',
  'node_modules/@s/p/i.mjs': '',
  'node_modules/@s/p/r.cjs': '',
  'node_modules/exp/package.json':
    '{"main":"no.js","exports":{".":{"node":{"module-sync":"./sync.mjs","import":"./i.mjs"},"default":"./d.js"},"./sub/*":"./src/*.js","./sub/hidden/*":null,"./dir/":"./","./list":["bad",{"nope":"./x"},"./d.js"],"./up":"./../../../../etc/passwd","./nm":"./node_modules/x.js"}}',
  'node_modules/exp/sync.mjs': '',
  'node_modules/exp/i.mjs': '',
  'node_modules/exp/d.js': '',
  'node_modules/exp/no.js': '',
  'node_modules/exp/src/a.js': '',
  'node_modules/exp/src/hidden/b.js': '',
  'lib/node_modules/bare/index.js': '',
  'lib/node_modules/bare/package.json': '{broken',
};
const files = taskFiles(texts);

function resolve(specifier: string, options: Partial<ModuleRequest> = {}) {
  const request = {
    specifier,
    from: '/var/task/index.js',
    via: 'require',
    entry: '/var/task/index.js',
    requiresEsModules: false,
    ...options,
  } as const;
  return resolveModule(files, request);
}

function pathOf(specifier: string, options: Partial<ModuleRequest> = {}): string {
  const found = resolve(specifier, options);
  if (found.kind === 'file') return found.path.replace('/var/task/', '');
  return found.kind === 'missing' ? found.code : `${found.kind} ${found.specifier}`;
}

const imported = { via: 'import' } as const;

test('built-ins come before everything', (t) => {
  t.is(pathOf('fs'), 'builtin fs');
  t.is(pathOf('node:fs/promises', imported), 'builtin node:fs/promises');
  t.is(pathOf('node:nothing'), 'builtin node:nothing');
});

test('require looks for files and folders as Node does', (t) => {
  t.is(pathOf('./lib/a'), 'lib/a.js');
  t.is(pathOf('./lib/a.js'), 'lib/a.js');
  t.is(pathOf('./lib/data'), 'lib/data.json');
  t.is(pathOf('./lib'), 'lib/index.js');
  t.is(pathOf('./lib/'), 'lib/index.js');
  t.is(pathOf('./lib/both'), 'lib/both.js');
  t.is(pathOf('./lib/both/'), 'lib/both/index.js');
  t.is(pathOf('.', { from: '/var/task/lib/a.js' }), 'lib/index.js');
  t.is(pathOf('..', { from: '/var/task/lib/a.js' }), 'index.js');
  t.is(pathOf('/var/task/lib/a'), 'lib/a.js');
  t.is(pathOf('./lib/b'), 'lib/b.ts');
});

test('import takes files by their whole name', (t) => {
  t.is(pathOf('./lib/a.js', imported), 'lib/a.js');
  t.is(pathOf('./lib/a.js?v=1#x', imported), 'lib/a.js');
  t.is(pathOf('file:///var/task/lib/a.js', imported), 'lib/a.js');
  t.deepEqual(resolve('./lib/a', imported), {
    kind: 'missing',
    code: 'ERR_MODULE_NOT_FOUND',
    message: "Cannot find module '/var/task/lib/a' imported from /var/task/index.js",
  });
  t.deepEqual(resolve('./lib', imported), {
    kind: 'missing',
    code: 'ERR_UNSUPPORTED_DIR_IMPORT',
    message: "Directory import '/var/task/lib' is not supported resolving ES modules imported from /var/task/index.js",
  });
});

test('TypeScript may leave extensions away, or write those of its output', (t) => {
  const ts = { via: 'import', from: '/var/task/main.ts' } as const;
  t.is(pathOf('./lib/a', ts), 'lib/a.js');
  t.is(pathOf('./lib/b', ts), 'lib/b.ts');
  t.is(pathOf('./lib/b.js', ts), 'lib/b.ts');
  t.is(pathOf('./lib/c.mjs', ts), 'lib/c.mts');
  t.is(pathOf('./lib', ts), 'lib/index.js');
  t.is(pathOf('./lib/b.js', imported), 'ERR_MODULE_NOT_FOUND');
});

test('packages are looked for upwards', (t) => {
  t.is(pathOf('plain'), 'node_modules/plain/dist/main.js');
  t.is(pathOf('plain/extra'), 'node_modules/plain/extra.js');
  t.is(pathOf('plain/extra', imported), 'ERR_MODULE_NOT_FOUND');
  t.is(pathOf('plain/extra.js', imported), 'node_modules/plain/extra.js');
  t.is(pathOf('bare'), 'node_modules/bare/index.js');
  t.is(pathOf('bare', { from: '/var/task/lib/a.js' }), 'lib/node_modules/bare/index.js');
  t.is(pathOf('bare', imported), 'node_modules/bare/index.js');
});

test('exports have conditions', (t) => {
  t.is(pathOf('@s/p'), 'node_modules/@s/p/r.cjs');
  t.is(pathOf('@s/p', imported), 'node_modules/@s/p/i.mjs');
  t.is(pathOf('exp'), 'node_modules/exp/d.js');
  t.is(pathOf('exp', imported), 'node_modules/exp/i.mjs');
  t.is(pathOf('exp', { requiresEsModules: true }), 'node_modules/exp/sync.mjs');
  t.is(pathOf('exp/list'), 'node_modules/exp/d.js');
});

test('exports have patterns, and hide the rest', (t) => {
  t.is(pathOf('exp/sub/a'), 'node_modules/exp/src/a.js');
  t.is(pathOf('exp/sub/hidden/b'), 'ERR_PACKAGE_PATH_NOT_EXPORTED');
  t.deepEqual(resolve('exp/no.js'), {
    kind: 'missing',
    code: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    message: 'Package subpath \'./no.js\' is not defined by "exports" in /var/task/node_modules/exp/package.json',
  });
  t.is(pathOf('exp/up'), 'ERR_PACKAGE_PATH_NOT_EXPORTED');
  t.is(pathOf('exp/nm'), 'ERR_PACKAGE_PATH_NOT_EXPORTED');
});

test('a package may import itself, and its own names', (t) => {
  t.is(pathOf('app'), 'index.js');
  t.is(pathOf('app/lib'), 'lib/index.js');
  t.is(pathOf('#a'), 'lib/a.js');
  t.is(pathOf('#x/both'), 'lib/both.js');
  t.is(pathOf('#dep'), 'node_modules/plain/dist/main.js');
  t.is(pathOf('#gone'), 'MODULE_NOT_FOUND');
  t.deepEqual(resolve('#other', imported), {
    kind: 'missing',
    code: 'ERR_PACKAGE_IMPORT_NOT_DEFINED',
    message:
      'Package import specifier "#other" is not defined in package /var/task/package.json imported from /var/task/index.js',
  });
});

test('what is nowhere is told in the words of Node', (t) => {
  t.deepEqual(resolve('./gone', { from: '/var/task/lib/a.js' }), {
    kind: 'missing',
    code: 'MODULE_NOT_FOUND',
    message:
      "Cannot find module './gone'\nRequire stack:\n- /var/task/lib/a.js\n- /var/task/index.js\n- /var/runtime/index.mjs",
  });
  t.deepEqual(resolve('@s/gone/x', imported), {
    kind: 'missing',
    code: 'ERR_MODULE_NOT_FOUND',
    message: "Cannot find package '@s/gone' imported from /var/task/index.js",
  });
});

test('a required package that is nowhere is asked for again at run time: a layer may have it', (t) => {
  t.is(pathOf('gone'), 'at-run-time gone');
  t.is(pathOf('/tmp/made-later.js'), 'at-run-time /tmp/made-later.js');
  t.is(pathOf('lib/a'), 'lib/a.js', 'NODE_PATH ends in the task root');
});

test('no specifier leads to a file that is not in the package', (t) => {
  const known = new Set(Object.keys(texts).map((path) => `/var/task/${path}`));
  const part = fc.constantFrom(
    '..',
    '.',
    '/',
    'var',
    'task',
    'etc',
    'passwd',
    'lib',
    'exp',
    'sub',
    '%2e%2e',
    '\\',
    '#',
    'node_modules',
    'file://',
    '@s',
    'p',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom('import', 'require'), (parts, via) => {
      const found = resolve(parts.join('/'), { via });
      return found.kind !== 'file' || known.has(found.path);
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});
