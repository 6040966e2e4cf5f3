/** `isotherm deploy`: makes or updates a function on a running server, and ends when it is Active. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { directoryEntries } from '../functions/directory.ts';
import type { PackageEntries } from '../functions/package-entry.ts';
import { handlerDefault } from '../functions/package-input.ts';
import type { CodeInput } from '../functions/registry.ts';
import { sourceEntries, sourceFile } from '../functions/source.ts';
import { writeZip, type ZipMember } from '../functions/zip-writer.ts';
import { limits } from '../model/limits.ts';
import { runtimeDefault } from '../model/runtime-identifier.ts';
import { ApiClient, ServerError } from './api-client.ts';
import { type CodeTarget, codeTarget, codeTargetsIn } from './code-target.ts';
import { type ExitStatus, exitStatus, UsageError } from './exit-status.ts';
import { textOf } from './fields.ts';
import { environmentOption, integerOption } from './options.ts';
import type { Outlets } from './outlet.ts';

export interface DeployOptions {
  readonly name?: string;
  readonly endpoint: string;
  readonly handler?: string;
  readonly runtime?: string;
  readonly memory?: string;
  readonly timeout?: string;
  readonly description?: string;
  readonly env: readonly string[];
}

/** Grants nothing; the API wants one. */
const role = 'arn:aws:iam::000000000000:role/isotherm';

export async function deployCommand(path: string, options: DeployOptions, { stdout }: Outlets): Promise<ExitStatus> {
  const settings = settingsOf(options);
  const client = new ApiClient(options.endpoint, process.env);
  const targets = targetsAt(path, options);
  for (const target of targets) {
    const line = await deployTarget(
      client,
      { ...target, functionName: options.name ?? target.functionName },
      options,
      settings,
    );
    await stdout.deliver(line);
  }
  return exitStatus.answered;
}

/** One function; or those that `serve` would find, where a directory is none itself. @throws UsageError */
function targetsAt(path: string, { name, handler }: DeployOptions): readonly CodeTarget[] {
  const target = codeTarget(path);
  if (target === undefined) throw new UsageError(`${JSON.stringify(path)} is no file, directory or zip`);
  const { directory } = target.code;
  const isSingle =
    directory === undefined || name !== undefined || handler !== undefined || target.handler !== undefined;
  if (isSingle || hasIndex(directory)) return [target];
  const inside = codeTargetsIn(directory);
  if (inside.length > 0) return inside;
  throw new UsageError(
    `${JSON.stringify(path)} has no functions: no index module, no modules with a handler, no zips; name the handler with --handler`,
  );
}

function hasIndex(directory: string): boolean {
  return readdirSync(directory).some((name) => /^index\.[cm]?[jt]sx?$/.test(name));
}

async function deployTarget(
  client: ApiClient,
  { functionName, code, handler }: CodeTarget,
  options: DeployOptions,
  settings: object,
): Promise<string> {
  const startedMs = systemClock.nowMs();
  const zipFile = Buffer.from(await zipOf(code)).toString('base64');
  const url = functionPath(functionName);
  const exists = (await configurationOf(client, functionName)) !== undefined;
  if (exists) {
    await client.call({ method: 'PUT', path: `${url}/code`, body: JSON.stringify({ ZipFile: zipFile }) });
    await settled(client, functionName);
    const changed = {
      ...settings,
      ...(options.runtime !== undefined && { Runtime: options.runtime }),
      ...(options.handler !== undefined && { Handler: options.handler }),
    };
    if (Object.keys(changed).length > 0) {
      await client.call({ method: 'PUT', path: `${url}/configuration`, body: JSON.stringify(changed) });
    }
  } else {
    const body = {
      FunctionName: functionName,
      Role: role,
      Runtime: options.runtime ?? runtimeDefault,
      Handler: options.handler ?? handler ?? handlerDefault(code),
      ...settings,
      Code: { ZipFile: zipFile },
    };
    await client.call({ method: 'POST', path: '/2015-03-31/functions', body: JSON.stringify(body) });
  }
  const configuration = await settled(client, functionName);
  const seconds = ((systemClock.nowMs() - startedMs) / 1_000).toFixed(1);
  return `${exists ? 'updated' : 'created'} ${functionName}: ${textOf(configuration.FunctionArn)}, Active after ${seconds} s\n`;
}

function settingsOf({ memory, timeout, description, env }: DeployOptions) {
  const number = (name: string, value: string): number =>
    integerOption(name, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return {
    ...(memory !== undefined && { MemorySize: number('--memory', memory) }),
    ...(timeout !== undefined && { Timeout: number('--timeout', timeout) }),
    ...(description !== undefined && { Description: description }),
    ...(env.length > 0 && { Environment: { Variables: environmentOption(env) } }),
  };
}

function functionPath(functionName: string): string {
  return `/2015-03-31/functions/${encodeURIComponent(functionName)}`;
}

async function zipOf({ source, sourceFile: name, directory, zipFile }: CodeInput): Promise<Uint8Array> {
  if (typeof zipFile === 'string') return readFileSync(zipFile);
  if (directory !== undefined) return writeZip(membersOf(directoryEntries(directory)));
  return writeZip(membersOf(sourceEntries(await sourceFile(source ?? '', name))));
}

async function* membersOf(entries: PackageEntries): AsyncIterable<ZipMember> {
  let bytes = 0;
  for await (const { path, mode, content } of entries) {
    const pieces: Uint8Array[] = [];
    for await (const piece of content) {
      bytes += piece.byteLength;
      if (bytes > limits.unzippedBytesMax) {
        throw new UsageError(`the directory must be smaller than ${limits.unzippedBytesMax} bytes`);
      }
      // Readers reuse their buffer.
      pieces.push(Buffer.from(piece));
    }
    yield { path, mode, content: Buffer.concat(pieces) };
  }
}

async function configurationOf(client: ApiClient, functionName: string) {
  try {
    return await client.call({ path: `${functionPath(functionName)}/configuration` });
  } catch (error) {
    if (error instanceof ServerError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** Invocations run what was sent. @throws ServerError when it could not be prepared */
async function settled(client: ApiClient, functionName: string) {
  for (;;) {
    const configuration = await client.call({ path: `${functionPath(functionName)}/configuration` });
    const { State: state, LastUpdateStatus: status } = configuration;
    if (state === 'Failed' || status === 'Failed') {
      const reason = textOf(configuration.LastUpdateStatusReason) || textOf(configuration.StateReason);
      throw new ServerError(`${functionName} could not be prepared: ${reason}`, {
        code: 'InvalidParameterValueException',
        status: 400,
      });
    }
    if (state === 'Active' && status === 'Successful') return configuration;
    await delay(limits.deployLookMs);
  }
}
