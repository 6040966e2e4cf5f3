/** `internalBinding('tcp_wrap')`: TCP as lib/net.js uses it. Loopback stays in the guest while somebody listens there. */
import { type Address, formatAddress, isLoopback, isUnspecified, parseAddress, unmapped } from './address.ts';
import { AsyncWrap, core, PendingRequest, RequestWrap } from './async-wrap.ts';
import { uv } from './errno.ts';
import { type Binding, bind, conflicts, type Endpoint, findListener, freePort, unbind } from './listeners.ts';
import { createLoopback, type LoopbackEnd } from './loopback.ts';
import { NetworkSocket } from './network-socket.ts';
import { LibuvStreamWrap } from './stream-wrap.ts';

const { ErrorCaptureStackTrace } = primordials;

export const tcpConstants = { SOCKET: 0, SERVER: 1, UV_TCP_IPV6ONLY: 1, UV_TCP_REUSEPORT: 2 };

export class TCPConnectWrap extends RequestWrap {
  /** Why the host refused, for the error that Node's library makes. */
  refusal: string | undefined;

  /** Called by Node's library with the error that it made of the failure (see `adapted` in build-runtime/node-library). */
  explain(error: Error): void {
    if (this.refusal === undefined) return;
    error.message = `${error.message} - ${this.refusal}`;
    ErrorCaptureStackTrace(error);
  }
}

const ipv4Any = '0.0.0.0';

export class TCP extends LibuvStreamWrap {
  declare onconnection: unknown;
  #binding: Binding | undefined;
  /** libuv tells that an address is in use only when the socket is used. */
  #bindError = 0;
  #isListening = false;
  #local: Endpoint | undefined;
  #remote: Endpoint | undefined;
  #connecting: { readonly request: TCPConnectWrap; readonly pending: PendingRequest } | undefined;
  #viaHost: NetworkSocket | undefined;
  #typeOfService = 0;

  open(): number {
    return uv.UV_EINVAL;
  }

  bind(address: string, port: number, flags?: number): number {
    return this.#bind(address, 4, port, flags);
  }

  bind6(address: string, port: number, flags?: number): number {
    return this.#bind(address, 6, port, flags);
  }

  #bind(address: string, family: 4 | 6, port: number, flags = 0): number {
    if (this.hasClosed || this.#binding !== undefined || this.transport !== undefined) return uv.UV_EINVAL;
    const bound = bind(`${address}`, family, port >>> 0, {
      isIPv6Only: (flags & tcpConstants.UV_TCP_IPV6ONLY) !== 0,
      isShared: (flags & tcpConstants.UV_TCP_REUSEPORT) !== 0,
    });
    if (bound === uv.UV_EADDRINUSE) this.#bindError = bound;
    else if (typeof bound === 'number') return bound;
    else this.#setBinding(bound);
    return 0;
  }

