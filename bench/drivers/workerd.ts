/**
 * workerd with its worker loader: one dispatching worker, which loads a function's isolate from source at its first request and keeps it.
 * The loader is experimental in workerd itself and has to be asked for (`--experimental`).
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageProgram, packageVersion } from '../peer-packages.ts';
import type { Driver } from './driver.ts';
import { createHttpClient } from './http-client.ts';
import { startProgram } from './program.ts';

function executable(): string | undefined {
  const arch = process.arch === 'arm64' ? 'arm64' : '64';
  return packageProgram([`@cloudflare/workerd-linux-${arch}`, `@cloudflare/workerd-darwin-${arch}`], 'bin', 'workerd');
}

export const workerd: Driver = {
  name: 'workerd',
  about: "an isolate of workerd's worker loader, in one process for all, called over HTTP",
  version: () => (executable() === undefined ? undefined : packageVersion('workerd')),
  lacks: {
    'time limit': 'workerd outside of Cloudflare has none: a function that never ends holds the process for good',
    process: 'nothing starts its one process again',
    eviction: 'its loader drops workers when it likes and cannot be told to',
  },
  async open({ directory }) {
    const config = join(directory, 'config.capnp');
    const dispatcher = fileURLToPath(new URL('../peers/workerd.mjs', import.meta.url));
    // Files are embedded from below the configuration's own directory.
    copyFileSync(dispatcher, join(directory, 'main.mjs'));
    writeFileSync(config, configuration);
    const server = await startProgram({
      file: executable() ?? '',
      args: ['serve', config, '--experimental', '--control-fd=3'],
      ready: /"event":"listen","socket":"http","port":(\d+)/,
    });
    const client = createHttpClient(Number(server.found));
    return {
      async deploy(functions) {
        for (const { name, source } of functions) {
          const { status, text } = await client.send('PUT', `/${name}`, source);
          if (status !== 200) throw new Error(`workerd answered ${status}: ${text}`);
        }
      },
      async call(name, payload) {
        const { status, text } = await client.send('POST', `/${name}`, payload);
        if (status !== 200) throw new Error(`workerd answered ${status}: ${text.slice(0, 500)}`);
        return { payload: text };
      },
      async remove(name) {
        await client.send('DELETE', `/${name}`);
      },
      async [Symbol.asyncDispose]() {
        client[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};

const configuration = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ ( name = "main", worker = .main ) ],
  sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "main" ) ]
);
const main :Workerd.Worker = (
  modules = [ ( name = "main.js", esModule = embed "main.mjs" ) ],
  compatibilityDate = "2026-01-01",
  bindings = [ ( name = "LOADER", workerLoader = () ) ],
);
`;
