/**
 * Reads what a client says first, which is not encrypted: a server's callbacks decide by it before there is a session. Structure:
 * RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3, RFC 7301 section 3.1.
 */
import { decodeLatin1 } from '../encodings.ts';
import { viewOf } from '../net/byte-queue.ts';

const { TypedArrayPrototypeSet, Uint8Array } = primordials;

export interface ClientHello {
  /** '' when the client named none. */
  readonly servername: string;
  /** In the form of the wire. */
  readonly alpnProtocols: Uint8Array | undefined;
}

const handshakeRecord = 22;
const clientHello = 1;
const serverNameExtension = 0;
const alpnExtension = 16;
/** As OpenSSL: more is no hello. */
const helloBytesMax = 131_396;

/** 'more': it is not complete. 'other': it is something else, which OpenSSL will have words for. */
export function readClientHello(bytes: Uint8Array): ClientHello | 'more' | 'other' {
  const message = handshakeMessage(bytes);
  if (typeof message === 'string') return message;
  // Version and random, then three lists before the extensions.
  let at = 34;
  at += 1 + (message[at] ?? 0);
  at += 2 + number(message, at, 2);
  at += 1 + (message[at] ?? 0);
  const end = at + 2 + number(message, at, 2);
  at += 2;
  let servername = '';
  let alpnProtocols: Uint8Array | undefined;
  while (at + 4 <= end && end <= message.length) {
    const type = number(message, at, 2);
    const length = number(message, at + 2, 2);
    const from = at + 4;
    at = from + length;
    if (at > end) return 'other';
    if (type === serverNameExtension && length > 5) {
      const nameLength = number(message, from + 3, 2);
      if (nameLength + 5 <= length)
        servername = decodeLatin1(viewOf(message, from + 5, from + 5 + nameLength), 0, nameLength);
    } else if (type === alpnExtension && length > 2) {
      alpnProtocols = viewOf(message, from + 2, at);
    }
  }
  return { servername, alpnProtocols };
}

/** The body of the first handshake message, out of as many records as it takes. */
function handshakeMessage(bytes: Uint8Array): Uint8Array | 'more' | 'other' {
  const joined = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; ; ) {
    if (length >= 4) {
      const needed = number(joined, 1, 3) + 4;
      if (joined[0] !== clientHello || needed > helloBytesMax) return 'other';
      if (length >= needed) return viewOf(joined, 4, needed);
    }
    if (at + 5 > bytes.length) return 'more';
    if (bytes[at] !== handshakeRecord) return 'other';
    const recordLength = number(bytes, at + 3, 2);
    if (recordLength === 0) return 'other';
    if (at + 5 + recordLength > bytes.length) return 'more';
    TypedArrayPrototypeSet(joined, viewOf(bytes, at + 5, at + 5 + recordLength), length);
    length += recordLength;
    at += 5 + recordLength;
  }
}

function number(bytes: Uint8Array, at: number, byteCount: number): number {
  let value = 0;
  for (let index = 0; index < byteCount; index++) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}
