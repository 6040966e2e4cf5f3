/**
 * Requests and events of the service `network` (see `network.ts`) as they arrive: the host decodes requests of a sandbox that may
 * have been taken over, the sandbox decodes events of the host. Whether an id is known, or a window overrun, the two ends check.
 */
import { limits } from '../model/limits.ts';
import { boolean, integer, oneOf, record, safe, text } from './decode-value.ts';
import { dnsTypes, type NetworkEvent, type NetworkRequest, type SocketAddress } from './network.ts';
import { ProtocolError } from './protocol-error.ts';

const portMax = 65_535;
/** Codes, system calls, names of ciphers: ours and OpenSSL's. */
const wordCharsMax = 128;

/** @throws ProtocolError */
export function decodeNetworkRequest(head: unknown, body: Uint8Array): NetworkRequest {
  const request = record(head, 'network');
  const { kind } = request;
  const id = integer(request.id, 'network.id', 1, safe);
  if (kind !== 'write' && body.byteLength > 0) throw new ProtocolError('network.body', 'empty', body.byteLength);
  switch (kind) {
    case 'lookup': {
      const family = integer(request.family, 'network.family', 0, 6);
      if (family !== 0 && family !== 4 && family !== 6) throw new ProtocolError('network.family', '0, 4 or 6', family);
      return { kind, id, hostname: text(request.hostname, 'network.hostname', limits.hostnameCharsMax), family };
    }
    case 'resolve':
      return {
        kind,
        id,
        name: text(request.name, 'network.name', limits.hostnameCharsMax),
        type: oneOf(request.type, 'network.type', dnsTypes),
      };
    case 'connect':
      return {
        kind,
        id,
        address: text(request.address, 'network.address', limits.addressCharsMax),
        port: integer(request.port, 'network.port', 0, portMax),
      };
    case 'write':
      integer(body.byteLength, 'network.body', 1, limits.socketChunkBytesMax);
      return { kind, id };
    case 'end':
      return { kind, id };
    case 'close':
      return { kind, id, reset: boolean(request.reset, 'network.reset') };
    case 'credit':
      return { kind, id, bytes: integer(request.bytes, 'network.bytes', 1, limits.socketWindowBytes) };
    case 'secure':
      return { kind, id, servername: text(request.servername, 'network.servername', limits.hostnameCharsMax) };
    default:
      throw new ProtocolError('network.kind', 'a request of the network', kind);
  }
}

/** @throws ProtocolError */
export function decodeNetworkEvent(head: unknown, body: Uint8Array): NetworkEvent {
  const event = record(head, 'network');
  const { kind } = event;
  const id = integer(event.id, 'network.id', 1, safe);
  switch (kind) {
    case 'lookedUp': {
      const { addresses } = event;
      if (!Array.isArray(addresses)) throw new ProtocolError('network.addresses', 'an array', addresses);
      integer(addresses.length, 'network.addresses.length', 0, limits.lookupAddressesMax);
      return { kind, id, addresses: addresses.map((each) => lookedUpAddress(each)) };
    }
    case 'resolved':
      return { kind, id, records: text(event.records, 'network.records', limits.dnsRecordsCharsMax) };
    case 'connected':
      return {
        kind,
        id,
        local: socketAddress(event.local, 'network.local'),
        remote: socketAddress(event.remote, 'network.remote'),
        hostSpeaksTls: boolean(event.hostSpeaksTls, 'network.hostSpeaksTls'),
      };
    case 'data':
      integer(body.byteLength, 'network.body', 1, limits.socketChunkBytesMax);
      return { kind, id };
    case 'ended':
    case 'shutdown':
      return { kind, id };
    case 'written':
      return { kind, id, bytes: integer(event.bytes, 'network.bytes', 1, limits.socketWindowBytes) };
    case 'secured':
      return {
        kind,
        id,
        alpnProtocol: text(event.alpnProtocol, 'network.alpnProtocol', wordCharsMax),
        protocol: text(event.protocol, 'network.protocol', wordCharsMax),
        cipher: text(event.cipher, 'network.cipher', wordCharsMax),
      };
    case 'failed':
      return {
        kind,
        id,
        code: text(event.code, 'network.code', wordCharsMax),
        syscall: text(event.syscall, 'network.syscall', wordCharsMax),
        ...(event.reason === undefined
          ? {}
          : { reason: text(event.reason, 'network.reason', limits.networkReasonCharsMax) }),
      };
    default:
      throw new ProtocolError('network.kind', 'an event of the network', kind);
  }
}

function lookedUpAddress(value: unknown): { readonly address: string; readonly family: 4 | 6 } {
  const { address, family } = record(value, 'network.addresses');
  return {
    address: text(address, 'network.addresses.address', limits.addressCharsMax),
    family: ipFamily(family, 'network.addresses.family'),
  };
}

function socketAddress(value: unknown, path: string): SocketAddress {
  const { address, port, family } = record(value, path);
  return {
    address: text(address, `${path}.address`, limits.addressCharsMax),
    port: integer(port, `${path}.port`, 0, portMax),
    family: ipFamily(family, `${path}.family`),
  };
}

function ipFamily(value: unknown, path: string): 4 | 6 {
  if (value !== 4 && value !== 6) throw new ProtocolError(path, '4 or 6', value);
  return value;
}
