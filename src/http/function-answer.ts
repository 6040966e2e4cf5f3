/** A function as AWS's answers show it (LAMBDA.md C3.2 to C3.8). Which operation shows which part is the operation's business. */
import type { FunctionReference } from '../functions/registry.ts';
import { type FunctionRecord, functionArn, type LoggingConfiguration } from '../model/function-configuration.ts';
import { runtimeVersionArn } from '../telemetry/lines.ts';

/** What every answer about a function has; lists have no more (C3.7). */
export function functionSummary(record: FunctionRecord, arnQualifier?: string): Readonly<Record<string, unknown>> {
  const { configuration } = record;
  return {
    FunctionName: configuration.functionName,
    FunctionArn: functionArn(configuration.functionName, arnQualifier),
    Runtime: configuration.runtime,
    Role: configuration.role,
    Handler: configuration.handler,
    CodeSize: record.codeBytes,
    Description: configuration.description,
    Timeout: configuration.timeout,
    MemorySize: configuration.memorySize,
    LastModified: record.lastModified,
    CodeSha256: record.codeSha256,
    Version: record.version,
    // Absent when none was given, empty when an empty one was (C3.4).
    ...(configuration.environment !== undefined && { Environment: { Variables: configuration.environment } }),
    ...(configuration.layers !== undefined && {
      Layers: configuration.layers.map(({ arn, codeBytes }) => ({ Arn: arn, CodeSize: codeBytes })),
    }),
    ...(configuration.deadLetter !== undefined && { DeadLetterConfig: { TargetArn: configuration.deadLetter } }),
    TracingConfig: { Mode: configuration.tracingMode },
    RevisionId: record.revisionId,
    PackageType: 'Zip',
    Architectures: configuration.architectures,
    EphemeralStorage: { Size: configuration.ephemeralStorage },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: loggingConfig(configuration.logging),
  };
}

/** The full set: state, last update, runtime version. JSON leaves out what is undefined. */
export function functionConfiguration(
  record: FunctionRecord,
  arnQualifier?: string,
): Readonly<Record<string, unknown>> {
  return {
    ...functionSummary(record, arnQualifier),
    State: record.state,
    StateReason: record.stateReason,
    StateReasonCode: record.stateReasonCode,
    LastUpdateStatus: record.lastUpdateStatus,
    LastUpdateStatusReason: record.lastUpdateStatusReason,
    LastUpdateStatusReasonCode: record.lastUpdateStatusReasonCode,
    RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(record.configuration.runtime) },
  };
}

/** Only who asks with a qualifier gets an ARN with one (C3.6). */
export function arnQualifier(reference: FunctionReference): string | undefined {
  return reference.qualified ? reference.qualifier : undefined;
}

function loggingConfig(logging: LoggingConfiguration): Readonly<Record<string, unknown>> {
  return {
    LogFormat: logging.logFormat,
    ApplicationLogLevel: logging.applicationLogLevel,
    SystemLogLevel: logging.systemLogLevel,
    LogGroup: logging.logGroup,
  };
}
