/** Schedules as the engine has them: their table, and the firings that it leads to. Firing ends with its disposal. */
import type { Clock } from '../base/clock.ts';
import { parseFunctionReference } from '../functions/function-reference.ts';
import { functionArn } from '../model/function-configuration.ts';
import type { InvokeInput, InvokeResult } from '../model/invocation.ts';
import type { Observe } from '../model/platform-event.ts';
import { ScheduleFirings } from '../queue/schedules/schedule-firings.ts';
import type { ScheduleStore } from '../queue/schedules/schedule-store.ts';
import { type Schedules, ScheduleTable } from '../queue/schedules/schedules.ts';

export interface ScheduledInvocations extends AsyncDisposable {
  readonly schedules: Schedules;
}

export interface ScheduledInvocationsOptions {
  readonly clock: Clock;
  readonly store: ScheduleStore;
  readonly observe: Observe | undefined;
  readonly invoke: (input: InvokeInput) => Promise<InvokeResult>;
}

/** Fires from now on. @throws EngineError DataDirectoryUnusable */
export function scheduledInvocations(options: ScheduledInvocationsOptions): ScheduledInvocations {
  const { clock, store, observe, invoke } = options;
  const firings = new ScheduleFirings({
    clock,
    store,
    observe,
    deliver: async (functionName, payload) => {
      await invoke({ functionName, payload, invocationType: 'Event' });
    },
  });
  const schedules = new ScheduleTable({ clock, store, listener: firings, functionArn: arnOf });
  return { schedules, [Symbol.asyncDispose]: () => firings[Symbol.asyncDispose]() };
}

function arnOf(name: string): string {
  const { functionName, qualifier, qualified } = parseFunctionReference(name);
  return functionArn(functionName, qualified ? qualifier : undefined);
}
