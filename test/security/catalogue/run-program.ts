/** Runs one program in one way, gathers what was seen of it, and says what was wrong. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type CodeInput, EngineError } from '../../../src/index.ts';
import { limits } from '../../../src/model/limits.ts';
import { functionDirectory } from '../../fixtures/function-directory.ts';
import { callNow, type Ending, endingOf, isExpected, shownEnding, shownExpectation } from './ending.ts';
import { hostState } from './host-state.ts';
import { invariants, isOfTime, keptBytesMax, type Observation } from './invariants.ts';
import { MemoryWatch } from './memory-watch.ts';
import { type ProcessFacts, processFacts } from './process-facts.ts';
import {
  benignEvent,
  type Call,
  callsOf,
  type Expectation,
  type Program,
  type Reader,
  type Way,
  wrapped,
} from './program.ts';
import type { Range } from './range.ts';
import { invokeStreamed } from './read-stream.ts';
import { comeToRest } from './rest.ts';

export interface Run {
  /** What was wrong, in words; nothing when all was well. */
  readonly found: readonly string[];
  /** What was judged; absent where the code was refused or the program was not reached. */
  readonly seen?: Observation;
  /** What was late when it was run before, and did not come again. */
  readonly lateBefore: readonly string[];
}

/** What is only late is tried again, twice: where others use the machine, lateness that does not come again was theirs. */
export async function runProgram(range: Range, program: Program, way: Way): Promise<Run> {
  const lateBefore: string[] = [];
  for (let tries = 1; ; tries += 1) {
    const run = await runOnce(range, program, way);
    if (tries === triesMax || run.found.length === 0 || !run.found.every(isOfTime)) return { ...run, lateBefore };
    lateBefore.push(...run.found);
    await delay(retryDelayMs);
  }
}

const triesMax = 3;
const retryDelayMs = 2_000;

async function runOnce(range: Range, program: Program, way: Way): Promise<Omit<Run, 'lateBefore'>> {
  const { engine } = range;
  const functionName = `${program.id}-${way.start}-${way.company}`;
  const timeout = program.settings?.timeout ?? timeoutSeconds;
  const memorySize = program.settings?.memorySize ?? limits.memoryMiBMin;
  const begin = async (): Promise<Ending | undefined> => {
    const called = callNow();
    const code = await codeOf(program);
    try {
      await engine.createFunction({
        timeout,
        memorySize,
        ...program.settings,
        functionName,
        trustDomain: functionName,
        code,
        ...(program.bindings !== undefined && { bindings: program.bindings }),
      });
      return undefined;
    } catch (error) {
      if (error instanceof EngineError) return endingOf(error, called);
      throw error;
    }
  };
  const sinceMs = performance.now();
  const refusal = await begin();
  if (refusal !== undefined) {
    const pulse = range.pulse.complaintsSince(sinceMs).map((complaint) => `the host keeps answering: ${complaint}`);
    return { found: [...surprise(refusal, program.expect), ...pulse] };
  }
  try {
    const found: string[] = [];
    let before = range.ordinary;
    if (way.start === 'warm') {
      const first = await invoke(range, functionName, benignEvent);
      if (first.value !== 'benign') return { found: [`the benign call ahead ended with ${shownEnding(first)}`] };
      await delay(settleMs);
      before = factsOf(range.pidsOf(functionName)).values().next().value ?? before;
    }

    const harm = await range.harm(() => doHarm(range, program, way, functionName));
    found.push(...harm.surprises);
    const { pids } = harm;
    const housekeepingMs = (program.housekeepingMs ?? housekeepingMsMax) + harm.environments * housekeepingEachMsMax;
    const rest = await comeToRest(pids, housekeepingMs);
    await delay(Math.max(0, (harm.endings.at(-1)?.answeredMs ?? 0) + lookAfterMs - performance.now()));
    if (program.harmAt === 'init') await engine.updateFunctionCode({ functionName, code: { source: benignSource } });
    const next = await invoke(range, functionName, benignEvent);
    const told = [...range.told(functionName)];
    await engine.deleteFunction(functionName);
    const after = await settled(pids, before);

    const seen: Observation = {
      program,
      way,
      timeoutMs: timeout * 1000,
      memoryMiB: memorySize,
      ...harm,
      waitedMsBetween: (fromMs, untilMs) => range.pulse.waitedMsBetween(fromMs, untilMs),
      benignCalls: way.start === 'warm' ? 2 : 1,
      told,
      before,
      rest,
      after,
      next,
      stateAfter: hostState(),
      secrets: secretsOf(range, harm.neighbourSecret),
    };
    for (const [name, check] of Object.entries(invariants)) {
      found.push(...check(seen).map((finding) => `${name}: ${finding}`));
    }
    return { found, seen };
  } finally {
    await engine.deleteFunction(functionName).catch(expectDeleted);
    range.forget(functionName);
  }
}

/** Timeouts are whole seconds; one is the shortest. */
const timeoutSeconds = 1;
/** A sandbox prepares the next isolate after a cold start, which is not the program's doing. */
const settleMs = 250;
/** Of processor time: to collect a heap of the smallest size, and to prepare the next isolate. */
const housekeepingMsMax = 2_000;
/** Each environment has a heap of its own to be collected. */
const housekeepingEachMsMax = 250;
/** For so long after the answer the neighbour is still called. */
const besideMs = 300;
/** When threads and memory have had the time to be given back. */
const lookAfterMs = 1_000;
const benignSource = 'exports.handler = async () => "benign";';

