/**
 * What the first use of each module of Node costs an environment beyond hello world: time of the cold start and resident
 * memory, medians over a few functions that require it at init and do nothing else.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { offeredModules } from '../../src/bridge/node-modules.ts';
import { createEngine, type Engine } from '../../src/index.ts';
import { median } from '../statistics.ts';

export interface ModulesOptions {
  readonly quick: boolean;
  readonly progress: (text: string) => void;
}

export interface ModuleCost {
  readonly name: string;
  readonly milliseconds: number;
  readonly bytes: number;
}

/** Web APIs are globals; naming one loads it. */
const globals = [
  'URL',
  'TextDecoder',
  'AbortController',
  'Blob',
  'structuredClone',
  'ReadableStream',
  'fetch',
  'WebSocket',
];

export async function modules({ quick, progress }: ModulesOptions): Promise<ModuleCost[]> {
  const count = quick ? 3 : 8;
  const uses = [
    ['hello world', ''],
    ...offeredModules.map((name) => [`node:${name}`, `require('node:${name}');`] as const),
    ...globals.map((name) => [name, `void ${name};`] as const),
  ] as const;
  progress(`modules: first use of ${uses.length - 1} modules and globals, ${count} environments each`);
  const environments = (uses.length + 1) * count;
  await using engine = await createEngine({
    limits: {
      environmentsPerSandbox: environments,
      environmentsMax: environments,
      memoryBudgetMiB: 128 * environments,
    },
  });
  const measured: ModuleCost[] = [];
  // The very first starts the sandbox and is measured again.
  for (const [at, [name, use]] of [uses[0], ...uses].entries()) {
    if (at > 0 && at % 10 === 0) progress(`modules: ${at} of ${uses.length}`);
    measured.push(await measure(engine, `m${at}`, name, use, count));
  }
  const [, hello, ...others] = measured;
  if (hello === undefined) throw new Error('hello world was not measured');
  return others.map(({ name, milliseconds, bytes }) => ({
    name,
    milliseconds: milliseconds - hello.milliseconds,
    bytes: bytes - hello.bytes,
  }));
}

async function measure(engine: Engine, prefix: string, name: string, use: string, count: number): Promise<ModuleCost> {
  const source = `${use} exports.handler = async () => 1;`;
  const functions = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      engine.createFunction({ functionName: `${prefix}-${at}`, runtime: 'nodejs22.x', code: { source } }),
    ),
  );
  const times: number[] = [];
  const before = residentBytes(engine);
  for (const call of functions) {
    await pause(12);
    const from = performance.now();
    await call({});
    times.push(performance.now() - from);
  }
  return { name, milliseconds: median(times), bytes: (residentBytes(engine) - before) / count };
}

function residentBytes(engine: Engine): number {
  return engine
    .stats()
    .sandboxes.map(({ pid }) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096)
    .reduce((sum, bytes) => sum + bytes, 0);
}
