/**
 * `isotherm doctor`: what this machine has and what is enforced here, found by trying: it builds the runtime if need be, starts
 * a sandbox and runs one function cold and warm. What no build enforces yet is said, not left out.
 */
import { createEngine } from '../engine/create-engine.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { nativeModuleLoss } from '../supervisor/native-module.ts';
import { type ExitStatus, exitStatus } from './exit-status.ts';
import { createEventPrinter } from './print-events.ts';

interface Finding {
  readonly state: 'ok' | 'less' | 'no' | 'not yet';
  readonly what: string;
  readonly detail: string;
}

export async function doctorCommand(): Promise<ExitStatus> {
  const findings: Finding[] = [
    { state: 'ok', what: 'host', detail: `Node ${process.version} on ${process.platform} ${process.arch}` },
  ];
  let status: ExitStatus = exitStatus.answered;
  try {
    findings.push(...(await trySandbox()));
  } catch (error) {
    // A platform failure is the finding; anything else is a bug and goes on up.
    if (!(error instanceof EngineError)) throw error;
    findings.push({ state: 'no', what: 'sandbox', detail: `${error.code}: ${error.message}` });
    status = exitStatus.platform;
  }
  findings.push(...enforced(status === exitStatus.answered));
  for (const { state, what, detail } of findings)
    process.stdout.write(`${state.padEnd(8)}${what.padEnd(24)}${detail}\n`);
  return status;
}

async function trySandbox(): Promise<Finding[]> {
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
  const { runtime, sandboxes } = engine.stats();
  const answer = Buffer.from(warm.payload).toString('utf8');
  return [
    {
      state: runtime.kind === 'snapshot' ? 'ok' : 'less',
      what: 'runtime',
      detail:
        runtime.kind === 'snapshot'
          ? 'V8 snapshot, verified'
          : `code cache only: ${runtime.reason ?? 'no reason given'}`,
    },
    {
      state: runtime.nativeModuleMissing === undefined ? 'ok' : 'less',
      what: 'native module',
      detail:
        runtime.nativeModuleMissing === undefined
          ? 'compiled and verified: AsyncLocalStorage follows await, promises and proxies show what is in them'
          : `${runtime.nativeModuleMissing}: ${nativeModuleLoss}`,
    },
    {
      state: cold.functionError === undefined ? 'ok' : 'no',
      what: 'sandbox',
      detail: `process ${sandboxes.map(({ pid }) => pid).join(', ')}; a function answered ${answer}: cold ${ms(cold)} (init ${(cold.report?.initDurationMs ?? 0).toFixed(1)} ms), warm ${ms(warm)}`,
    },
  ];
}

function ms(result: { readonly report?: { readonly durationMs: number } }): string {
  return `${(result.report?.durationMs ?? Number.NaN).toFixed(1)} ms`;
}

function enforced(works: boolean): Finding[] {
  const state = works ? 'ok' : 'no';
  return [
    { state, what: 'processes', detail: 'one or more for each trust domain; the host never loads the isolate engine' },
    {
      state,
      what: 'timeout',
      detail: `the isolate is terminated at the deadline, its process killed ${limits.killGraceMs} ms later`,
    },
    { state, what: 'memory', detail: 'V8 heap limit for each environment; resident memory of each sandbox watched' },
    {
      state,
      what: '/tmp',
      detail: 'a volume inside the sandbox with an exact quota; no path of this machine is behind it',
    },
    {
      state,
      what: 'network',
      detail: 'none unless a function’s network.allow (--allow-net) says otherwise; the host opens each connection',
    },
    {
      state: 'not yet',
      what: 'jail',
      detail: 'seccomp, landlock and namespaces around sandbox processes (level S0: development isolation)',
    },
  ];
}
