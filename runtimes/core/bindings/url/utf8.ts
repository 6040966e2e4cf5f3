/**
 * Stands in for the URL parser's own `encoding` file, which wants the global TextEncoder while it is loaded.
 */
import { decodeUtf8, encodeUtf8 } from '../encodings.ts';

export function utf8Encode(text: string): Uint8Array {
  return encodeUtf8(text);
}

export function utf8DecodeWithoutBOM(bytes: Uint8Array): string {
  return decodeUtf8(bytes, 0, bytes.length);
}
