import type { FunctionAlias } from '../model/function-alias.ts';
import type { LayerVersion } from '../model/layer-version.ts';
import type { FunctionStore, StoredFunction, StoredVersion } from './function-store.ts';
import type { CodePack } from './prepared-code.ts';

/** A FunctionStore for engines without a data directory: what it keeps ends with the process. */
export class MemoryStore implements FunctionStore {
  readonly #functions = new Map<string, StoredFunction>();
  readonly #versions = new Map<string, Map<string, StoredVersion>>();
  readonly #aliases = new Map<string, Map<string, FunctionAlias>>();
  readonly #layers = new Map<string, LayerVersion>();
  readonly #lastLayers = new Map<string, number>();

  load(): readonly StoredFunction[] {
    return [...this.#functions.values()];
  }

  save(stored: StoredFunction, version?: StoredVersion): void {
    this.#functions.set(stored.record.configuration.functionName, stored);
    if (version !== undefined) this.saveVersion(version);
  }

  remove(functionName: string): void {
    this.#functions.delete(functionName);
    this.#versions.delete(functionName);
    this.#aliases.delete(functionName);
  }

  versions(): ReadonlyMap<string, readonly string[]> {
    const rising = (numbers: Iterable<string>): string[] => [...numbers].sort((a, b) => Number(a) - Number(b));
    return new Map([...this.#versions].map(([functionName, versions]) => [functionName, rising(versions.keys())]));
  }

  loadVersion(functionName: string, version: string): StoredVersion | undefined {
    return this.#versions.get(functionName)?.get(version);
  }

  saveVersion(version: StoredVersion): void {
    const { configuration, version: number } = version.record;
    inner(this.#versions, configuration.functionName).set(number, version);
  }

  removeVersion(functionName: string, version: string): void {
    this.#versions.get(functionName)?.delete(version);
  }

  aliases(): readonly FunctionAlias[] {
    return [...this.#aliases.values()].flatMap((aliases) => [...aliases.values()]);
  }

  saveAlias(alias: FunctionAlias): void {
    inner(this.#aliases, alias.functionName).set(alias.name, alias);
  }

  removeAlias(functionName: string, name: string): void {
    this.#aliases.get(functionName)?.delete(name);
  }

  layers(): ReturnType<FunctionStore['layers']> {
    return { layers: [...this.#layers.values()], lastVersions: this.#lastLayers };
  }

  saveLayer(layer: LayerVersion): void {
    this.#layers.set(`${layer.layerName}:${layer.version}`, layer);
    this.#lastLayers.set(layer.layerName, layer.version);
  }

  updateLayer(layer: LayerVersion): void {
    this.#layers.set(`${layer.layerName}:${layer.version}`, layer);
  }

  removeLayer(layerName: string, version: number): void {
    this.#layers.delete(`${layerName}:${version}`);
  }

  codeInUse(): ReadonlySet<string> {
    const hashes = new Set([...this.#layers.values()].map(({ codeSha256 }) => codeSha256));
    for (const { codeSha256, layers } of this.#packs()) {
      hashes.add(codeSha256);
      if (layers !== undefined) hashes.add(layers.codeSha256);
    }
    return hashes;
  }

  codeBytes(): number {
    return [...this.#packs(), ...this.#layers.values()].reduce((sum, { codeBytes }) => sum + codeBytes, 0);
  }

  close(): void {
    this.#functions.clear();
    this.#versions.clear();
    this.#aliases.clear();
  }

  #packs(): readonly CodePack[] {
    const versions = [...this.#versions.values()].flatMap((each) => [...each.values()]);
    return [...this.#functions.values(), ...versions].map(({ pack }) => pack);
  }
}

function inner<Value>(outer: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const known = outer.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, Value>();
  outer.set(key, made);
  return made;
}
