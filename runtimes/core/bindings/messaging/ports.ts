/**
 * Message ports within one thread: `MessageChannel`, `MessagePort` and the groups under `BroadcastChannel`, as Node's
 * `internal/worker/io` expects them from C++. A message is copied when it is posted and delivered in a turn of its own.
 * What a port is lives in a table by port: the objects are the user's, with the prototype that Node's library arranges.
 */
import type { CoreContext } from '../../context.ts';
import { Fifo } from '../../fifo.ts';
import type { Cloned, TransferablePorts } from '../structured-clone.ts';
import { readTransferList, withCode } from './transfer-list.ts';

const { ArrayPrototypeIncludes, ArrayPrototypePush, ObjectCreate, ObjectDefineProperty, ReflectApply, SafeMap } =
  primordials;
const { SafeWeakMap, TypeError } = primordials;

/** Receives what its peers post. Goes from port to port when a port is transferred. */
interface Endpoint {
  /** The object that receives now; none after it was closed. */
  port: object | undefined;
  readonly queue: Fifo<Message>;
  readonly group: Group;
}

/** The endpoints that hear each other: two of a channel, any number of a broadcast name. */
interface Group {
  readonly endpoints: Endpoint[];
  readonly isBroadcast: boolean;
}

type Message = { readonly kind: 'value'; readonly cloned: Cloned } | { readonly kind: 'close' };

interface PortState {
  /** None before the port was given one, and once it was closed or transferred. */
  endpoint: Endpoint | undefined;
  isReceiving: boolean;
  isReferenced: boolean;
  isReady: boolean;
  /** Ports that wait together take their turns in the order in which they were made, as libuv's handles do. */
  readonly number: number;
}

/** What a port had received when its turn came: delivered to the end, even if the port is closed meanwhile. */
interface Batch {
  readonly port: object;
  readonly state: PortState;
  readonly endpoint: Endpoint;
  left: number;
}

export interface PortDependencies {
  cloneMessage(value: unknown, transfers: readonly unknown[]): Cloned;
  dataCloneError(message: string): Error;
}

export class Ports implements TransferablePorts {
  readonly #context: CoreContext;
  readonly #dependencies: PortDependencies;
  readonly #states = new SafeWeakMap<object, PortState>();
  readonly #broadcasts = new SafeMap<string, Group>();
  #created = 0;
  /** Ports that got messages: of this round, in order, and for the next one. */
  readonly #round = new Fifo<object>();
  #ready: object[] = [];
  #batch: Batch | undefined;
  #isTurnQueued = false;
  readonly #symbols: Readonly<Record<string, symbol | undefined>>;
  readonly MessagePort: () => never;

  constructor(context: CoreContext, dependencies: PortDependencies) {
    this.#context = context;
    this.#dependencies = dependencies;
    this.#symbols = context.library.internalBinding('symbols') as Record<string, symbol | undefined>;
    this.MessagePort = this.#createPortClass();
  }

  isPort(value: unknown): boolean {
    return this.#stateOf(value) !== undefined;
  }

  isDetached(port: object): boolean {
    return this.#states.get(port)?.endpoint === undefined;
  }

