/** `internalBinding('serdes')`: the classes under `v8.serialize` and `v8.deserialize`, which users may derive from. */
import type { CoreContext } from '../context.ts';
import { bytesIfAny } from './encodings.ts';
import { withCode } from './messaging/transfer-list.ts';
import { Reader } from './serdes/reader.ts';
import { Writer } from './serdes/writer.ts';
import type { Types } from './types.ts';

const {
  ArrayBufferIsView,
  Error,
  ReflectApply,
  ReflectConstruct,
  TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset,
  TypeError,
} = primordials;

interface BufferModule {
  readonly FastBuffer: new (buffer: ArrayBuffer, byteOffset: number, length: number) => object;
}

interface UtilBinding {
  getConstructorName(value: object): string;
}

interface EncodingBinding {
  decodeUTF8(bytes: Uint8Array): string;
}

export function createBindings({ library }: CoreContext): Record<string, object> {
  const types = library.internalBinding('types') as Types;
  const { getConstructorName } = library.internalBinding('util') as UtilBinding;

  class Serializer {
    readonly #writer: Writer;

    constructor() {
      const delegate = this as unknown as Record<string, unknown>;
      this.#writer = new Writer(types, {
        writeHostObject(value) {
          const { _writeHostObject } = delegate;
          if (typeof _writeHostObject !== 'function') return false;
          ReflectApply(_writeHostObject as never, delegate, [value]);
          return true;
        },
        refuse(message): never {
          const { _getDataCloneError } = delegate;
          throw ReflectConstruct((_getDataCloneError ?? Error) as never, [message]);
        },
        constructorName: getConstructorName,
      });
    }

    writeHeader(): void {
      this.#writer.header();
    }

    writeValue(value: unknown): true {
      this.#writer.value(value);
      return true;
    }

    releaseBuffer(): object {
      const bytes = this.#writer.release();
      const { FastBuffer } = library.require<BufferModule>('internal/buffer');
      return new FastBuffer(
        TypedArrayPrototypeGetBuffer(bytes),
        TypedArrayPrototypeGetByteOffset(bytes),
        TypedArrayPrototypeGetByteLength(bytes),
      );
    }

    transferArrayBuffer(id: unknown, buffer: unknown): void {
      this.#writer.transfer(uint32(id), buffer);
    }

    writeUint32(value: unknown): void {
      this.#writer.varint(uint32(value));
    }

    writeUint64(high: unknown, low: unknown): void {
      this.#writer.uint64(uint32(high), uint32(low));
    }

    writeDouble(value: unknown): void {
      this.#writer.double(+(value as number));
    }

    writeRawBytes(source: unknown): void {
      const bytes = bytesIfAny(source);
      if (bytes === undefined) {
        throw withCode(new TypeError('source must be a TypedArray or a DataView'), 'ERR_INVALID_ARG_TYPE');
      }
      this.#writer.raw(bytes);
    }

    _setTreatArrayBufferViewsAsHostObjects(treat: unknown): void {
      this.#writer.treatsViewsAsHostObjects = treat === true;
    }
  }

  class Deserializer {
    readonly #reader: Reader;
    readonly buffer: unknown;

    constructor(source: unknown) {
      const bytes = ArrayBufferIsView(source) ? bytesIfAny(source) : undefined;
      if (bytes === undefined) {
        throw withCode(new TypeError('buffer must be a TypedArray or a DataView'), 'ERR_INVALID_ARG_TYPE');
      }
      this.buffer = source;
      const delegate = this as unknown as Record<string, unknown>;
      this.#reader = new Reader(bytes, {
        readHostObject() {
          const { _readHostObject } = delegate;
          if (typeof _readHostObject === 'function') return ReflectApply(_readHostObject as never, delegate, []);
          throw withCode(
            new TypeError('The _readHostObject() method is not implemented'),
            'ERR_METHOD_NOT_IMPLEMENTED',
          );
        },
        decodeUtf8: (text) => (library.internalBinding('encoding_binding') as EncodingBinding).decodeUTF8(text),
      });
    }

    readHeader(): true {
      this.#reader.header();
      return true;
    }

    readValue(): unknown {
      return this.#reader.value();
    }

    getWireFormatVersion(): number {
      return this.#reader.version;
    }

    transferArrayBuffer(id: unknown, buffer: unknown): void {
      this.#reader.transfer(uint32(id), buffer);
    }

    readUint32(): number {
      return named('ReadUint32', () => this.#reader.varint());
    }

    readUint64(): [number, number] {
      const value = named('ReadUint64', () => this.#reader.uint64());
      return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
    }

    readDouble(): number {
      return named('ReadDouble', () => this.#reader.double());
    }

    _readRawBytes(length: unknown): number {
      return named('ReadRawBytes', () => this.#reader.raw(+(length as number)));
    }
  }

  return { serdes: { Serializer, Deserializer } };
}

/** What went wrong under a single read is told by the name of V8's method. */
function named<Value>(method: string, read: () => Value): Value {
  try {
    return read();
  } catch {
    // The reader only fails when the bytes do not fit, whatever it says.
    throw new Error(`${method}() failed`);
  }
}

function uint32(value: unknown): number {
  return (value as number) >>> 0;
}
