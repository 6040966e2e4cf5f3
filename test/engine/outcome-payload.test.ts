import test from 'ava';
import { outcomePayload } from '../../src/engine/outcome-payload.ts';
import { platformErrorType, type Verdict, verdict } from '../../src/engine/verdict.ts';
import { limitHit } from '../../src/model/limit-reason.ts';
import type { Outcome } from '../../src/model/outcome.ts';

const id = 'fa0b3a5c-6d8f-4a0e-8f4e-0a7e9d1c2b3a';
const bytes = Buffer.from('{"own":"bytes"}');

const cases: readonly { readonly outcome: Outcome; readonly payload: string; readonly verdict: Verdict }[] = [
  {
    outcome: { kind: 'success', payload: bytes },
    payload: '{"own":"bytes"}',
    verdict: { status: 'success', reported: false },
  },
  {
    outcome: { kind: 'error', payload: bytes, errorType: 'TypeError' },
    payload: '{"own":"bytes"}',
    verdict: { status: 'error', errorType: 'Runtime.Unknown', reported: false },
  },
  {
    outcome: { kind: 'fatal', payload: bytes, errorType: 'Runtime.UnhandledPromiseRejection' },
    payload: '{"own":"bytes"}',
    verdict: { status: 'failure', errorType: 'Runtime.UnhandledPromiseRejection', reported: true },
  },
  {
    outcome: { kind: 'init-error', payload: bytes, errorType: 'Runtime.ImportModuleError' },
    payload: '{"own":"bytes"}',
    verdict: { status: 'failure', errorType: 'Runtime.ImportModuleError', reported: true },
  },
  {
    outcome: { kind: 'timeout', limit: limitHit('wall-time', 1000, 1010) },
    payload: `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ${id} Error: Task timed out after 1.00 seconds"}`,
    verdict: { status: 'timeout', reported: true },
  },
  {
    outcome: { kind: 'exit', code: 0 },
    payload: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${id} Error: Runtime exited without providing a reason"}`,
    verdict: { status: 'failure', errorType: 'Runtime.ExitError', reported: true },
  },
  {
    outcome: { kind: 'exit', code: 127 },
    payload: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${id} Error: Runtime exited with error: exit status 127"}`,
    verdict: { status: 'failure', errorType: 'Runtime.ExitError', reported: true },
  },
  {
    outcome: { kind: 'killed', signal: 'segmentation fault' },
    payload: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${id} Error: Runtime exited with error: signal: segmentation fault"}`,
    verdict: { status: 'failure', errorType: 'Runtime.ExitError', reported: true },
  },
  {
    outcome: { kind: 'out-of-memory', limit: limitHit('heap', 128, 129) },
    payload: `{"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: ${id} Error: Runtime exited with error: signal: killed"}`,
    verdict: { status: 'failure', errorType: 'Runtime.OutOfMemory', reported: true },
  },
  {
    outcome: { kind: 'response-too-large', limit: limitHit('response-bytes', 6_291_556, 7_000_000) },
    payload:
      '{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}',
    verdict: { status: 'error', errorType: 'Function.ResponseSizeTooLarge', reported: true },
  },
];

for (const { outcome, payload, verdict: expected } of cases) {
  test(`${JSON.stringify({ ...outcome, payload: undefined })}: its payload, byte for byte, and its verdict`, (t) => {
    t.is(Buffer.from(outcomePayload(outcome, id, 1000)).toString(), payload);
    t.deepEqual(verdict(outcome), expected);
  });
}

test("error types that do not look like the platform's are not shown as such", (t) => {
  t.is(platformErrorType('Runtime.UserCodeSyntaxError'), 'Runtime.UserCodeSyntaxError');
  t.is(platformErrorType('Function.foo'), 'Function.Unknown');
  t.is(platformErrorType('TypeError'), 'Runtime.Unknown');
  // Unanchored, as on AWS.
  t.is(platformErrorType('My.Runtime.Xyz'), 'My.Runtime.Xyz');
});
