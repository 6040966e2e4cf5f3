// The dispatching worker: PUT makes a function known, POST calls it. The loader makes its isolate at the first call and keeps it.
const sources = new Map();

// An ES module around the function. As a module of CommonJS it was seen to run a hundred times slower: version
// 1.20261117.1 seems not to optimise those of loaded workers, and would be compared unfairly.
function moduleOf(source) {
  const require = source.includes('require(')
    ? "import { createRequire } from 'node:module'; const require = createRequire('/');"
    : '';
  return `${require} const exports = {}; ${source}
export default {
  async fetch(request) {
    return Response.json(await exports.handler(await request.json()));
  },
};`;
}

export default {
  async fetch(request, env) {
    const name = new URL(request.url).pathname;
    if (request.method === 'PUT') {
      sources.set(name, await request.text());
      return new Response();
    }
    if (request.method === 'DELETE') {
      sources.delete(name);
      return new Response();
    }
    const source = sources.get(name);
    if (source === undefined) return new Response(`no function ${name}`, { status: 404 });
    const worker = env.LOADER.get(name, () => ({
      compatibilityDate: '2026-01-01',
      compatibilityFlags: ['nodejs_compat'],
      mainModule: 'main.js',
      modules: { 'main.js': moduleOf(source) },
      // No network, as the functions of the other peers that can refuse it.
      globalOutbound: null,
    }));
    return worker.getEntrypoint().fetch(request);
  },
};
