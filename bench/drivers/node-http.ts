/** The least that a server in Node can do for a call over HTTP: node:http that parses the JSON and serialises it again. */
import { fileURLToPath } from 'node:url';
import type { Driver } from './driver.ts';
import { createHttpClient } from './http-client.ts';
import { startProgram } from './program.ts';

const program = fileURLToPath(new URL('../peers/http.mjs', import.meta.url));

export const nodeHttp: Driver = {
  name: 'node:http',
  about: 'a bare server of node:http that parses and serialises the JSON; it runs no function and isolates nothing',
  version: () => process.version,
  isFloor: true,
  lacks: {},
  async open() {
    const server = await startProgram({ file: process.execPath, args: [program], ready: /listening on (\d+)/ });
    const client = createHttpClient(Number(server.found));
    return {
      async deploy() {},
      async call(name, payload) {
        return { payload: (await client.send('POST', `/${name}`, payload)).text };
      },
      async remove() {},
      async [Symbol.asyncDispose]() {
        client[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};
