/** One observer out of those that were given. It keeps a faulty one from disturbing an invocation. */
import type { Observe, PlatformEvent } from '../model/platform-event.ts';

/** Undefined when nobody listens: then no event is made at all. */
export function combineObservers(observers: readonly (Observe | undefined)[]): Observe | undefined {
  const listening = observers.filter((observe) => observe !== undefined);
  if (listening.length === 0) return undefined;
  let hasWarned = false;
  const tell = (observe: Observe, event: PlatformEvent): void => {
    try {
      observe(event);
    } catch (error) {
      // An embedder's observer broke its promise not to throw. The invocation goes on; the embedder hears of it once.
      if (hasWarned) return;
      hasWarned = true;
      process.emitWarning(`an observer of platform events threw: ${String(error)}`, 'IsothermWarning');
    }
  };
  return (event) => {
    for (const observe of listening) tell(observe, event);
  };
}
