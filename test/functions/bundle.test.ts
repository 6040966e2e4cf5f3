import { SourceMap } from 'node:module';
import vm from 'node:vm';
import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import type { RuntimeIdentifier } from '../../src/model/runtime-identifier.ts';
import { type BundleOptions, bundleOf, hostRequire, load, type Texts } from '../fixtures/packages.ts';

/** Bundles, loads, calls the handler. */
async function answer(texts: Texts, options: BundleOptions = {}): Promise<unknown> {
  const { exports } = await load(texts, options);
  return await exports.handler();
}

async function errorOf(texts: Texts, options: BundleOptions = {}) {
  const made = await bundleOf(texts, options);
  return made.kind === 'error' ? { ...made.error, problem: made.problem } : undefined;
}

test('a CommonJS module runs as in Node', async (t) => {
  const { exports, format } = await load({
    'index.js': `this.early = 1;
      exports.names = [__filename, __dirname, typeof require, module.exports === exports, this === exports];
      exports.sloppy = (function () { return this !== undefined; })();
      undeclared = 5;
      exports.handler = async () => [exports.early, typeof undeclared, require('./lib')];`,
    'lib/index.js': `'use strict';
      exports.names = [__filename, __dirname];
      exports.strict = (function () { return this === undefined; })();`,
  });
  t.is(format, 'cjs');
  t.deepEqual(exports.names, ['/var/task/index.js', '/var/task', 'function', true, true]);
  t.true(exports.sloppy);
  t.deepEqual(await exports.handler(), [
    1,
    'number',
    { names: ['/var/task/lib/index.js', '/var/task/lib'], strict: true },
  ]);
});

