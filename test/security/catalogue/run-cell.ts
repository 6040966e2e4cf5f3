/** One cell of the matrix: its level, the escape drill, and the rows, each in a process of the cell's own user and namespaces. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type HardeningLevel, type HardeningReport, isAtLeast } from '../../../src/model/hardening.ts';
import { testJail } from '../../fixtures/jail.ts';
import type { DrillResult } from '../../fixtures/sandboxes/drill.ts';
import { givesNamespaces, type Surroundings, wrapperFor } from '../../fixtures/surroundings.ts';
import { startSandbox } from '../../sandbox/harness.ts';
import type { CellLine, CellOptions, CellRow } from './cell.ts';

export interface CellReport {
  readonly surroundings: Surroundings;
  readonly level: HardeningLevel | undefined;
  /** Attempts of the escape drill that were refused. */
  readonly escapes: number;
  readonly rows: readonly CellRow[];
  /** What was wrong beside the rows. */
  readonly found: readonly string[];
  readonly tookMs: number;
}

export async function runCell(
  surroundings: Surroundings,
  options: CellOptions,
  onLine: (line: CellLine) => void,
): Promise<CellReport> {
  const startedMs = performance.now();
  const wrapper = wrapperFor(surroundings);
  const rows: CellRow[] = [];
  const found: string[] = [];
  let level: HardeningLevel | undefined;
  let escapes = 0;
  const report = (): CellReport => ({
    ...{ surroundings, level, escapes, rows, found },
    tookMs: performance.now() - startedMs,
  });
  if (wrapper === undefined) {
    found.push('it cannot be had here, or not by this user');
    return report();
  }

  await buildAll();
  const drilled = await drill(wrapper);
  found.push(...whatIsWrong(drilled));
  escapes = drilled.escapes.filter(({ refusedWith }) => refusedWith !== undefined).length;

  const child = start(wrapper, cellProgram, [JSON.stringify(options)]);
  const exited = once(child, 'exit');
  let isOver = false;
  for await (const text of linesOf(child)) {
    const line: CellLine = JSON.parse(text);
    onLine(line);
    if (line.kind === 'row') rows.push(line);
    if (line.kind === 'left') {
      isOver = true;
      found.push(...line.found);
    }
    if (line.kind === 'hardening') {
      level = line.hardening.level;
      found.push(...levelFaults(line.hardening, surroundings, givesNamespaces(wrapper)));
    }
  }
  const [status] = await exited;
  if (!isOver) found.push(`the cell ended early, with status ${status}`);
  return report();
}

const cellProgram = fileURLToPath(new URL('cell.ts', import.meta.url));
const drillProgram = fileURLToPath(new URL('../../fixtures/sandboxes/drill.ts', import.meta.url));

/** Namespaces are had where the kernel gives them, and nowhere else; all below them is had by everybody. */
export function levelFaults(
  { level, layers }: HardeningReport,
  { userNamespaces }: Surroundings,
  areNamespacesGiven: boolean,
): readonly string[] {
  const namespaces = layers.find(({ name }) => name === 'namespaces');
  const found: string[] = [];
  if (userNamespaces === 'off' && areNamespacesGiven) found.push('namespaces can be had although they are off');
  if ((namespaces?.state === 'on') !== areNamespacesGiven) {
    found.push(
      `the kernel ${areNamespacesGiven ? 'gives' : 'refuses'} namespaces, and the layer is ${namespaces?.state}`,
    );
  }
  const wanted = areNamespacesGiven ? 'S3' : 'S2';
  if (!isAtLeast(level, wanted)) {
    const reasons = layers.filter(({ state }) => state === 'absent').map(({ name, reason }) => `${name}: ${reason}`);
    found.push(`level ${level} instead of ${wanted} (${reasons.join('; ')})`);
  }
  return found;
}

function whatIsWrong({ escapes, fileText, connections, answer }: DrillResult): readonly string[] {
  const found = escapes
    .filter(({ refusedWith }) => refusedWith === undefined)
    .map(({ attempt }) => `the escape drill got through: ${attempt}`);
  if (escapes.length < attemptsMin) found.push(`the escape drill tried only ${escapes.length} things`);
  if (fileText !== 'secret' || connections !== 0) found.push('the escape drill reached the host');
  if (answer !== '"still here"') found.push('after the escape drill the sandbox served nobody');
  return found;
}

const attemptsMin = 60;

/** Jail and runtime, by a user who may write to the cache; the cells read them. */
async function buildAll(): Promise<void> {
  await testJail();
  await using sandbox = await startSandbox();
  await sandbox.hello;
}

async function drill(wrapper: readonly string[]): Promise<DrillResult> {
  const [command = process.execPath, ...args] = [...wrapper, process.execPath, drillProgram];
  const { stdout } = await promisify(execFile)(command, args, {
    maxBuffer: 2 ** 20,
    timeout: 180_000,
  });
  return JSON.parse(stdout);
}

function start(wrapper: readonly string[], program: string, rest: readonly string[]): ChildProcess {
  const [command = process.execPath, ...args] = [...wrapper, process.execPath, program, ...rest];
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

function linesOf({ stdout }: ChildProcess): AsyncIterable<string> {
  if (stdout === null) throw new Error('the cell has an output');
  return createInterface({ input: stdout });
}
