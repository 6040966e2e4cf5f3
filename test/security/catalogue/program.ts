/**
 * What a row of the catalogue of hostile functions is: a small program, and what must become of it. Data only; who runs it is
 * `run-program.ts`. Ids are those of the classes of the threat catalogue: A time, B memory, C after the answer, D values, E errors,
 * F calls to the host, G probes of the border, H init, I isolation, K load, Y streamed answers.
 */
import type { CodeInput, CreateFunctionInput } from '../../../src/index.ts';
import type { EngineErrorCode } from '../../../src/model/errors.ts';

export interface Program {
  readonly id: string;
  readonly title: string;
  /**
   * A CommonJS module that sets `exports.handler`, or an ES module that exports `handler`. The harness puts itself before the handler:
   * the event `{"benign":true}` is answered with "benign" and does not reach the program.
   */
  readonly source?: string;
  /** Instead of `source`: a directory with an `index` that deals with the benign event itself. */
  readonly files?: Readonly<Record<string, string>>;
  /** Instead of both: code as clients hand it over. Where it is refused, that is what to expect. */
  readonly code?: () => Promise<CodeInput>;
  /** Of the one call, when there are no `calls`. Absent: `{}`. */
  readonly event?: unknown;
  /** Of that call. */
  readonly expect?: Expectation;
  /** Several calls one after another. */
  readonly calls?: readonly Call[];
  /** `init`: the harm is done while the module loads. Then there is no warm way, and the function is well again with other code. */
  readonly harmAt?: 'init' | 'call';
  /** Its calls are read while they are answered, by such a one. Absent: they are answered whole. */
  readonly reader?: Reader;
  /** What the benign event gets afterwards, where the program spoils its own environment. Absent: "benign". */
  readonly next?: Expectation;
  /** Of processor time, where its heap takes longer to be collected than any ordinary one. */
  readonly housekeepingMs?: number;
  readonly settings?: Omit<CreateFunctionInput, 'functionName' | 'code' | 'trustDomain'>;
  readonly bindings?: object;
}

/** Of a streamed answer: takes all as fast as it can, takes nothing until the invocation has ended, or goes away at once. */
export type Reader = 'all' | 'none' | 'leaves';

export interface Call {
  readonly event?: unknown;
  readonly expect: Expectation;
  /** So many such calls at once, each of which must end as expected. */
  readonly atOnce?: number;
}

/** A closed set. The kind comes from what the engine observed, never from what the guest wrote. */
export type Expectation =
  | { readonly kind: 'answer'; readonly value?: unknown }
  /** The function's own failure: thrown, rejected, uncaught, or while it loaded. */
  | { readonly kind: 'error'; readonly errorType: string | RegExp }
  | { readonly kind: 'timeout' | 'out-of-memory' | 'exit' | 'too-large' }
  /** The engine threw. */
  | { readonly kind: 'refused'; readonly code: EngineErrorCode }
  | { readonly kind: 'any'; readonly of: readonly Expectation[] };

export const answered = (value: unknown): Expectation => ({ kind: 'answer', value });
/** With whatever value. */
export const answeredAtAll: Expectation = { kind: 'answer' };
export const failed = (errorType: string | RegExp): Expectation => ({ kind: 'error', errorType });
export const timedOut: Expectation = { kind: 'timeout' };
export const outOfMemory: Expectation = { kind: 'out-of-memory' };
/** The runtime ended without an answer: `process.exit`, an empty loop, a signal. */
export const exited: Expectation = { kind: 'exit' };
export const tooLarge: Expectation = { kind: 'too-large' };
export const refused = (code: EngineErrorCode): Expectation => ({ kind: 'refused', code });
export const anyOf = (...of: Expectation[]): Expectation => ({ kind: 'any', of });

/** The four ways a program is run. */
export interface Way {
  /** `warm`: the environment has answered a benign event before. */
  readonly start: 'cold' | 'warm';
  /** `beside`: a function of another trust domain is called all the while. */
  readonly company: 'alone' | 'beside';
}

/** Two of the four; all with `ISOTHERM_CATALOGUE=full`. */
export function waysOf(program: Program, isFull = process.env.ISOTHERM_CATALOGUE === 'full'): readonly Way[] {
  // It is deployed, or not: there is nothing to call.
  if (program.code !== undefined && program.harmAt === undefined) return [{ start: 'cold', company: 'alone' }];
  const both: readonly Way[] = [
    { start: 'cold', company: 'alone' },
    { start: 'warm', company: 'beside' },
  ];
  const others: readonly Way[] = [
    { start: 'cold', company: 'beside' },
    { start: 'warm', company: 'alone' },
  ];
  const ways = isFull ? [...both, ...others] : both;
  if (program.harmAt !== 'init') return ways;
  return isFull ? ways.filter((way) => way.start === 'cold') : [{ start: 'cold', company: 'beside' }];
}

export function callsOf(program: Program): readonly Call[] {
  if (program.calls !== undefined) return program.calls;
  if (program.expect === undefined) throw new Error(`${program.id} says neither what to call nor what to expect`);
  return [{ event: program.event, expect: program.expect }];
}

export const benignEvent = JSON.stringify({ benign: true });

/** The code to deploy, with the harness before the handler. */
export function wrapped(source: string): string {
  if (/^export /m.test(source)) {
    return `${source.replace(/^export const handler\b/m, 'const hostileHandler')}
export const handler = async (event, context) => (event?.benign === true ? 'benign' : hostileHandler(event, context));`;
  }
  return `${source}
const hostileHandler = exports.handler;
exports.handler = async (event, context) => (event?.benign === true ? 'benign' : hostileHandler(event, context));`;
}
