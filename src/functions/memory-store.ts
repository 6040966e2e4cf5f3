import type { FunctionAlias } from '../model/function-alias.ts';
import type { FunctionStore, StoredFunction, StoredVersion } from './function-store.ts';
import type { CodePack } from './prepared-code.ts';

/** A FunctionStore for engines without a data directory: what it keeps ends with the process. */
export class MemoryStore implements FunctionStore {
  readonly #functions = new Map<string, StoredFunction>();
  readonly #versions = new Map<string, Map<string, StoredVersion>>();
  readonly #aliases = new Map<string, Map<string, FunctionAlias>>();

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

  codeInUse(): ReadonlySet<string> {
    const hashes = new Set<string>();
    for (const { codeSha256, layers } of this.#packs()) {
      hashes.add(codeSha256);
      if (layers !== undefined) hashes.add(layers.codeSha256);
    }
    return hashes;
  }

  codeBytes(): number {
    return this.#packs().reduce((sum, { codeBytes }) => sum + codeBytes, 0);
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
