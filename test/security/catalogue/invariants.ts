/**
 * What must hold after every program, whatever it did: the eight invariants of the threat catalogue, the promise of an answer in
 * time, and those of a streamed one. Each takes what was observed and says in words what it found; nothing found is an empty list. Pure, except that they look at
 * numbers which `run-program.ts` gathered.
 */
import { limits } from '../../../src/model/limits.ts';
import { type Ending, isExpected, shownEnding } from './ending.ts';
import { changedState, type hostState } from './host-state.ts';
import { slow } from './neighbour.ts';
import type { ProcessFacts } from './process-facts.ts';
import { answered, type Program, type Way } from './program.ts';
import type { Told } from './range.ts';
import { type Rest, restShareMax } from './rest.ts';

/** All that was seen of one program run in one way. */
export interface Observation {
  readonly program: Program;
  readonly way: Way;
  readonly timeoutMs: number;
  readonly memoryMiB: number;
  /** The most environments that were there at once. */
  readonly environments: number;
  readonly endings: readonly Ending[];
  /** Calls beside those. */
  readonly benignCalls: number;
  readonly told: readonly Told[];
  readonly pulse: readonly string[];
  /** For how long the host was ready to run and had no processor, from then on until then. */
  readonly waitedMsBetween: (fromMs: number, untilMs: number) => number;
  readonly neighbour: readonly string[];
  /** Of its calls, in milliseconds, without waiting for a processor. */
  readonly latencies: readonly number[];
  /** The longest turn of the host's event loop meanwhile, without waiting for a processor. */
  readonly heldMs: number;
  readonly before: ProcessFacts | undefined;
  readonly peakBytes: number;
  /** Of the processes that were there during the calls, once they rested or would not; those that ended are absent. */
  readonly rest: ReadonlyMap<number, Rest>;
  /** Of the processes that were there during the calls, after environments were removed; those that ended are absent. */
  readonly after: ReadonlyMap<number, ProcessFacts>;
  readonly next: Ending;
  readonly stateBefore: ReturnType<typeof hostState>;
  readonly stateAfter: ReturnType<typeof hostState>;
  /** What must not occur in answers and logs, by what it is. */
  readonly secrets: ReadonlyMap<string, string>;
}

type Findings = readonly string[];

/** Findings that a machine with too much to do can cause, and that count only when they come again. */
export function isOfTime(finding: string): boolean {
  return (
    finding.startsWith('the host keeps answering: the host') ||
    finding.startsWith('the answer comes in time') ||
    finding.startsWith(`the neighbour is served: ${slow}`) ||
    finding.includes('SandboxStartFailed') ||
    // It had no time to get as far as it should, or its process was held to be stuck.
    (finding.startsWith('expected ') && /seen (?:timeout|refused SandboxLost .*gave no answer within)/.test(finding)) ||
    /^(?:the benign call ahead|the next call is served: the next call) ended with timeout/.test(finding)
  );
}

export const invariants: Readonly<Record<string, (seen: Observation) => Findings>> = {
  'the host keeps answering': ({ pulse }) => pulse,
  'each call has exactly one answer and one REPORT': oneAnswer,
  'the answer comes in time': inTime,
  'a streamed answer ends only whole, and no more than its window waits': streamedWell,
  'the neighbour is served': ({ neighbour }) => neighbour,
  'nothing runs on': nothingRunsOn,
  'memory stays within its limit and is given back': memoryGivenBack,
  'no thread, descriptor or process is left': nothingLeft,
  'the next call is served': nextServed,
  'the host is untouched and nothing leaks': nothingLeaks,
};