test('stack traces show the names of CommonJS as the author wrote them', async (t) => {
  const { exports } = await load({ 'index.js': "exports.handler = () => { throw new Error('x'); };" });
  t.regex(t.throws(() => exports.handler())?.stack ?? '', /at exports\.handler \(/);
});

test('module.exports may be anything', async (t) => {
  const { exports } = await load({
    'index.js': 'module.exports = function f() { return 7 }; module.exports.handler = () => 8;',
  });
  t.is(exports(), 7);
  t.is(exports.handler(), 8);
});

test('a module can be required twice and runs once, and circles end', async (t) => {
  t.deepEqual(
    await answer({
      'index.js': "const a = require('./a'); exports.handler = () => [require('./a.js') === a, a.seen, a.b.fromA];",
      'a.js':
        "globalThis.runs = (globalThis.runs ?? 0) + 1; exports.first = 1; exports.b = require('./b'); exports.seen = globalThis.runs; delete globalThis.runs;",
      'b.js': "exports.fromA = Object.keys(require('./a'));",
    }),
    [true, 1, ['first']],
  );
});

test('an ES module is strict, has no this, and its exports are live', async (t) => {
  const { exports, format } = await load({
    'index.mjs': `import { count, more } from './count.mjs';
      export { count };
      export default 'the default';
      export const handler = async () => {
        more();
        let frozen;
        try { Object.freeze({ a: 1 }).a = 2; } catch (error) { frozen = error.name; }
        return [count, this, (function () { return this })(), frozen];
      };`,
    'count.mjs': 'export let count = 0; export function more() { count += 1; }',
  });
  t.is(format, 'cjs');
  t.is(exports.count, 0);
  t.deepEqual(await exports.handler(), [1, undefined, undefined, 'TypeError']);
  t.is(exports.count, 1);
  t.is(exports.default, 'the default');
});

test('top-level names of an ES module may be those of a CommonJS module', async (t) => {
  t.deepEqual(
    await answer({
      'index.mjs': `import { createRequire } from 'node:module';
        import { dirname } from 'node:path';
        import { fileURLToPath } from 'node:url';
        const require = createRequire(import.meta.url);
        const __filename = fileURLToPath(import.meta.url);
        const __dirname = dirname(__filename);
        const module = 'm', exports = 'e', importMeta = 'i';
        export const handler = () => [typeof require('fs').readFileSync, __filename, __dirname, module, exports, importMeta];`,
    }),
    ['function', '/var/task/index.mjs', '/var/task', 'm', 'e', 'i'],
  );
});

test('import.meta is that of each file', async (t) => {
  t.deepEqual(
    await answer({
      'index.mjs':
        "import { meta } from './a b/ü.mjs'; export const handler = () => [{ ...import.meta, resolve: import.meta.resolve('x') }, { ...meta, resolve: meta.resolve('./y') }];",
      'a b/ü.mjs': 'export const meta = import.meta;',
    }),
    [
      {
        dirname: '/var/task',
        filename: '/var/task/index.mjs',
        main: false,
        url: 'file:///var/task/index.mjs',
        resolve: 'x from file:///var/task/index.mjs',
      },
      {
        dirname: '/var/task/a b',
        filename: '/var/task/a b/ü.mjs',
        main: false,
        url: 'file:///var/task/a%20b/%C3%BC.mjs',
        resolve: './y from file:///var/task/a%20b/%C3%BC.mjs',
      },
    ],
  );
});

test('top-level await makes the bundle wait', async (t) => {
  const { exports, format } = await load({
    'index.mjs': `import { later } from './later.mjs';
      import os from 'node:os';
      const config = await Promise.resolve({ a: 1 });
      export let calls = 0;
      export const handler = async () => [++calls, config, later, typeof os.cpus, (function () { return this })(), await import('./late.mjs')];`,
    'later.mjs': 'export const later = await new Promise((resolve) => setImmediate(resolve, 7));',
    'late.mjs': 'export const x = await 9;',
  });
  t.is(format, 'esm');
  const [calls, config, later, cpus, self, late] = await exports.handler();
  t.deepEqual([calls, config, later, cpus, self, late.x], [1, { a: 1 }, 7, 'function', undefined, 9]);
  t.is(exports.calls, 1, 'live');
});

test('a rejection at the top level is the rejection of the bundle', async (t) => {
  await t.throwsAsync(
    load({ 'index.mjs': "await Promise.reject(new TypeError('early')); export const handler = 1;" }),
    { name: 'TypeError', message: 'early' },
  );
});

test('a CommonJS entry may import a module that waits', async (t) => {
  const { exports, format } = await load({
    'index.js': "exports.handler = async () => (await import('./w.mjs')).w;",
    'w.mjs': 'export const w = await 3;',
  });
  t.is(format, 'esm');
  t.is(await exports.handler(), 3);
});

test('where both kinds meet, each keeps its own rules', async (t) => {
  const texts = {
    'index.mjs': `import cjs, { named } from './old.cjs';
      import { self } from './new.mjs';
      export const handler = async () => [cjs, named, self, (await import('./old.cjs')).default === cjs, (await import('./new.mjs')).self];`,
    'new.mjs': 'export const self = (function () { return this })();',
    'old.cjs':
      'implicit = 1; exports.self = (function () { return this === undefined })(); exports.named = typeof implicit; exports.octal = 010;',
  };
  t.deepEqual(await answer(texts), [{ self: false, named: 'number', octal: 8 }, 'number', undefined, true, undefined]);
});

test("an entry's directive is its own", async (t) => {
  t.deepEqual(
    await answer({
      'index.js':
        "'use strict'; const old = require('./old'); exports.handler = () => [(function () { return this })(), old];",
      'old.js': 'module.exports = (function () { return this !== undefined })();',
    }),
    [undefined, true],
  );
});

test('live bindings and circles survive where both kinds meet', async (t) => {
  t.deepEqual(
    await answer({
      'index.mjs':
        "import './old.cjs'; import { count, more } from './count.mjs'; export { count as again } from './count.mjs'; export const handler = () => { more(); return [count, hoisted()]; }; import { back } from './circle.mjs'; export function hoisted() { return back; }",
      'count.mjs': 'export let count = 0; export const more = () => { count += 1; };',
      'circle.mjs': "import { hoisted } from './index.mjs'; export const back = typeof hoisted;",
      'old.cjs': '',
    }),
    [1, 'function'],
  );
});

test('an importing ES module gets the whole module.exports as default, whatever a compiler marked', async (t) => {
  const old =
    "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 'inner'; exports.x = 1;";
  const asked =
    "import d, { x } from './old.cjs'; import * as ns from './old.cjs'; export const handler = () => [d.default, d.x, x, ns.x, ns.default === d];";
  t.deepEqual(await answer({ 'index.mjs': asked, 'old.cjs': old }), ['inner', 1, 1, 1, true]);
  t.deepEqual(
    await answer({ 'index.mjs': `${asked} await 1;`, 'old.cjs': old }),
    ['inner', 1, 1, 1, true],
    'with top-level await',
  );
  t.deepEqual(
    await answer({
      'index.js': "exports.handler = async () => (await import('./old.cjs')).default.default;",
      'old.cjs': old,
    }),
    'inner',
  );
  t.is(
    await answer({ 'index.ts': "import d from './old.cjs'; export const handler = () => d;", 'old.cjs': old }),
    'inner',
    'TypeScript compiles to the mark',
  );
});

test('export star crosses from one kind to the other', async (t) => {
  const { exports } = await load({
    'index.mjs': "export * from './a.mjs'; export * from './b.cjs';",
    'a.mjs': 'export const a = 1;',
    'b.cjs': 'exports.b = 2;',
  });
  t.deepEqual([exports.a, exports.b], [1, 2]);
});

test('packages are found in node_modules, by their conditions', async (t) => {
  const packages = {
    'node_modules/dual/package.json': '{"exports":{"import":"./i.mjs","require":"./r.js"}}',
    'node_modules/dual/i.mjs': 'export default "imported";',
    'node_modules/dual/r.js': 'module.exports = "required";',
    'node_modules/nest/index.js': "module.exports = [require('dual'), require('own')];",
    'node_modules/nest/node_modules/own/index.js': 'module.exports = __dirname;',
  };
  t.deepEqual(
    await answer({ ...packages, 'index.js': "exports.handler = () => [require('dual'), ...require('nest')];" }),
    ['required', 'required', '/var/task/node_modules/nest/node_modules/own'],
  );
  t.deepEqual(
    await answer({
      ...packages,
      'index.mjs': "import dual from 'dual'; import nest from 'nest'; export const handler = () => [dual, ...nest];",
    }),
    ['imported', 'required', '/var/task/node_modules/nest/node_modules/own'],
  );
});

test('JSON is data, also when it is called __proto__', async (t) => {
  t.deepEqual(
    await answer({
      'index.mjs':
        "import data from './data.json' with { type: 'json' }; export const handler = () => [data.a, Object.keys(data), Object.getPrototypeOf(data) === Object.prototype];",
      'data.json': '\uFEFF{"a":1,"__proto__":{"evil":true}}',
    }),
    [1, ['a', '__proto__'], true],
  );
});

test('TypeScript runs, of every extension', async (t) => {
  t.deepEqual(
    await answer({
      'index.ts': `import { a, type A } from './a'; import b from './b.cjs'; import { c } from './c.mjs'; import type { Gone } from './gone';
        enum Color { Red } interface I { x: Gone }
        export const handler = (event: I): unknown[] => [a satisfies A, b.b, c, Color[0], __dirname, import.meta.url];`,
      'a.tsx': 'export type A = number; export const a: A = 1;',
      'b.cts': 'exports.b = 2 as number;',
      'c.mts': 'export const c: number = 3;',
    }),
    [1, 2, 3, 'Red', '/var/task', 'file:///var/task/index.ts'],
  );
});

test('package.json says what a .js file is (A2.4, A2.5)', async (t) => {
  const esm = { 'index.js': 'export const handler = () => import.meta.filename;' };
  for (const runtime of ['nodejs22.x', 'nodejs24.x'] as const) {
    t.is(await answer({ ...esm, 'package.json': '{"type":"module"}' }, { runtime }), '/var/task/index.js');
    const nested = {
      'index.js': "exports.handler = async () => (await import('p')).x;",
      'package.json': '{"type":"commonjs"}',
      'node_modules/p/package.json': '{"type":"module"}',
      'node_modules/p/index.js': 'export const x = 1;',
    };
    t.is(await answer(nested, { runtime }), 1);
  }
  t.is(await answer(esm, { runtime: 'nodejs24.x' }), '/var/task/index.js', 'Node 24 detects it');
  t.is((await errorOf({ ...esm, 'package.json': '{"type":"commonjs"}' }))?.errorType, 'Runtime.UserCodeSyntaxError');
  t.is(
    (await errorOf({ ...esm, 'package.json': 'broken {' }, { runtime: 'nodejs22.x' }))?.errorType,
    'Runtime.UserCodeSyntaxError',
  );
});

test('a file without extension is CommonJS, even below a module package.json (A2.6)', async (t) => {
  const texts = { index: 'exports.handler = () => __filename;', 'package.json': '{"type":"module"}' };
  t.is(await answer(texts, { runtime: 'nodejs22.x' }), '/var/task/index');
});

const misplaced: readonly (readonly [string, string])[] = [
  ["import fs from 'fs';\nexport const handler = 1;", 'Cannot use import statement outside a module'],
  ['// a comment\nexport const handler = 1;', "Unexpected token 'export'"],
  ['exports.handler = import.meta;', "Cannot use 'import.meta' outside a module"],
  ['await 1;', 'await is only valid in async functions and the top level bodies of modules'],
];
for (const [text, message] of misplaced) {
  test(`up to Node 22, ${JSON.stringify(text)} in a .js file is a syntax error`, async (t) => {
    const error = await errorOf({ 'index.js': text }, { runtime: 'nodejs22.x' });
    t.is(error?.errorType, 'Runtime.UserCodeSyntaxError');
    t.is(error?.errorMessage, `SyntaxError: ${message}`);
    t.is(error?.problem?.file, '/var/task/index.js');
    t.is(await errorOf({ 'index.js': text }, { runtime: 'nodejs24.x' }), undefined);
  });
}

test('a syntax error is found at deploy and told as an init error, with its place (A2.10)', async (t) => {
  const text = 'const fine = 1;\n  foo bar;\nexports.handler = 1;';
  t.deepEqual(await errorOf({ 'index.js': text }, { runtime: 'nodejs22.x' }), {
    kind: 'error',
    errorType: 'Runtime.UserCodeSyntaxError',
    errorMessage: "SyntaxError: Unexpected identifier 'bar'",
    stack: ["Runtime.UserCodeSyntaxError: SyntaxError: Unexpected identifier 'bar'", '    at /var/task/index.js:2:7'],
    problem: {
      file: '/var/task/index.js',
      line: 2,
      column: 7,
      lineText: '  foo bar;',
      message: "Unexpected identifier 'bar'",
    },
  });
  t.deepEqual((await errorOf({ 'index.js': text }, { runtime: 'nodejs24.x' }))?.stack, [
    '/var/task/index.js:2',
    '  foo bar;',
    '      ^',
    '',
    "SyntaxError: Unexpected identifier 'bar'",
  ]);
});

test('a syntax error in what the entry imports is one of the entry', async (t) => {
  const error = await errorOf({
    'index.mjs': "import './a.mjs'; export const handler = 1;",
    'a.mjs': "import './b.mjs';",
    'b.mjs': 'let x = ;',
  });
  t.is(error?.errorMessage, "SyntaxError: Unexpected token ';'");
  t.is(error?.problem?.file, '/var/task/b.mjs');
});

test('a syntax error in what is required is thrown when it is reached', async (t) => {
  const texts = {
    'index.js':
      "exports.handler = () => { try { require('./broken'); } catch (error) { return [error instanceof SyntaxError, error.message, error.stack]; } };",
    'broken.js': 'let x = ;',
  };
  t.deepEqual(await answer(texts), [
    true,
    "Unexpected token ';'",
    "/var/task/broken.js:1\nlet x = ;\n        ^\n\nSyntaxError: Unexpected token ';'",
  ]);
});

test('an export that is not there is a syntax error, as when Node links', async (t) => {
  const error = await errorOf({
    'index.mjs': "import { gone } from './a.mjs'; export const handler = gone;",
    'a.mjs': 'export const here = 1;',
  });
  t.is(error?.errorMessage, "SyntaxError: The requested module './a.mjs' does not provide an export named 'gone'");
  t.is(error?.problem?.file, '/var/task/index.mjs');
});

test('what is missing fails when it is reached, in the words of Node', async (t) => {
  const said = async (texts: Texts) => {
    const error = await t.throwsAsync<Error & { code?: string }>(async () => await answer(texts));
    return [error?.code, error?.message];
  };
  t.deepEqual(
    await said({ 'index.js': "exports.handler = () => require('./lib/a');", 'lib/a.js': "require('./gone')" }),
    [
      'MODULE_NOT_FOUND',
      "Cannot find module './gone'\nRequire stack:\n- /var/task/lib/a.js\n- /var/task/index.js\n- /var/runtime/index.mjs",
    ],
  );
  t.deepEqual(await said({ 'index.mjs': "import 'gone'; export const handler = 1;" }), [
    'ERR_MODULE_NOT_FOUND',
    "Cannot find package 'gone' imported from /var/task/index.mjs",
  ]);
  t.deepEqual(await said({ 'index.mjs': "export const handler = () => import('./gone.mjs');" }), [
    'ERR_MODULE_NOT_FOUND',
    "Cannot find module '/var/task/gone.mjs' imported from /var/task/index.mjs",
  ]);
  t.deepEqual(await said({ 'index.js': "exports.handler = () => require('./x.node');", 'x.node': '' }), [
    'ERR_DLOPEN_FAILED',
    '/var/task/x.node: compiled addons cannot be loaded',
  ]);
});

test('names that only running can know go to the require of the guest', async (t) => {
  const asked: string[] = [];
  const require = (id: string) => {
    asked.push(id);
    return hostRequire('node:path');
  };
  const { exports } = await load(
    {
      'index.js':
        "require('layer'); require('/opt/x'); exports.handler = async (n) => { require(n); require('./' + n); await import(n); require('./lib/a')(n); };",
      'lib/a.js':
        "module.exports = (n) => { require('./' + n); require(`../${n}.js`); require(n); module.require('./' + n); require.resolve; };",
    },
    { require },
  );
  t.deepEqual(asked, ['layer', '/opt/x']);
  await exports.handler('name');
  t.deepEqual(asked.slice(2), [
    'name',
    './name',
    'name',
    '/var/task/lib/./name',
    '/var/task/lib/../name.js',
    'name',
    '/var/task/lib/./name',
  ]);
});

test('a failed optional require can be caught', async (t) => {
  t.is(
    await answer({
      'index.js':
        "let native; try { native = require('not-installed-here'); } catch { native = 'none'; } exports.handler = () => native;",
    }),
    'none',
  );
});

test('functions and classes keep their names when bundling renames them', async (t) => {
  t.deepEqual(
    await answer({
      'index.mjs':
        "import * as a from './a.mjs'; function same() {} class Same {} export const handler = () => [same.name, Same.name, a.same.name, a.Same.name];",
      'a.mjs': 'export function same() {} export class Same {}',
    }),
    ['same', 'Same', 'same', 'Same'],
  );
});

test('if (!module.parent) start() behaves as on Lambda', async (t) => {
  const texts = {
    'index.js':
      "exports.handler = () => [Boolean(module.parent), require.main === module, module.id, module.filename, require('./a')];",
    'a.js': 'module.exports = module.parent && module.parent.filename;',
  };
  const parents = async (runtime: RuntimeIdentifier) => await answer(texts, { runtime });
  t.deepEqual(await parents('nodejs22.x'), [
    true,
    false,
    '/var/task/index.js',
    '/var/task/index.js',
    '/var/task/index.js',
  ]);
  t.deepEqual(await parents('nodejs24.x'), [
    false,
    false,
    '/var/task/index.js',
    '/var/task/index.js',
    '/var/task/index.js',
  ]);
});

test('a hashbang, a byte order mark and a directive all keep their meaning', async (t) => {
  t.deepEqual(
    await answer({
      'index.js':
        "\uFEFF#!/usr/bin/env node\n/* licence */ // more\n'use strict';\nexports.handler = () => [(function () { return this })(), __dirname];",
    }),
    [undefined, '/var/task'],
  );
});

function place(sourceMap: string, stack: string): string {
  const frame = /bundle\.js:(\d+):(\d+)/.exec(stack);
  const entry = new SourceMap(JSON.parse(sourceMap)).findEntry(Number(frame?.[1]) - 1, Number(frame?.[2]) - 1);
  if (!('originalSource' in entry)) return 'unmapped';
  return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

const thrower = "\n\n  const f = () => {\n    throw new Error('here');\n  };\n";
const throwing: Readonly<Record<string, readonly [Texts, string]>> = {
  'a CommonJS module': [{ 'index.js': `${thrower}exports.handler = f;` }, '/var/task/index.js:4:11'],
  'an ES module': [{ 'index.mjs': `${thrower}export const handler = f;` }, '/var/task/index.mjs:4:11'],
  'a module with a prefix': [{ 'index.js': `__dirname;${thrower}exports.handler = f;` }, '/var/task/index.js:4:11'],
  TypeScript: [
    { 'index.ts': `interface A {\n a: 1 }${thrower}export const handler = f as (a: A) => void;` },
    '/var/task/index.ts:5:11',
  ],
  'a converted module': [
    { 'index.mjs': `import './c.cjs';${thrower}export const handler = f;`, 'c.cjs': '' },
    '/var/task/index.mjs:4:11',
  ],
  'a module that waits': [{ 'index.mjs': `await 1;${thrower}export const handler = f;` }, '/var/task/index.mjs:4:11'],
  'a module with computed names': [
    { 'index.js': `const r = (n) => require('./' + n);${thrower}exports.handler = f;` },
    '/var/task/index.js:4:11',
  ],
  'a module with an odd name': [
    {
      'index.mjs': "import './c.cjs'; export { f as handler } from './a b/100%ü.mjs';",
      'c.cjs': '',
      'a b/100%ü.mjs': `${thrower}export { f };`,
    },
    '/var/task/a b/100%ü.mjs:4:11',
  ],
  'a dependency': [
    { 'index.js': "exports.handler = require('d').f;", 'node_modules/d/index.js': `${thrower}exports.f = f;` },
    '/var/task/node_modules/d/index.js:4:11',
  ],
  "a compiler's output": [
    {
      'index.js': `${thrower}exports.handler = f;\n//# sourceMappingURL=data:application/json;base64,${Buffer.from('{"version":3,"sources":["x.ts"],"mappings":"AAAA"}').toString('base64')}`,
    },
    '/var/task/index.js:4:11',
  ],
};
for (const [what, [texts, expected]] of Object.entries(throwing)) {
  test(`the source map leads from an error in ${what} to its line`, async (t) => {
    const { exports, sourceMap } = await load(texts);
    const error = t.throws(() => exports.handler());
    t.is(place(sourceMap, error?.stack ?? ''), expected);
  });
}

test('the script is ASCII: one other character would double its size in memory', async (t) => {
  const { script, exports } = await load({
    'index.mjs': "/* ü */ export const handler = () => ['ü', '\u{1F600}', `日${1}`, { ключ: 1 }];",
    'd.json': '"ü"',
  });
  t.regex(script, /^[\0-\x7f]*$/);
  t.deepEqual(exports.handler(), ['ü', '😀', '日1', { ключ: 1 }]);
});

test('the same package gives the same bundle', async (t) => {
  const texts = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`m${index}.js`, `require('./gone${index}'); exports.x = ${index};`]),
  );
  const all = {
    ...texts,
    'index.js': `${Object.keys(texts)
      .map((name) => `try { require('./${name}'); } catch {}`)
      .join('\n')}\nexports.handler = 1;`,
  };
  const [first, second] = await Promise.all([bundleOf(all), bundleOf(all)]);
  t.deepEqual(first, second);
});

