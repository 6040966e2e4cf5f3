/** The value codec of `src/bridge/binding-values.ts` as a guest uses it: with primordials, and with Node's classes once they exist. */
import {
  createValueCodec,
  type Encoded,
  type ForeignValues,
  type Refusal,
  type ValueBuiltins,
  type ValueCodec,
} from '../../../../src/bridge/binding-values.ts';
import { type BindingErrorCode, type BindingsDescription, bindingErrorCodes } from '../../../../src/bridge/bindings.ts';
import type { CoreContext } from '../../context.ts';

const {
  ErrorIsError,
  FunctionPrototypeSymbolHasInstance,
  ObjectDefineProperty,
  RangeError,
  ReflectConstruct,
  SymbolAsyncIterator,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypeError,
  Uint8Array,
} = primordials;

type AnyConstructor = (...args: never[]) => unknown;
export type Channels = Pick<ForeignValues, 'channelOf' | 'stream' | 'signal'>;

export class Values {
  readonly #context: CoreContext;
  readonly #limits: BindingsDescription['limits'];
  /** For what may hold data only: values of streams, reasons, constants. */
  readonly data: ValueCodec;

  constructor(context: CoreContext, limits: BindingsDescription['limits']) {
    this.#context = context;
    this.#limits = limits;
    this.data = this.codec(
      {
        channelOf: (value) => {
          if (!this.isSignal(value) && !isStream(value)) return undefined;
          throw codedError(
            TypeError,
            'a stream or a signal can be sent only in arguments and results',
            bindingErrorCodes.argument,
          );
        },
        stream: () => undefined,
        signal: () => undefined,
      },
      '',
    );
  }

  /** `binding` comes first in messages. */
  codec(channels: Channels, binding: string): ValueCodec {
    const { depthMax, valuesMax, messageBytesMax } = this.#limits;
    const prefix = binding === '' ? '' : `${binding}: `;
    return createValueCodec({
      builtins: primordials as unknown as ValueBuiltins,
      limits: { depthMax, valuesMax, bytesMax: messageBytesMax },
      foreign: {
        channelOf: channels.channelOf,
        stream: channels.stream,
        signal: channels.signal,
        isDomException: (error) => this.#isDomException(error),
        domException: (message, name) => ReflectConstruct(this.#domException(), [message, name]),
      },
      refuse: (refusal: Refusal, message: string) =>
        refusal === 'size'
          ? codedError(RangeError, `${prefix}${message}`, bindingErrorCodes.argumentsTooLarge)
          : codedError(TypeError, `${prefix}${message}`, bindingErrorCodes.argument),
    });
  }

  /** What became of a call that failed: its own stack says no more than which binding it was. */
  failure(text: string, bytes: Uint8Array<ArrayBuffer>, binding: string): unknown {
    const error = this.data.decode(text, bytes);
    if (!ErrorIsError(error)) return error;
    const { name, message } = error;
    define(
      error,
      'stack',
      `${message === '' ? name : `${name}: ${message}`}\n    at ${binding} (isotherm:bindings)`,
      false,
    );
    return error;
  }

  /** Of a reason that cannot be sent, that there was one. */
  encodeReason(reason: unknown): Encoded {
    try {
      return this.data.encode(reason, 'the reason');
    } catch {
      // A function, say. Whoever is told needs no more than that it is over.
      return this.data.encode(undefined, 'the reason');
    }
  }

  /** Before the module of signals is loaded there are none. */
  isSignal(value: object): value is GuestSignal {
    const id = 'internal/abort_controller';
    const { library } = this.#context;
    if (!library.isLoaded(id)) return false;
    const { AbortSignal } = library.require<{ AbortSignal: unknown }>(id);
    return FunctionPrototypeSymbolHasInstance(AbortSignal, value);
  }

  createController(): GuestController {
    const { AbortController } = this.#context.library.require<{ AbortController: AnyConstructor }>(
      'internal/abort_controller',
    );
    return ReflectConstruct(AbortController, []) as GuestController;
  }

  #isDomException(error: object): boolean {
    if (!this.#context.library.isLoaded('internal/per_context/domexception')) return false;
    return FunctionPrototypeSymbolHasInstance(this.#domException(), error);
  }

  #domException(): AnyConstructor {
    const { library } = this.#context;
    return library.require<{ DOMException: AnyConstructor }>('internal/per_context/domexception').DOMException;
  }
}

export interface GuestSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface GuestController {
  readonly signal: GuestSignal;
  abort(reason: unknown): void;
}

export interface GuestStream {
  [key: symbol]: () => GuestIterator;
}

export interface GuestIterator {
  readonly next: () => unknown;
  readonly return?: (() => unknown) | undefined;
}

/** ReadableStream, Readable, async generators: all are iterated. */
export function isStream(value: object): value is GuestStream {
  return typeof (value as Record<symbol, unknown>)[SymbolAsyncIterator] === 'function';
}

export function codedError(Type: ErrorConstructor, message: string, code: BindingErrorCode): Error {
  const error = new Type(message);
  define(error, 'code', code, true);
  return error;
}

function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  ObjectDefineProperty(target, key, {
    // @ts-expect-error descriptors are read through the prototype, which the user owns
    __proto__: null,
    value,
    enumerable,
    configurable: true,
    writable: true,
  });
}

/** As it crosses the bridge: the encoder's arrays are of exact size. */
export function crossing(bytes: Uint8Array<ArrayBuffer>): ArrayBuffer | undefined {
  return TypedArrayPrototypeGetByteLength(bytes) === 0 ? undefined : TypedArrayPrototypeGetBuffer(bytes);
}

export function arrived(bytes: unknown): Uint8Array<ArrayBuffer> {
  return bytes === undefined ? new Uint8Array(0) : new Uint8Array(bytes as ArrayBuffer);
}
