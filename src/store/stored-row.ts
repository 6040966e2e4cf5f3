/**
 * A function as a row of the database and back. What is read is checked field by field: a hand-edited or damaged row is
 * named at start, not met later by an invocation.
 */
import { isAbsolute, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { errorMessage } from '../base/error-text.ts';
import type { StoredFunction } from '../functions/function-store.ts';
import type { CodePack } from '../functions/prepared-code.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import { guestLimitNames } from '../model/guest-limits.ts';
import { runtimeIdentifiers } from '../model/runtime-identifier.ts';
import type { Row } from './database.ts';

const stringMap = z.record(z.string(), z.string());

const recordSchema: z.ZodType<FunctionRecord> = z.object({
  configuration: z.object({
    functionName: z.string(),
    runtime: z.enum(runtimeIdentifiers),
    handler: z.string(),
    role: z.string(),
    description: z.string(),
    memorySize: z.int(),
    timeout: z.int(),
    ephemeralStorage: z.int(),
    environment: stringMap.exactOptional(),
    logging: z.object({
      logFormat: z.enum(['Text', 'JSON']),
      applicationLogLevel: z.enum(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']).exactOptional(),
      systemLogLevel: z.enum(['DEBUG', 'INFO', 'WARN']).exactOptional(),
      logGroup: z.string(),
    }),
    architectures: z.array(z.enum(['x86_64', 'arm64'])),
    tracingMode: z.enum(['PassThrough', 'Active']),
    tags: stringMap,
    trustDomain: z.string(),
    isolation: z.enum(['domain', 'function']),
    clock: z.enum(['coarse', 'frozen']).exactOptional(),
    limits: z.partialRecord(z.enum(guestLimitNames), z.int().min(1)).exactOptional(),
    network: z.object({
      allow: z.array(
        z.union([z.string(), z.object({ host: z.string(), tls: z.boolean(), headerNames: z.array(z.string()) })]),
      ),
      connectionsMax: z.int().exactOptional(),
      bytesPerSecondMax: z.int().exactOptional(),
    }),
  }),
  version: z.string(),
  codeSha256: z.string(),
  codeBytes: z.int(),
  revisionId: z.string(),
  lastModified: z.string(),
  state: z.enum(['Pending', 'Active', 'Failed']),
  stateReason: z.string().exactOptional(),
  stateReasonCode: z.string().exactOptional(),
  lastUpdateStatus: z.enum(['Successful', 'InProgress', 'Failed']).exactOptional(),
  lastUpdateStatusReason: z.string().exactOptional(),
  lastUpdateStatusReasonCode: z.string().exactOptional(),
});

const filesSchema = z.array(z.object({ path: z.string(), mode: z.int(), offset: z.int(), bytes: z.int() }));

const rowSchema = z.object({
  name: z.string(),
  record: z.string(),
  code_sha256: z.string(),
  code_bytes: z.int(),
  path: z.string(),
  files: z.string(),
  layers_sha256: z.string().nullable(),
  layers_bytes: z.int().nullable(),
  layers_path: z.string().nullable(),
  layers_files: z.string().nullable(),
});

/** @throws Error saying which field of which function is wrong */
export function decodeRow(row: Row, codeDirectory: string): StoredFunction {
  const name = String(row.name);
  try {
    const columns = rowSchema.parse(row);
    const record = recordSchema.parse(JSON.parse(columns.record));
    if (record.configuration.functionName !== name)
      throw new Error(`it calls itself ${record.configuration.functionName}`);
    const packOf = (codeSha256: string, codeBytes: number, path: string, files: string): CodePack => ({
      codeSha256,
      codeBytes,
      packPath: isAbsolute(path) ? path : join(codeDirectory, path),
      files: filesSchema.parse(JSON.parse(files)),
    });
    const { layers_sha256, layers_bytes, layers_path, layers_files } = columns;
    const hasLayers = layers_sha256 !== null && layers_bytes !== null && layers_path !== null && layers_files !== null;
    return {
      record,
      pack: {
        ...packOf(columns.code_sha256, columns.code_bytes, columns.path, columns.files),
        ...(hasLayers && { layers: packOf(layers_sha256, layers_bytes, layers_path, layers_files) }),
      },
    };
  } catch (error) {
    // JSON.parse, zod and the check above: all of them speak of this row.
    const reason = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : errorMessage(error);
    throw new Error(`the row of function ${name} is not one that isotherm wrote: ${reason}`, { cause: error });
  }
}

/** Packs below the code directory are kept relative to it, so that a data directory may be moved. */
export function storedPath(packPath: string, codeDirectory: string): string {
  const inside = relative(codeDirectory, packPath);
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? packPath : inside;
}