test('the script is one function expression and declares nothing outside', async (t) => {
  const { script } = await load({ 'index.mjs': 'export const handler = 1;' });
  const context = vm.createContext({});
  t.is(typeof vm.runInContext(script, context), 'function');
  t.deepEqual(Object.getOwnPropertyNames(context), []);
});

test('a bundle names the modules of Node that it leaves to require, those of its packages too', async (t) => {
  const names = async (texts: Record<string, string>): Promise<readonly string[]> => {
    const made = await bundleOf(texts);
    if (made.kind === 'error') throw new Error(JSON.stringify(made.error));
    return made.builtins;
  };
  t.deepEqual(await names({ 'index.js': 'exports.handler = async () => {};' }), []);
  t.deepEqual(
    await names({
      'index.mjs': "import { join } from 'node:path'; import p from 'pack'; export const handler = () => join(p);",
      'node_modules/pack/package.json': '{"main":"main.js"}',
      'node_modules/pack/main.js':
        "module.exports = require('util').inspect(require('os'), require('no-such-module'));",
    }),
    ['os', 'path', 'util'],
  );
  t.deepEqual(
    await names({
      'index.mjs': "import fs from 'fs'; await fs.promises.readdir('/tmp'); export const handler = () => {};",
    }),
    ['fs'],
  );
});

