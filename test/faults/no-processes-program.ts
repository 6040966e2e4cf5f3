/**
 * A host whose user may start no process and no thread any more: whoever runs this sets and lifts the limits when it is asked to, by
 * lines on stdout, and says that it is done by a line on stdin. The last line is JSON: how calls ended.
 *
 *     node no-processes-program.ts auto|off    (templates)
 */
import { createInterface } from 'node:readline';
import { createEngine, type Engine } from '../../src/index.ts';
import { how } from './how.ts';

// Reaches for the pool, for threads of V8 and for one of its own.
const source = `import { pbkdf2, scrypt } from 'node:crypto';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
export const handler = async ({ threads }) => {
  if (threads) await Promise.all([promisify(pbkdf2)('a', 'b', 200_000, 32, 'sha256'), promisify(gzip)('x'.repeat(1e6)), promisify(scrypt)('a', 'b', 32, { N: 2 ** 15, maxmem: 2 ** 30 })]);
  return 'answer';
};`;

function deploy(engine: Engine, functionName: string, timeout = 20) {
  return engine.createFunction({ functionName, trustDomain: functionName, timeout, code: { source } });
}

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ask(what: string): Promise<void> {
  process.stdout.write(`${what}\n`);
  await answers.next();
}

async function untilAnswered(call: () => Promise<unknown>): Promise<string> {
  let end = '';
  for (const startedMs = performance.now(); end !== 'answer' && performance.now() - startedMs < 60_000; ) {
    end = await how(call());
  }
  return end;
}

const exits: string[] = [];
await using engine = await createEngine({
  templates: process.argv[2] === 'off' ? 'off' : 'auto',
  limits: { queueMs: 5_000 },
  observe: (event) => event.type === 'sandbox.exited' && !event.wanted && exits.push(event.cause),
});
const warm = await deploy(engine, 'warm');
const threads = await deploy(engine, 'threads');
const cold: Awaited<ReturnType<typeof deploy>>[] = [];
for (let number = 0; number < 4; number += 1) cold.push(await deploy(engine, `cold-${number}`));
await warm({});
await threads({});

await ask(`no processes ${process.pid}`);
const withoutProcesses = {
  warm: await how(warm({})),
  cold: [...new Set(await Promise.all(cold.map((call) => how(call({})))))].sort(),
};
await ask(`as before ${process.pid}`);
const after = [...new Set(await Promise.all(cold.map((call) => untilAnswered(() => call({})))))];

const { sandboxes } = engine.stats();
const pid = sandboxes.find(({ trustDomain }) => trustDomain === 'threads')?.pid ?? 0;
await ask(`no processes ${pid}`);
const withoutThreads = {
  threads: await how(threads({ threads: true })),
  others: await how(warm({ threads: true })),
};
// Its process may have ended of it, and its limit with it.
const afterThreads = await untilAnswered(() => threads({ threads: true }));
process.stdout.write(`${JSON.stringify({ withoutProcesses, after, withoutThreads, afterThreads, exits })}\n`);
process.exit(0);
