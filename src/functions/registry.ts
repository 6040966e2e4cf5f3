import type { EventInvokeConfig } from '../model/event-invoke-config.ts';
import type { FunctionAlias } from '../model/function-alias.ts';
import type { FunctionConfiguration, FunctionRecord } from '../model/function-configuration.ts';
import type { FunctionUrlConfig, UrlCors } from '../model/function-url.ts';
import type { LayerVersion } from '../model/layer-version.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
import type { PolicyStatement } from '../model/policy-statement.ts';
import type { FunctionSettings } from '../model/validate-function.ts';
import type { LayerInput } from './layers.ts';
import type { PreparedCode } from './prepared-code.ts';

/** Code as a client hands it over; exactly one member is given. */
export interface CodeInput {
  /** Text of one module: JavaScript or TypeScript, CommonJS or ESM. */
  readonly source?: string;
  /** Name for `source`; its extension decides the language. Default: `index` with the extension that the text calls for. */
  readonly sourceFile?: string;
  readonly directory?: string;
  /** The zip's bytes, or a path to it. */
  readonly zipFile?: Uint8Array | string;
}

/** What `create` takes. Absent settings get Lambda's defaults (LAMBDA.md C3.4); the values are not validated yet. */
export interface CreateFunctionInput extends FunctionSettings {
  readonly functionName: string;
  readonly code: CodeInput;
  /** Directories, zips and ARNs of layer versions that the function finds below `/opt`, later ones over earlier ones; at most 5. */
  readonly layers?: readonly LayerInput[];
  /** Also publishes version 1. */
  readonly publish?: boolean;
}

export type UpdateConfigurationInput = Omit<FunctionSettings, 'tags'> & {
  readonly functionName: string;
  readonly revisionId?: string;
  /** Replaces all; an empty list removes them. */
  readonly layers?: readonly LayerInput[];
};

export interface UpdateCodeInput {
  readonly functionName: string;
  readonly code: CodeInput;
  readonly architectures?: readonly string[];
  readonly dryRun?: boolean;
  /** Also publishes the new code as a version, whose record is the answer. */
  readonly publish?: boolean;
  readonly revisionId?: string;
}

export interface PublishVersionInput {
  readonly functionName: string;
  /** What `$LATEST` must be for the version to be published. */
  readonly codeSha256?: string;
  readonly revisionId?: string;
  /** Of the version. Default: that of `$LATEST`. */
  readonly description?: string;
}

/** Which part of a list. `marker` is the `nextMarker` of the part before. */
export interface PageInput {
  readonly marker?: string;
  /** 1 to 10,000; more than a page of AWS (50) is never answered. */
  readonly maxItems?: number;
}

export interface AliasInput {
  readonly functionName: string;
  readonly name: string;
  readonly functionVersion: string;
  readonly description?: string;
  /** At most one more version and its share of the invocations, 0 to 1. */
  readonly additionalVersionWeights?: Readonly<Record<string, number>>;
}

/** What is not given stays; empty weights remove what was there. */
export type UpdateAliasInput = Pick<AliasInput, 'functionName' | 'name'> &
  Partial<AliasInput> & { readonly revisionId?: string };

/** Names for versions (LAMBDA.md C6). */
export interface FunctionAliases {
  create(input: AliasInput): Promise<FunctionAlias>;
  get(functionName: string, name: string): FunctionAlias;
  /** Sorted by name. */
  list(
    input: PageInput & {
      readonly functionName: string;
      /** Only those of this version. */
      readonly functionVersion?: string;
    },
  ): { readonly aliases: readonly FunctionAlias[]; readonly nextMarker?: string };
  update(input: UpdateAliasInput): Promise<FunctionAlias>;
  /** Harmless for one that does not exist. */
  delete(functionName: string, name: string): Promise<void>;
}

/** Invocations of a function that may run at once, set aside for it (LAMBDA.md C7.1, C7.2, F4.2). */
export interface FunctionConcurrency {
  put(functionName: string, reserved: number): Promise<void>;
  /** Undefined: none is set. */
  get(functionName: string): number | undefined;
  delete(functionName: string): Promise<void>;
  /** Of all functions that have one. */
  all(): ReadonlyMap<string, number>;
}

/** Provisioned concurrency of one alias or published version (LAMBDA.md C7.4). */
export interface ProvisionedConfig {
  readonly functionName: string;
  readonly qualifier: string;
  readonly requested: number;
  /** Environments that exist for it, being initialised or done, and those that are done. */
  readonly allocated: number;
  readonly available: number;
  readonly status: 'IN_PROGRESS' | 'READY' | 'FAILED';
  /** Why it failed. It is tried again from time to time all the same. */
  readonly statusReason?: string;
  /** `2019-12-31T20:28:49+0000`. */
  readonly lastModified: string;
}

