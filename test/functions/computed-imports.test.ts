import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { guardComputedImports, mayTouchHost } from '../../src/functions/computed-imports.ts';
import { bundleOf } from '../fixtures/packages.ts';

test('a text without computed names is left alone', (t) => {
  for (const text of [
    "require('a'); require( \"./b\" ) ; x.y = require('c').d;",
    "import a from 'a'; import 'b'; import { c } from './c'; import * as d from \"d\"; import('e'); import('f', { with: {} });",
    'import.meta.url; important(); required(); _require(x);',
    'export const a = 1;',
    "const s = '\\u00e9';",
  ]) {
    t.false(mayTouchHost(text), text);
  }
});

test('whatever might be a computed name is looked at', (t) => {
  for (const text of [
    "require('./' + x)",
    'require(`./${x}`)',
    'require(x)',
    "require\n('./' + x)",
    "require/**/('./' + x)",
    "require // \n ('./' + x)",
    "require?.('./' + x)",
    "(require)('./' + x)",
    "module.require('./' + x)",
    "module['require']('./' + x)",
    "require.resolve('./' + x)",
    "r\\u0065quire('./' + x)",
    "\\u{0072}equire('./' + x)",
    "require('a', './' + x)",
    "require('a' + x)",
    "require('./a\\' + x)",
    "require(c ? './a' : './b' + x)",
    "import('./' + x)",
    'import(`./${x}`)',
    "import/**/('./' + x)",
    'import\n(x)',
    "import.defer('./' + x)",
    "import.source('./' + x)",
    '//# sourceMappingURL=file:///etc/passwd',
    '/*# sourceMappingURL=x */',
  ]) {
    t.true(mayTouchHost(text), text);
  }
});

test('computed names pass through a call, others do not', (t) => {
  const guard = (code: string, folder?: string) => guardComputedImports(code, folder, 'cjs');
  t.is(guard("require('./' + x);", '/var/task/lib'), 'require(__isothermFrom("/var/task/lib",\'./\' + x));');
  t.is(guard("require('./' + x);"), "require(__isothermSame('./' + x));");
  t.is(guard('import(x);'), 'import(__isothermSame(x));');
  t.is(
    guard("require?.(a, b); require.resolve(c); module.require(d); module['require'](e);"),
    "require?.(__isothermSame(a), b); require.resolve(__isothermSame(c)); module.require(__isothermSame(d)); module['require'](__isothermSame(e));",
  );
  t.is(guard("require.resolve('./a');", '/var/task/lib'), 'require.resolve(__isothermFrom("/var/task/lib",\'./a\'));');
  t.is(guard('require(require(x));'), 'require(__isothermSame(require(__isothermSame(x))));');
  for (const constant of [
    "require('a');",
    'require(`a`);',
    "require(c ? 'a' : 'b');",
    'require();',
    'other(x);',
    'require(...x);',
  ])
    t.is(guard(constant), constant);
});

test('a file with a require of its own is not given another meaning', (t) => {
  const code = "(function(require) { return require('./' + x); });";
  t.is(
    guardComputedImports(code, '/var/task/lib', 'cjs'),
    "(function(require) { return require(__isothermSame('./' + x)); });",
  );
});

test('nesting that no parser follows is an error, not the end of the process', (t) => {
  t.throws(() => guardComputedImports(`x = ${'['.repeat(200_000)}${']'.repeat(200_000)}`, undefined, 'cjs'));
});

test('sloppy code is read as such', (t) => {
  t.is(
    guardComputedImports('with (a) { require(b); } var c = 010; return;', undefined, 'cjs'),
    'with (a) { require(__isothermSame(b)); } var c = 010; return;',
  );
});

/**
 * Files of the host that a package tries to pull into its bundle: a module with a canary, and a named pipe that would make
 * whoever opens it wait for ever.
 */
