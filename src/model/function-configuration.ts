import type { ClockPolicy } from './clock-policy.ts';
import type { GuestLimits } from './guest-limits.ts';
import type { LayerReference } from './layer-version.ts';
import type { NetworkConfiguration } from './network-settings.ts';
import type { RuntimeIdentifier } from './runtime-identifier.ts';

/**
 * One function version as the engine knows it, normalised and frozen: every default filled in, every value validated.
 * Field names are Lambda's, in camel case. This is data; `validate-function.ts` makes it from what a client sent.
 */
export interface FunctionConfiguration {
  readonly functionName: string;
  readonly runtime: RuntimeIdentifier;
  readonly handler: string;
  /** Kept and echoed for AWS clients; grants nothing. */
  readonly role: string;
  readonly description: string;
  /** MiB, 128 to 10240. */
  readonly memorySize: number;
  /** Seconds, 1 to 900. */
  readonly timeout: number;
  /** MiB of `/tmp`, 512 to 10240. */
  readonly ephemeralStorage: number;
  /** Absent when the client gave none (LAMBDA.md C3.4). */
  readonly environment?: Readonly<Record<string, string>>;
  readonly logging: LoggingConfiguration;
  readonly architectures: readonly ('x86_64' | 'arm64')[];
  readonly tracingMode: 'PassThrough' | 'Active';
  /** Layers that were named by ARN, in their order. Absent: none was. */
  readonly layers?: readonly LayerReference[];
  readonly tags: Readonly<Record<string, string>>;
  /** Environments share a sandbox process only within one trust domain. */
  readonly trustDomain: string;
  /** `function` gives this function sandboxes of its own. */
  readonly isolation: 'domain' | 'function';
  /** ARN of the queue or topic that gets events which failed. Absent: none. */
  readonly deadLetter?: string;
  /** Absent: `real`. */
  readonly clock?: Exclude<ClockPolicy, 'real'>;
  /** Absent: the engine's. */
  readonly limits?: Partial<GuestLimits>;
  /** What the guest may reach; without the values of headers that the host adds. */
  readonly network: NetworkConfiguration;
}

export interface LoggingConfiguration {
  readonly logFormat: 'Text' | 'JSON';
  readonly applicationLogLevel?: LogLevel;
  readonly systemLogLevel?: 'DEBUG' | 'INFO' | 'WARN';
  readonly logGroup: string;
}

export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL';

/** LAMBDA.md C3.24, as far as isotherm uses them. */
export type FunctionState = 'Pending' | 'Active' | 'Failed';
export type LastUpdateStatus = 'Successful' | 'InProgress' | 'Failed';

/** A function as the control plane shows it: configuration, code identity and state (LAMBDA.md C3.2, C3.3, C3.8). */
export interface FunctionRecord {
  readonly configuration: FunctionConfiguration;
  /** `$LATEST`; published versions are numbers as strings. */
  readonly version: string;
  /** Base64 of the SHA-256 of the zip or, for source and directories, of the packed files. */
  readonly codeSha256: string;
  readonly codeBytes: number;
  readonly revisionId: string;
  /** `2025-11-25T02:26:54.123+0000` (LAMBDA.md C1.11). */
  readonly lastModified: string;
  readonly state: FunctionState;
  readonly stateReason?: string;
  readonly stateReasonCode?: string;
  /** Absent until the function has been Active once. */
  readonly lastUpdateStatus?: LastUpdateStatus;
  readonly lastUpdateStatusReason?: string;
  readonly lastUpdateStatusReasonCode?: string;
}

/** Region and account that ARNs carry. There is no account; the values are those local tools expect. */
export const region = 'us-east-1';
export const accountId = '000000000000';

export function functionArn(functionName: string, qualifier?: string): string {
  const arn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}