/** Environments that are initialised before anybody asks for them (LAMBDA.md C7.3 to C7.7, F4.3). */
export interface FunctionProvisioning {
  put(reference: FunctionReference, requested: number): Promise<ProvisionedConfig>;
  get(reference: FunctionReference): ProvisionedConfig;
  /** Harmless where there is none. */
  delete(reference: FunctionReference): Promise<void>;
  /** Sorted by qualifier. */
  list(input: PageInput & { readonly functionName: string }): {
    readonly configs: readonly ProvisionedConfig[];
    readonly nextMarker?: string;
  };
  /** How many environments each published version of a function is to have; those of an alias with weights are divided by them. */
  wanted(functionName: string): ReadonlyMap<string, number>;
  /** The same for one qualifier. */
  wantedBy(functionName: string, qualifier: string): ReadonlyMap<string, number>;
  /** Functions that have any. */
  functionNames(): readonly string[];
}

/** What Lambda is to do about a function that calls itself through others without end (LAMBDA.md C4.14). */
export type RecursiveLoop = 'Allow' | 'Terminate';

export interface FunctionRecursion {
  put(functionName: string, recursiveLoop: string): Promise<RecursiveLoop>;
  get(functionName: string): RecursiveLoop;
}

export interface PermissionInput {
  readonly reference: FunctionReference;
  readonly statement: Omit<PolicyStatement, 'Resource'>;
  readonly revisionId?: string;
}

/**
 * The resource policies of functions, versions and aliases: kept and answered (LAMBDA.md C8.6). The engine tells no callers apart; who may
 * use a function URL is asked of them.
 */
export interface FunctionPolicies {
  /** Returns the statement as it is kept. */
  add(input: PermissionInput): Promise<PolicyStatement>;
  get(reference: FunctionReference): { readonly statements: readonly PolicyStatement[]; readonly revisionId: string };
  remove(reference: FunctionReference, statementId: string, revisionId?: string): Promise<void>;
}

export interface EventInvokeConfigInput {
  readonly reference: FunctionReference;
  readonly maximumRetryAttempts?: number;
  readonly maximumEventAgeInSeconds?: number;
  /** ARNs; both are replaced where this is given, and an empty text is none. */
  readonly destinations?: { readonly onSuccess?: string; readonly onFailure?: string };
}

export interface QualifiedEventInvokeConfig {
  readonly functionName: string;
  readonly qualifier: string;
  readonly config: EventInvokeConfig;
}

/** What becomes of asynchronous invocations of functions, versions and aliases (LAMBDA.md C8.1). */
export interface FunctionEventInvokeConfigs {
  /** Replaces what was there as a whole. */
  put(input: EventInvokeConfigInput): Promise<QualifiedEventInvokeConfig>;
  /** What is not given stays. */
  update(input: EventInvokeConfigInput): Promise<QualifiedEventInvokeConfig>;
  get(reference: FunctionReference): QualifiedEventInvokeConfig;
  /** Undefined: there is none. */
  find(functionName: string, qualifier: string): EventInvokeConfig | undefined;
  delete(reference: FunctionReference): Promise<void>;
  /** Sorted by qualifier. */
  list(input: PageInput & { readonly functionName: string }): {
    readonly configs: readonly QualifiedEventInvokeConfig[];
    readonly nextMarker?: string;
  };
}

export interface UrlConfigInput {
  readonly functionName: string;
  /** An alias. Absent: the function itself. */
  readonly qualifier?: string;
  /** `NONE` or `AWS_IAM`. */
  readonly authType: string;
  /** Default: `BUFFERED`. */
  readonly invokeMode?: string;
  readonly cors?: UrlCors;
}

/** What is not given stays; `cors` replaces what was there as a whole, and an empty one removes it. */
export type UpdateUrlConfigInput = Pick<UrlConfigInput, 'functionName'> & Partial<UrlConfigInput>;

export interface FunctionUrl {
  readonly functionName: string;
  /** An alias; undefined: the function itself. */
  readonly qualifier: string | undefined;
  readonly config: FunctionUrlConfig;
}

/** The URLs by which functions and aliases answer HTTP requests (LAMBDA.md C8.3). What happens at one is the server's business. */
export interface FunctionUrls {
  create(input: UrlConfigInput): Promise<FunctionUrl>;
  get(functionName: string, qualifier?: string): FunctionUrl;
  update(input: UpdateUrlConfigInput): Promise<FunctionUrl>;
  delete(functionName: string, qualifier?: string): Promise<void>;
  /** The function's own first, then those of its aliases by name. */
  list(input: PageInput & { readonly functionName: string }): {
    readonly urls: readonly FunctionUrl[];
    readonly nextMarker?: string;
  };
  /** On the way of every request to a URL: whose it is, and the policy that says who may use it. Undefined: nobody's. */
  find(urlId: string): (FunctionUrl & { readonly statements: readonly PolicyStatement[] }) | undefined;
}

export interface LayerPermissionInput {
  readonly layerName: string;
  readonly version: number;
  readonly statement: Omit<PolicyStatement, 'Resource'>;
  readonly revisionId?: string;
}

/** The same for layer versions, each with a revision of its own. */
export interface LayerPolicies {
  add(input: LayerPermissionInput): Promise<{ readonly statement: PolicyStatement; readonly revisionId: string }>;
  get(layerName: string, version: number): NonNullable<LayerVersion['policy']>;
  remove(layerName: string, version: number, statementId: string, revisionId?: string): Promise<void>;
}

