/**
 * Access keys of `serve`: from options, from a file of AWS's credentials format, from the environment. A secret is never an argument,
 * because arguments are everybody's to read (/proc/PID/cmdline), and a file that others may read is refused.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { type AccessKey, AccessKeys } from '../http/signature/access-keys.ts';
import { limits } from '../model/limits.ts';
import { UsageError } from './exit-status.ts';
import { reason } from './options.ts';

export interface AccessKeyOptions {
  readonly accessKey: readonly string[];
  readonly secretKeyFile: readonly string[];
  readonly accessKeys: readonly string[];
  readonly requireSignature?: boolean;
}

const idVariable = 'ISOTHERM_ACCESS_KEY_ID';
const secretVariable = 'ISOTHERM_SECRET_ACCESS_KEY';

/** undefined: none were given, and requests need no signature. @throws UsageError @throws EngineError InvalidParameterValueException */
export function accessKeysOption(options: AccessKeyOptions, environment: NodeJS.ProcessEnv): AccessKeys | undefined {
  const keys = [
    ...pairedKeys(options.accessKey, options.secretKeyFile),
    ...options.accessKeys.flatMap((path) => keysOfCredentials(readSecretFile('--access-keys', path), path)),
    ...keysOfEnvironment(environment),
  ];
  if (keys.length > 0) return new AccessKeys(keys);
  if (options.accessKeys.length > 0)
    throw new UsageError(`--access-keys ${options.accessKeys.join(', ')} has no access keys`);
  if (options.requireSignature === true) {
    throw new UsageError(
      `--require-signature needs access keys: --access-key ID with --secret-key-file FILE, --access-keys FILE, or ${idVariable} and ${secretVariable}`,
    );
  }
  return undefined;
}

/** The first id has the first file, and so on. */
function pairedKeys(ids: readonly string[], paths: readonly string[]): AccessKey[] {
  if (ids.length !== paths.length) {
    throw new UsageError(
      `--access-key must come with a --secret-key-file each, got ${ids.length} --access-key and ${paths.length} --secret-key-file`,
    );
  }
  return ids.map((accessKeyId, at) => ({
    accessKeyId,
    secretAccessKey: readSecretFile('--secret-key-file', paths[at] ?? '').trim(),
  }));
}

/** Taken out of the environment, so that no program that we start has it. */
function keysOfEnvironment(environment: NodeJS.ProcessEnv): AccessKey[] {
  const { [idVariable]: accessKeyId, [secretVariable]: secretAccessKey } = environment;
  delete environment[secretVariable];
  if (accessKeyId === undefined && secretAccessKey === undefined) return [];
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new UsageError(`${idVariable} and ${secretVariable} must be set together`);
  }
  return [{ accessKeyId, secretAccessKey }];
}

/** Sections with `aws_access_key_id` and `aws_secret_access_key`, as clients have them in ~/.aws/credentials. */
export function keysOfCredentials(text: string, path: string): AccessKey[] {
  const sections: Map<string, string>[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    if (/^\[.*\]$/.test(content)) {
      sections.push(new Map());
      continue;
    }
    const equals = content.indexOf('=');
    const section = sections.at(-1);
    // The line is not shown: it may be a secret.
    if (equals === -1 || section === undefined) {
      throw new UsageError(`--access-keys ${path}: line ${at + 1} must be [NAME], or NAME = VALUE in a section`);
    }
    section.set(content.slice(0, equals).trim().toLowerCase(), content.slice(equals + 1).trim());
  }
  return sections.flatMap((section, at) => {
    const accessKeyId = section.get('aws_access_key_id');
    const secretAccessKey = section.get('aws_secret_access_key');
    if (accessKeyId === undefined && secretAccessKey === undefined) return [];
    if (accessKeyId !== undefined && secretAccessKey !== undefined) return [{ accessKeyId, secretAccessKey }];
    throw new UsageError(
      `--access-keys ${path}: section ${at + 1} must have both aws_access_key_id and aws_secret_access_key`,
    );
  });
}

function readSecretFile(option: string, path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    // Of what was opened, not of a name that may be given to another file meanwhile.
    const stat = fstatSync(file);
    const { mode, size } = stat;
    if (!stat.isFile()) throw new UsageError(`${option} must be a file, ${JSON.stringify(path)} is none`);
    if ((mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(3, '0');
      throw new UsageError(
        `${option} must be readable by its owner only, ${JSON.stringify(path)} has mode ${shown}: chmod 600`,
      );
    }
    if (size > limits.accessKeyFileBytesMax) {
      throw new UsageError(
        `${option} must have at most ${limits.accessKeyFileBytesMax} bytes, ${JSON.stringify(path)} has ${size}`,
      );
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${option} ${JSON.stringify(path)} cannot be read: ${reason(error)}`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
