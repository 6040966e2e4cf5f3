import type { EventInvokeConfig } from './event-invoke-config.ts';
import type { FunctionUrlConfig } from './function-url.ts';
import type { PolicyStatement } from './policy-statement.ts';

/** What belongs to a function and to no version of it (LAMBDA.md C3.16), beside its tags. */
export interface FunctionFacts {
  /** The number that was given to a published version last; 0 before the first. Never given twice (C3.15). */
  readonly lastVersion: number;
  /** Invocations that may run at once, and that nobody else may take (F4.2). Absent: the function shares with others. */
  readonly reservedConcurrency?: number;
  /** A function that calls itself through others may go on without end (C4.14). Absent: it is to be stopped. */
  readonly recursiveLoop?: 'Allow';
  /** Environments that are to be initialised ahead, by qualifier: a published version or an alias (F4.3). Absent: none. */
  readonly provisioned?: Readonly<Record<string, ProvisionedSetting>>;
  /** Statements of the resource policy by qualifier; those of the function itself under `$LATEST`. */
  readonly policies: Readonly<Record<string, readonly PolicyStatement[]>>;
  /** What becomes of asynchronous invocations, by qualifier. */
  readonly eventInvokeConfigs?: Readonly<Record<string, EventInvokeConfig>>;
  /** Function URLs by qualifier: `$LATEST` or an alias. */
  readonly urls?: Readonly<Record<string, FunctionUrlConfig>>;
}

/** What a client asked for. How much of it exists the engine knows. */
export interface ProvisionedSetting {
  readonly requested: number;
  /** `2019-12-31T20:28:49+0000`. */
  readonly lastModified: string;
}

export const noFacts: FunctionFacts = Object.freeze({ lastVersion: 0, policies: Object.freeze({}) });

/** What was set for one qualifier. Own members only: an alias may be called `constructor`. */
export function ofQualifier<Setting>(
  settings: Readonly<Record<string, Setting>> | undefined,
  qualifier: string,
): Setting | undefined {
  return settings !== undefined && Object.hasOwn(settings, qualifier) ? settings[qualifier] : undefined;
}
