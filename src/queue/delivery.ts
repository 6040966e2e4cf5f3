/** What the event queue needs of functions: to know of them, and to have one run. `engine/` gives it. Data and ports only. */
import type { EventDetails } from './event-store.ts';

/** What a function, version or alias says about its events. */
export interface EventSettings {
  readonly retriesMax: number;
  readonly ageMsMax: number;
  readonly memoryMiB: number;
  /** ARNs of destinations, and of the dead-letter target of the function. */
  readonly onSuccess?: string | undefined;
  readonly onFailure?: string | undefined;
  readonly deadLetter?: string | undefined;
}

export interface EventDelivery {
  readonly functionName: string;
  /** Undefined: the client named none. */
  readonly qualifier: string | undefined;
  readonly requestId: string;
  readonly details: EventDetails;
  /** Functions that were before it in a chain of destinations and bindings. Absent: none. */
  readonly hops?: number;
  readonly payload: Uint8Array;
}

/** What a function answered: the bytes are a guest's. */
export interface EventAnswer {
  readonly executedVersion: string;
  readonly isError: boolean;
  readonly payload: Uint8Array;
  readonly durationMs: number;
  /** Undefined: unknown. */
  readonly cpuMs: number | undefined;
}

export interface EventFunctions {
  has(functionName: string): boolean;
  /** Undefined: the function, or what the qualifier named, was deleted. */
  settings(functionName: string, qualifier: string | undefined): EventSettings | undefined;
  reserved(functionName: string): number | undefined;
  /** Whether one that is there may be invoked in a row without end (RecursiveLoop=Allow). Asked only where a row is long. */
  mayRecur(functionName: string): boolean;
  /** @throws EngineError when the platform could not, or there was no room */
  deliver(delivery: EventDelivery): Promise<EventAnswer>;
}
