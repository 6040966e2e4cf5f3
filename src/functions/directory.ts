/**
 * Reads a directory of the host as package entries, sorted by name so that the same files always make the same package.
 * Regular files only. A symbolic link is followed when it ends inside the directory (node_modules of some package managers
 * consist of such links) and refused when it leaves it: a package must not pick up what nobody meant to deploy.
 */
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { type PackageEntries, type PackageEntry, packedMode } from './package-entry.ts';
import { packagePath } from './package-path.ts';

/** Never part of a program, and often larger than it. */
const skippedFolders: ReadonlySet<string> = new Set(['.git']);

const pieceBytes = 1_048_576;

interface Walk {
  readonly root: string;
  entries: number;
  bytes: number;
}

/** @throws EngineError InvalidParameterValueException */
export async function* directoryEntries(directory: string): PackageEntries {
  const walk: Walk = { root: await rootOf(directory), entries: 0, bytes: 0 };
  yield* walkFolder(walk, walk.root, '', [walk.root]);
  if (walk.entries === 0) throw invalid(`The directory ${directory} contains no files`);
}

async function rootOf(directory: string): Promise<string> {
  try {
    const root = await realpath(directory);
    if (!(await stat(root)).isDirectory()) throw invalid(`${directory} is not a directory`);
    return root;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw invalid(`The directory ${directory} cannot be read`, error);
  }
}

/** `ancestors`: real paths from the root to here, so that a link back up is noticed instead of followed for ever. */
async function* walkFolder(
  walk: Walk,
  folder: string,
  prefix: string,
  ancestors: readonly string[],
): AsyncGenerator<PackageEntry> {
  for (const entry of await entriesIn(folder)) {
    const { name } = entry;
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const beside = join(folder, name);
    const real = entry.isSymbolicLink() ? await inside(walk, beside, path) : beside;
    const handle = await openToRead(real, path);
    try {
      const stats = await handle.stat();
      if (stats.isDirectory()) {
        if (skippedFolders.has(name)) continue;
        if (ancestors.includes(real)) throw invalid(`${path} is a symbolic link to a folder that contains it`);
        await handle.close();
        yield* walkFolder(walk, real, path, [...ancestors, real]);
      } else if (stats.isFile()) {
        yield { path: checkedPath(walk, path), mode: packedMode(stats.mode), content: read(walk, handle, stats.size) };
      } else {
        throw invalid(`${path} is neither a file nor a folder`);
      }
    } finally {
      await handle.close();
    }
  }
}

async function entriesIn(folder: string): Promise<Dirent[]> {
  // By code unit, not by locale: the order decides the package's hash.
  return (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function inside(walk: Walk, file: string, path: string): Promise<string> {
  let real: string;
  try {
    real = await realpath(file);
  } catch (error) {
    throw invalid(`${path} is a symbolic link that leads nowhere`, error);
  }
  const way = relative(walk.root, real);
  if (way === '..' || way.startsWith(`..${sep}`)) {
    throw invalid(`${path} is a symbolic link that leaves the directory`);
  }
  return real;
}

async function openToRead(real: string, path: string): Promise<FileHandle> {
  try {
    // NONBLOCK: opening a named pipe would wait for its writer. NOFOLLOW: `real` was no link a moment ago.
    return await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw invalid(`${path} cannot be read`, error);
  }
}

function checkedPath(walk: Walk, path: string): string {
  walk.entries += 1;
  if (walk.entries > limits.packageEntriesMax) {
    throw invalid(`The directory contains more than ${limits.packageEntriesMax} files`);
  }
  const checked = packagePath(path);
  if (checked.kind === 'refused') throw invalid(`The name ${JSON.stringify(path)} ${checked.reason}`);
  return checked.path;
}

/** In pieces; a file that grows meanwhile is read to where it ended. */
async function* read(walk: Walk, handle: FileHandle, size: number): AsyncIterable<Uint8Array> {
  for (let position = 0; position < size; ) {
    const piece = Buffer.allocUnsafe(Math.min(size - position, pieceBytes));
    const { bytesRead } = await handle.read(piece, 0, piece.byteLength, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    walk.bytes += bytesRead;
    if (walk.bytes >= limits.unzippedBytesMax) throw tooLarge(walk.bytes);
    yield piece.subarray(0, bytesRead);
  }
}

function tooLarge(asked: number): EngineError {
  return new EngineError(
    'InvalidParameterValueException',
    `Unzipped size must be smaller than ${limits.unzippedBytesMax} bytes`,
    { limit: { name: 'unzippedBytesMax', value: limits.unzippedBytesMax, asked } },
  );
}

function invalid(message: string, cause?: unknown): EngineError {
  return new EngineError('InvalidParameterValueException', `Could not pack the directory. ${message}.`, { cause });
}
