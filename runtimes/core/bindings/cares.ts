/**
 * `internalBinding('cares_wrap')`: names to addresses and other records, so that lib/dns.js runs unchanged. `localhost` is
 * answered here; everything else is asked of the host, which is also why servers that a guest sets are remembered and not used.
 */
import { networkEvents, networkOperations } from '../../../src/bridge/network.ts';
import type { CoreContext } from '../context.ts';
import { formatAddress, parseAddress } from './net/address.ts';
import type { RequestWrap } from './net/async-wrap.ts';
import type { NetParts } from './net.ts';

const {
  ArrayIsArray,
  ErrorCaptureStackTrace,
  JSONParse,
  ObjectDefineProperty,
  RegExp,
  RegExpPrototypeExec,
  StringPrototypeToLowerCase,
  TypedArrayPrototypeSlice,
} = primordials;

interface Request extends RequestWrap {
  oncomplete(error: number | string | null, result?: unknown, extra?: unknown): void;
  callback?: (error: unknown) => void;
  reject?: (error: unknown) => void;
}

const constants = {
  AF_INET: 2,
  AF_INET6: 10,
  AF_UNSPEC: 0,
  AI_ADDRCONFIG: 32,
  AI_ALL: 16,
  AI_V4MAPPED: 8,
  DNS_ORDER_VERBATIM: 0,
  DNS_ORDER_IPV4_FIRST: 1,
  DNS_ORDER_IPV6_FIRST: 2,
} as const;

/** Where Node's C++ reports a failure of c-ares by name. */
type Failure = number | string;

const localhost = new RegExp('^localhost\\.?$');
/** What the host may say beside an address. */
interface Answered {
  readonly address: string;
  readonly ttl: number;
}

export function createBindings(context: CoreContext): Record<string, object> {
  const { library, loop, services } = context;
  const uv = library.internalBinding('uv') as Readonly<Record<string, number>>;
  const { AsyncWrap, RequestWrap } = library.internalBinding('net_parts') as NetParts;

  class GetAddrInfoReqWrap extends RequestWrap {}
  class GetNameInfoReqWrap extends RequestWrap {}
  class QueryReqWrap extends RequestWrap {}

  const complete = (request: Request, args: readonly unknown[]): void => {
    AsyncWrap.call(request, request.oncomplete, args);
  };

  const completeSoon = (request: Request, args: readonly unknown[]): void => {
    loop.enqueueOperation(() => complete(request, args));
  };

  /** Asks the host; `answered` reads what it said, as arguments of `oncomplete`. Gives a way to stop listening. */
  const ask = (
    request: Request,
    operation: number,
    name: string,
    detail: number | string,
    answered: (text: string) => readonly unknown[],
    failed: (code: string) => Failure,
  ): (() => void) => {
    loop.hold();
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      services.forget('network', id);
      loop.release();
    };
    const id = services.listen('network', (kind, values) => {
      end();
      if (kind !== networkEvents.failed) {
        complete(request, answered(`${values[0]}`));
        return;
      }
      const reason = `${values[2] ?? ''}`;
      if (reason !== '') explain(request, reason);
      complete(request, [failed(`${values[0]}`)]);
    });
    services.start('network', operation, id, name, detail);
    return end;
  };

  const lookupFailure = (code: string): Failure => {
    if (code === 'ENOTFOUND' || code === 'ENODATA') return uv.UV_EAI_NONAME ?? code;
    return uv[`UV_${code}`] ?? code;
  };

  const getaddrinfo = (request: Request, hostname: string, family: number, _hints: number, order: number): number => {
    if (RegExpPrototypeExec(localhost, StringPrototypeToLowerCase(hostname)) !== null) {
      completeSoon(request, [
        null,
        sorted(
          [
            ['127.0.0.1', 4],
            ['::1', 6],
          ],
          family,
          order,
        ),
      ]);
      return 0;
    }
    ask(
      request,
      networkOperations.lookup,
      hostname,
      family,
      (text) => {
        const addresses = sorted(JSONParse(text) as (readonly [string, number])[], family, order);
        return addresses.length === 0 ? [uv.UV_EAI_NONAME] : [null, addresses];
      },
      lookupFailure,
    );
    return 0;
  };

  const getnameinfo = (request: Request, address: string, port: number): number => {
    const service = wellKnown[port] ?? `${port}`;
    if (isLocal(address)) {
      completeSoon(request, [null, 'localhost', service]);
      return 0;
    }
    ask(
      request,
      networkOperations.resolve,
      address,
      'REVERSE',
      (text) => [null, (JSONParse(text) as string[])[0] ?? address, service],
      lookupFailure,
    );
    return 0;
  };

  class ChannelWrap extends RequestWrap {
    #servers: (readonly [string, number])[] = [['127.0.0.1', 53]];
    /** Ends what was asked and not answered, by number. */
    readonly #queries: Record<number, (() => void) | undefined> = {
      // @ts-expect-error a null prototype
      __proto__: null,
    };
    #latestQuery = 0;

    /** Fresh arrays: Node's library changes them. */
    getServers(): [string, number][] {
      const servers: [string, number][] = [];
      for (let at = 0; at < this.#servers.length; at++) {
        const server = this.#servers[at];
        if (server !== undefined) servers[servers.length] = [server[0], server[1]];
      }
      return servers;
    }

    setServers(servers: readonly (readonly [number, string, number])[]): number {
      const kept: (readonly [string, number])[] = [];
      for (let at = 0; at < servers.length; at++) {
        const server = servers[at];
        if (server !== undefined) kept[kept.length] = [canonicalizeIP(server[1]) ?? server[1], server[2]];
      }
      this.#servers = kept;
      return 0;
    }

    setLocalAddress(ipv4: string, ipv6?: string): void {
      const first = parseAddress(ipv4);
      const second = ipv6 === undefined ? undefined : parseAddress(ipv6);
      if (first === undefined || (ipv6 !== undefined && second === undefined)) {
        throw invalidAddress('Invalid IP address.');
      }
      if (second !== undefined && first.family === second.family) {
        throw invalidAddress(`Cannot specify two IPv${first.family} addresses.`);
      }
    }

    cancel(): void {
      const queries = this.#queries;
      for (const key in queries) {
        queries[key]?.();
        delete queries[key];
      }
    }

    getHostByAddr(request: Request, address: string): number {
      return parseAddress(address) === undefined ? (uv.UV_EINVAL ?? -22) : this.query(request, address, 'REVERSE');
    }

    query(request: Request, name: string, type: string): number {
      const query = ++this.#latestQuery;
      const end = ask(
        request,
        networkOperations.resolve,
        name,
        type,
        (text) => {
          delete this.#queries[query];
          return recordsOf(JSONParse(text), type);
        },
        (code) => {
          delete this.#queries[query];
          return code;
        },
      );
      this.#queries[query] = () => {
        end();
        completeSoon(request, ['ECANCELLED']);
      };
      return 0;
    }
  }

  const methods = ['A', 'Any', 'Aaaa', 'Caa', 'Cname', 'Mx', 'Naptr', 'Ns', 'Ptr', 'Srv', 'Soa', 'Tlsa', 'Txt'];
  for (let at = 0; at < methods.length; at++) {
    const method = methods[at] ?? '';
    const type = primordials.StringPrototypeToUpperCase(method);
    ObjectDefineProperty(ChannelWrap.prototype, `query${method}`, {
      // @ts-expect-error descriptors are read through the prototype, which the user owns
      __proto__: null,
      configurable: true,
      writable: true,
      value(this: ChannelWrap, request: Request, name: string) {
        return this.query(request, name, type);
      },
    });
  }

  const invalidAddress = (message: string): Error => {
    const error = new primordials.TypeError(message);
    (error as Error & { code?: string }).code = 'ERR_INVALID_ARG_VALUE';
    return error;
  };

  return {
    cares_wrap: {
      ...constants,
      getaddrinfo,
      getnameinfo,
      canonicalizeIP,
      convertIpv6StringToBuffer(text: string) {
        const address = parseAddress(text);
        return address?.family === 6 ? bufferOf(library, address.bytes) : undefined;
      },
      strerror: (code: number | string) => `${code}`,
      GetAddrInfoReqWrap,
      GetNameInfoReqWrap,
      QueryReqWrap,
      ChannelWrap,
    },
  };
}