  reserve(): object {
    const port = ObjectCreate(this.MessagePort.prototype as object);
    this.#states.set(port, {
      endpoint: undefined,
      isReceiving: false,
      isReferenced: false,
      isReady: false,
      number: this.#created++,
    });
    this.#callSymbol(port, 'oninit');
    return port;
  }

  move(from: object, to: object): void {
    const state = this.#states.get(from);
    const endpoint = state?.endpoint;
    if (state === undefined || endpoint === undefined) return;
    this.#reference(state, false);
    state.endpoint = undefined;
    // Whoever listens on the old object learns that nothing comes any more.
    this.#closeLater(from);
    this.#give(to, endpoint);
  }

  createChannel(): { readonly port1: object; readonly port2: object } {
    const group: Group = { endpoints: [], isBroadcast: false };
    return { port1: this.#join(group), port2: this.#join(group) };
  }

  createBroadcast(name: string): object {
    let group = this.#broadcasts.get(name);
    if (group === undefined) {
      group = { endpoints: [], isBroadcast: true };
      this.#broadcasts.set(name, group);
    }
    return this.#join(group);
  }

  drain(port: unknown): void {
    const state = this.#stateOf(port);
    while (state?.endpoint !== undefined && state.isReceiving && state.endpoint.queue.length > 0) {
      this.#deliver(port as object, state, state.endpoint);
    }
  }

  stop(port: unknown): void {
    const state = this.#stateOf(port);
    if (state !== undefined) state.isReceiving = false;
  }

  /** The next message at once, or Node's mark for none. */
  receive(port: unknown): unknown {
    const state = this.#stateOf(port);
    if (state === undefined) throw notAPort();
    const message = state.endpoint?.queue.shift();
    if (message?.kind === 'value') return message.cloned.value;
    if (message?.kind === 'close') this.#close(port as object, state);
    return this.#symbols.no_message_symbol;
  }

  #join(group: Group): object {
    const endpoint: Endpoint = { port: undefined, queue: new Fifo(), group };
    ArrayPrototypePush(group.endpoints, endpoint);
    const port = this.reserve();
    this.#give(port, endpoint);
    return port;
  }

  #give(port: object, endpoint: Endpoint): void {
    const state = this.#states.get(port);
    if (state === undefined) return;
    state.endpoint = endpoint;
    endpoint.port = port;
    this.#wake(port);
  }

  #stateOf(port: unknown): PortState | undefined {
    return port !== null && typeof port === 'object' ? this.#states.get(port) : undefined;
  }

  #callSymbol(port: object, name: string): void {
    const symbol = this.#symbols[name];
    const method = symbol === undefined ? undefined : (port as Record<symbol, unknown>)[symbol];
    if (typeof method === 'function') ReflectApply(method as never, port, []);
  }

  #post(port: unknown, state: PortState, value: unknown, transfers: readonly unknown[]): boolean | undefined {
    if (ArrayPrototypeIncludes(transfers, port)) {
      throw this.#dependencies.dataCloneError('Transfer list contains source port');
    }
    const endpoints = state.endpoint?.group.endpoints ?? [];
    let isCloned = false;
    for (let at = 0; at < endpoints.length; at++) {
      const peer = endpoints[at];
      if (peer === undefined || peer === state.endpoint) continue;
      const isLost = peer.port !== undefined && ArrayPrototypeIncludes(transfers, peer.port);
      const cloned = this.#dependencies.cloneMessage(value, transfers);
      isCloned = true;
      if (isLost) this.#warnOfLostChannel();
      else this.#enqueue(peer, { kind: 'value', cloned });
    }
    // Nobody hears it, but what was named for transfer is gone and what cannot be copied is refused.
    if (!isCloned) this.#dependencies.cloneMessage(value, transfers);
    return state.endpoint === undefined ? undefined : true;
  }

  #warnOfLostChannel(): void {
    const { process } = this.#context as unknown as { process: { emitWarning(text: string): void } };
    process.emitWarning('The target port was posted to itself, and the communication channel was lost');
  }

  #enqueue(endpoint: Endpoint, message: Message): void {
    endpoint.queue.push(message);
    if (endpoint.port !== undefined) this.#wake(endpoint.port);
  }

  #wake(port: object): void {
    const state = this.#states.get(port);
    const next = state?.endpoint?.queue.first;
    if (state === undefined || next === undefined || state.isReady) return;
    if (!state.isReceiving && next.kind !== 'close') return;
    state.isReady = true;
    ArrayPrototypePush(this.#ready, port);
    this.#queueTurn();
  }

  /** One message for each turn: ticks and microtasks drain between two, as Node does. */
  #queueTurn(): void {
    if (this.#isTurnQueued) return;
    this.#isTurnQueued = true;
    const { loop } = this.#context;
    const turn = (): void => {
      this.#isTurnQueued = false;
      if (this.#batch === undefined && this.#round.length === 0) this.#beginRound();
      const batch = this.#batch ?? this.#nextBatch();
      this.#batch = undefined;
      if (batch === undefined) return;
      batch.left -= 1;
      if (batch.left > 0) this.#batch = batch;
      try {
        this.#deliver(batch.port, batch.state, batch.endpoint);
      } finally {
        if (batch.left === 0) this.#wake(batch.port);
        if (this.#batch !== undefined || this.#round.length > 0) {
          this.#isTurnQueued = true;
          loop.continueOperation(turn);
        } else if (this.#ready.length > 0) this.#queueTurn();
      }
    };
    loop.enqueueOperation(turn);
  }

  #beginRound(): void {
    const ports = this.#ready;
    this.#ready = [];
    const numberOf = (port: object | undefined): number => (port && this.#states.get(port)?.number) ?? 0;
    for (let at = 1; at < ports.length; at++) {
      const port = ports[at];
      let to = at;
      for (; to > 0 && numberOf(ports[to - 1]) > numberOf(port); to--) ports[to] = ports[to - 1] ?? {};
      if (port !== undefined) ports[to] = port;
    }
    for (let at = 0; at < ports.length; at++) {
      const port = ports[at];
      if (port !== undefined) this.#round.push(port);
    }
  }

  #nextBatch(): Batch | undefined {
    for (let port = this.#round.shift(); port !== undefined; port = this.#round.shift()) {
      const state = this.#states.get(port);
      if (state === undefined) continue;
      state.isReady = false;
      const { endpoint } = state;
      if (endpoint !== undefined && endpoint.queue.length > 0) {
        return { port, state, endpoint, left: endpoint.queue.length };
      }
    }
    return undefined;
  }

  #deliver(port: object, state: PortState, { queue }: Endpoint): void {
    const next = queue.first;
    if (next === undefined) return;
    if (next.kind === 'close') {
      queue.shift();
      this.#close(port, state);
      return;
    }
    if (!state.isReceiving) return;
    queue.shift();
    const { emitMessage } = this.#context.library.require<{ emitMessage: unknown }>('internal/per_context/messageport');
    ReflectApply(emitMessage as never, port, [next.cloned.value, next.cloned.ports, 'message']);
  }

  #close(port: object, state: PortState): void {
    const { endpoint } = state;
    if (endpoint === undefined) return;
    state.endpoint = undefined;
    endpoint.port = undefined;
    this.#reference(state, false);
    const { endpoints, isBroadcast } = endpoint.group;
    remove(endpoints, endpoint);
    for (let at = 0; !isBroadcast && at < endpoints.length; at++) {
      const peer = endpoints[at];
      if (peer !== undefined) this.#enqueue(peer, { kind: 'close' });
    }
    this.#closeLater(port);
  }

  /** Where libuv would: at the end of the round that is under way. */
  #closeLater(port: object): void {
    this.#context.loop.enqueueImmediate(() => this.#callSymbol(port, 'handle_onclose'));
  }

  #reference(state: PortState, isReferenced: boolean): void {
    if (state.isReferenced === isReferenced) return;
    state.isReferenced = isReferenced;
    if (isReferenced) this.#context.loop.hold();
    else this.#context.loop.release();
  }

  /** Node's library takes apart this class and its prototype, so it is made of plain functions. */
  #createPortClass(): () => never {
    const ports = this;
    function MessagePort(): never {
      throw withCode(new TypeError('Constructor cannot be called'), 'ERR_CONSTRUCT_CALL_INVALID');
    }
    const stateOf = (port: unknown): PortState => {
      const state = ports.#stateOf(port);
      if (state === undefined) throw new TypeError('Illegal invocation');
      return state;
    };
    const handle = methods({
      ref(this: unknown) {
        const state = stateOf(this);
        if (state.endpoint !== undefined) ports.#reference(state, true);
      },
      unref(this: unknown) {
        ports.#reference(stateOf(this), false);
      },
      hasRef(this: unknown) {
        const state = stateOf(this);
        return state.endpoint === undefined ? undefined : state.isReferenced;
      },
    });
    const prototype = methods(
      {
        postMessage(this: unknown, ...args: readonly unknown[]) {
          const state = stateOf(this);
          if (args.length === 0) {
            throw withCode(new TypeError('Not enough arguments to MessagePort.postMessage'), 'ERR_MISSING_ARGS');
          }
          return ports.#post(this, state, args[0], readTransferList(args[1]));
        },
        start(this: unknown) {
          const state = stateOf(this);
          if (state.endpoint === undefined) return;
          state.isReceiving = true;
          ports.#wake(this as object);
        },
        close(this: unknown) {
          ports.#close(this as object, stateOf(this));
        },
      },
      handle,
    );
    define(prototype, 'constructor', MessagePort, 'hidden');
    MessagePort.prototype = prototype as never;
    return MessagePort;
  }
}

