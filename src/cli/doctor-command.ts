/**
 * `isotherm doctor`: what holds here, and what would raise the level, found by trying: it builds what is missing, starts a sandbox as
 * `createEngine` would, and runs a function in it. It always ends: what gives no answer in time is a finding too.
 */
import { tmpdir } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { createEngine, defaultCacheDirectory } from '../engine/create-engine.ts';
import { EngineError } from '../model/errors.ts';
import { type HardeningReport, isAtLeast } from '../model/hardening.ts';
import { soundLevel } from '../model/hardening-demand.ts';
import { limits } from '../model/limits.ts';
import { findCompiler } from '../supervisor/compiler.ts';
import { isolatedVmVersion } from '../supervisor/isolated-vm-version.ts';
import { jailCompilerNames } from '../supervisor/jail-files.ts';
import { diskFreeBytes, readMachine } from '../supervisor/machine.ts';
import { nativeModuleLoss, nativeModuleNeeds } from '../supervisor/native-module.ts';
import { findSandboxNode } from '../supervisor/sandbox-node.ts';
import { type Finding, hardeningFindings, kernelFindings, limitFindings } from './doctor-findings.ts';
import { doctorText } from './doctor-text.ts';
import { doctorStatus, type ExitStatus } from './exit-status.ts';
import { createEventPrinter } from './print-events.ts';

export interface DoctorOptions {
  readonly json?: boolean;
}

