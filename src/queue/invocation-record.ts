/**
 * What a destination is told of an asynchronous invocation (LAMBDA.md D1.9), and a dead-letter target (D1.8). The answer is a guest's: its
 * bytes become part of the record only if they are JSON of a bearable depth; otherwise they go as a text.
 */
import { isUtf8 } from 'node:buffer';
import { functionArn } from '../model/function-configuration.ts';
import { limits } from '../model/limits.ts';
import type { EventAnswer, EventSettings } from './delivery.ts';
import type { Condition, NewRecord } from './event-store.ts';

export interface EndedInvocation {
  readonly functionName: string;
  readonly qualifier: string | undefined;
  readonly requestId: string;
  readonly condition: Condition;
  readonly attempts: number;
  readonly hops: number;
  readonly epochMs: number;
  readonly payload: Uint8Array;
  /** Of the last delivery, if it came to one. */
  readonly answer: EventAnswer | undefined;
}

/** For whom the function wants it told. */
export function recordsOf(ended: EndedInvocation, settings: EventSettings): readonly NewRecord[] {
  const { functionName, qualifier, requestId, condition, hops, epochMs, answer, payload } = ended;
  const common = { functionName, requestId, createdMs: epochMs };
  const isSuccess = condition === 'Success';
  const target = isSuccess ? settings.onSuccess : settings.onFailure;
  const records: NewRecord[] = [];
  if (target !== undefined) {
    const source = functionArn(functionName, qualifier ?? '$LATEST');
    const head = { kind: 'destination', condition, source, hops } as const;
    records.push({ ...common, target, head, body: invocationRecord(ended) });
  }
  if (!isSuccess && settings.deadLetter !== undefined) {
    const errorMessage = answer === undefined ? condition : errorMessageOf(answer.payload);
    const head = { kind: 'dead-letter', errorMessage, hops } as const;
    records.push({ ...common, target: settings.deadLetter, head, body: payload });
  }
  return records;
}

/** One line of JSON, in the order of AWS. */
function invocationRecord(ended: EndedInvocation): Uint8Array {
  const { functionName, qualifier = '$LATEST', requestId, condition, attempts, epochMs, payload, answer } = ended;
  const context = {
    requestId,
    // Always with a qualifier, unlike what the function itself was told (D1.10).
    functionArn: functionArn(functionName, qualifier),
    condition,
    approximateInvokeCount: attempts,
  };
  const members = [
    '"version":"1.0"',
    `"timestamp":"${new Date(epochMs).toISOString()}"`,
    `"requestContext":${JSON.stringify(context)}`,
    `"requestPayload":${oneLine(Buffer.from(payload).toString('utf8'))}`,
  ];
  if (answer !== undefined) {
    const response = {
      statusCode: 200,
      executedVersion: answer.executedVersion,
      ...(answer.isError && { functionError: 'Unhandled' }),
    };
    members.push(`"responseContext":${JSON.stringify(response)}`, `"responsePayload":${jsonOf(answer.payload)}`);
  }
  return Buffer.from(`{${members.join(',')}}`, 'utf8');
}

/** Text that may stand in JSON as a value. */
export function jsonOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return isUtf8(bytes) && isShallow(text) && isJson(text) ? oneLine(text) : JSON.stringify(text);
}

/** Line breaks stand between tokens only: within a JSON string they are escaped. */
function oneLine(json: string): string {
  return json.replaceAll(/[\r\n]+/g, ' ');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // JSON.parse throws a SyntaxError and nothing else.
    return false;
  }
}

/** JSON.parse takes 30 bytes for each bracket of a text that is nothing else. */
function isShallow(text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (isString) {
      if (code === backslash) index += 1;
      else if (code === quote) isString = false;
    } else if (code === quote) {
      isString = true;
    } else if (code === openBracket || code === openBrace) {
      depth += 1;
      if (depth > limits.destinationDepthMax) return false;
    } else if (code === closeBracket || code === closeBrace) {
      depth -= 1;
    }
  }
  return true;
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function errorMessageOf(payload: Uint8Array): string {
  const json = jsonOf(payload);
  const value: unknown = JSON.parse(json);
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, 'errorMessage');
  const message: unknown = isObject ? Reflect.get(value, 'errorMessage') : json;
  return cut(typeof message === 'string' ? message : json);
}

/** The first 1 KB (D1.8), in whole characters. */
function cut(text: string): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, limits.deadLetterMessageBytesMax), { stream: true });
}