/** Tags of functions by their ARN (LAMBDA.md C3.28). */
export interface FunctionTags {
  add(resource: string, tags: Readonly<Record<string, string>>): Promise<void>;
  list(resource: string): Readonly<Record<string, string>>;
  remove(resource: string, keys: readonly string[]): Promise<void>;
}

export interface PublishLayerInput {
  readonly layerName: string;
  readonly zipFile: Uint8Array;
  readonly description?: string;
  readonly compatibleRuntimes?: readonly string[];
  readonly compatibleArchitectures?: readonly string[];
  readonly licenseInfo?: string;
}

/** Only layers that say they suit. */
export interface LayerFilter {
  readonly compatibleRuntime?: string;
  readonly compatibleArchitecture?: string;
}

/** Layers that functions name by ARN (LAMBDA.md C3.27). A function keeps what it was made with when a version is deleted. */
export interface FunctionLayers {
  publish(input: PublishLayerInput): Promise<LayerVersion>;
  get(layerName: string, version: number): LayerVersion;
  getByArn(arn: string): LayerVersion;
  /** The latest version first. */
  listVersions(input: PageInput & LayerFilter & { readonly layerName: string }): {
    readonly layers: readonly LayerVersion[];
    readonly nextMarker?: string;
  };
  /** The latest version of each, sorted by name. */
  list(input: PageInput & LayerFilter): { readonly layers: readonly LayerVersion[]; readonly nextMarker?: string };
  /** Harmless for one that does not exist. */
  delete(layerName: string, version: number): Promise<void>;
  zip(layerName: string, version: number): Promise<Uint8Array>;
}

/** What an account has and may have (LAMBDA.md C8.7). */
export interface AccountUsage {
  readonly functionCount: number;
  readonly totalCodeBytes: number;
  readonly concurrency: number;
  readonly unreservedConcurrency: number;
}

/** A function name as clients write it, taken apart (LAMBDA.md C1.2, C1.3). */
export interface FunctionReference {
  readonly functionName: string;
  /** `$LATEST` when the client named none. */
  readonly qualifier: string;
  /** Whether the client named one: it decides which ARN answers carry (A5.4, C3.6). */
  readonly qualified: boolean;
}

/** What an invocation needs of a function, resolved. */
export interface DeployedVersion {
  readonly configuration: FunctionConfiguration;
  readonly version: string;
  readonly code: PreparedCode;
  /** Absent when the network settings have none, or when they were given to a process that has ended. */
  readonly networkCredentials?: NetworkCredentials;
}

/**
 * The functions of one engine: what exists, in which state, with which code. It validates everything a client sends and
 * throws EngineError with Lambda's texts. Mutations return at once with `Pending` or `InProgress`; preparing code goes on
 * behind them. Invocations of `$LATEST` resolve the last one that became Active (LAMBDA.md C3.10).
 */
export interface FunctionRegistry {
  create(input: CreateFunctionInput): Promise<FunctionRecord>;
  get(reference: FunctionReference): FunctionRecord;
  updateCode(input: UpdateCodeInput): Promise<FunctionRecord>;
  updateConfiguration(input: UpdateConfigurationInput): Promise<FunctionRecord>;
  delete(reference: FunctionReference): Promise<void>;
  /** Sorted by name. With `versions: 'all'` each function is followed by its published versions. */
  list(options: PageInput & { readonly versions?: 'latest' | 'all' }): {
    readonly functions: readonly FunctionRecord[];
    readonly nextMarker?: string;
  };
  /**
   * Makes an unchangeable version of `$LATEST` as it is now. When nothing has changed since the last one was published, that one is
   * the answer (LAMBDA.md C3.15).
   */
  publishVersion(input: PublishVersionInput): Promise<FunctionRecord>;
  /** `$LATEST`, then the published versions, rising. */
  listVersions(input: PageInput & { readonly functionName: string }): {
    readonly versions: readonly FunctionRecord[];
    readonly nextMarker?: string;
  };
  readonly aliases: FunctionAliases;
  readonly concurrency: FunctionConcurrency;
  /** What is asked for. `Engine.functions` tells what exists, too. */
  readonly provisioned: FunctionProvisioning;
  readonly recursion: FunctionRecursion;
  readonly policies: FunctionPolicies;
  readonly urls: FunctionUrls;
  readonly eventInvokeConfigs: FunctionEventInvokeConfigs;
  readonly tags: FunctionTags;
  readonly layers: FunctionLayers;
  readonly layerPolicies: LayerPolicies;
  usage(): AccountUsage;
  /** Bytes of the zip (or of a zip made from the pack) for GetFunction's `Code.Location`. */
  codeZip(reference: FunctionReference): Promise<Uint8Array>;
  /**
   * A promise only for a published version whose code has to be prepared again, after an update of isotherm.
   * @throws EngineError ResourceNotFoundException, ResourceConflictException (Pending)
   */
  resolve(reference: FunctionReference): DeployedVersion | Promise<DeployedVersion>;
  /** Resolves when the function's last mutation is done: Active/Successful or Failed. */
  settled(functionName: string): Promise<FunctionRecord>;
  close(): Promise<void>;
}
