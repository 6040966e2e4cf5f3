/**
 * A function as a row of the database and back. What is read is checked field by field: a hand-edited or damaged row is
 * named at start, not met later by an invocation.
 */
import { isAbsolute, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { errorMessage } from '../base/error-text.ts';
import { keyedRecord } from '../base/keyed-record.ts';
import type { StoredFunction, StoredVersion } from '../functions/function-store.ts';
import type { CodePack } from '../functions/prepared-code.ts';
import type { FunctionAlias } from '../model/function-alias.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { FunctionFacts } from '../model/function-facts.ts';
import { type FunctionUrlConfig, urlAuthTypes, urlInvokeModes } from '../model/function-url.ts';
import { guestLimitNames } from '../model/guest-limits.ts';
import type { LayerVersion } from '../model/layer-version.ts';
import type { PolicyStatement } from '../model/policy-statement.ts';
import { runtimeIdentifiers } from '../model/runtime-identifier.ts';
import type { Row } from './database.ts';

const stringMap = keyedRecord(z.string());

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
    deadLetter: z.string().exactOptional(),
    layers: z.array(z.object({ arn: z.string(), codeBytes: z.int() })).exactOptional(),
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

const urlSchema: z.ZodType<FunctionUrlConfig> = z.object({
  urlId: z.string(),
  authType: z.enum(urlAuthTypes),
  invokeMode: z.enum(urlInvokeModes),
  cors: z
    .object({
      allowCredentials: z.boolean().exactOptional(),
      allowHeaders: z.array(z.string()).exactOptional(),
      allowMethods: z.array(z.string()).exactOptional(),
      allowOrigins: z.array(z.string()).exactOptional(),
      exposeHeaders: z.array(z.string()).exactOptional(),
      maxAge: z.int().exactOptional(),
    })
    .exactOptional(),
  creationTime: z.string(),
  lastModifiedTime: z.string(),
});

const statementSchema: z.ZodType<PolicyStatement> = z.object({
  Sid: z.string(),
  Effect: z.literal('Allow'),
  Principal: z.union([z.string(), stringMap]),
  Action: z.string(),
  Resource: z.string(),
  Condition: keyedRecord(stringMap).exactOptional(),
});

const factsSchema: z.ZodType<FunctionFacts> = z.object({
  lastVersion: z.int(),
  reservedConcurrency: z.int().exactOptional(),
  recursiveLoop: z.literal('Allow').exactOptional(),
  provisioned: keyedRecord(z.object({ requested: z.int().min(1), lastModified: z.string() })).exactOptional(),
  policies: keyedRecord(z.array(statementSchema)),
  urls: keyedRecord(urlSchema).exactOptional(),
  eventInvokeConfigs: keyedRecord(
    z.object({
      maximumRetryAttempts: z.int().exactOptional(),
      maximumEventAgeInSeconds: z.int().exactOptional(),
      onSuccess: z.string().exactOptional(),
      onFailure: z.string().exactOptional(),
      lastModifiedMs: z.number(),
    }),
  ).exactOptional(),
});

const aliasSchema: z.ZodType<FunctionAlias> = z.object({
  functionName: z.string(),
  name: z.string(),
  functionVersion: z.string(),
  description: z.string(),
  additionalVersionWeights: keyedRecord(z.number()).exactOptional(),
  revisionId: z.string(),
});

const layerSchema: z.ZodType<LayerVersion> = z.object({
  layerName: z.string(),
  version: z.int(),
  description: z.string(),
  createdDate: z.string(),
  codeSha256: z.string(),
  codeBytes: z.int(),
  compatibleRuntimes: z.array(z.string()),
  compatibleArchitectures: z.array(z.string()),
  licenseInfo: z.string().exactOptional(),
  policy: z.object({ statements: z.array(statementSchema), revisionId: z.string() }).exactOptional(),
});

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

const functionRowSchema = rowSchema.extend({ facts: z.string() });
const versionRowSchema = rowSchema.extend({ version: z.int(), published_from: z.string() });

/** @throws Error saying which field of which function is wrong */
export function decodeFunction(row: Row, codeDirectory: string): StoredFunction {
  return naming(`function ${row.name}`, () => {
    const columns = functionRowSchema.parse(row);
    const facts = factsSchema.parse(JSON.parse(columns.facts));
    return { ...decodeCommon(columns, codeDirectory), facts };
  });
}

/** @throws Error saying which field of which version is wrong */
export function decodeVersion(row: Row, codeDirectory: string): StoredVersion {
  return naming(`version ${row.version} of function ${row.name}`, () => {
    const columns = versionRowSchema.parse(row);
    const common = decodeCommon(columns, codeDirectory);
    if (common.record.version !== String(columns.version)) throw new Error(`it calls itself ${common.record.version}`);
    return { ...common, publishedFrom: columns.published_from };
  });
}

/** @throws Error saying which field of which alias is wrong */
export function decodeAlias(row: Row): FunctionAlias {
  return naming(`alias ${row.alias} of function ${row.name}`, () => {
    const alias = aliasSchema.parse(JSON.parse(String(row.record)));
    if (alias.name !== row.alias || alias.functionName !== row.name) throw new Error(`it calls itself ${alias.name}`);
    return alias;
  });
}

/** @throws Error saying which field of which layer is wrong */
export function decodeLayer(row: Row): LayerVersion {
  return naming(`version ${row.version} of layer ${row.layer}`, () => {
    const layer = layerSchema.parse(JSON.parse(String(row.record)));
    if (layer.layerName !== row.layer || layer.version !== row.version)
      throw new Error(`it calls itself ${layer.layerName}`);
    return layer;
  });
}

function decodeCommon(columns: z.infer<typeof rowSchema>, codeDirectory: string): Omit<StoredFunction, 'facts'> {
  const record = recordSchema.parse(JSON.parse(columns.record));
  const { functionName } = record.configuration;
  if (functionName !== columns.name) throw new Error(`it calls itself ${functionName}`);
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
}

/** Says of whose row a decoder's complaint is. */
export function naming<Decoded>(what: string, decode: () => Decoded): Decoded {
  try {
    return decode();
  } catch (error) {
    // JSON.parse, zod and the checks above: all of them speak of this row.
    const reason = error instanceof z.ZodError ? z.prettifyError(error).replaceAll('\n', ' ') : errorMessage(error);
    throw new Error(`the row of ${what} is not one that isotherm wrote: ${reason}`, { cause: error });
  }
}

/** Packs below the code directory are kept relative to it, so that a data directory may be moved. */
export function storedPath(packPath: string, codeDirectory: string): string {
  const inside = relative(codeDirectory, packPath);
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? packPath : inside;
}
