/**
 * The bindings under lib/net.js, which runs unchanged on them: `stream_wrap`, `tcp_wrap`, `pipe_wrap`. Connections within the
 * guest are made here (see `net/loopback.ts`), others by the service `network`.
 */
import type { CoreContext } from '../context.ts';
import { AsyncWrap, PendingRequest, RequestWrap, useCore } from './net/async-wrap.ts';
import { useErrnos } from './net/errno.ts';
import { NetworkSocket } from './net/network-socket.ts';
import { Pipe, PipeConnectWrap, pipeConstants } from './net/pipe-wrap.ts';
import { LibuvStreamWrap, ShutdownWrap, streamBaseState, WriteWrap } from './net/stream-wrap.ts';
import { TCP, TCPConnectWrap, tcpConstants } from './net/tcp-wrap.ts';

/** For other files of `bindings/`, which are scripts of their own. */
export interface NetParts {
  readonly AsyncWrap: typeof AsyncWrap;
  readonly LibuvStreamWrap: typeof LibuvStreamWrap;
  readonly NetworkSocket: typeof NetworkSocket;
  readonly PendingRequest: typeof PendingRequest;
  readonly RequestWrap: typeof RequestWrap;
  readonly WriteWrap: typeof WriteWrap;
}

export function createBindings(context: CoreContext): Record<string, object> {
  useCore(context);
  useErrnos(context);
  // A server asks whether it is to share its socket with other processes. There are none.
  context.library.override('cluster', () => ({ isPrimary: true, isMaster: true, isWorker: false }));
  return {
    stream_wrap: {
      kReadBytesOrError: 0,
      kArrayBufferOffset: 1,
      kBytesWritten: 2,
      kLastWriteWasAsync: 3,
      kLastWriteErr: 4,
      streamBaseState,
      ShutdownWrap,
      WriteWrap,
    },
    net_parts: { AsyncWrap, LibuvStreamWrap, NetworkSocket, PendingRequest, RequestWrap, WriteWrap } satisfies NetParts,
    tcp_wrap: { TCP, TCPConnectWrap, constants: tcpConstants },
    pipe_wrap: { Pipe, PipeConnectWrap, constants: pipeConstants },
  };
}
