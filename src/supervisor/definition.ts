/** What a sandbox is told of a function version. */
import type { DeployedVersion } from '../functions/registry.ts';
import type { LoggingConfiguration } from '../model/function-configuration.ts';
import { type GuestLimits, strictest } from '../model/guest-limits.ts';
import { programmingModel } from '../model/runtime-identifier.ts';
import type { DefineHead } from '../protocol/messages.ts';
import type { StoredCode } from './package-store.ts';

export function definition(
  { configuration, version, code }: DeployedVersion,
  stored: StoredCode,
  engineLimits: Partial<GuestLimits>,
): DefineHead {
  return {
    versionKey: code.versionKey,
    settings: {
      programmingModel: programmingModel(configuration.runtime),
      runtime: configuration.runtime,
      handler: configuration.handler,
      functionName: configuration.functionName,
      functionVersion: version,
      memorySize: configuration.memorySize,
      logGroupName: configuration.logging.logGroup,
      logFormat: configuration.logging.logFormat,
      logLevel: effectiveLogLevel(configuration.logging),
      environment: configuration.environment ?? {},
      entry: code.entry,
      ...(configuration.clock !== undefined && { clock: configuration.clock }),
    },
    ...stored,
    ephemeralStorageMiB: configuration.ephemeralStorage,
    limits: strictest(engineLimits, configuration.limits),
  };
}

/** Text format has no levels; JSON format drops what is below INFO unless told otherwise (LAMBDA.md E3.3). */
function effectiveLogLevel(logging: LoggingConfiguration): string {
  return logging.logFormat === 'Text' ? 'TRACE' : (logging.applicationLogLevel ?? 'INFO');
}
