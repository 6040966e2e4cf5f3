/**
 * Layers of a function: directories and zips that its environments find below `/opt`, one over the other in the order they were
 * given (LAMBDA.md C3.27). They are kept as one more package, and count against the function's unzipped size.
 */
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { CodeStore } from './code-store.ts';
import { directoryEntries } from './directory.ts';
import type { PackageEntries } from './package-entry.ts';
import type { CodePack, PackedFile } from './prepared-code.ts';
import { zipAt, zipEntries } from './zip.ts';

/** A directory, a path that ends with `.zip`, or the bytes of a zip. */
export type LayerInput = string | Uint8Array;

/** Undefined for no layers. @throws EngineError InvalidParameterValueException, RequestEntityTooLargeException */
export async function packLayers(store: CodeStore, layers: readonly LayerInput[]): Promise<CodePack | undefined> {
  if (!Array.isArray(layers) || !layers.every((each) => typeof each === 'string' || each instanceof Uint8Array)) {
    throw new EngineError('InvalidParameterValueException', 'layers must be a list of paths or of zips as bytes');
  }
  if (layers.length > limits.layersMax) {
    throw new EngineError('InvalidParameterValueException', `Cannot reference more than ${limits.layersMax} layers.`, {
      limit: { name: 'layersMax', value: limits.layersMax, asked: layers.length },
    });
  }
  return layers.length === 0 ? undefined : await store.write(entriesOf(layers));
}

/** @throws EngineError InvalidParameterValueException with Lambda's text */
export function checkCombinedSize(pack: CodePack): void {
  const bytes = unzippedBytes(pack) + (pack.layers === undefined ? 0 : unzippedBytes(pack.layers));
  if (bytes < limits.unzippedBytesMax) return;
  throw new EngineError(
    'InvalidParameterValueException',
    `Function code combined with layers exceeds the maximum allowed size of ${limits.unzippedBytesMax} bytes. ` +
      `The actual size is ${bytes} bytes.`,
    { limit: { name: 'unzippedBytesMax', value: limits.unzippedBytesMax, asked: bytes } },
  );
}

/** What is seen of files in layers: a later one hides an earlier one of its name, or a folder of it. */
export function visibleFiles(files: readonly PackedFile[]): readonly PackedFile[] {
  const taken = new Set<string>();
  const folders = new Set<string>();
  const visible: PackedFile[] = [];
  for (const file of files.toReversed()) {
    const above = foldersOf(file.path);
    if (taken.has(file.path) || folders.has(file.path) || above.some((folder) => taken.has(folder))) continue;
    taken.add(file.path);
    for (const folder of above) folders.add(folder);
    visible.push(file);
  }
  return visible.reverse();
}

/** `a`, `a/b` of `a/b/c`. */
function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, at) => names.slice(0, at + 1).join('/'));
}

function unzippedBytes({ files }: CodePack): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function* entriesOf(layers: readonly LayerInput[]): PackageEntries {
  for (const layer of layers) {
    if (typeof layer === 'string' && !layer.endsWith('.zip')) yield* directoryEntries(layer);
    else yield* zipEntries(typeof layer === 'string' ? await zipAt(layer, 'layers') : layer);
  }
}
