/** Functions that cost others something again and again, with real processes: what becomes of them, and that nobody else notices. */
import test from 'ava';
import { createEngine, type Engine, EngineError } from '../../src/index.ts';
import { limits } from '../../src/model/limits.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';

/** V8 ends the process at a string of an invalid size (SECURITY.md 0.3). */
const crash = `export const handler = async () => 'a'.repeat(2 ** 26).replace(/a/g, '$&$&$&$&').length;`;
const busy = `export const handler = async () => { const end = Date.now() + ${limits.hogSliceMsMin} * 1.2; while (Date.now() < end); };`;
const good = `export const handler = async (event) => event;`;

async function started(t: { teardown(close: () => Promise<void>): void }, sources: Readonly<Record<string, string>>) {
  const events: PlatformEvent[] = [];
  const engine = await createEngine({ observe: (event) => events.push(event) });
  t.teardown(() => engine.close());
  for (const [functionName, source] of Object.entries(sources)) {
    await engine.createFunction({ functionName, timeout: 30, code: { source } });
  }
  return { engine, events };
}

async function codeOf(calling: ReturnType<Engine['invoke']>): Promise<string> {
  try {
    return (await calling).report?.errorType ?? 'success';
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

test('a function that crashes its process with every call is suspended, and others go on', async (t) => {
  t.timeout(180_000);
  const { engine, events } = await started(t, { crash, good });
  const codes: string[] = [];
  while (codes.at(-1) !== 'FunctionSuspended' && codes.length < 20) {
    codes.push(await codeOf(engine.invoke({ functionName: 'crash' })));
    t.is(await codeOf(engine.invoke({ functionName: 'good' })), 'success');
  }
  // Each process that it costs is told to whoever invoked it; then it is refused without one.
  t.is(codes.length, limits.functionProcessesLostMax + 1, codes.join());
  for (const code of codes.slice(0, -1)) t.regex(code, /^(SandboxLost|Runtime\.OutOfMemory)$/);
  t.is(events.filter((event) => event.type === 'function.suspended').length, 1);
  t.is(events.filter((event) => event.type === 'function.secluded').length, 1);
});

test('a function that keeps a thread busy again and again gets a process of its own', async (t) => {
  t.timeout(180_000);
  const { engine, events } = await started(t, { busy, good });
  t.is(await codeOf(engine.invoke({ functionName: 'good' })), 'success');
  for (let call = 0; call <= limits.hogStrikesMax; call += 1) {
    t.is(await codeOf(engine.invoke({ functionName: 'busy' })), 'success');
    t.is(await codeOf(engine.invoke({ functionName: 'good' })), 'success');
  }
  t.like(
    events.find((event) => event.type === 'function.secluded'),
    { functionName: 'busy' },
  );
  t.deepEqual(
    engine
      .stats()
      .sandboxes.map(({ trustDomain }) => trustDomain)
      .sort(),
    ['default', 'function:busy'],
  );
});
