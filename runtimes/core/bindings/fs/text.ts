/** What goes in and out besides bytes: descriptors, paths, names and texts, in the encodings that Node's fs accepts for them. */
import type { BufferModule, FsDependencies } from './dependencies.ts';

const { TypedArrayPrototypeGetBuffer } = primordials;

interface FsUtils {
  /** @throws ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE */
  getValidatedFd(fd: unknown): number;
}

export type FsTexts = ReturnType<typeof createFsTexts>;

export function createFsTexts(dependencies: FsDependencies) {
  const { requireBuiltin } = dependencies;
  let bufferModule: BufferModule | undefined;
  let utils: FsUtils | undefined;

  // Node's buffer module is part of the core, but it is made after the bindings are.
  function buffer(): BufferModule['Buffer'] {
    bufferModule ??= requireBuiltin('buffer') as BufferModule;
    return bufferModule.Buffer;
  }

  function decode(bytes: Uint8Array, encoding = 'utf8'): string {
    return buffer().from(TypedArrayPrototypeGetBuffer(bytes), bytes.byteOffset, bytes.byteLength).toString(encoding);
  }

  function encode(text: string, encoding = 'utf8'): Uint8Array {
    return buffer().from(text, encoding);
  }

  function asBuffer(bytes: ArrayBuffer): Uint8Array {
    return buffer().from(bytes, 0, bytes.byteLength);
  }

  /** Node leaves this check to its native side. */
  function descriptor(fd: unknown): number {
    utils ??= requireBuiltin('internal/fs/utils') as FsUtils;
    return utils.getValidatedFd(fd);
  }

  /** Node's library has validated it: a string, or bytes. */
  function path(value: string | Uint8Array): string {
    return typeof value === 'string' ? value : decode(value);
  }

  /** A name as the caller's `encoding` option wants it. */
  function name(text: string, encoding: string | undefined): string | Uint8Array {
    if (encoding === undefined || encoding === null || encoding === 'utf8' || encoding === 'utf-8') return text;
    return encoding === 'buffer' ? encode(text) : decode(encode(text), encoding);
  }

  return { decode, encode, asBuffer, descriptor, path, name };
}
