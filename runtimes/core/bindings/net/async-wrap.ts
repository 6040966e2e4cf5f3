/**
 * What each handle and request of libuv has in Node: an id, and the context of AsyncLocalStorage at its making, in which its
 * callbacks run.
 */
import type { CoreContext } from '../../context.ts';

const { ReflectApply } = primordials;

interface AsyncFields {
  readonly async_id_fields: Float64Array;
  readonly constants: Readonly<Record<string, number>>;
}

interface ContextFrame {
  getContinuationPreservedEmbedderData(): unknown;
  setContinuationPreservedEmbedderData(frame: unknown): void;
}

/** One guest loads these files once. Set before the first handle can be made. */
export let core: CoreContext;
let fields: AsyncFields;
let frames: ContextFrame;
let idCounter = 0;

export function useCore(context: CoreContext): void {
  core = context;
  fields = context.library.internalBinding('async_wrap') as AsyncFields;
  frames = context.library.internalBinding('async_context_frame') as ContextFrame;
  idCounter = fields.constants.kAsyncIdCounter ?? 2;
}

export class AsyncWrap {
  #asyncId = nextAsyncId();
  #frame = frames.getContinuationPreservedEmbedderData();

  getAsyncId(): number {
    return this.#asyncId;
  }

  /** An agent gives a socket that waited to the next request: what follows belongs to that one. */
  asyncReset(): void {
    this.#asyncId = nextAsyncId();
    this.#frame = frames.getContinuationPreservedEmbedderData();
  }

  getProviderType(): number {
    return 0;
  }

  /** @param wrap by parameter, so that a user's object in its place is an error and no call of theirs */
  static call(wrap: AsyncWrap, callback: unknown, args: readonly unknown[]): unknown {
    if (typeof callback !== 'function') return undefined;
    const frame = wrap.#frame;
    const before = frames.getContinuationPreservedEmbedderData();
    if (frame === before) return ReflectApply(callback as never, wrap, args);
    frames.setContinuationPreservedEmbedderData(frame);
    try {
      return ReflectApply(callback as never, wrap, args);
    } finally {
      frames.setContinuationPreservedEmbedderData(before);
    }
  }
}

function nextAsyncId(): number {
  const id = (fields.async_id_fields[idCounter] ?? 0) + 1;
  fields.async_id_fields[idCounter] = id;
  return id;
}

/** Requests: Node's library makes them, adds what it needs and is told the end by `oncomplete`. */
export class RequestWrap extends AsyncWrap {
  declare oncomplete: unknown;
}

/** A pending request keeps the loop alive, whether its handle is referenced or not. */
export class PendingRequest {
  readonly #request: RequestWrap;
  #isPending = true;

  constructor(request: RequestWrap) {
    this.#request = request;
    core.loop.hold();
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  complete(args: readonly unknown[]): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    core.loop.release();
    AsyncWrap.call(this.#request, this.#request.oncomplete, args);
  }

  completeSoon(args: readonly unknown[]): void {
    core.loop.enqueueOperation(() => this.complete(args));
  }
}