const canary = 'CANARY-OF-THE-HOST';
const hostFolder = mkdtempSync(join(tmpdir(), 'isotherm-host-'));
writeFileSync(join(hostFolder, 'secret.js'), `module.exports = '${canary}';`);
writeFileSync(join(hostFolder, 'secret.json'), `"${canary}"`);
writeFileSync(join(hostFolder, 'tsconfig.json'), '{"compilerOptions":{"jsxFactory":"CANARY"}}');
execFileSync('mkfifo', [join(hostFolder, 'pipe')]);
test.after.always(() => rmSync(hostFolder, { recursive: true, force: true }));

const up = `${'../'.repeat(20)}${hostFolder.slice(1)}`;
const attempts: readonly string[] = [
  `require('${hostFolder}/secret.js')`,
  `require('${up}/secret.js')`,
  `require('${up}/' + process.env.X)`,
  `require('${up}/' + process.env.X + '.js')`,
  `require(\`${up}/\${process.env.X}.json\`)`,
  `require(process.env.X ? './a' : '${up}/' + process.env.X)`,
  `require(process.env.X || ('${up}/' + process.env.Y))`,
  `require((0, '${up}/' + process.env.X))`,
  `require/**/('${up}/' + process.env.X)`,
  `require?.('${up}/' + process.env.X)`,
  `r\\u0065quire('${up}/' + process.env.X)`,
  `module.require('${up}/' + process.env.X)`,
  `import('${up}/' + process.env.X)`,
  `import(\`${up}/\${process.env.X}.js\`)`,
  `import/* */('${up}/' + process.env.X)`,
  `import('${up}/' + process.env.X, { with: { type: 'json' } })`,
  `new URL('${up}/secret.js', 'file:///')`,
  `require.resolve('${up}/' + process.env.X)`,
  `1;\n//# sourceMappingURL=file://${hostFolder}/pipe`,
  `1;\n//# sourceMappingURL=file://${hostFolder}/pipe\n/* later */`,
  `1;\n/*# sourceMappingURL=file://${hostFolder}/pipe */`,
  `1; //@ sourceMappingURL=${up}/pipe\n`,
  `x = \`\n//# sourceMappingURL=file://${hostFolder}/pipe\``,
  `/** @jsxImportSource ${hostFolder} */ 1`,
  `"use strict"/*! @license */; <!-- require('${up}/' + x)\nrequire('${up}/' + process.env.X)`,
];
for (const attempt of attempts) {
  test(`bundling reads nothing of the host for ${attempt.replaceAll(hostFolder, '').replaceAll('../', '')}`, async (t) => {
    for (const file of ['index.js', 'index.mjs', 'index.ts', 'index.jsx']) {
      for (const texts of [{ [file]: attempt }, { [file]: attempt, 'other.cjs': '' }]) {
        const more = 'other.cjs' in texts ? `${attempt}\n;import('./other.cjs');` : attempt;
        const made = await bundleOf({ ...texts, [file]: more });
        const text = JSON.stringify(made);
        t.false(text.includes(canary));
        t.false(/secret\.js(on)?["']?:/.test(text), 'no list of a folder');
      }
    }
  });
}

test('package.json and tsconfig.json cannot lead outside either', async (t) => {
  for (const packageJson of [
    { main: `${up}/secret.js` },
    { exports: `./${up}/secret.js` },
    { exports: { '.': `${hostFolder}/secret.js` } },
    { browser: { './x': `${up}/secret.js` } },
  ]) {
    const made = await bundleOf({
      'index.js': "try { require('p') } catch {} exports.handler = 1;",
      'node_modules/p/package.json': JSON.stringify(packageJson),
      'tsconfig.json': JSON.stringify({
        extends: `${up}/tsconfig.json`,
        compilerOptions: { paths: { p: [`${up}/secret.js`] } },
      }),
    });
    t.is(made.kind, 'bundle');
    t.false(JSON.stringify(made).includes('CANARY'));
  }
});
