// The dispatching worker: PUT makes a function known, POST calls it. The loader makes its isolate at the first call and keeps it.
const sources = new Map();

const main = `import module from './handler.cjs';
export default {
  async fetch(request) {
    return Response.json(await module.handler(await request.json()));
  },
};`;

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
      modules: { 'main.js': main, 'handler.cjs': { cjs: source } },
      // No network, as the functions of the other peers that can refuse it.
      globalOutbound: null,
    }));
    return worker.getEntrypoint().fetch(request);
  },
};
