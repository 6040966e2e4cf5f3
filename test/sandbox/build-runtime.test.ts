import vm from 'node:vm';
import test from 'ava';
import { moduleScripts } from '../../src/sandbox/build-runtime/module-scripts.ts';

const alwaysTogether = [
  'internal/assert',
  'internal/errors',
  'internal/options',
  'internal/util',
  'internal/util/inspect',
  'internal/util/types',
  'internal/validators',
  'isotherm/bindings/base',
  'isotherm/bindings/native',
  'isotherm/data/base',
  'isotherm/data/constants',
  'isotherm/data/options',
  'internal/async_context_frame',
  'internal/async_hooks',
  'internal/constants',
  'internal/linkedlist',
  'internal/priority_queue',
  'internal/timers',
  'internal/trace_events',
  'internal/util/debuglog',
  'isotherm/bindings/async',
  'timers',
];
const sources = new Map(
  [...alwaysTogether, 'http', 'net', 'stream', 'url', 'seldom'].map((id) => [id, `exports.id = '${id}';`]),
);
const loads = new Map([
  ['http', ['http', 'net', 'stream', 'url', 'internal/errors']],
  ['net', ['net', 'stream', 'internal/errors']],
  ['stream', ['stream']],
]);

test('modules that the same public modules load share a script, all others have their own', (t) => {
  const groups = moduleScripts(sources, loads).map(({ ids }) => ids);
  const withHttp = groups.find((ids) => ids.includes('http'));
  t.deepEqual(withHttp, ['http', 'url']);
  for (const alone of ['net', 'stream', 'seldom'])
    t.deepEqual(
      groups.find((ids) => ids.includes(alone)),
      [alone],
    );
  t.deepEqual(groups.flat().sort(), [...sources.keys()].sort());
});

test('each script evaluates to the factories of its modules', (t) => {
  for (const { ids, source } of moduleScripts(sources, loads)) {
    const value: unknown = vm.runInThisContext(source);
    const factories = typeof value === 'function' ? { [ids[0] ?? '']: value } : (value as Record<string, unknown>);
    t.deepEqual(Object.keys(factories), [...ids]);
    for (const id of ids) {
      const exports: { id?: string } = {};
      (factories[id] as (exports: object) => void)(exports);
      t.is(exports.id, id);
    }
  }
});
