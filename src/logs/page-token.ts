/** Tokens of pages: where the last one ended, as text that only we read. What a client sends back is checked like anything else. */
import { EngineError } from '../model/errors.ts';
import type { SearchPosition } from './search.ts';

export function pageToken({ timestamp, streamKey, offset }: SearchPosition): string {
  return Buffer.from(`${timestamp}.${streamKey}.${offset}`).toString('base64url');
}

/** @throws EngineError InvalidParameterValueException */
export function readPageToken(token: string | undefined): SearchPosition | undefined {
  if (token === undefined) return undefined;
  const text = token.length > 200 ? '' : Buffer.from(token, 'base64url').toString('latin1');
  const [, timestamp, streamKey, offset] = /^(\d{1,15})\.([0-9a-f]{32})\.(\d{1,15})$/.exec(text) ?? [];
  if (streamKey === undefined) throw invalidToken();
  return { timestamp: Number(timestamp), streamKey, offset: Number(offset) };
}

/** As long as CloudWatch's. */
export function streamToken(direction: 'f' | 'b', offset: number): string {
  return `${direction}/${String(offset).padStart(56, '0')}`;
}

/** @throws EngineError InvalidParameterValueException */
export function readStreamToken(token: string | undefined) {
  if (token === undefined) return undefined;
  const [, direction, digits] = /^([fb])\/0{41}(\d{15})$/.exec(token) ?? [];
  if (digits === undefined) throw invalidToken();
  return { direction, offset: Number(digits) };
}

export function invalidToken(): EngineError {
  return new EngineError('InvalidParameterValueException', 'The specified nextToken is invalid.');
}
