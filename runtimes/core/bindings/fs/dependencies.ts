/** What the file system's bindings need of the core: the way to the host, the event loop and Node's library. */
import type { HostCalls } from '../../../../src/bridge/contract.ts';

export interface FsDependencies {
  /** `HostCalls.fs`, callable from boot on. */
  readonly callHost: HostCalls['fs'];
  /** `HostCalls.log`: what is written to descriptors 1 and 2. */
  readonly log: HostCalls['log'];
  /** Runs `complete` in a later turn of the event loop, which the pending operation keeps alive, in the async context of now. */
  readonly enqueueOperation: (complete: () => void) => void;
  /** `ENOENT` and `no such file or directory` for -2. */
  readonly describeErrno: (errno: number) => readonly [code: string, description: string];
  /** `require` for Node's library. Used for `buffer`, `path` and `internal/errors`, when first needed. */
  readonly requireBuiltin: (id: string) => unknown;
}

/** The part of Node's Buffer used here. */
export interface BufferModule {
  readonly Buffer: {
    from(text: string, encoding?: string): Uint8Array;
    from(bytes: ArrayBufferLike, offset: number, length: number): Uint8Array & { toString(encoding?: string): string };
  };
}
