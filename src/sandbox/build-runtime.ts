/**
 * A program: builds a runtime image from the node binary that runs it and the guest scripts it reads from stdin. Started by
 * `supervisor/runtime-cache` in a process of its own. Progress goes to stdout, one JSON line each.
 *
 *     node --expose-internals build-runtime.ts build <output directory> < request.json
 *     node build-runtime.ts snapshot <output directory>
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { offeredModules } from '../bridge/node-modules.ts';
import {
  type BuildProgress,
  type BuildRequest,
  type BuiltinEntry,
  type BuiltinIndex,
  decodeBuildRequest,
  type ImageManifest,
  imageFiles,
  imageFormat,
} from '../protocol/image-manifest.ts';
import { compileAll, type ModuleScript } from './build-runtime/code-cache.ts';
import { compact } from './build-runtime/compact.ts';
import { dataModule, readConstants, readCoreData } from './build-runtime/constants.ts';
import { baseScript, coreScript, primordialsIn } from './build-runtime/core-script.ts';
import { closuresOf, loadsOf } from './build-runtime/loads.ts';
import { aloneScript, moduleScripts } from './build-runtime/module-scripts.ts';
import { readNodeLibrary } from './build-runtime/node-library.ts';
import { takeSnapshot } from './ivm.ts';
import { cacheAlignment } from './native-table.ts';
import { baseScriptName } from './runtime-image.ts';

const [command, output] = process.argv.slice(2);
if (output === undefined) throw new Error('usage: build-runtime.ts build|snapshot <output directory>');
if (command === 'snapshot') snapshotBase(output);
else build(output, decodeBuildRequest(readFileSync(0, 'utf8')));

function build(directory: string, request: BuildRequest): void {
  const library = readNodeLibrary();
  const sources = new Map<string, string>();
  const add = (id: string, source: string): Map<string, string> => sources.set(id, compact(source));
  for (const [id, source] of library.sources) add(id, source);
  for (const [id, value] of readConstants(library)) {
    add(`isotherm/data/${id}`, dataModule(value));
  }
  for (const [id, source] of Object.entries(request.modules)) add(id, source);

  const used = primordialsIn([...sources.values(), request.guest], library.primordialNames);
  const base = baseScript(library, used, request.extraBaseCode);
  const core = coreScript(readCoreData(library), request.guest);
  progress('library', `${sources.size} modules, core of ${Math.round(core.length / 1024)} KiB`);

  writeFileSync(join(directory, imageFiles.base), base, 'latin1');
  const reason = request.snapshot === 'off' ? 'snapshots are switched off' : trySnapshot(directory);
  const snapshot = reason === undefined ? readFileSync(join(directory, imageFiles.snapshot)) : undefined;
  if (snapshot !== undefined) progress('snapshot', `${Math.round(snapshot.byteLength / 1024)} KiB`);
  else progress('degraded', reason ?? '');

  const loads = loadsOf({ base, snapshot, core, wasm: library.wasm }, sources, offeredModules, (id) =>
    aloneScript(sources, id),
  );
  const modules = moduleScripts(sources, loads);
  // V8 takes a code cache only in isolates of the same start-up snapshot, so caches come after it.
  const caches = compileAll({ base, snapshot, core, modules, wasm: library.wasm });
  const { index: scripts, bytes } = packModules(modules, caches.modules, library.wasm);
  const index: BuiltinIndex = {
    scripts,
    closures: closuresOf({ base, snapshot, core, modules, wasm: library.wasm }, loads),
  };
  const files = new Map<string, Uint8Array>([
    [imageFiles.base, Buffer.from(base, 'latin1')],
    [imageFiles.baseCache, caches.base],
    [imageFiles.core, Buffer.from(core, 'latin1')],
    [imageFiles.coreCache, caches.core],
    [imageFiles.builtins, bytes],
    [imageFiles.cryptoThread, Buffer.from(request.cryptoThread)],
    [imageFiles.builtinIndex, Buffer.from(JSON.stringify(index))],
  ]);
  if (snapshot !== undefined) files.set(imageFiles.snapshot, snapshot);
  if (request.nativeModulePath !== undefined) {
    files.set(imageFiles.nativeModule, readFileSync(request.nativeModulePath));
  }
  for (const [name, content] of files) writeFileSync(join(directory, name), content);
  const manifest: ImageManifest = {
    format: imageFormat,
    key: request.key,
    ...(reason === undefined ? { kind: 'snapshot' } : { kind: 'code-cache', reason }),
    files: Object.fromEntries(
      [...files].map(([name, content]) => [name, createHash('sha256').update(content).digest('hex')]),
    ),
  };
  writeFileSync(join(directory, imageFiles.manifest), JSON.stringify(manifest));
}

/** In a child of its own: what V8 cannot serialise aborts the process. Returns why it failed. */
function trySnapshot(directory: string): string | undefined {
  const child = spawnSync(
    process.execPath,
    [...snapshotFlags(), fileURLToPath(import.meta.url), 'snapshot', directory],
    {
      encoding: 'utf8',
    },
  );
  if (child.status === 0) return undefined;
  const line =
    child.stderr.split('\n').find((text) => /error|fatal|fail/i.test(text)) ?? child.stderr.trim().split('\n')[0] ?? '';
  return `no snapshot could be taken (${child.signal ?? `exit ${child.status}`}): ${line.trim()}`;
}

/** V8 flags must be those of the sandboxes; what only the builder needs is left out. */
function snapshotFlags(): string[] {
  return process.execArgv.filter((flag) => flag !== '--expose-internals');
}

function snapshotBase(directory: string): void {
  const base = readFileSync(join(directory, imageFiles.base), 'latin1');
  writeFileSync(join(directory, imageFiles.snapshot), takeSnapshot(base, baseScriptName));
}

function packModules(
  modules: readonly ModuleScript[],
  caches: readonly Uint8Array[],
  wasm: ReadonlyMap<string, Uint8Array>,
): { index: BuiltinEntry[]; bytes: Uint8Array } {
  const index: BuiltinEntry[] = [];
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const append = (chunk: Uint8Array): number => {
    chunks.push(chunk);
    offset += chunk.byteLength;
    return chunk.byteLength;
  };
  for (const [at, { ids, filename, source }] of modules.entries()) {
    const sourceOffset = offset;
    const sourceBytes = append(Buffer.from(source, 'latin1'));
    append(new Uint8Array(-offset & (cacheAlignment - 1)));
    const cacheOffset = offset;
    const cacheBytes = append(caches[at] ?? new Uint8Array());
    index.push({ kind: 'script', ids: [...ids], filename, sourceOffset, sourceBytes, cacheOffset, cacheBytes });
  }
  for (const [id, code] of wasm) {
    const sourceOffset = offset;
    const sourceBytes = append(code);
    index.push({
      kind: 'wasm',
      ids: [id],
      filename: id,
      sourceOffset,
      sourceBytes,
      cacheOffset: offset,
      cacheBytes: 0,
    });
  }
  return { index, bytes: Buffer.concat(chunks) };
}

function progress(stage: BuildProgress['stage'], detail: string): void {
  const line: BuildProgress = { stage, detail };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
