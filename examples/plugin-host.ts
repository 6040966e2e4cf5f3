// An application that lets strangers' plugins work with its notes. A plugin has no network and no files: it can do what
// `bindings` offers and nothing else, and each trust domain has a store of its own.
//   node examples/plugin-host.ts          (with Node 26; in this repository: npx node examples/plugin-host.ts)
import { type BindingsOf, bindingContext, createEngine, defineBinding, FunctionError } from '../src/index.ts';

const notes = ['isolates are small', 'isolates start fast', 'strangers stay strangers'];
const stores = new Map<string, Map<string, unknown>>();

const bindings = {
  appVersion: '2.1.0',
  kv: {
    async get(key: string) {
      return own().get(key);
    },
    async put(key: string, value: unknown) {
      if (own().size >= 100) throw Object.assign(new Error('the store of this plugin is full'), { code: 'E_FULL' });
      own().set(key, value);
    },
  },
  notes: {
    /** Arrives as a ReadableStream, and is read no faster than the plugin takes it. */
    async *all() {
      for (const text of notes) yield { text };
    },
    /** A stream the other way. */
    async import(source: ReadableStream<string>) {
      for await (const text of source) notes.push(text);
      return notes.length;
    },
  },
  /** Nobody waits longer than this for a picture. */
  draw: defineBinding((_: string) => new Promise<Uint8Array>(() => {}), { timeoutMs: 100, argumentBytesMax: 10_000 }),
};

/** What a plugin written in TypeScript declares as `module 'isotherm:bindings'`. */
export type PluginBindings = BindingsOf<typeof bindings>;

function own(): Map<string, unknown> {
  const { trustDomain } = bindingContext();
  const store = stores.get(trustDomain) ?? new Map<string, unknown>();
  stores.set(trustDomain, store);
  return store;
}

const plugin = `
  import { kv, notes, draw, appVersion } from 'isotherm:bindings';

  export const handler = async ({ words }) => {
    const counts = (await kv.get('counts')) ?? new Map();
    for await (const { text } of await notes.all()) {
      for (const word of text.split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    await kv.put('counts', counts);
    const total = await notes.import(said(words, counts));
    const picture = await draw('cloud').catch((error) => error.code);
    return { appVersion, total, picture };
  };

  async function* said(words, counts) {
    for (const word of words) yield 'the word ' + word + ' occurs ' + counts.get(word) + ' times';
  }`;

await using engine = await createEngine();

for (const customer of ['ada', 'bob']) {
  const count = await engine.createFunction({
    functionName: `word-count-${customer}`,
    code: { source: plugin },
    trustDomain: customer,
    bindings,
  });
  try {
    console.log(customer, await count({ words: ['isolates', 'strangers'] }));
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    console.log(customer, 'failed with', error.errorType, '-', error.message);
  }
}

console.log(notes.slice(3).join('\n'));
console.log([...stores].map(([customer, store]) => `${customer} keeps ${[...store.keys()].join()}`).join('; '));
