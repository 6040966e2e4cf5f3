/** How one call of a program ended, and whether that is what was expected. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { EngineError, type InvokeResult } from '../../../src/index.ts';
import { waitedForProcessorHereMs } from './process-facts.ts';
import type { Expectation } from './program.ts';
import type { Streamed } from './read-stream.ts';

export interface Ending {
  readonly kind: 'answer' | 'error' | 'timeout' | 'out-of-memory' | 'exit' | 'too-large' | 'refused';
  /** The answer, or the error's own value. */
  readonly value: unknown;
  readonly errorType?: string;
  readonly result?: InvokeResult;
  readonly refusal?: EngineError;
  /** What its reader got, where the answer was streamed. */
  readonly streamed?: Streamed;
  /** Between call and answer. */
  readonly elapsedMs: number;
  readonly answeredMs: number;
  /** Of that time the host was ready to run and had no processor. */
  readonly waitedMs: number;
}

/** Taken when a call is made. */
export interface Called {
  readonly calledMs: number;
  readonly waitedMs: number;
}

export function callNow(): Called {
  return { calledMs: performance.now(), waitedMs: waitedForProcessorHereMs() };
}

export function endingOf(outcome: InvokeResult | EngineError, called: Called): Ending {
  const answeredMs = performance.now();
  const waitedMs = waitedForProcessorHereMs() - called.waitedMs;
  const times = { elapsedMs: answeredMs - called.calledMs, answeredMs, waitedMs };
  if (outcome instanceof EngineError) {
    return { kind: 'refused', value: outcome.message, errorType: outcome.code, refusal: outcome, ...times };
  }
  const value = parsed(outcome.payload);
  if (outcome.functionError === undefined) return { kind: 'answer', value, result: outcome, ...times };
  const errorType = String((value as { errorType?: unknown } | undefined)?.errorType);
  return { kind: failureKind(outcome), value, errorType, result: outcome, ...times };
}

/** From the report, which the platform writes; the payload may be a guest's lie. */
function failureKind({ report }: InvokeResult): Ending['kind'] {
  if (report?.status === 'timeout') return 'timeout';
  switch (report?.errorType) {
    case 'Runtime.OutOfMemory':
      return 'out-of-memory';
    case 'Runtime.ExitError':
      return 'exit';
    case 'Function.ResponseSizeTooLarge':
      return 'too-large';
    default:
      return 'error';
  }
}

function parsed(payload: Uint8Array): unknown {
  const text = Buffer.from(payload).toString();
  try {
    return JSON.parse(text);
  } catch {
    // The engine promises JSON: what is none is shown as it is, and fits no expectation.
    return { notJson: text.slice(0, 200) };
  }
}

export function isExpected(ending: Ending, expectation: Expectation): boolean {
  switch (expectation.kind) {
    case 'answer':
      return (
        ending.kind === 'answer' && (!('value' in expectation) || isDeepStrictEqual(ending.value, expectation.value))
      );
    case 'error':
      return ending.kind === 'error' && isType(ending.errorType ?? '', expectation.errorType);
    case 'refused':
      return ending.kind === 'refused' && ending.errorType === expectation.code;
    case 'any':
      return expectation.of.some((each) => isExpected(ending, each));
    default:
      return ending.kind === expectation.kind;
  }
}

function isType(errorType: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? errorType === wanted : wanted.test(errorType);
}

export function shownExpectation(expectation: Expectation): string {
  switch (expectation.kind) {
    case 'answer':
      return 'value' in expectation ? `answer ${short(expectation.value)}` : 'an answer';
    case 'error':
      return `error ${expectation.errorType}`;
    case 'refused':
      return `refused with ${expectation.code}`;
    case 'any':
      return expectation.of.map(shownExpectation).join(' or ');
    default:
      return expectation.kind;
  }
}

export function shownEnding(ending: Ending): string {
  return `${ending.kind} ${ending.kind === 'answer' ? '' : `${ending.errorType} `}${short(ending.value)} after ${Math.round(ending.elapsedMs)} ms`;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}
