/**
 * How a streamed answer begins (LAMBDA.md A6.8, C9.6): with a prelude that says status and headers, for an answer of that type; any other is a
 * 200 of its own type, with all that was written as its body, also that of a handler that does not stream.
 */
import { limits } from '../../model/limits.ts';
import { type AnswerHead, answerHead, headerValue, preludeEnd } from './answer.ts';
import { blanksEnd, jsonMembers } from './json-members.ts';

export interface AnswerStart {
  readonly head: AnswerHead;
  /** What was read of the body with it. */
  readonly body: Uint8Array;
}

const preludeType = 'application/vnd.awslambda.http-integration-response';
const bytesType = 'application/octet-stream';

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Undefined: it asks for a response that cannot be made. Rejects with what the answer failed with before it had begun. */
export async function answerStart(contentType: string | undefined, reader: Reader): Promise<AnswerStart | undefined> {
  if (contentType === preludeType) return await withPrelude(reader);
  const type = contentType ?? bytesType;
  if (!headerValue.test(type)) return undefined;
  // Whether it failed at once shows before anything is sent.
  const { value: body = noBytes } = await reader.read();
  return { head: { status: 200, headers: new Map([['content-type', type]]), cookies: [] }, body };
}

/** JSON has no NUL, so the first one ends it, however the answer was cut into pieces. */
async function withPrelude(reader: Reader): Promise<AnswerStart | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    pieces.push(value);
    bytes += value.byteLength;
    if (pieces.length > 1 && !value.includes(0) && bytes <= preludeBytesMax) continue;
    const whole = Buffer.concat(pieces);
    const end = whole.indexOf(0);
    if (end > preludeBytesMax || (end === -1 && bytes > preludeBytesMax)) return undefined;
    if (end !== -1 && bytes >= end + preludeEnd) return headAndBody(whole, end);
  }
}

const preludeBytesMax = limits.httpHeaderBytesMax;

function headAndBody(whole: Uint8Array, end: number): AnswerStart | undefined {
  const prelude = whole.subarray(0, end);
  const object = jsonMembers(prelude, wanted);
  if (object === undefined || blanksEnd(prelude, object.end) !== end) return undefined;
  if (whole.subarray(end, end + preludeEnd).some((byte) => byte !== 0)) return undefined;
  const head = answerHead(prelude, object, bytesType);
  return head && { head, body: whole.subarray(end + preludeEnd) };
}

const wanted: ReadonlySet<string> = new Set(['statusCode', 'headers', 'cookies']);
const noBytes = new Uint8Array();
