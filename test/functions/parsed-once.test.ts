import vm from 'node:vm';
import test from 'ava';
import { mayNameFunctions, withModulesCompiled, withoutIdleNames } from '../../src/functions/parsed-once.ts';
import { bundleOf, load, type Texts } from '../fixtures/packages.ts';

const greeting: Texts = {
  'index.js': `function greet(name) {
  return require('./lib').exclaim('hello ' + name);
}
exports.handler = async () => [greet('Ada'), greet.name];`,
  'lib.js': `'use strict';
const list = [function inner() {}];
exports.exclaim = (text) => text + '!' + list[0].name;`,
};

async function scriptOf(texts: Texts): Promise<string> {
  const made = await bundleOf(texts);
  if (made.kind === 'error') throw new Error(made.error.errorMessage);
  return made.script;
}

test('a bundle of CommonJS has its modules compiled at once and names no function that has its name', async (t) => {
  const script = await scriptOf(greeting);
  t.is(script.match(/\n {4}\(function\(exports/g)?.length, 2);
  t.notRegex(script, /__name\(greet, "greet"\)/);
  const { exports } = await load(greeting);
  t.deepEqual(await exports.handler(), ['hello Ada!inner', 'greet']);
});

test('a function that esbuild has to rename keeps its name', async (t) => {
  const { exports } = await load({
    'index.js': `function require_index() {}
function __commonJS() {}
{ function inBlock() {} }
exports.handler = async () => [require_index.name, __commonJS.name, inBlock.name];`,
  });
  t.deepEqual(await exports.handler(), ['require_index', '__commonJS', 'inBlock']);
});

test('lines stay where they are', (t) => {
  const code = '  function f() {\n  }\n  __name(f, "f");\n  __name(g2, "g");\n  call(__name(f, "f"));';
  t.is(withoutIdleNames(code), '  function f() {\n  }\n\n  __name(g2, "g");\n  call(__name(f, "f"));');
});

test('whoever writes the name of the helper has every call of it left', async (t) => {
  t.true(mayNameFunctions('__name(f, "f")'));
  for (const written of ['\\x5f', '\\u005F', '\\u{5f}', '\\u{005f}']) t.true(mayNameFunctions(`\`${written}_name\``));
  t.false(mayNameFunctions('exports.name = __dirname'));
  const text = 'function f() {}\nexports.handler = async () => `\n__name(f, "f");\n`;';
  const { exports } = await load({ 'index.js': text });
  t.is(await exports.handler(), '\n__name(f, "f");\n');
});

const module = (name: string, body: string): string =>
  `  var require_${name} = __commonJS({\n    "${name}"(exports, module) {\n${body}\n    }\n  });\n`;

test('what looks like the end of a module in a text of one leaves all as it is', async (t) => {
  const inputs = new Set(['a', 'b']);
  const plain = `${module('a', '      f();')}${module('b', '      g();')}`;
  t.is(withModulesCompiled(plain, inputs).match(/\(function\(exports, module\) \{/g)?.length, 2);
  const texts = {
    end: module('a', '      f(`\n    }\n  });\n`);'),
    'end and begin': module('a', `      f(\`\n    }\n  });\n${module('b', '').slice(0, -12)}\`);`),
    'a whole one': module('a', `      f(\`\n${module('b', '')}\`);`),
    'the same again': module('a', `      f(\`\n    }\n  });\n${module('a', '').slice(0, -12)}\`);`),
  };
  for (const [title, first] of Object.entries(texts)) {
    const code = `${first}${module('b', '      g();')}`;
    t.is(withModulesCompiled(code, inputs), code, title);
  }
  const { exports } = await load({
    'index.js': 'exports.handler = async () => `\n    }\n  });\n  var require_x = __commonJS({\n    "x"(exports) {\n`;',
  });
  t.is(await exports.handler(), '\n    }\n  });\n  var require_x = __commonJS({\n    "x"(exports) {\n');
});

test('functions of a module have no other names in stack traces than in a module of Node', async (t) => {
  const { exports } = await load({
    'index.js': `const frames = () => new Error().stack.split('\\n')[2].trim();
exports.assigned = () => [frames()][0];
exports.handler = async () => [exports.assigned(), [0].map(function () { return frames(); })[0], [0].map(() => frames())[0]];`,
  });
  const [assigned, anonymous, arrow] = (await exports.handler()) as string[];
  t.regex(assigned ?? '', /^at exports\.assigned \(/);
  t.regex(anonymous ?? '', /^at bundle\.js:/);
  t.regex(arrow ?? '', /^at bundle\.js:/);
});

test('modules of names that are no input are texts', (t) => {
  const code = module('stranger', '      f();');
  t.is(withModulesCompiled(code, new Set(['a'])), code);
});

test('a module is called as before: its `this` and what it is given', (t) => {
  const helper =
    'var __commonJS = (cb, mod) => function __require() { return mod || (0, cb[Object.keys(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports; };\n';
  const code = `${helper}${module('a', '      module.exports = [this === globalThis, exports === module.exports, arguments.length];')}require_a();`;
  const made = withModulesCompiled(code, new Set(['a']));
  t.not(made, code);
  t.is(JSON.stringify(vm.runInNewContext(made)), JSON.stringify(vm.runInNewContext(code)));
});
