/**
 * Messages of `application/vnd.amazon.eventstream`, as https://smithy.io/2.0/aws/amazon-eventstream.html specifies them:
 *
 *     u32 total length    of the message, with all of this
 *     u32 headers length
 *     u32 CRC32           of the two numbers before
 *     headers             each: u8 length of its name, name, u8 type (7: a text), u16 length of its value, value
 *     payload
 *     u32 CRC32           of everything before
 *
 * Numbers are big-endian.
 */
import { crc32 } from 'node:zlib';

const preludeBytes = 12;
const crcBytes = 4;
const textType = 7;

/** One event: the first bytes of its message, up to the payload, are the same each time. */
export function eventEncoder(eventType: string, contentType: string): (payload: Uint8Array) => Uint8Array {
  const headers = Buffer.concat(
    [
      [':event-type', eventType],
      [':content-type', contentType],
      [':message-type', 'event'],
    ].flatMap(([name = '', value = '']) => [
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([textType, value.length >> 8, value.length & 0xff]),
      Buffer.from(value),
    ]),
  );
  return (payload) => {
    const payloadAt = preludeBytes + headers.byteLength;
    const totalBytes = payloadAt + payload.byteLength + crcBytes;
    const message = Buffer.allocUnsafe(totalBytes);
    message.writeUInt32BE(totalBytes, 0);
    message.writeUInt32BE(headers.byteLength, 4);
    message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
    message.set(headers, preludeBytes);
    message.set(payload, payloadAt);
    message.writeUInt32BE(crc32(message.subarray(0, totalBytes - crcBytes)), totalBytes - crcBytes);
    return message;
  };
}