function oneAnswer({ endings, told, benignCalls }: Observation): Findings {
  const found: string[] = [];
  const answers = endings.filter(({ kind }) => kind !== 'refused');
  for (const { result } of answers) {
    const of = told.filter(({ event }) => 'requestId' in event && event.requestId === result?.requestId);
    for (const type of ['platform.runtimeDone', 'platform.report'] as const) {
      const count = of.filter(({ event }) => event.type === type).length;
      if (count !== 1) found.push(`request ${result?.requestId} has ${count} ${type}`);
    }
    const report = of.findIndex(({ event }) => event.type === 'platform.report');
    const late = of.slice(report + 1);
    if (report !== -1 && late.length > 0) found.push(`after its REPORT came ${late.map(({ event }) => event.type)}`);
  }
  const reports = told.filter(({ event }) => event.type === 'platform.report').length;
  const calls = endings.length + benignCalls;
  if (reports > calls) found.push(`${calls} calls have ${reports} REPORTs`);
  return found;
}

function streamedWell({ endings }: Observation): Findings {
  return endings.flatMap(({ result, streamed }) => {
    if (streamed === undefined) return [];
    const { reader, bytes, ended } = streamed;
    const found: string[] = [];
    const hasFailed = result?.functionError !== undefined;
    if (ended === 'whole' && hasFailed) found.push('the stream ended as if its answer were whole');
    if (ended === 'failed' && !hasFailed) found.push('the stream failed and the function did not');
    // Of an answer that did not fail the rest waits too, which is bounded as any answer.
    if (reader === 'none' && hasFailed && bytes > limits.responseStreamWindowBytes) {
      found.push(`${bytes} bytes waited for a reader that took none`);
    }
    return found;
  });
}

function inTime({ endings, told, timeoutMs, way, program, environments, waitedMsBetween }: Observation): Findings {
  const found = endings.flatMap(({ result, elapsedMs, answeredMs, waitedMs, kind }) => {
    if (kind === 'refused') {
      return elapsedMs > timeoutMs + refusalMsMax ? [`it was refused only after ${Math.round(elapsedMs)} ms`] : [];
    }
    const started = told.find(
      ({ event }) => event.type === 'platform.start' && event.requestId === result?.requestId,
    )?.atMs;
    const ranMs = answeredMs - (started ?? answeredMs);
    const startMs = elapsedMs - ranMs;
    const found: string[] = [];
    const lateMs = ranMs - timeoutMs;
    // Only of the time after the deadline: for what it waited before, it was not late.
    const lateWaitedMs = lateMs > graceMs ? waitedMsBetween(answeredMs - lateMs, answeredMs) : 0;
    if (lateMs - lateWaitedMs > graceMs) {
      const waited = `the host waited ${Math.round(lateWaitedMs)} ms of them for a processor`;
      found.push(`answered ${Math.round(lateMs)} ms after its deadline (${waited})`);
    }
    const startMsMax = (way.start === 'warm' ? warmStartMsMax : coldStartMsMax) + (environments - 1) * startEachMsMax;
    // A failed init is done again, on the invocation's own time.
    const initMs = program.harmAt === 'init' ? limits.initTimeoutMs + timeoutMs + 2 * graceMs : 0;
    if (startMs - waitedMs > startMsMax + initMs) found.push(`it took ${Math.round(startMs)} ms until it began`);
    return found;
  });
  return found.length > shownMax ? [...found.slice(0, shownMax), `and so on, ${found.length} in all`] : found;
}

const shownMax = 3;

/** What the product promises for a function that never stops; for how long the machine kept the host waiting is not its promise. */
const graceMs = 250;
/** With a sandbox process to start on a busy machine, perhaps behind others. */
const coldStartMsMax = 4_000;
const warmStartMsMax = 1_500;
/** Of many at once each begins behind the others. */
const startEachMsMax = 150;
/** Whoever finds no room waits for it, as the catalogue's engine is set, and is told within this. */
const refusalMsMax = 25_000;

function nothingRunsOn({ rest }: Observation): Findings {
  return [...rest]
    .filter(([, { share }]) => share > restShareMax)
    .map(
      ([pid, { share, cpuMs }]) =>
        `process ${pid} still uses ${Math.round(share * 100)} % of a core after the answer, and has used ${Math.round(cpuMs)} ms of one`,
    );
}

