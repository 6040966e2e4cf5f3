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
import {
  type BuildProgress,
  type BuildRequest,
  type BuiltinEntry,
  decodeBuildRequest,
  type ImageManifest,
  imageFiles,
  imageFormat,
} from '../protocol/image-manifest.ts';
import { compileAll, type ModuleScript } from './build-runtime/code-cache.ts';
import { latin1 } from './build-runtime/compact.ts';
import { readConstants, readCoreData } from './build-runtime/constants.ts';
import { coreScript, moduleScript, primordialsIn } from './build-runtime/core-script.ts';
import { readNodeLibrary } from './build-runtime/node-library.ts';
import { takeSnapshot } from './ivm.ts';
import { coreScriptName } from './runtime-image.ts';

const [command, output] = process.argv.slice(2);
if (output === undefined) throw new Error('usage: build-runtime.ts build|snapshot <output directory>');
if (command === 'snapshot') snapshotCore(output);
else build(output, decodeBuildRequest(readFileSync(0, 'utf8')));

function build(directory: string, request: BuildRequest): void {
  const library = readNodeLibrary();
  const modules = new Map<string, ModuleScript>();
  const add = (id: string, source: string): void => {
    modules.set(id, { filename: `node:${id}`, source: moduleScript(source) });
  };
  for (const [id, source] of library.sources) add(id, source);
  for (const [id, value] of readConstants(library)) {
    add(`isotherm/data/${id}`, `module.exports = ${latin1(JSON.stringify(value))};`);
  }
  for (const [id, source] of Object.entries(request.modules)) add(id, source);

  const texts = [...modules.values()].map((script) => script.source);
  const used = primordialsIn([...texts, request.guest], library.primordialNames);
  const core = coreScript(library, readCoreData(library), request.guest, used);
  progress('library', `${modules.size} modules, core of ${Math.round(core.length / 1024)} KiB`);

  const caches = compileAll(core, modules);
  const { index, bytes } = packModules(modules, caches.modules);
  const files = new Map<string, Uint8Array>([
    [imageFiles.core, Buffer.from(core, 'latin1')],
    [imageFiles.coreCache, caches.core],
    [imageFiles.builtins, bytes],
    [imageFiles.builtinIndex, Buffer.from(JSON.stringify(index))],
  ]);
  for (const [name, content] of files) writeFileSync(join(directory, name), content);

  const reason = request.snapshot === 'off' ? 'snapshots are switched off' : trySnapshot(directory);
  if (reason === undefined) {
    const snapshot = readFileSync(join(directory, imageFiles.snapshot));
    files.set(imageFiles.snapshot, snapshot);
    progress('snapshot', `${Math.round(snapshot.byteLength / 1024)} KiB`);
  } else {
    progress('degraded', reason);
  }
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

function snapshotCore(directory: string): void {
  const core = readFileSync(join(directory, imageFiles.core), 'latin1');
  writeFileSync(join(directory, imageFiles.snapshot), takeSnapshot(core, coreScriptName));
}

function packModules(
  modules: ReadonlyMap<string, ModuleScript>,
  caches: ReadonlyMap<string, Uint8Array>,
): { index: BuiltinEntry[]; bytes: Uint8Array } {
  const index: BuiltinEntry[] = [];
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const [id, { filename, source }] of modules) {
    const text = Buffer.from(source, 'latin1');
    const cache = caches.get(id) ?? new Uint8Array();
    const cacheOffset = offset + text.byteLength;
    index.push({
      id,
      filename,
      sourceOffset: offset,
      sourceBytes: text.byteLength,
      cacheOffset,
      cacheBytes: cache.byteLength,
    });
    chunks.push(text, cache);
    offset = cacheOffset + cache.byteLength;
  }
  return { index, bytes: Buffer.concat(chunks) };
}

function progress(stage: BuildProgress['stage'], detail: string): void {
  const line: BuildProgress = { stage, detail };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