const computedEntry = `import { add } from './shared.mjs'; import { join } from 'node:path';
  add(); export const handler = (name) => import(join(import.meta.dirname, name));`;
const shared = 'let n = 0; export const add = () => (n += 1);';

test('ES modules that only a computed name may lead to are kept in the bundle, and share what they import with it', async (t) => {
  const { exports, late } = await load({
    'index.mjs': computedEntry,
    'shared.mjs': shared,
    'plugins/a.mjs':
      "import { add } from '../shared.mjs'; export default () => add(); export const where = import.meta.filename;",
    'plugins/plain.cjs': 'exports.a = 1;',
    'typed.ts': 'export const typed: number = 1;',
    'node_modules/p/index.mjs': 'export const a = 1;',
  });
  t.is(typeof exports.handler, 'function');
  t.deepEqual(Object.keys(late), ['/var/task/plugins/a.mjs', '/var/task/typed.ts']);
  const plugin = late['/var/task/plugins/a.mjs']?.() as { default(): number; where: string };
  t.is(plugin.where, '/var/task/plugins/a.mjs');
  t.is(plugin.default(), 2);
});

test('nothing is kept for a bundle that computes no name, nor for one of a package', async (t) => {
  const plugin = { 'plugin.mjs': 'export default 1;' };
  t.deepEqual((await load({ 'index.mjs': 'export const handler = () => 1;', ...plugin })).late, {});
  const { late } = await load({
    'index.mjs': "import 'p'; export const handler = () => 1;",
    'node_modules/p/index.js': 'exports.load = (name) => require(name);',
    ...plugin,
  });
  t.deepEqual(late, {});
});

