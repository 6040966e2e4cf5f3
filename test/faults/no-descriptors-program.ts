/** A host that has no descriptor left for a while: it takes all there are, and says as JSON how calls and deployments ended. */
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createEngine, type Engine } from '../../src/index.ts';
import { how } from './how.ts';

const source = `export const handler = async ({ ms }) => {
  await new Promise((resolve) => setTimeout(resolve, ms ?? 0));
  return 'answer';
};`;

function deploy(engine: Engine, functionName: string) {
  return engine.createFunction({ functionName, trustDomain: functionName, timeout: 20, code: { source } });
}

const exits: string[] = [];
await using engine = await createEngine({
  limits: { queueMs: 20_000 },
  observe: (event) => event.type === 'sandbox.exited' && !event.wanted && exits.push(event.cause),
});
const warm = await deploy(engine, 'warm');
// Neither has a sandbox yet, and there is one spare at most.
const cold = [await deploy(engine, 'cold-1'), await deploy(engine, 'cold-2'), await deploy(engine, 'cold-3')];
await warm({});
const taken: number[] = [];
/** Again and again: what the engine was about to do may give some back when it fails. */
function takeAll(): string {
  while (true) {
    try {
      taken.push(openSync('/dev/null', 'r'));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? '';
    }
  }
}
async function withoutAny<Value>(look: () => Promise<Value>): Promise<Value> {
  takeAll();
  return await look();
}
const without = {
  refusal: takeAll(),
  warm: await withoutAny(() => how(warm({}))),
  many: [...new Set(await withoutAny(() => Promise.all(Array.from({ length: 8 }, () => how(warm({ ms: 50 }))))))],
  cold: [...new Set(await withoutAny(() => Promise.all(cold.map((call) => how(call({}))))))].sort(),
  deployment: await withoutAny(() => how(deploy(engine, 'another'))),
};
for (const descriptor of taken) closeSync(descriptor);
const after = { deployment: await how(deploy(engine, 'another')), cold: '' };
// A start that failed is tried again after a while that grows.
for (let tries = 0; tries < 150 && after.cold !== 'answer'; tries += 1) {
  [after.cold = ''] = [...new Set(await Promise.all(cold.map((call) => how(call({})))))].sort().reverse();
  await delay(100);
}
process.stdout.write(`${JSON.stringify({ without, after, exits })}\n`);
