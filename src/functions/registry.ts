import type { FunctionConfiguration, FunctionRecord } from '../model/function-configuration.ts';
import type { NetworkCredentials } from '../model/network-credentials.ts';
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
  /** Directories and zips that the function finds below `/opt`, later ones over earlier ones; at most 5. */
  readonly layers?: readonly LayerInput[];
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
  readonly revisionId?: string;
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
 * behind them. Invocations resolve the last version that became Active (LAMBDA.md C3.10).
 */
export interface FunctionRegistry {
  create(input: CreateFunctionInput): Promise<FunctionRecord>;
  get(reference: FunctionReference): FunctionRecord;
  updateCode(input: UpdateCodeInput): Promise<FunctionRecord>;
  updateConfiguration(input: UpdateConfigurationInput): Promise<FunctionRecord>;
  delete(reference: FunctionReference): Promise<void>;
  /** Sorted by name. */
  list(options: { readonly marker?: string; readonly maxItems?: number }): {
    readonly functions: readonly FunctionRecord[];
    readonly nextMarker?: string;
  };
  /** Bytes of the zip (or of a zip made from the pack) for GetFunction's `Code.Location`. */
  codeZip(reference: FunctionReference): Promise<Uint8Array>;
  /** @throws EngineError ResourceNotFoundException, ResourceConflictException (Pending) */
  resolve(reference: FunctionReference): DeployedVersion;
  /** Resolves when the function's last mutation is done: Active/Successful or Failed. */
  settled(functionName: string): Promise<FunctionRecord>;
  close(): Promise<void>;
}
