/** Layers that are published once and named by functions with their ARN: checked, kept, found (LAMBDA.md C3.27). */
import { join } from 'node:path';
import { EngineError } from '../model/errors.ts';
import { type LayerReference, type LayerVersion, layerVersionArn } from '../model/layer-version.ts';
import { limits } from '../model/limits.ts';
import { Constraints, memberRule, pattern } from '../model/validation.ts';
import type { CodeStore } from './code-store.ts';
import { lastModified } from './function-state.ts';
import type { FunctionTable } from './function-table.ts';
import type { LayerInput } from './layers.ts';
import { page } from './page.ts';
import type { CodePack } from './prepared-code.ts';
import type { FunctionLayers, PublishLayerInput } from './registry.ts';
import { checkZippedSize, zipEntries } from './zip.ts';

const namePattern = pattern('(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+');
const arnPattern = pattern(
  '(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)' +
    '|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)',
);
const architectures = ['x86_64', 'arm64'];

/** Keeps a package from being removed before somebody's record names it. */
export type Guard = <Result>(packed: () => Promise<CodePack>, use: (pack: CodePack) => Result) => Promise<Result>;

export class LayerVersions implements FunctionLayers {
  readonly #table: FunctionTable;
  readonly #code: CodeStore;
  readonly #guard: Guard;
  /** Versions of each layer, rising. */
  readonly #layers = new Map<string, Map<number, LayerVersion>>();
  readonly #last = new Map<string, number>();

  constructor(table: FunctionTable, code: CodeStore, guard: Guard) {
    this.#table = table;
    this.#code = code;
    this.#guard = guard;
  }

  restore(): void {
    const { layers, lastVersions } = this.#table.store.layers();
    for (const [layerName, last] of lastVersions) this.#last.set(layerName, last);
    for (const layer of layers) this.#add(layer);
  }

  async publish(input: PublishLayerInput): Promise<LayerVersion> {
    const { description = '', compatibleRuntimes = [], compatibleArchitectures = [], licenseInfo } = input;
    const constraints = new Constraints();
    checkName(constraints, input.layerName);
    constraints.text(description, 'description', { lengthMax: limits.descriptionLengthMax });
    if (licenseInfo !== undefined) {
      constraints.text(licenseInfo, 'licenseInfo', { lengthMax: limits.layerLicenseLengthMax });
    }
    checkRuntimes(constraints, compatibleRuntimes);
    if (!compatibleArchitectures.every((each) => architectures.includes(each))) {
      const rule = memberRule([
        `Member must satisfy enum value set: [${architectures.join(', ')}]`,
        'Member must not be null',
      ]);
      constraints.violate(compatibleArchitectures, 'compatibleArchitectures', rule);
    }
    constraints.throwIfViolated();
    const layerName = bareName(input.layerName);
    const { zipFile } = input;
    checkZippedSize(zipFile.byteLength);
    const write = () => this.#code.write(zipEntries(zipFile), { bytes: zipFile });
    return await this.#guard(write, ({ codeSha256, codeBytes }) => {
      const layer: LayerVersion = {
        layerName,
        version: (this.#last.get(layerName) ?? 0) + 1,
        description,
        createdDate: lastModified(this.#table.stamp().epochMs),
        codeSha256,
        codeBytes,
        compatibleRuntimes,
        compatibleArchitectures,
        ...(licenseInfo !== undefined && { licenseInfo }),
      };
      this.#table.store.saveLayer(layer);
      this.#add(layer);
      return layer;
    });
  }

  get(name: string, version: number): LayerVersion {
    const layer = this.#find(name, version);
    if (layer !== undefined) return layer;
    throw new EngineError('ResourceNotFoundException', 'The resource you requested does not exist.');
  }

  /** For operations that belong to a version and say which one is missing. */
  named(name: string, version: number): LayerVersion {
    const layer = this.#find(name, version);
    if (layer !== undefined) return layer;
    const arn = layerVersionArn({ layerName: bareName(name), version });
    throw new EngineError('ResourceNotFoundException', `Layer version ${arn} does not exist.`);
  }

  /** The same version with another policy. */
  replace(layer: LayerVersion): void {
    this.#table.store.updateLayer(layer);
    this.#add(layer);
  }

  getByArn(arn: string): LayerVersion {
    const constraints = new Constraints();
    constraints.text(arn, 'arn', { lengthMin: 1, lengthMax: limits.layerArnLengthMax, pattern: arnPattern });
    constraints.throwIfViolated();
    const [name, version] = split(arn);
    return this.get(name, version);
  }

