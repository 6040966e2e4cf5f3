import test from 'ava';
import fc from 'fast-check';
import { limits } from '../../src/model/limits.ts';
import { decodeNetworkEvent, decodeNetworkRequest } from '../../src/protocol/decode-network.ts';
import type { NetworkEvent, NetworkRequest } from '../../src/protocol/network.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const none = new Uint8Array();
const some = new Uint8Array(1);

const requests: readonly NetworkRequest[] = [
  { kind: 'lookup', id: 1, hostname: 'example.com', family: 0 },
  { kind: 'resolve', id: 2, name: '_sip._tcp.example.com', type: 'SRV' },
  { kind: 'connect', id: 3, address: '2001:db8::1', port: 443 },
  { kind: 'write', id: 3 },
  { kind: 'end', id: 3 },
  { kind: 'close', id: 3, reset: true },
  { kind: 'credit', id: 3, bytes: 1 },
  { kind: 'secure', id: 3, servername: 'example.com' },
];

const address = { address: '192.0.2.1', port: 443, family: 4 } as const;
const events: readonly NetworkEvent[] = [
  { kind: 'lookedUp', id: 1, addresses: [{ address: '::1', family: 6 }] },
  { kind: 'resolved', id: 1, records: '[]' },
  { kind: 'connected', id: 1, local: address, remote: address, hostSpeaksTls: false },
  { kind: 'data', id: 1 },
  { kind: 'ended', id: 1 },
  { kind: 'written', id: 1, bytes: 10 },
  { kind: 'shutdown', id: 1 },
  { kind: 'secured', id: 1, alpnProtocol: 'http/1.1', protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  { kind: 'failed', id: 1, code: 'EACCES', syscall: 'connect', reason: 'not allowed' },
];

test('every request comes through, with nothing that it does not name', (t) => {
  for (const request of requests) {
    const body = request.kind === 'write' ? some : none;
    t.deepEqual(decodeNetworkRequest({ ...request, more: 1 }, body), request);
  }
});

test('every event comes through, with nothing that it does not name', (t) => {
  for (const event of events) {
    const body = event.kind === 'data' ? some : none;
    t.deepEqual(decodeNetworkEvent({ ...event, more: 1 }, body), event);
  }
});

test('whatever arrives is decoded or a protocol error', (t) => {
  const kinds = [...requests, ...events].map(({ kind }) => kind);
  const head = fc.oneof(
    fc.anything(),
    fc.record(
      {
        kind: fc.constantFrom(...kinds),
        id: fc.oneof(fc.nat(), fc.anything()),
        hostname: fc.anything(),
        family: fc.anything(),
        addresses: fc.oneof(fc.anything(), fc.array(fc.anything())),
        local: fc.anything(),
        bytes: fc.anything(),
      },
      { requiredKeys: ['kind'] },
    ),
  );
  for (const decode of [decodeNetworkRequest, decodeNetworkEvent]) {
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 3 }), (value, body) => {
        try {
          decode(value, body);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
    );
  }
  t.pass();
});

test('a message carries bytes only if it is one that does, and not more than a chunk', (t) => {
  const tooMuch = new Uint8Array(limits.socketChunkBytesMax + 1);
  const end = { kind: 'end', id: 1 };
  const write = { kind: 'write', id: 1 };
  t.throws(() => decodeNetworkRequest(end, some), { instanceOf: ProtocolError });
  t.throws(() => decodeNetworkRequest(write, none), { instanceOf: ProtocolError });
  t.throws(() => decodeNetworkRequest(write, tooMuch), { instanceOf: ProtocolError });
  t.throws(() => decodeNetworkEvent({ kind: 'data', id: 1 }, tooMuch), { instanceOf: ProtocolError });
});