  #setBinding(binding: Binding): void {
    this.#binding = binding;
    this.#local = binding;
  }

  listen(): number {
    if (this.hasClosed || this.transport !== undefined) return uv.UV_EINVAL;
    if (this.#bindError !== 0) return this.#bindError;
    if (this.#isListening) return 0;
    if (this.#binding === undefined) {
      const failed = this.#bind(ipv4Any, 4, 0);
      if (failed !== 0) return failed;
    }
    const binding = this.#binding;
    if (binding === undefined || conflicts(binding)) return uv.UV_EADDRINUSE;
    binding.accept = (end, local, remote) => core.loop.enqueueOperation(() => this.#accept(end, local, remote));
    this.#isListening = true;
    this.setActive(true);
    return 0;
  }

  #accept(end: LoopbackEnd, local: Endpoint, remote: Endpoint): void {
    if (this.hasClosed) {
      end.close('reset');
      return;
    }
    const client = new TCP();
    client.#join(end, local, remote);
    AsyncWrap.call(this, this.onconnection, [0, client]);
  }

  #join(end: LoopbackEnd, local: Endpoint, remote: Endpoint): void {
    this.#local = local;
    this.#remote = remote;
    end.sink = this;
    this.attach(end);
  }

  connect(request: TCPConnectWrap, address: string, port: number): number {
    return this.#connect(request, address, 4, port);
  }

  connect6(request: TCPConnectWrap, address: string, port: number): number {
    return this.#connect(request, address, 6, port);
  }

  #connect(request: TCPConnectWrap, text: string, family: 4 | 6, port: number): number {
    if (this.hasClosed || this.#isListening) return uv.UV_EINVAL;
    if (this.#connecting !== undefined) return uv.UV_EALREADY;
    if (this.transport !== undefined) return uv.UV_EISCONN;
    if (this.#bindError !== 0) return this.#bindError;
    const parsed = parseAddress(`${text}`);
    if (parsed === undefined || parsed.family !== family) return uv.UV_EINVAL;
    const address = destination(parsed);
    const found = isLoopback(address) ? findListener(address, port) : undefined;
    if (found === undefined) return this.#connectThroughHost(request, address, port);
    const [ours, theirs] = createLoopback('tcp');
    const asWritten =
      parsed.family === 6 && address.family === 4 ? `::ffff:${formatAddress(address)}` : formatAddress(address);
    const remote: Endpoint = { address: asWritten, family, port };
    const local = this.#localOf(address, family);
    const { binding, serverSeesAs } = found;
    const server = { address: serverSeesAs(formatAddress(address)), family: binding.family, port };
    const client = { address: serverSeesAs(plainText(local.address)), family: binding.family, port: local.port };
    // The server learns first, as with the kernel: its socket was waited on earlier.
    binding.accept?.(theirs, server, client);
    this.#join(ours, local, remote);
    this.#beginConnecting(request);
    core.loop.enqueueOperation(() => this.#endConnecting(0));
    return 0;
  }

  /** Where our end is: where it was bound, otherwise the machine's first loopback address, whichever of them it connects to. */
  #localOf(to: Address, family: 4 | 6): Endpoint {
    const bound = this.#binding;
    const port = bound?.port ?? freePort();
    if (bound !== undefined && !bound.isAny) return { address: bound.address, family, port };
    const first = to.family === 4 ? '127.0.0.1' : '::1';
    return { address: family === 6 && to.family === 4 ? `::ffff:${first}` : first, family, port };
  }

  #connectThroughHost(request: TCPConnectWrap, address: Address, port: number): number {
    const isLocal = isLoopback(address);
    const socket = new NetworkSocket(this);
    this.#viaHost = socket;
    this.#beginConnecting(request);
    socket.connect(formatAddress(address), port, (connected) => {
      if (connected.kind === 'connected') {
        this.#local = connected.local;
        this.#remote = connected.remote;
        this.attach(socket);
        this.#viaHost = undefined;
        this.#endConnecting(0);
        return;
      }
      this.#viaHost = undefined;
      // Nobody in the guest listens there, and what of this machine does is none of the guest's business.
      const isHidden = connected.status === uv.UV_EACCES && isLocal;
      request.refusal = isHidden ? undefined : connected.refusal;
      this.#endConnecting(isHidden ? uv.UV_ECONNREFUSED : connected.status);
    });
    return 0;
  }

  #beginConnecting(request: TCPConnectWrap): void {
    this.#connecting = { request, pending: new PendingRequest(request) };
  }

  #endConnecting(status: number): void {
    const connecting = this.#connecting;
    this.#connecting = undefined;
    connecting?.pending.complete([status, this, connecting.request, status === 0, status === 0]);
  }

  getsockname(out: object): number {
    if (this.#bindError !== 0) return this.#bindError;
    return describe(this.#local, out, uv.UV_EBADF);
  }

  getpeername(out: object): number {
    return describe(this.#remote, out, uv.UV_ENOTCONN);
  }

  setNoDelay(): number {
    return 0;
  }

  setKeepAlive(): number {
    return 0;
  }

  setTypeOfService(value: number): number {
    this.#typeOfService = value;
    return 0;
  }

  getTypeOfService(): number {
    return this.#typeOfService;
  }

  reset(callback: unknown): number {
    return this.closeWithReset(callback);
  }

  protected override onClosing(): void {
    if (this.#binding !== undefined) unbind(this.#binding);
    this.#viaHost?.close('reset');
    this.#viaHost = undefined;
    super.onClosing();
    const connecting = this.#connecting;
    this.#connecting = undefined;
    connecting?.pending.completeSoon([uv.UV_ECANCELED, this, connecting.request, false, false]);
  }
}

/** Where a connection goes: to no particular address means to this machine. */
function destination(parsed: Address): Address {
  const address = unmapped(parsed);
  if (!isUnspecified(address)) return address;
  return parseAddress(address.family === 4 ? '127.0.0.1' : '::1') ?? address;
}

function plainText(text: string): string {
  const address = parseAddress(text);
  return address === undefined ? text : formatAddress(unmapped(address));
}

function describe(endpoint: Endpoint | undefined, out: object, otherwise: number): number {
  if (endpoint === undefined) return otherwise;
  const target = out as Record<string, unknown>;
  target.address = endpoint.address;
  target.family = endpoint.family === 4 ? 'IPv4' : 'IPv6';
  target.port = endpoint.port;
  return 0;
}