  listVersions({
    layerName,
    compatibleRuntime,
    compatibleArchitecture,
    ...part
  }: Parameters<FunctionLayers['listVersions']>[0]) {
    const constraints = new Constraints();
    checkName(constraints, layerName);
    constraints.throwIfViolated();
    const layers = [...(this.#layers.get(bareName(layerName))?.values() ?? [])]
      .filter((layer) => suits(layer, compatibleRuntime, compatibleArchitecture))
      .reverse();
    const { items, nextMarker } = page(
      part,
      layers,
      ({ version }) => String(version),
      (version, marked) => Number(version) < Number(marked),
    );
    return { layers: items, ...(nextMarker !== undefined && { nextMarker }) };
  }

  list({ compatibleRuntime, compatibleArchitecture, ...part }: Parameters<FunctionLayers['list']>[0]) {
    const latest = [...this.#layers.values()].flatMap((versions) => {
      const fitting = [...versions.values()].filter((layer) => suits(layer, compatibleRuntime, compatibleArchitecture));
      return fitting.at(-1) ?? [];
    });
    const { items, nextMarker } = page(
      part,
      latest.sort((a, b) => (a.layerName < b.layerName ? -1 : 1)),
      ({ layerName }) => layerName,
      (name, marked) => name > marked,
    );
    return { layers: items, ...(nextMarker !== undefined && { nextMarker }) };
  }

  async delete(name: string, version: number): Promise<void> {
    this.#table.assertOpen();
    const layer = this.#find(name, version);
    if (layer === undefined) return;
    this.#table.store.removeLayer(layer.layerName, version);
    this.#layers.get(layer.layerName)?.delete(version);
  }

  async zip(name: string, version: number): Promise<Uint8Array> {
    return await this.#code.packageZip(this.get(name, version).codeSha256);
  }

  /** Where the layers lie that a function names, and what to remember of those that have an ARN. */
  resolve(inputs: readonly LayerInput[]): {
    readonly inputs: readonly LayerInput[];
    readonly named: readonly LayerReference[];
  } {
    if (!Array.isArray(inputs)) return { inputs, named: [] };
    const named: LayerReference[] = [];
    const seen = new Map<string, string>();
    const found = inputs.map((input) => {
      if (typeof input !== 'string' || !input.startsWith('arn:')) return input;
      checkReferences(inputs);
      const [name, version] = split(input);
      const other = seen.get(name);
      if (other !== undefined) {
        throw new EngineError(
          'InvalidParameterValueException',
          'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
            `${other} and ${input} are versions of the same layer.`,
        );
      }
      seen.set(name, input);
      const layer = this.#layers.get(name)?.get(version);
      if (layer === undefined || layerVersionArn(layer) !== input) {
        throw new EngineError('InvalidParameterValueException', `Layer version ${input} does not exist.`);
      }
      named.push({ arn: input, codeBytes: layer.codeBytes });
      return join(this.#code.folder(layer.codeSha256), 'package.zip');
    });
    return { inputs: found, named };
  }

  #find(name: string, version: number): LayerVersion | undefined {
    const constraints = new Constraints();
    checkName(constraints, name);
    constraints.throwIfViolated();
    if (!(version >= 1)) {
      throw new EngineError('InvalidParameterValueException', 'Layer Version Cannot be less than 1');
    }
    return this.#layers.get(bareName(name))?.get(version);
  }

  #add(layer: LayerVersion): void {
    const versions = this.#layers.get(layer.layerName) ?? new Map<number, LayerVersion>();
    this.#layers.set(layer.layerName, versions.set(layer.version, layer));
    this.#last.set(layer.layerName, Math.max(layer.version, this.#last.get(layer.layerName) ?? 0));
  }
}

function suits(layer: LayerVersion, runtime: string | undefined, architecture: string | undefined): boolean {
  return (
    (runtime === undefined || layer.compatibleRuntimes.includes(runtime)) &&
    (architecture === undefined || layer.compatibleArchitectures.includes(architecture))
  );
}

function checkName(constraints: Constraints, layerName: unknown): void {
  const rule = { lengthMin: 1, lengthMax: limits.layerNameLengthMax, pattern: namePattern };
  constraints.text(layerName, 'layerName', rule);
}

/** Layers serve functions of other languages, too, on AWS: whatever looks like one of its runtimes passes. */
function checkRuntimes(constraints: Constraints, runtimes: readonly string[]): void {
  const path = 'compatibleRuntimes';
  if (runtimes.length > limits.layerRuntimesMax) {
    constraints.violate(runtimes, path, `Member must have length less than or equal to ${limits.layerRuntimesMax}`);
  }
  const looksLike = /^(nodejs|python|java|dotnet|dotnetcore|ruby|go|provided)[0-9]*(\.[0-9a-z]+)*(-[a-z]+)?$/;
  if (!runtimes.every((each) => looksLike.test(each))) {
    constraints.violate(
      runtimes,
      path,
      memberRule([`Member must satisfy regular expression pattern: ${looksLike.source}`]),
    );
  }
}

function checkReferences(inputs: readonly LayerInput[]): void {
  const constraints = new Constraints();
  const named = inputs.filter((input) => typeof input === 'string' && input.startsWith('arn:'));
  if (!named.every((arn) => arnPattern.expression.test(String(arn)))) {
    constraints.violate(
      named,
      'layers',
      memberRule([`Member must satisfy regular expression pattern: ${arnPattern.text}`]),
    );
  }
  constraints.throwIfViolated();
}

/** Of a name, or of a layer's ARN. */
function bareName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

function split(arn: string): [name: string, version: number] {
  const parts = arn.split(':');
  return [parts.at(-2) ?? '', Number(parts.at(-1))];
}
