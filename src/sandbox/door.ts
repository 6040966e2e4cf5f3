/**
 * The way between a guest and whoever answers it: the host's functions in an isolate, each behind a check of its arguments, and references to
 * the guest's. It can be made before there is a function, while a sandbox has time; until somebody takes the isolate over nothing
 * runs in it, and nobody answers. Everything that comes out is hostile: arguments are checked here, before the sandbox sees them.
 */
import { invariant } from '../base/invariant.ts';
import type { FsReply, FsValue, GuestCalls, GuestSettings, HostCalls } from '../bridge/contract.ts';
import { logStreams, settleKinds } from '../bridge/contract.ts';
import { type BridgeReply, type BridgeValue, operationMax, serviceValuesMax } from '../bridge/services.ts';
import { limits } from '../model/limits.ts';
import { bootProgram } from './boot-program.ts';
import { Callback, type Reference, type WasmModule } from './ivm.ts';
import type { OpenedIsolate } from './runtime-image.ts';

/** What the sandbox answers. Built-in modules are `guest.ts`'s business. */
export type SandboxCalls = Omit<HostCalls, 'loadBuiltin' | 'nativeModule'>;

/**
 * `loadBuiltin` can also give a text here, or WebAssembly for the guest to instantiate. Only the boot program sees them.
 */
export type ServedCalls = SandboxCalls & {
  loadBuiltin(id: string): boolean | string | WasmModule;
};

export interface Resident {
  readonly calls: ServedCalls;
  /** The guest ended itself. */
  dispose(): void;
}

export type SliceName = Exclude<keyof GuestCalls, 'boot' | 'receive'>;

export class Door {
  readonly receive: Reference;
  readonly slices: Readonly<Record<SliceName, Reference>>;
  readonly #boot: Reference;
  #resident: Resident | undefined;

  constructor({ context, native }: OpenedIsolate, table: number | undefined) {
    const calls = checkedCalls(() => this.#answering());
    const guest: Reference<GuestCalls> = context.evalClosureSync(
      bootProgram(Object.keys(calls)),
      [...Object.values(calls).map((call) => new Callback(contained(call))), native?.functions.derefInto(), table],
      { result: { reference: true } },
    );
    const reference = (name: keyof GuestCalls): Reference => guest.getSync(name, { reference: true });
    this.#boot = reference('boot');
    this.receive = reference('receive');
    this.slices = {
      init: reference('init'),
      invoke: reference('invoke'),
      turn: reference('turn'),
      event: reference('event'),
      loopEmpty: reference('loopEmpty'),
      unhandledRejection: reference('unhandledRejection'),
    };
    guest.release();
  }

  /** Once. The guest boots with these settings, and `resident` answers it from then on. */
  enter(resident: Resident, settings: GuestSettings): void {
    invariant(this.#resident === undefined, 'an isolate is taken over once');
    this.#resident = resident;
    this.#boot.applySync(undefined, [JSON.stringify(settings)]);
    this.#boot.release();
  }

  #answering(): Resident {
    invariant(this.#resident !== undefined, 'nothing runs in an isolate that nobody has taken over');
    return this.#resident;
  }
}

type CheckedCalls = Record<
  Exclude<keyof HostCalls, 'nativeModule'>,
  (
    ...args: unknown[]
  ) => number | boolean | string | ArrayBuffer | FsReply | BridgeReply | number[] | WasmModule | undefined
>;

/** The host's functions behind a check of each argument. A call that makes no sense is answered with nothing. */
function checkedCalls(resident: () => Resident): CheckedCalls {
  return {
    log(stream, line) {
      const known = stream === logStreams.stdout || stream === logStreams.stderr || stream === logStreams.record;
      if (known && typeof line === 'string') resident().calls.log(stream, line);
      return undefined;
    },
    settle(kind, body, errorType) {
      const known = Object.values(settleKinds).find((candidate) => candidate === kind);
      if (known !== undefined && typeof body === 'string') resident().calls.settle(known, body, name(errorType));
      return undefined;
    },
    wake(state) {
      if (isWhole(state, Number.MAX_SAFE_INTEGER)) resident().calls.wake(state);
      return undefined;
    },
    uncounted(bytes) {
      if (isWhole(bytes, Number.MAX_SAFE_INTEGER)) resident().calls.uncounted(bytes);
      return undefined;
    },
    limit(limit, found) {
      if (isWhole(limit, 255) && isWhole(found, Number.MAX_SAFE_INTEGER)) resident().calls.limit(limit, found);
      return undefined;
    },
    exit(code) {
      resident().calls.exit(isWhole(code, 255) ? code : 1);
      resident().dispose();
      return undefined;
    },
    loadBuiltin: (id) =>
      typeof id === 'string' && id.length <= limits.nameLengthMax && resident().calls.loadBuiltin(id),
    hrtime: () => resident().calls.hrtime(),
    random: (byteCount) => resident().calls.random(isWhole(byteCount, randomBytesMax) ? byteCount : 0),
    mapPosition: (line, column) =>
      isWhole(line, Number.MAX_SAFE_INTEGER) && isWhole(column, Number.MAX_SAFE_INTEGER)
        ? resident().calls.mapPosition(line, column)
        : '',
    domainToAscii: (domain) =>
      typeof domain === 'string' && domain.length <= limits.pathLengthMax ? resident().calls.domainToAscii(domain) : '',
    memoryUsage: () => resident().calls.memoryUsage(),
    cpuTime: () => resident().calls.cpuTime(),
    fs: (operation, a, b, c, d) =>
      isWhole(operation, 255)
        ? resident().calls.fs(operation, fsValue(a), fsValue(b), fsValue(c), fsValue(d))
        : undefined,
    ask: (service, operation, ...values) =>
      isWhole(service, operationMax) && isWhole(operation, operationMax)
        ? resident().calls.ask(service, operation, ...bridgeValues(values))
        : undefined,
    start(service, operation, id, ...values) {
      const isKnown = isWhole(service, operationMax) && isWhole(operation, operationMax);
      if (isKnown && isWhole(id, Number.MAX_SAFE_INTEGER))
        resident().calls.start(service, operation, id, ...bridgeValues(values));
      return undefined;
    },
  };
}

/**
 * isolated-vm would hand an exception of ours to the guest, with the paths of this program in its stack. There should be none: it
 * is a bug, told on stderr, and the guest gets nothing.
 */
function contained<Args extends readonly unknown[], Value>(
  call: (...args: Args) => Value,
): (...args: Args) => Value | undefined {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      // Whatever it is: no kind of error may pass.
      process.emitWarning(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  };
}

/** What Web Crypto allows in one call, and the contract's limit. */
const randomBytesMax = 65_536;

function isWhole(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
}

function name(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, limits.nameLengthMax) : '';
}

/** What is too long or of another kind counts as absent, which no operation takes for a value. */
function bridgeValues(values: readonly unknown[]): BridgeValue[] {
  return values.slice(0, serviceValuesMax).map((value) => {
    if (typeof value === 'number') return value;
    if (typeof value === 'string') return value.length <= limits.bridgeStringCharsMax ? value : undefined;
    return value instanceof ArrayBuffer && value.byteLength <= limits.bridgeBytesMax ? value : undefined;
  });
}

function fsValue(value: unknown): FsValue {
  return typeof value === 'string' || typeof value === 'number' || value instanceof ArrayBuffer ? value : undefined;
}
