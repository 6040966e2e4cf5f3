/**
 * `isotherm serve`: an engine, the functions of a directory, and the Lambda API in front of them, until a signal comes. The
 * ready line is all that goes to stdout; logs, progress and notes go to stderr.
 */
import { statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../base/clock.ts';
import { errorStack } from '../base/error-text.ts';
import { createEngine } from '../engine/create-engine.ts';
import type { Engine } from '../engine/engine.ts';
import type { CreateFunctionInput } from '../functions/registry.ts';
import { assertLoopback } from '../http/loopback.ts';
import { createServer } from '../http/server.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { earlyCompilingFlags } from '../supervisor/node-flags.ts';
import { FunctionFigures } from '../telemetry/function-figures.ts';
import { type AccessKeyOptions, accessKeysOption } from './access-key-options.ts';
import { bucketsOption } from './bucket-options.ts';
import { type CodeTarget, codeTargetsIn } from './code-target.ts';
import { deploy } from './deploy.ts';
import { type ExitStatus, exitStatus, UsageError } from './exit-status.ts';
import {
  choiceOption,
  destinationsOption,
  fractionOption,
  hardeningOption,
  integerOption,
  layersOption,
  limitsOption,
  logsOption,
  networkOption,
} from './options.ts';
import type { Outlets } from './outlet.ts';
import { createEventPrinter } from './print-events.ts';
import { redisStreamsOption } from './redis-stream-options.ts';
import { TurnLines } from './turn-lines.ts';

export interface ServeOptions extends AccessKeyOptions {
  readonly host: string;
  readonly port: string;
  readonly dataDir?: string;
  readonly hardening: string;
  readonly isolation: string;
  readonly templates: string;
  readonly allowNet: readonly string[];
  readonly layer: readonly string[];
  readonly limit: readonly string[];
  readonly asyncDelayScale: string;
  readonly bucket: readonly string[];
  readonly notify: readonly string[];
  readonly redisStream: readonly string[];
  readonly logKeepMib?: string;
  readonly logKeepDays?: string;
  readonly destination: readonly string[];
  readonly destinationDir?: string;
}

const portMax = 65_535;

export async function serveCommand(
  directory: string | undefined,
  options: ServeOptions,
  { stdout, stderr: outlet }: Outlets,
): Promise<ExitStatus> {
  using stderr = new TurnLines(outlet);
  const note = (text: string): void => stderr.write(`isotherm: ${text}\n`);
  const port = integerOption('--port', options.port, 0, portMax);
  const hardening = hardeningOption(options.hardening);
  const templates = choiceOption('--templates', options.templates, ['auto', 'off']);
  const isolation = choiceOption('--isolation', options.isolation, ['domain', 'function']);
  const keys = accessKeysOption(options, process.env);
  const buckets = bucketsOption(options.bucket, options.notify);
  const redisStreams = redisStreamsOption(options.redisStream, process.env);
  if (keys === undefined) assertLoopback(options.host);
  const targets = directory === undefined ? [] : targetsIn(directory, note);

  compileEarly();
  const stopped = untilSignal();
  const figures = new FunctionFigures();
  const printEvent = createEventPrinter(stderr);
  await using engine = await createEngine({
    observe: (event) => {
      figures.observe(event);
      printEvent(event);
    },
    hardening,
    templates,
    isolation,
    limits: { requestsPerConcurrency: limits.requestsPerConcurrencyServed, ...limitsOption(options.limit).limits },
    ...destinationsOption(options.destination),
    ...(options.destinationDir !== undefined && { destinationDirectory: options.destinationDir }),
    asyncDelayScale: fractionOption('--async-delay-scale', options.asyncDelayScale),
    ...buckets,
    ...redisStreams,
    logs: logsOption(options),
    ...(options.dataDir === undefined ? {} : { dataDirectory: options.dataDir }),
  });
  const settings = { ...networkOption(options.allowNet), ...layersOption(options.layer) };
  for (const target of targets) await deployOrNote(engine, target, settings, note);

  await using server = createServer({
    engine,
    figures,
    ...(keys !== undefined && { signatures: { keys, clock: systemClock } }),
    onUnexpected: (error, requestId) => note(`a bug in isotherm, request ${requestId}: ${errorStack(error)}`),
    logLinesDropped: () => outlet.linesDropped,
  });
  const url = await server.listen({ host: options.host, port });
  stdout.write(`isotherm listening on ${url}\n`);

  await stopped;
  // The engine first: what still runs gets its time, then is cut and answered, and only then do connections end.
  const closed = server.close();
  await engine.close({ graceMs: limits.serveGraceMs });
  await closed;
  return exitStatus.answered;
}

/** Only this command's process is ours to set flags of. V8 of an earlier Node may not know them and would say so. */
function compileEarly(): void {
  if (Number.parseInt(process.versions.node, 10) < earlyCompilingNodeMin) return;
  for (const flag of earlyCompilingFlags) setFlagsFromString(flag);
}

const earlyCompilingNodeMin = 26;

type Note = (text: string) => void;

function targetsIn(directory: string, note: Note): readonly CodeTarget[] {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`${JSON.stringify(directory)} is no directory; serve takes a directory of functions`);
  }
  const targets = codeTargetsIn(directory);
  const names = new Set<string>();
  for (const { functionName } of targets) {
    if (names.has(functionName)) {
      throw new UsageError(`${JSON.stringify(directory)} has two functions that would both be called ${functionName}`);
    }
    names.add(functionName);
  }
  if (targets.length === 0) {
    note(
      `${JSON.stringify(directory)} has no functions: no modules with a handler, no zips, no directories with an index`,
    );
  }
  return targets;
}

/** One function that cannot be deployed does not keep the others from being served. */
async function deployOrNote(
  engine: Engine,
  { functionName, code, handler }: CodeTarget,
  settings: Pick<CreateFunctionInput, 'network' | 'layers'>,
  note: Note,
): Promise<void> {
  try {
    await deploy(engine, { functionName, code, ...settings, ...(handler === undefined ? {} : { handler }) });
    note(`deployed ${functionName}`);
  } catch (error) {
    if (!(error instanceof EngineError) || error.blame !== 'client') throw error;
    note(`${functionName} is not deployed: ${error.message}`);
  }
}

/** The first SIGINT or SIGTERM asks to close; a second one does not wait for it. */
function untilSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
    resolve();
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    // Sandboxes notice the end of their socket and end too, so nothing is left although nothing is waited for.
    const force = (): never => process.exit(128 + (signal === 'SIGINT' ? 2 : 15));
    process.once('SIGINT', force);
    process.once('SIGTERM', force);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return promise;
}