export function notAPort(): Error {
  return withCode(new TypeError('The "port" argument must be a MessagePort instance'), 'ERR_INVALID_ARG_TYPE');
}

/** @returns Node's class: `new` gives two ports that hear each other. */
export function createChannelClass(ports: Ports): object {
  return function MessageChannel(this: object): void {
    if (new.target === undefined) {
      throw withCode(new TypeError('Cannot call constructor without `new`'), 'ERR_CONSTRUCT_CALL_REQUIRED');
    }
    const { port1, port2 } = ports.createChannel();
    define(this, 'port1', port1, 'shown');
    define(this, 'port2', port2, 'shown');
  };
}

function methods(named: Readonly<Record<string, unknown>>, prototype: object | null = null): object {
  const target = ObjectCreate(prototype);
  for (const name in named) define(target, name, named[name], 'shown');
  return target;
}

function define(target: object, name: string, value: unknown, visibility: 'shown' | 'hidden'): void {
  ObjectDefineProperty(target, name, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    configurable: true,
    enumerable: visibility === 'shown',
    writable: true,
  });
}

function remove(endpoints: Endpoint[], endpoint: Endpoint): void {
  let kept = 0;
  for (let at = 0; at < endpoints.length; at++) {
    const each = endpoints[at];
    if (each === undefined || each === endpoint) continue;
    endpoints[kept] = each;
    kept += 1;
  }
  endpoints.length = kept;
}
