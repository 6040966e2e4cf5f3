/** The engine's figures as a plain value. */
import type { FunctionRegistry } from '../functions/registry.ts';
import type { EventQueueStats } from '../queue/event-queue.ts';
import type { SchedulerStats } from '../scheduler/scheduler.ts';
import type { SandboxFleet } from '../supervisor/sandbox-port.ts';
import type { Counters } from './counters.ts';
import type { EngineStats } from './engine.ts';
import type { RunningSandbox } from './sandboxes.ts';

export interface StatsParts {
  readonly registry: FunctionRegistry;
  readonly scheduler: SchedulerStats;
  readonly sandboxes: readonly RunningSandbox[];
  readonly counters: Counters;
  readonly async: EventQueueStats;
  readonly fleet: Pick<SandboxFleet, 'runtime' | 'hardening'>;
  readonly templatesMissing: string | undefined;
}

export function engineStats({
  registry,
  scheduler,
  sandboxes,
  counters,
  async,
  fleet,
  templatesMissing,
}: StatsParts): EngineStats {
  const { starting, busy, leaving, idle, reset } = scheduler.environments;
  const { cpuMs, limits, ...counted } = counters;
  const held = new Map(scheduler.slots.map((slot) => [slot.slotId, slot.environments]));
  return {
    functions: countFunctions(registry),
    environments: {
      total: starting + busy + leaving + idle + reset,
      idle: idle + reset,
      busy: busy + leaving,
      starting,
      provisioned: scheduler.provisioned,
    },
    sandboxes: sandboxes.map(({ slotId, domain, handle }) => ({
      sandboxId: handle.sandboxId,
      trustDomain: label(domain),
      pid: handle.pid,
      environments: held.get(slotId) ?? 0,
      rssMB: Math.round(handle.rssBytes() / (1024 * 1024)),
      heldBackMs: Math.round(handle.heldBackMs()),
    })),
    memoryReservedMiB: scheduler.memoryReservedMiB,
    invocations: { ...counted, running: scheduler.running, queued: scheduler.queued },
    async,
    cpuMs,
    limits: Object.fromEntries(limits),
    runtime: withoutKey(fleet.runtime),
    ...(fleet.hardening !== undefined && { hardening: fleet.hardening }),
    ...(templatesMissing !== undefined && { templatesMissing }),
  };
}

/** The label as functions carry it; a sandbox of one function's own keeps its prefix. */
function label(domain: string): string {
  return domain.startsWith('domain:') ? domain.slice('domain:'.length) : domain;
}

function countFunctions(registry: FunctionRegistry): number {
  let count = 0;
  let page = registry.list({});
  while (true) {
    count += page.functions.length;
    if (page.nextMarker === undefined) return count;
    page = registry.list({ marker: page.nextMarker });
  }
}

function withoutKey({ key: _, ...runtime }: SandboxFleet['runtime']): EngineStats['runtime'] {
  return runtime;
}