/** A refusal says why: Node's own text has only the code. */
function explain(request: Request, reason: string): void {
  const { callback, reject } = request;
  const explained = (error: unknown): unknown => {
    const { message } = error as Error;
    (error as Error).message = `${message} - ${reason}`;
    ErrorCaptureStackTrace(error as Error);
    return error;
  };
  if (callback !== undefined) request.callback = (error) => callback(explained(error));
  if (reject !== undefined) request.reject = (error) => reject(explained(error));
}

function sorted(addresses: readonly (readonly [string, number])[], family: number, order: number): string[] {
  const result: string[] = [];
  const append = (wanted: number): void => {
    for (let at = 0; at < addresses.length; at++) {
      const entry = addresses[at];
      if (entry === undefined || (family !== 0 && entry[1] !== family)) continue;
      if (wanted === 0 || entry[1] === wanted) result[result.length] = entry[0];
    }
  };
  if (order === constants.DNS_ORDER_VERBATIM) append(0);
  else {
    append(order === constants.DNS_ORDER_IPV4_FIRST ? 4 : 6);
    append(order === constants.DNS_ORDER_IPV4_FIRST ? 6 : 4);
  }
  return result;
}

/** Addresses come with the seconds that they are valid for. */
function recordsOf(records: unknown, type: string): readonly unknown[] {
  if ((type !== 'A' && type !== 'AAAA') || !ArrayIsArray(records)) return [null, records];
  const addresses: string[] = [];
  const ttls: number[] = [];
  for (let at = 0; at < records.length; at++) {
    const record = records[at] as string | Answered;
    addresses[at] = typeof record === 'string' ? record : record.address;
    ttls[at] = typeof record === 'string' ? 0 : record.ttl;
  }
  return [null, addresses, ttls];
}

function canonicalizeIP(text: string): string | undefined {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

function isLocal(text: string): boolean {
  const canonical = canonicalizeIP(text);
  return canonical === '::1' || (canonical !== undefined && primordials.StringPrototypeStartsWith(canonical, '127.'));
}

interface BufferModule {
  readonly Buffer: { from(bytes: Uint8Array): Uint8Array };
}

function bufferOf(library: CoreContext['library'], bytes: Uint8Array): Uint8Array {
  return library.require<BufferModule>('buffer').Buffer.from(TypedArrayPrototypeSlice(bytes));
}

/** What `getnameinfo` says of ports that everybody knows. */
const wellKnown: Readonly<Record<number, string | undefined>> = {
  // @ts-expect-error a null prototype
  __proto__: null,
  21: 'ftp',
  22: 'ssh',
  23: 'telnet',
  25: 'smtp',
  53: 'domain',
  80: 'http',
  110: 'pop3',
  123: 'ntp',
  143: 'imap2',
  389: 'ldap',
  443: 'https',
  465: 'submissions',
  587: 'submission',
  636: 'ldaps',
  993: 'imaps',
  995: 'pop3s',
  3306: 'mysql',
  5432: 'postgresql',
};