function memoryGivenBack({ before, peakBytes, memoryMiB, environments, after }: Observation): Findings {
  const base = before?.residentBytes ?? 0;
  const { sandboxMemorySlackMiB, environmentMemoryFactor } = limits;
  const hard = base + (sandboxMemorySlackMiB + environments * memoryMiB * environmentMemoryFactor) * MiB;
  const found: string[] = [];
  if (peakBytes > hard + overshootMiB * MiB) {
    found.push(`${mebibytes(peakBytes)} MiB were resident at the peak; the limit was ${mebibytes(hard)} MiB`);
  }
  for (const [pid, { residentBytes }] of after) {
    if (residentBytes <= keptBytesMax(before)) continue;
    found.push(`process ${pid} keeps ${mebibytes(residentBytes)} MiB; before it had ${mebibytes(base)} MiB`);
  }
  return found;
}

/**
 * A process does not give all memory of disposed isolates back, and the next ones use it again. What it may keep at most is the slack that
 * it has beside its environments; one that keeps more is retired, and then all of it is given back.
 */
export function keptBytesMax(before: ProcessFacts | undefined): number {
  return (before?.residentBytes ?? 0) + (limits.sandboxMemorySlackMiB + keptMiB) * MiB;
}

/** Of a look, and of what a template and its sandboxes have in common, which counts in each of them. */
const overshootMiB = 128;
const keptMiB = 16;

function nothingLeft({ before, after }: Observation): Findings {
  if (before === undefined) return [];
  return [...after].flatMap(([pid, now]) => {
    const found: string[] = [];
    if (now.isZombie) found.push(`process ${pid} is a zombie`);
    if (now.threads > before.threads + sparesMax) found.push(`${now.threads} threads; before ${before.threads}`);
    if (now.descriptors !== undefined && now.descriptors > (before.descriptors ?? Infinity) + spareDescriptorsMax) {
      found.push(`${now.descriptors} descriptors; before ${before.descriptors}`);
    }
    return found;
  });
}

/**
 * Pools are filled when they are first needed, and stay: isolated-vm's (a thread more than cores), four threads of libuv, and one for long
 * cryptography, whose event loop has four descriptors; another such thread and those of isolated-vm's timers end by themselves. Where a
 * sandbox was forked, V8's five (native/workers.cc) and the watchdog's begin with their first work, too. The most of 1,200 rows were fourteen
 * threads (a thousand timers, in a forked sandbox) and four descriptors.
 */
const sparesMax = 16;
const spareDescriptorsMax = 8;

function nextServed({ program, endings, next }: Observation): Findings {
  const found: string[] = [];
  const wanted = program.next ?? answered('benign');
  if (!isExpected(next, wanted)) found.push(`the next call ended with ${shownEnding(next)}`);
  const last = endings.at(-1);
  const environmentId = next.result?.report?.environmentId;
  const isSpoilt = endings.length === 1 && last !== undefined && spoiling.includes(last.kind);
  if (isSpoilt && environmentId !== undefined && environmentId === last.result?.report?.environmentId) {
    found.push(`after ${last.kind} the next call came into the same environment`);
  }
  return found;
}

const spoiling: readonly Ending['kind'][] = ['timeout', 'out-of-memory', 'exit'];

function nothingLeaks({ endings, next, told, stateBefore, stateAfter, secrets }: Observation): Findings {
  const found = changedState(stateBefore, stateAfter).map((name) => `${name} of the host was changed`);
  const logs = told.flatMap(({ event }) => (event.type === 'function' ? [event.text] : []));
  const answers = [...endings, next].map(({ value, kind }) =>
    kind === 'refused' ? '' : (JSON.stringify(value) ?? ''),
  );
  for (const [what, secret] of secrets) {
    if (answers.some((text) => text.includes(secret))) found.push(`${what} is in an answer`);
    if (logs.some((text) => text.includes(secret))) found.push(`${what} is in the log`);
  }
  return found;
}

const MiB = 1024 * 1024;

function mebibytes(bytes: number): number {
  return Math.round(bytes / MiB);
}
