/**
 * A deployed function as a plain async function. Here, on behalf of the embedder who called it, an answer is parsed on the
 * host; nothing else on the host looks into what a guest wrote.
 */
import { errorMessage } from '../base/error-text.ts';
import type { FunctionReference } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import { FunctionError } from '../model/function-error.ts';
import type { InvokeResult } from '../model/invocation.ts';
import type { CallableFunction } from './engine.ts';

export interface CallableParts {
  readonly invokeStringified: (
    reference: FunctionReference,
    text: string,
    signal: AbortSignal | undefined,
  ) => Promise<InvokeResult>;
  readonly record: (reference: FunctionReference) => FunctionRecord;
}

export function callableFunction(
  reference: FunctionReference,
  { invokeStringified, record }: CallableParts,
): CallableFunction {
  async function call<Answer = unknown>(event?: unknown, options?: { readonly signal?: AbortSignal }): Promise<Answer> {
    const result = await invokeStringified(reference, stringify(event), options?.signal);
    return answerOf(result);
  }
  const { functionName } = reference;
  const callable = Object.assign(call, { functionName, record: record(reference) });
  // As it is now, not as it was when the callable was made.
  return Object.defineProperty(callable, 'record', { get: () => record(reference), enumerable: true });
}

function stringify(event: unknown): string {
  if (event === undefined) return '{}';
  let text: string | undefined;
  try {
    text = JSON.stringify(event);
  } catch (error) {
    // A cycle, a BigInt or a toJSON that throws: the caller's value is not JSON.
    throw notJson(errorMessage(error), error);
  }
  if (text === undefined) throw notJson(`a ${typeof event} has no JSON form`);
  return text;
}

function notJson(reason: string, cause?: unknown): EngineError {
  return new EngineError('InvalidRequestContentException', `The event must be JSON: ${reason}`, { cause });
}

// The type is the caller's claim about its own function; JSON.parse checks the form only.
function answerOf(result: InvokeResult) {
  const { functionError, requestId, report } = result;
  const parsed = parse(result);
  if (functionError === undefined) return parsed;
  const { errorType, errorMessage, trace } = Object(parsed);
  throw new FunctionError({
    errorType: typeof errorType === 'string' ? errorType : 'Error',
    errorMessage: typeof errorMessage === 'string' ? errorMessage : '',
    trace: Array.isArray(trace) ? trace.filter((line) => typeof line === 'string') : [],
    requestId,
    report,
  });
}

function parse({ payload, requestId, report }: InvokeResult) {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
  } catch {
    // Only JSON.parse's SyntaxError: the guest got around its runtime and answered with something else.
    throw new FunctionError({
      errorType: 'Runtime.InvalidResponse',
      errorMessage: 'The function answered with something that is not JSON',
      trace: [],
      requestId,
      report,
    });
  }
}
