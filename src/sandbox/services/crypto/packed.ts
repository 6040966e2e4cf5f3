/** Several byte strings in one buffer, as `bridge/crypto.ts` defines it. */
import { CryptoMistake } from './mistake.ts';

const partsMax = 64;

/** Views of `bytes`, which belongs to the caller. @throws CryptoMistake */
export function unpack(bytes: ArrayBuffer): Uint8Array[] {
  const view = new DataView(bytes);
  const count = bytes.byteLength < 4 ? 0 : view.getUint32(0, true);
  let offset = 4 + 4 * count;
  if (count > partsMax || offset > bytes.byteLength) throw new CryptoMistake('its bytes are not packed');
  return Array.from({ length: count }, (_, at) => {
    const length = view.getUint32(4 + 4 * at, true);
    if (length > bytes.byteLength - offset) throw new CryptoMistake('its bytes are cut short');
    offset += length;
    return new Uint8Array(bytes, offset - length, length);
  });
}

/** Of exact size, so that nothing else crosses with it. */
export function pack(parts: readonly (Uint8Array | ArrayBuffer)[]): ArrayBuffer {
  const headBytes = 4 + 4 * parts.length;
  const packed = new ArrayBuffer(parts.reduce((sum, part) => sum + part.byteLength, headBytes));
  const view = new DataView(packed);
  view.setUint32(0, parts.length, true);
  let offset = headBytes;
  for (const [at, part] of parts.entries()) {
    view.setUint32(4 + 4 * at, part.byteLength, true);
    new Uint8Array(packed, offset, part.byteLength).set(part instanceof ArrayBuffer ? new Uint8Array(part) : part);
    offset += part.byteLength;
  }
  return packed;
}
