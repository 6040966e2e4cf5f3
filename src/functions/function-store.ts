import type { FunctionAlias } from '../model/function-alias.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { FunctionFacts } from '../model/function-facts.ts';
import type { LayerVersion } from '../model/layer-version.ts';
import type { CodePack } from './prepared-code.ts';

/** What is kept of a function across restarts. The registry owns the meaning; a store only keeps it. */
export interface StoredFunction {
  /** Of `$LATEST`. */
  readonly record: FunctionRecord;
  readonly pack: CodePack;
  readonly facts: FunctionFacts;
}

export interface StoredVersion {
  readonly record: FunctionRecord;
  readonly pack: CodePack;
  /** Says what `$LATEST` was when it was published: the same again is no new version. */
  readonly publishedFrom: string;
}

/** Port to durable storage. `store/` implements it on SQLite; without a data directory an in-memory one serves. Synchronous, like SQLite. */
export interface FunctionStore {
  load(): readonly StoredFunction[];
  /** Both or nothing. */
  save(stored: StoredFunction, version?: StoredVersion): void;
  /** With all its versions and aliases. */
  remove(functionName: string): void;

  /** Numbers of the published versions by function, rising. Reading no more than that keeps a start short however many there are. */
  versions(): ReadonlyMap<string, readonly string[]>;
  loadVersion(functionName: string, version: string): StoredVersion | undefined;
  saveVersion(version: StoredVersion): void;
  removeVersion(functionName: string, version: string): void;

  aliases(): readonly FunctionAlias[];
  saveAlias(alias: FunctionAlias): void;
  removeAlias(functionName: string, name: string): void;

  /** By layer, versions rising; and the number that each layer gave last. */
  layers(): { readonly layers: readonly LayerVersion[]; readonly lastVersions: ReadonlyMap<string, number> };
  saveLayer(layer: LayerVersion): void;
  /** Another record of one that is kept. */
  updateLayer(layer: LayerVersion): void;
  removeLayer(layerName: string, version: number): void;

  /** Hashes of all packages that functions, versions and layers need. */
  codeInUse(): ReadonlySet<string>;
  /** Sum of the sizes of the packages of all functions, versions and layers. */
  codeBytes(): number;
  close(): void;
}
