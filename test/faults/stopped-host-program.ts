/**
 * A host with one engine, for a test that stops it from outside: it says on stdout when its calls run, and at last how they
 * ended.
 */
import { createEngine, EngineError, FunctionError } from '../../src/index.ts';

const source = `export const handler = async ({ ms }) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
};`;

const exits: string[] = [];
await using engine = await createEngine({
  limits: { queueMs: 60_000 },
  observe: (event) => event.type === 'sandbox.exited' && !event.wanted && exits.push(event.cause),
});
const create = (functionName: string, timeout: number) =>
  engine.createFunction({ functionName, trustDomain: functionName, timeout, code: { source } });
// The third has no sandbox yet.
const [quick, late, cold] = [await create('quick', 3), await create('late', 1), await create('cold', 3)];
// Each call below has an environment already: making one on a busy machine is part of its time.
const warmed = (fn: typeof quick, count: number) => Promise.all(Array.from({ length: count }, () => fn({ ms: 200 })));
await Promise.all([warmed(quick, 8), warmed(late, 4)].map((all) => all.catch(() => undefined)));
const pids = engine.stats().sandboxes.map(({ pid }) => pid);

const ends: Record<string, string[]> = { quick: [], late: [], cold: [] };
function call(name: string, calling: Promise<unknown>): Promise<void> {
  const note = (how: string): void => void ends[name]?.push(how);
  return calling.then(
    (value) => note(String(value)),
    (error: unknown) =>
      note(
        error instanceof EngineError ? error.code : error instanceof FunctionError ? error.errorType : String(error),
      ),
  );
}

const calls = [
  // Ends in time, while nobody can hear of it.
  ...Array.from({ length: 8 }, () => call('quick', quick({ ms: 1_000 }))),
  ...Array.from({ length: 4 }, () => call('late', late({ ms: 60_000 }))),
  call('cold', cold({ ms: 1 })),
];
process.stdout.write('running\n');
await Promise.all(calls);
const after = await Promise.all([quick({ ms: 1 }), cold({ ms: 1 })]);
const kept = engine.stats().sandboxes.filter(({ pid }) => pids.includes(pid)).length;
process.stdout.write(`${JSON.stringify({ ends, after, exits, lost: pids.length - kept })}\n`);
