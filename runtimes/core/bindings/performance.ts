/** `internalBinding('performance')`: the clock of this environment, histograms, and milestones that all lie at its beginning. */
import type { CoreContext } from '../context.ts';
import { refusal, refuses } from '../modules/refusal.ts';
import type { BaseData } from './base.ts';
import { Histogram } from './performance/histogram.ts';

interface TimersModule {
  setInterval(run: () => void, delayMs: number): { unref(): void };
  clearInterval(timer: object): void;
}

export function createBindings(context: CoreContext): Record<string, object> {
  const { library } = context;
  const constants = library.require<BaseData>('isotherm/data/base').performance;
  const nowNs = (): number => context.host.hrtime();
  const milestones = createMilestones(constants);
  context.whenBooted(() => {
    milestones[constants.NODE_PERFORMANCE_MILESTONE_TIME_ORIGIN_TIMESTAMP ?? 0] =
      context.settings.clockOriginEpochMs * 1e3;
  });
  return {
    performance: {
      constants,
      milestones,
      observerCounts: new Uint32Array(16),
      now: () => nowNs() / 1e6,
      getTimeOrigin: () => 0,
      getTimeOriginTimestamp: () => context.settings.clockOriginEpochMs,
      // While the guest does not compute it waits, or is frozen.
      loopIdleTime: () => primordials.MathMax(0, nowNs() / 1e6 - context.host.cpuTime() / 1e3),
      markBootstrapComplete: () => {},
      notify: () => {},
      setupObservers: () => {},
      installGarbageCollectionTracking: () => {},
      removeGarbageCollectionTracking: () => {},
      uvMetricsInfo: () => [0, 0, 0],
      uvMetricsBuffer: new Float64Array(3),
      Histogram: class extends PlainHistogram {
        constructor(lowest: number | bigint, highest: number | bigint, figures: number, halfLife: number) {
          if (halfLife > 0) throw refusal("perf_hooks.createHistogram()'s option halfLife");
          super(lowest, highest, figures, nowNs);
        }

        static import(): never {
          throw refusal('perf_hooks.importHistogram()');
        }
      },
      SlidingWindowHistogram: refuses('perf_hooks.createSlidingWindowHistogram', 'SlidingWindowHistogram'),
      createELDHistogram: (resolutionMs: number) => new DelayHistogram(library, resolutionMs, nowNs),
    },
  };
}

/** Microseconds for the timestamp, nanoseconds else. Node takes 0 for "not yet". */
function createMilestones(constants: Readonly<Record<string, number>>): Float64Array {
  const milestones = new Float64Array(16);
  const set = (name: string, value: number): void => {
    const at = constants[name];
    if (at !== undefined) milestones[at] = value;
  };
  set('NODE_PERFORMANCE_MILESTONE_ENVIRONMENT', 1);
  set('NODE_PERFORMANCE_MILESTONE_NODE_START', 1);
  set('NODE_PERFORMANCE_MILESTONE_V8_START', 1);
  set('NODE_PERFORMANCE_MILESTONE_BOOTSTRAP_COMPLETE', 1);
  set('NODE_PERFORMANCE_MILESTONE_LOOP_START', 1);
  set('NODE_PERFORMANCE_MILESTONE_LOOP_EXIT', -1);
  return milestones;
}

/** Node weighs by age and tests hypotheses too; those functions are refused, its weights are off. */
class PlainHistogram extends Histogram {
  ewmaMean(): number {
    return 0;
  }
  ewmaStddev(): number {
    return 0;
  }
  ewmaErrorRate(): number {
    return 0;
  }
}

const refused = [
  'cliffsD',
  'cohensD',
  'export',
  'ksTest',
  'mannWhitneyTest',
  'meanCI',
  'percentileCI',
  'qrde',
  'welchTest',
] as const;
for (let at = 0; at < refused.length; at++) {
  const name = refused[at] ?? '';
  primordials.ObjectDefineProperty(PlainHistogram.prototype, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value: refuses(`histogram.${name}`, name),
    configurable: true,
  });
}

const highestDelay = 3_600_000_000_000;

/** How late a timer is, as `monitorEventLoopDelay` samples it. */
class DelayHistogram extends PlainHistogram {
  readonly #timers: () => TimersModule;
  readonly #resolutionMs: number;
  #timer: { unref(): void } | undefined;

  constructor(library: CoreContext['library'], resolutionMs: number, now: () => number) {
    super(1, highestDelay, 3, now);
    this.#timers = () => library.require<TimersModule>('timers');
    this.#resolutionMs = resolutionMs;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.recordDelta();
    this.#timer = this.#timers().setInterval(() => this.recordDelta(), this.#resolutionMs);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    this.#timers().clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
