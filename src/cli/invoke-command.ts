/**
 * `isotherm invoke`: deploys what it was pointed at into an engine of its own (or takes a function of a data directory),
 * invokes it one or more times, and ends with the status of the worst answer. Payloads on stdout, everything else on stderr.
 */
import { createEngine } from '../engine/create-engine.ts';
import type { CreateFunctionInput } from '../functions/registry.ts';
import { answerText } from './answer-text.ts';
import { codeTarget } from './code-target.ts';
import { deploy } from './deploy.ts';
import { type ExitStatus, exitStatus, UsageError } from './exit-status.ts';
import {
  environmentOption,
  eventOption,
  hardeningOption,
  integerOption,
  layersOption,
  limitsOption,
  networkOption,
} from './options.ts';
import type { Outlets } from './outlet.ts';
import { createEventPrinter } from './print-events.ts';
import { visibleText } from './visible-text.ts';

export interface InvokeOptions {
  readonly event: string;
  readonly handler?: string;
  readonly runtime?: string;
  readonly memory?: string;
  readonly timeout?: string;
  readonly clock?: string;
  readonly env: readonly string[];
  readonly allowNet: readonly string[];
  readonly layer: readonly string[];
  readonly limit: readonly string[];
  readonly repeat: string;
  readonly hardening: string;
  readonly json?: boolean;
  readonly dataDir?: string;
}

const repeatMax = 1_000_000;

export async function invokeCommand(
  target: string,
  options: InvokeOptions,
  { stdout, stderr }: Outlets,
): Promise<ExitStatus> {
  const payload = await eventOption(options.event);
  const repeat = integerOption('--repeat', options.repeat, 1, repeatMax);
  const hardening = hardeningOption(options.hardening);
  const settings = settingsOf(options);
  const code = codeTarget(target);
  if (code === undefined) assertDeployedName(target, options, settings);
  await using engine = await createEngine({
    observe: createEventPrinter(stderr),
    hardening,
    ...limitsOption(options.limit),
    ...(options.dataDir === undefined ? {} : { dataDirectory: options.dataDir }),
  });
  if (code !== undefined) await deploy(engine, { ...code, ...settings });
  const functionName = code?.functionName ?? target;
  let status: ExitStatus = exitStatus.answered;
  for (let done = 0; done < repeat; done += 1) {
    const result = await engine.invoke({ functionName, payload });
    // Answers are what the command is for: whoever reads slowly is waited for.
    const text = answerText(result, options.json === true ? 'json' : 'payload');
    await stdout.deliver(stdout.isTTY ? visibleText(text) : text);
    if (result.functionError !== undefined) status = exitStatus.functionError;
  }
  return status;
}

function assertDeployedName(target: string, { dataDir }: InvokeOptions, settings: object): void {
  if (dataDir === undefined) {
    throw new UsageError(
      `${JSON.stringify(target)} is no file, directory or zip; for the name of a deployed function add --data-dir`,
    );
  }
  const [setting] = Object.keys(settings);
  if (setting === undefined) return;
  throw new UsageError(
    `${JSON.stringify(target)} is no file, directory or zip, so nothing is deployed that could get a new ${setting}`,
  );
}

/** What the options say about the function itself; absent where they say nothing. */
function settingsOf(options: InvokeOptions): Omit<CreateFunctionInput, 'functionName' | 'code'> {
  return {
    ...(options.env.length === 0 ? {} : { environment: environmentOption(options.env) }),
    ...(options.handler === undefined ? {} : { handler: options.handler }),
    ...(options.runtime === undefined ? {} : { runtime: options.runtime }),
    ...(options.memory === undefined ? {} : { memorySize: numeric('--memory', options.memory) }),
    ...(options.timeout === undefined ? {} : { timeout: numeric('--timeout', options.timeout) }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...networkOption(options.allowNet),
    ...layersOption(options.layer),
  };
}

/** Only that it is a number: the range is the engine's to check, so that library and command say the same. */
function numeric(name: string, value: string): number {
  return integerOption(name, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}
