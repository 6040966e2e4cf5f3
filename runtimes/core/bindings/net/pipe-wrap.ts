/**
 * `internalBinding('pipe_wrap')`: unix sockets between parts of this guest. Those of the host can never be reached: a path on
 * which nobody in the guest listens does not exist.
 */
import { AsyncWrap, core, PendingRequest, RequestWrap } from './async-wrap.ts';
import { uv } from './errno.ts';
import { bindPath, findPath, listenOnPath, unbindPath } from './listeners.ts';
import { createLoopback, type LoopbackEnd } from './loopback.ts';
import { LibuvStreamWrap } from './stream-wrap.ts';

const { StringPrototypeStartsWith } = primordials;

export const pipeConstants = { SOCKET: 0, SERVER: 1, IPC: 2, UV_READABLE: 1, UV_WRITABLE: 2 };

/** `sun_path` of Linux. */
const pathBytesMax = 108;

export class PipeConnectWrap extends RequestWrap {}

export class Pipe extends LibuvStreamWrap {
  declare onconnection: unknown;
  #path: string | undefined;
  #connecting: { readonly request: PipeConnectWrap; readonly pending: PendingRequest } | undefined;

  open(): number {
    return uv.UV_EINVAL;
  }

  fchmod(): number {
    return this.#path === undefined ? uv.UV_EBADF : 0;
  }

  bind(path: string): number {
    if (this.hasClosed || this.#path !== undefined) return uv.UV_EINVAL;
    const full = resolved(path);
    if (full.length > pathBytesMax) return uv.UV_ENAMETOOLONG;
    const failed = bindPath(full);
    if (failed === 0) this.#path = full;
    return failed;
  }

  listen(): number {
    if (this.#path === undefined) return uv.UV_EINVAL;
    listenOnPath(this.#path, (end) => core.loop.enqueueOperation(() => this.#accept(end)));
    this.setActive(true);
    return 0;
  }

  #accept(end: LoopbackEnd): void {
    if (this.hasClosed) {
      end.close('reset');
      return;
    }
    const client = new Pipe();
    client.#join(end);
    AsyncWrap.call(this, this.onconnection, [0, client]);
  }

  #join(end: LoopbackEnd): void {
    end.sink = this;
    this.attach(end);
  }

  connect(request: PipeConnectWrap, path: string): number {
    if (this.hasClosed) return uv.UV_EINVAL;
    const full = resolved(path);
    if (full.length > pathBytesMax) return uv.UV_ENAMETOOLONG;
    const accept = findPath(full);
    // libuv tells failures of connecting to a path as it tells success, later.
    const connecting = { request, pending: new PendingRequest(request) };
    this.#connecting = connecting;
    let status = accept === undefined ? uv.UV_ENOENT : uv.UV_ECONNREFUSED;
    if (typeof accept === 'function') {
      const [ours, theirs] = createLoopback('unix');
      accept(theirs);
      this.#join(ours);
      status = 0;
    }
    core.loop.enqueueOperation(() => {
      this.#connecting = undefined;
      connecting.pending.complete([status, this, request, status === 0, status === 0]);
    });
    return 0;
  }

  protected override onClosing(): void {
    if (this.#path !== undefined) unbindPath(this.#path);
    super.onClosing();
    const connecting = this.#connecting;
    this.#connecting = undefined;
    connecting?.pending.completeSoon([uv.UV_ECANCELED, this, connecting.request, false, false]);
  }
}

/** Abstract names, which begin with a zero byte, are no paths. */
function resolved(path: string): string {
  const text = `${path}`;
  if (StringPrototypeStartsWith(text, '\0')) return text;
  return core.library.require<{ resolve(path: string): string }>('path').resolve(text);
}
