/**
 * How many timers and immediates a guest may have waiting. Node's own modules make each by `new` of a class that they take from
 * here. Those that keep nothing alive count as well (node-library.ts), so that an idle timer costs no more than it says.
 */
import { runtimeLimits } from '../../src/bridge/contract.ts';
import { limits } from '../../src/model/limits.ts';
import type { CoreContext } from './context.ts';

const { Proxy, RangeError, ReflectConstruct } = primordials;

type Class = AnyFunction & (new (...args: never[]) => object);

/** The part of Node's `internal/timers` that other modules make timers with. */
export interface TimerClasses {
  Timeout: Class;
  Immediate: Class;
}

export function limitTimers(context: CoreContext, timers: TimerClasses): void {
  let most: number = limits.timersMax;
  // Modules may be evaluated ahead of the boot, where settings come from.
  context.whenBooted(() => {
    most = context.settings.limits?.timers ?? most;
  });
  const { loop } = context;
  const requireRoom = (): void => {
    const waiting = (loop.timeoutInfo[1] ?? 0) + (loop.immediateInfo[0] ?? 0);
    if (waiting < most || loop.isPlatformsTimer) return;
    context.host.limit(runtimeLimits.timers, waiting + 1);
    throw new RangeError(`at most ${most} timers and immediates may wait at once (timers)`);
  };
  timers.Timeout = limited(timers.Timeout, requireRoom);
  timers.Immediate = limited(timers.Immediate, requireRoom);
}

/** A proxy, because what a user sees of a timer's class must stay what it is. */
function limited<Made extends Class>(made: Made, requireRoom: () => void): Made {
  return new Proxy(made, {
    __proto__: null,
    construct(target: Made, args: readonly unknown[]): object {
      requireRoom();
      return ReflectConstruct(target, args);
    },
  } as ProxyHandler<Made>);
}
