/** isotherm as a server in a process of its own, spoken to as AWS SDKs do. */
import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import { isothermCommand, isothermVersion } from '../isotherm-package.ts';
import type { Phase } from '../measure.ts';
import type { Driver, FunctionInput } from './driver.ts';
import { deploysAtOnce, engineLimits } from './engine-limits.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { startProgram } from './program.ts';
import { zipOf } from './zip.ts';

const functionsPath = '/2015-03-31/functions';

export const isothermHttp: Driver = {
  name: 'isotherm over HTTP',
  about: "isotherm serve in a process of its own, called over HTTP with Lambda's API",
  version: () => isothermVersion,
  lacks: { process: 'a server does not tell its clients about its processes' },
  async open({ environments, idleMs }) {
    const server = await startProgram({
      file: process.execPath,
      // The concurrency is what the command takes requests by: ten a second for each.
      args: [
        isothermCommand,
        'serve',
        '--port',
        '0',
        '--limit',
        'concurrency=100000',
        ...limitArguments(environments, idleMs),
      ],
      ready: /isotherm listening on http:\/\/[^:]+:(\d+)/,
    });
    const client = createHttpClient(Number(server.found));
    const known = new Set<string>();
    return {
      async deploy(functions) {
        await pLimit(deploysAtOnce).map(functions, (input) => create(client, input));
        for (const { name } of functions) known.add(name);
      },
      async call(name, payload) {
        // The log has the init's duration. Only a first call asks for it, or each where environments go away: warm ones are as plain as can be.
        const isFirst = known.delete(name) || idleMs !== undefined;
        const headers: Record<string, string> = isFirst ? { 'x-amz-log-type': 'Tail' } : {};
        const answer = await client.send('POST', `${functionsPath}/${name}/invocations`, payload, headers);
        if (answer.status !== 200 || answer.header('x-amz-function-error') !== undefined) throw new Error(answer.text);
        const phases = isFirst ? initPhase(answer.header('x-amz-log-result')) : undefined;
        return phases === undefined ? { payload: answer.text } : { payload: answer.text, phases, isCold: true };
      },
      async remove(name) {
        known.delete(name);
        await client.send('DELETE', `${functionsPath}/${name}`);
      },
      async [Symbol.asyncDispose]() {
        client[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};

/** The same as through the library. */
function limitArguments(environments: number, idleMs: number | undefined): string[] {
  return Object.entries(engineLimits(environments, idleMs)).flatMap(([name, value]) => ['--limit', `${name}=${value}`]);
}

async function create(client: HttpClient, { name, source, timeoutMs }: FunctionInput): Promise<void> {
  const request = JSON.stringify({
    FunctionName: name,
    Runtime: 'nodejs22.x',
    Handler: 'index.handler',
    Role: 'arn:aws:iam::000000000000:role/bench',
    Code: { ZipFile: (await zipOf(source)).toString('base64') },
    ...(timeoutMs === undefined ? {} : { Timeout: timeoutMs / 1000 }),
  });
  const created = await client.send('POST', functionsPath, request, { 'content-type': 'application/json' });
  if (created.status !== 201) throw new Error(`CreateFunction answered ${created.status}: ${created.text}`);
  for (;;) {
    const { text } = await client.send('GET', `${functionsPath}/${name}/configuration`);
    const { State: state, StateReason: reason } = JSON.parse(text);
    if (state === 'Active') return;
    if (state !== 'Pending') throw new Error(`${name} became ${state}: ${reason}`);
    await pause(5);
  }
}

function initPhase(log: string | undefined): Phase[] | undefined {
  const init = /Init Duration: ([\d.]+) ms/.exec(Buffer.from(log ?? '', 'base64').toString())?.[1];
  return init === undefined ? undefined : [{ name: 'init', ms: Number(init) }];
}