export async function doctorCommand({ json }: DoctorOptions): Promise<ExitStatus> {
  const tried = await inTime(trySandbox(), limits.doctorTimeoutMs);
  const cacheDirectory = defaultCacheDirectory();
  const machine = readMachine();
  const disks = [
    { name: 'disk of the cache', path: cacheDirectory, freeBytes: await diskFreeBytes(cacheDirectory) },
    { name: 'disk of /tmp', path: tmpdir(), freeBytes: await diskFreeBytes(tmpdir()) },
  ];
  const findings = [
    ...programFindings(),
    ...tried.findings,
    ...(tried.hardening === undefined ? [] : hardeningFindings(tried.hardening)),
    ...kernelFindings(machine),
    ...limitFindings(machine, disks),
  ];
  const status = statusOf(tried);
  if (json === true) {
    const { level } = tried.hardening ?? {};
    const answer = { status, isUsable: status !== doctorStatus.unusable, level, findings, hardening: tried.hardening };
    process.stdout.write(`${JSON.stringify({ ...answer, machine }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`${doctorText(findings)}\n${summary(status, tried.hardening)}\n`);
  }
  if (tried.end === 'overdue') {
    // What was begun may never end, and would keep this program alive. Sandboxes are killed at exit.
    process.stdout.write('', () => process.exit(status));
  }
  return status;
}

interface Tried {
  readonly findings: readonly Finding[];
  readonly hardening: HardeningReport | undefined;
  readonly end: 'answered' | 'failed' | 'overdue';
}

function statusOf({ end, hardening }: Tried): ExitStatus {
  if (end !== 'answered' || hardening === undefined) return doctorStatus.unusable;
  return isAtLeast(hardening.level, soundLevel) ? doctorStatus.sound : doctorStatus.weak;
}

function summary(status: ExitStatus, hardening: HardeningReport | undefined): string {
  const level = hardening?.level ?? 'S0';
  switch (status) {
    case doctorStatus.sound:
      return `isotherm runs here at level ${level}.`;
    case doctorStatus.weak:
      return `isotherm runs here, at level ${level} only: docs/hardening.md says how to get ${soundLevel}.`;
    default:
      return 'isotherm does not run here: see ✘ above.';
  }
}

async function inTime(trying: Promise<Tried>, timeoutMs: number): Promise<Tried> {
  const { promise: overdue, resolve } = Promise.withResolvers<Tried>();
  using _timer = systemClock.after(timeoutMs, () => {
    const detail = `nothing came of it within ${timeoutMs} ms (doctorTimeoutMs)`;
    resolve({ findings: [found('missing', 'sandbox', detail)], hardening: undefined, end: 'overdue' });
  });
  // The timer does not keep the program alive, and a process that hangs may hold nothing that does.
  const awake = setInterval(() => {}, timeoutMs);
  try {
    return await Promise.race([trying, overdue]);
  } finally {
    clearInterval(awake);
  }
}

function programFindings(): readonly Finding[] {
  return [
    {
      group: 'isotherm',
      state: 'ok',
      name: 'host',
      detail: `Node ${process.version} on ${process.platform} ${process.arch}`,
    },
    program('Node for sandboxes', () => {
      const { path, version } = findSandboxNode();
      return `${version}, ${path}`;
    }),
    program('isolated-vm', isolatedVmVersion),
    ...compilerFindings(),
  ];
}

function compilerFindings(): readonly Finding[] {
  const { compiler, headers } = nativeModuleNeeds(nodeOrOwn());
  const cCompiler = findCompiler(jailCompilerNames, process.env.PATH ?? '');
  return [
    optional('C++ compiler', compiler, 'none in PATH', 'install g++ or clang++: guests then have the native module'),
    optional('headers of Node', headers, 'none beside that Node', 'use a Node from nodejs.org, which brings them'),
    optional('C compiler', cCompiler, 'none in PATH: the jail must come with the package', 'install gcc or clang'),
  ];
}

function optional(name: string, path: string | undefined, absence: string, advice: string): Finding {
  if (path !== undefined) return { group: 'isotherm', state: 'ok', name, detail: path };
  return { group: 'isotherm', state: 'less', name, detail: absence, advice };
}

function nodeOrOwn(): string {
  try {
    return findSandboxNode().path;
  } catch {
    // A finding of its own says so.
    return process.execPath;
  }
}

function program(name: string, find: () => string): Finding {
  try {
    return { group: 'isotherm', state: 'ok', name, detail: find() };
  } catch (error) {
    // Not installed, or of another version: the message says which, and how to get it.
    return { group: 'isotherm', state: 'missing', name, detail: errorMessage(error) };
  }
}

async function trySandbox(): Promise<Tried> {
  try {
    return await runFunction();
  } catch (error) {
    // A platform failure is the finding; anything else is a bug and goes on up.
    if (!(error instanceof EngineError)) throw error;
    const failure = found('missing', 'sandbox', `${error.code}: ${error.message}`);
    return { findings: [failure], hardening: undefined, end: 'failed' };
  }
}

async function runFunction(): Promise<Tried> {
  const printer = createEventPrinter(process.stderr);
  await using engine = await createEngine({
    observe: (event) => {
      if (event.type === 'runtime.build') printer(event);
    },
  });
  await engine.createFunction({
    functionName: 'doctor',
    code: { source: 'export const handler = async () => process.version' },
  });
  const cold = await engine.invoke({ functionName: 'doctor' });
  const warm = await engine.invoke({ functionName: 'doctor' });
  const { runtime, sandboxes, hardening } = engine.stats();
  const answer = Buffer.from(warm.payload).toString('utf8');
  const { nativeModuleMissing } = runtime;
  const isAnswered = cold.functionError === undefined && warm.functionError === undefined;
  const figures = `cold ${ms(cold)} (init ${(cold.report?.initDurationMs ?? 0).toFixed(1)} ms), warm ${ms(warm)}`;
  const findings = [
    runtime.kind === 'snapshot'
      ? found('ok', 'runtime', `V8 snapshot, verified, in ${defaultCacheDirectory()}`)
      : found('less', 'runtime', `code cache only: ${runtime.reason ?? 'no reason given'}`),
    nativeModuleMissing === undefined
      ? found('ok', 'native module', 'compiled and verified')
      : found('less', 'native module', nativeModuleMissing, `without it: ${nativeModuleLoss}`),
    found(
      isAnswered ? 'ok' : 'missing',
      'sandbox',
      `process ${sandboxes.map(({ pid }) => pid).join(', ')}; a function answered ${answer}: ${figures}`,
    ),
    ...enforced(),
  ];
  return { findings, hardening, end: isAnswered ? 'answered' : 'failed' };
}

/** What the host enforces at every level. */
function enforced(): readonly Finding[] {
  return [
    found('ok', 'processes', 'one or more for each trust domain; the host never loads the isolate engine'),
    found(
      'ok',
      'timeout',
      `the isolate is terminated at the deadline, its process killed ${limits.killGraceMs} ms later`,
    ),
    found('ok', 'memory of guests', 'V8 heap limit for each environment; resident memory of each sandbox watched'),
    found(
      'ok',
      '/tmp of guests',
      'a volume inside the sandbox with an exact quota; no path of this machine is behind it',
    ),
    found('ok', 'network of guests', 'none unless network.allow (--allow-net) says so; the host opens each connection'),
  ];
}

function found(state: Finding['state'], name: string, detail: string, advice?: string): Finding {
  return { group: 'sandbox', state, name, detail, ...(advice !== undefined && { advice }) };
}

function ms(result: { readonly report?: { readonly durationMs: number } }): string {
  return `${(result.report?.durationMs ?? Number.NaN).toFixed(1)} ms`;
}
