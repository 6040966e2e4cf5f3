/** The option `hardening` against what this very machine gives, whatever that is. */
import test from 'ava';
import { createEngine, type EngineError } from '../../src/index.ts';
import { type HardeningLevel, hardeningLevels, isAtLeast } from '../../src/model/hardening.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';

const source = 'export const handler = async () => "ran"';

async function levelHere(): Promise<{ level: HardeningLevel; events: PlatformEvent[] }> {
  const events: PlatformEvent[] = [];
  await using engine = await createEngine({ observe: (event) => events.push(event) });
  const run = await engine.createFunction({ functionName: 'f', timeout: 20, code: { source } });
  await run();
  return { level: engine.stats().hardening?.level ?? 'S0', events };
}

test('an engine starts at every level that can be had, and at none above', async (t) => {
  t.timeout(120_000);
  const { level, events } = await levelHere();
  t.log(`this machine gives ${level}`);
  t.is(
    events.some((event) => event.type === 'hardening.less'),
    !isAtLeast(level, 'S3'),
  );
  for (const minimumLevel of hardeningLevels) {
    if (isAtLeast(level, minimumLevel)) {
      await using engine = await createEngine({ hardening: { minimumLevel } });
      const run = await engine.createFunction({ functionName: 'f', timeout: 20, code: { source } });
      t.is(await run(), 'ran');
      continue;
    }
    const error = await t.throwsAsync<EngineError>(createEngine({ hardening: { minimumLevel } }));
    t.is(error?.code, 'HardeningUnavailable');
    const said = `hardening must be at least ${minimumLevel}, and sandboxes reach ${level} here: `;
    t.true(error?.message.startsWith(said), error?.message);
  }
});

test('switched off, sandboxes have no jail and run all the same', async (t) => {
  const events: PlatformEvent[] = [];
  await using engine = await createEngine({ hardening: 'off', observe: (event) => events.push(event) });
  const run = await engine.createFunction({ functionName: 'f', timeout: 20, code: { source } });
  t.is(await run(), 'ran');
  t.is(engine.stats().hardening?.level, 'S0');
  t.false(events.some((event) => event.type === 'hardening.less'));
});
