/**
 * What a program hands to `invoke` beside the names, which have checks of their own. Types hold for those who compile with them; who does
 * not must not learn from an answer, or never, that an event or a wish was misunderstood. Every warm call passes here: nothing is allocated.
 */
import { isUint8Array } from 'node:util/types';
import { shownValue } from '../base/shown-value.ts';
import { EngineError } from '../model/errors.ts';
import type { InvokeInput } from '../model/invocation.ts';

interface Rule {
  readonly isMet: (value: unknown) => boolean;
  readonly text: string;
}

const text: Rule = { isMet: (value) => typeof value === 'string', text: 'must be a string' };
/** Checked where it is used. Bytes and signals may be of another realm, such as that of a test runner. */
const anything: Rule = { isMet: () => true, text: '' };

const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    functionName: anything,
    qualifier: anything,
    payload: {
      isMet: (value) => typeof value === 'string' || isUint8Array(value),
      text: 'must be JSON as a string or a Uint8Array (a value is taken by engine.function(name), which makes the JSON)',
    },
    invocationType: {
      isMet: (value) => value === 'RequestResponse' || value === 'Event' || value === 'DryRun',
      text: 'must be RequestResponse, Event or DryRun',
    },
    logType: { isMet: (value) => value === 'None' || value === 'Tail', text: 'must be None or Tail' },
    clientContext: text,
    cognitoIdentity: text,
    traceId: text,
    requestId: anything,
    signal: {
      isMet: (value) => typeof (value as Partial<AbortSignal> | null)?.throwIfAborted === 'function',
      text: 'must be an AbortSignal',
    },
  } satisfies Record<keyof InvokeInput, Rule>),
);

/** @throws EngineError InvalidParameterValueException */
export function checkInvokeInput(input: InvokeInput): void {
  assertObject(input);
  for (const name in input) {
    const value = input[name as keyof InvokeInput];
    const rule = rules.get(name);
    if (value === undefined || rule?.isMet(value)) continue;
    if (rule !== undefined) throw invalid(`${name} ${rule.text}, received ${shownValue(value)}.`);
    throw invalid(`Unknown setting '${name}'. The settings of an invocation are: ${[...rules.keys()].join(', ')}.`);
  }
}

/** @throws EngineError InvalidParameterValueException */
export function assertObject(input: object): void {
  if (typeof input === 'object' && input !== null) return;
  throw invalid(`The input must be an object with a functionName, received ${shownValue(input)}.`);
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidParameterValueException', message);
}
