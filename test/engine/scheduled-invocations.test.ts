/** A schedule of an engine, its queue and a sandbox that a test plays. */
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { composeEngine } from '../../src/engine/compose-engine.ts';
import { validOptions } from '../../src/engine/engine-options.ts';
import { createFunctionRegistry } from '../../src/functions/create-registry.ts';
import { MemoryStore } from '../../src/functions/memory-store.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { source } from '../http/control-engine.ts';
import { ScriptedFleet } from './scripted-fleet.ts';

ownTemporaryDirectory();

test('a schedule invokes its function through the queue, once for each instant, until the engine is closed', async (t) => {
  const clock = createFakeClock({ epochMs: Date.UTC(2026, 0, 1) });
  const fleet = new ScriptedFleet();
  const registry = await createFunctionRegistry({ clock, store: new MemoryStore() });
  const events: PlatformEvent[] = [];
  const engine = composeEngine({
    options: validOptions({ clock }),
    observe: (event) => void events.push(event),
    fleet,
    registry,
    release: () => registry.close(),
  });
  await engine.createFunction({ functionName: 'f', code: { source: source(1) } });
  engine.schedules.put({ name: 'often', expression: 'rate(1 minute)', targets: [{ functionName: 'f' }] });
  engine.schedules.put({ name: 'lost', expression: 'rate(2 minutes)', targets: [{ functionName: 'nobody' }] });
  const times = () =>
    fleet.sandboxes
      .flatMap(({ invokes }) => invokes)
      .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()).time);
  while (times().length < 2) {
    clock.advance(1_000);
    await turn();
  }
  t.deepEqual(times(), ['2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z']);
  t.deepEqual(
    events.flatMap((event) => (event.type === 'schedule.lost' ? [[event.schedule, event.instant]] : [])),
    [['lost', '2026-01-01T00:02:00.000Z']],
  );
  await engine.close();
  t.throws(() => engine.schedules, { code: 'EngineClosed' });
  clock.advance(600_000);
  t.is(times().length, 2);
});