test('a kept module that does not parse fails when it is loaded, and one that waits at its top level is left out', async (t) => {
  const { exports, late } = await load({
    'index.mjs': computedEntry,
    'shared.mjs': shared,
    'broken.mjs': 'export default ((',
    'waits.mjs': 'await 1; export default 1;',
    'good.mjs': 'export default 1;',
  });
  t.is(typeof exports.handler, 'function');
  t.deepEqual(Object.keys(late), ['/var/task/broken.mjs', '/var/task/good.mjs']);
  t.throws(() => late['/var/task/broken.mjs']?.(), { instanceOf: SyntaxError });
  t.like(late['/var/task/good.mjs']?.(), { default: 1 });
});

test('kept modules are as many, and as long, as is allowed', async (t) => {
  const many = Object.fromEntries(
    Array.from({ length: limits.lateModulesMax + 5 }, (_, at) => [`m${at}.mjs`, `export default ${at};`]),
  );
  const { late } = await load({ 'index.mjs': computedEntry, 'shared.mjs': shared, ...many });
  t.is(Object.keys(late).length, limits.lateModulesMax);
  const long = { 'a.mjs': `export default ${JSON.stringify('x'.repeat(limits.lateModuleCharsMax))};` };
  t.deepEqual((await load({ 'index.mjs': computedEntry, 'shared.mjs': shared, ...long })).late, {});
});