interface Harm {
  readonly endings: readonly Ending[];
  readonly surprises: readonly string[];
  readonly environments: number;
  readonly peakBytes: number;
  readonly pids: readonly number[];
  readonly pulse: readonly string[];
  readonly neighbour: readonly string[];
  readonly latencies: readonly number[];
  readonly heldMs: number;
  readonly neighbourSecret: string | undefined;
  readonly stateBefore: ReturnType<typeof hostState>;
}

async function doHarm(range: Range, program: Program, way: Way, functionName: string): Promise<Harm> {
  const neighbour = way.company === 'beside' ? range.takeNeighbour() : undefined;
  const calling = neighbour?.keepCalling();
  const stateBefore = hostState();
  const sinceMs = performance.now();
  using watch = new MemoryWatch(() => range.pidsOf(functionName));
  const endings: Ending[] = [];
  const surprises: string[] = [];
  let environments = 1;
  let complaints: readonly string[] = [];
  let latencies: readonly number[] = [];
  try {
    for (const call of callsOf(program)) {
      const { atOnce = 1, expect } = call;
      environments = Math.max(environments, atOnce);
      const ended = await Promise.all(
        Array.from({ length: atOnce }, () => invoke(range, functionName, payloadOf(call), program.reader)),
      );
      endings.push(...ended);
      surprises.push(...ended.flatMap((ending) => surprise(ending, expect)));
    }
    // What runs on after the answer would show now.
    await delay(neighbour === undefined ? 0 : besideMs);
  } finally {
    const served = await calling?.stop();
    complaints = served?.complaints ?? [];
    latencies = served?.latencies ?? [];
    if (neighbour !== undefined) range.giveBack(neighbour);
  }
  for (const pid of range.pidsOf(functionName)) watch.pids.add(pid);
  return {
    endings,
    surprises: [...new Set(surprises)],
    environments,
    peakBytes: watch.peakBytes,
    pids: [...watch.pids],
    pulse: range.pulse.complaintsSince(sinceMs),
    neighbour: complaints,
    latencies,
    heldMs: range.pulse.heldMsSince(sinceMs),
    neighbourSecret: neighbour?.secret,
    stateBefore,
  };
}

function surprise(ending: Ending, expect: Expectation | undefined): readonly string[] {
  if (expect !== undefined && isExpected(ending, expect)) return [];
  return [`expected ${expect === undefined ? 'no refusal' : shownExpectation(expect)}, seen ${shownEnding(ending)}`];
}

function payloadOf({ event }: Call): string {
  return JSON.stringify(event ?? {});
}

async function invoke(range: Range, functionName: string, payload: string, reader?: Reader): Promise<Ending> {
  const called = callNow();
  try {
    if (reader !== undefined) {
      const { result, streamed } = await invokeStreamed(range.engine, functionName, payload, reader);
      return { ...endingOf(result, called), streamed };
    }
    return endingOf(await range.engine.invoke({ functionName, payload }), called);
  } catch (error) {
    // Any other error is a bug of the engine and fails the test.
    if (error instanceof EngineError) return endingOf(error, called);
    throw error;
  }
}

async function codeOf({ id, source, files, code }: Program): Promise<CodeInput> {
  if (code !== undefined) return code();
  if (files !== undefined) return { directory: functionDirectory({ files }) };
  if (source === undefined) throw new Error(`${id} has neither source nor files`);
  return { source: wrapped(source) };
}

function factsOf(pids: readonly number[]): ReadonlyMap<number, ProcessFacts> {
  const facts = new Map<number, ProcessFacts>();
  for (const pid of pids) {
    const found = processFacts(pid);
    if (found !== undefined) facts.set(pid, found);
  }
  return facts;
}

/** The facts of what is left once it is as little as before, or when it has had its time to become so. */
async function settled(pids: readonly number[], before: ProcessFacts | undefined) {
  const sinceMs = performance.now();
  while (true) {
    const facts = [...factsOf(pids)];
    const isMuchKept = facts.some(([, { residentBytes }]) => residentBytes > keptBytesMax(before));
    const isAsBefore = facts.every(
      ([, { residentBytes, threads, isZombie }]) =>
        !isZombie && residentBytes <= (before?.residentBytes ?? 0) && threads <= (before?.threads ?? 0),
    );
    const isEnding = facts.some(([, { isZombie }]) => isZombie);
    const waitMs = isMuchKept ? retirementMs : isEnding ? lookAfterMs * 8 : lookAfterMs / 2;
    if (isAsBefore || performance.now() - sinceMs > waitMs) return new Map(facts);
    await delay(50);
  }
}

/** Whether a sandbox must be retired is looked at from time to time; it then ends in its own time. */
const retirementMs = limits.memoryIntervalMs + limits.maintenanceIntervalMsMax + 2_000;

function secretsOf(range: Range, neighbourSecret: string | undefined): ReadonlyMap<string, string> {
  const secrets = new Map([
    ['a variable of the host', range.hostSecret],
    ['a path of the host', fileURLToPath(new URL('../../../', import.meta.url))],
    ['the path of the Node that sandboxes run', process.execPath],
  ]);
  if (neighbourSecret !== undefined) secrets.set("the neighbour's secret", neighbourSecret);
  return secrets;
}

/** It was deleted on the way, or the code was refused and there is none. */
function expectDeleted(error: unknown): void {
  if (!(error instanceof EngineError) || error.code !== 'ResourceNotFoundException') throw error;
}
