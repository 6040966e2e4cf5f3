import test from 'ava';
import { createBindingSet } from '../../src/bindings/binding-set.ts';
import { type BindingOptions, defineBinding } from '../../src/bindings/define-binding.ts';
import type { BindingsDescription } from '../../src/bridge/bindings.ts';
import { EngineError } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';

const run = () => 1;

test('functions are numbered, constants are told, nothing else is', (t) => {
  const { description, functions } = createBindingSet({
    kv: { get: run, deep: { put: run } },
    region: 'eu',
    since: new Date(0),
    list: [1, { a: undefined }],
  });
  const { tree } = JSON.parse(description) as BindingsDescription;
  t.deepEqual(tree, {
    kv: { get: 0, deep: { put: 1 } },
    region: '"eu"',
    since: '["d",0]',
    list: '[[1,{"a":["u"]}]]',
  });
  t.deepEqual(
    functions.map(({ path }) => path),
    ['kv.get', 'kv.deep.put'],
  );
});

test('a method has its object as this', (t) => {
  const counter = {
    count: 1,
    next() {
      this.count += 1;
      return this.count;
    },
  };
  const [next] = createBindingSet({ counter }).functions;
  t.is(next?.call([]), 2);
});

class Store {
  readonly password = 'secret';
  get() {}
}

const refused: readonly (readonly [what: string, bindings: unknown, message: RegExp])[] = [
  ['no object', null, /^bindings must be a plain object of functions and constants, received null$/],
  ['an array', [], /^bindings must be a plain object of functions and constants, received an array$/],
  [
    'an instance of a class',
    { kv: new Store() },
    /^bindings\.kv must be a plain object, such as .*received an instance of Store$/,
  ],
  ['a name with a dash', { kv: { 'a-b': run } }, /^the name of each binding in bindings\.kv must be a JavaScript name/],
  ['__proto__ as a name', JSON.parse('{"__proto__":1}'), /^the name of each binding in bindings must be/],
  ['a long name', { ['x'.repeat(65)]: run }, /^the name of each binding/],
  [
    'a symbol',
    { a: Symbol('s') },
    /^bindings\.a must be a function, .* bindings\.a is a symbol, which cannot be sent$/,
  ],
  ['bytes', { a: new Uint8Array(3) }, /^bindings\.a must be a constant without bytes/],
  ['a function in a constant', { a: [run] }, /^bindings\.a must be .* bindings\.a\[0\] is a function/],
  ['too deep a tree', nested(limits.bindingTreeDepthMax + 1), /nested at most 8 levels deep/],
  [
    'too many functions',
    Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`f${at}`, run])),
    /at most 1000 functions/,
  ],
  ['too much text', { a: 'x'.repeat(70_000) }, /names and constants of at most 65536 bytes/],
];

function nested(levels: number): object {
  return levels === 0 ? {} : { a: nested(levels - 1) };
}

for (const [what, bindings, message] of refused) {
  test(`refuses ${what}`, (t) => {
    const error = t.throws(() => createBindingSet(bindings as object), { instanceOf: EngineError, message });
    t.is(error?.code, 'InvalidParameterValueException');
  });
}

test('bounds are the defaults, or those that were defined, for this offer only', (t) => {
  const bounded = defineBinding(run, { timeoutMs: 5, resultBytesMax: 10 });
  const [first, second] = createBindingSet({ bounded, run }).functions;
  t.like(first, { timeoutMs: 5, argumentBytesMax: limits.bindingArgumentBytesMaxDefault, resultBytesMax: 10 });
  t.like(second, { timeoutMs: limits.bindingTimeoutMsDefault });
  t.is(bounded.name, 'run');
  t.is(bounded(), 1);
});

test('bounds that make no sense are refused', (t) => {
  const define = (options: object) => () => defineBinding(run, options as BindingOptions);
  const invalid = { instanceOf: EngineError };
  t.throws(define({ timeoutMs: 0 }), {
    ...invalid,
    message: /^timeoutMs of a binding must be a whole number from 1 to 900000, received 0$/,
  });
  t.throws(define({ argumentBytesMax: 5e6 }), invalid);
  t.throws(define({ resultBytesMax: Number.NaN }), invalid);
  t.throws(define({ timeout: 1 }), {
    ...invalid,
    message: /^the option "timeout" of defineBinding must be one of timeoutMs, /,
  });
  t.throws(() => defineBinding(7 as never, {}), invalid);
});
