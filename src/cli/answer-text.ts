/** An answer as `isotherm invoke` writes it. Pure. */
import type { InvokeResult } from '../model/invocation.ts';

/** `json`: one line, with what the engine knows of the invocation beside the payload. */
export function answerText(result: InvokeResult, form: 'payload' | 'json'): string {
  const payload = Buffer.from(result.payload).toString('utf8');
  if (form === 'payload') return `${payload}\n`;
  const { statusCode, functionError, requestId, executedVersion, report } = result;
  const head = JSON.stringify({ statusCode, functionError }).slice(0, -1);
  const tail = JSON.stringify({ requestId, executedVersion, report }).slice(1);
  return `${head},"payload":${payloadJson(payload)},${tail}\n`;
}

/**
 * JSON is put in as it is, so that no number or key order changes; line breaks stand between its tokens only. An answer that a function
 * streamed is whatever it likes: as a text it cannot say `functionError` in the engine's place.
 */
function payloadJson(payload: string): string {
  if (payload === '') return 'null';
  try {
    JSON.parse(payload);
  } catch {
    // It is no JSON.
    return JSON.stringify(payload);
  }
  return payload.replace(/[\r\n]/g, ' ');
}
