/**
 * What the parts of the core share: one object per guest, made when the core is installed and completed at boot.
 */
import type { GuestSettings, HostCalls } from '../../src/bridge/contract.ts';
import type { Clock } from './clock.ts';
import type { LateModules } from './core-api.ts';
import type { Fifo } from './fifo.ts';
import type { Library } from './library.ts';
import type { Loop } from './loop.ts';
import type { ProcessObject } from './process.ts';
import type { ServiceCalls } from './service-calls.ts';

/** The function around each module of Node's library and of ours. */
export type ModuleFactory = (
  exports: unknown,
  require: (id: string) => unknown,
  module: { exports: unknown },
  process: object,
  internalBinding: (name: string) => object,
  primordials: object,
) => void;

/** What the builder read from the node binary for the core; the rest is in `isotherm/data`. */
export interface CoreData {
  readonly privateSymbols: readonly string[];
  readonly perIsolateSymbols: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly builtinIds: readonly string[];
}

export interface CoreContext {
  /** Only after boot; while a snapshot is made there is no host. */
  host: HostCalls;
  settings: GuestSettings;
  readonly data: CoreData;
  readonly library: Library;
  readonly loop: Loop;
  readonly services: ServiceCalls;
  readonly process: ProcessObject;
  /** Undefined while the clocks are real. */
  clock: Clock | undefined;
  /** Calls back when host and settings are there: at once, or at boot when a module is evaluated ahead of it. */
  whenBooted: (callback: () => void) => void;
  /** Who waits for that. */
  readonly waiting: Fifo<() => void>;
  /** What the bundle holds beside what it runs. */
  lateModules: LateModules | undefined;
  /** Gives an error that no code of the user caught to the handler loop. */
  uncaughtException(error: unknown): void;
}
