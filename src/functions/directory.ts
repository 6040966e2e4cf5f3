/**
 * Reads a directory of the host as package entries, sorted by name so that the same files always make the same package.
 * Regular files only. A symbolic link is followed when it ends inside the directory (node_modules of some package managers
 * consist of such links) and refused when it leaves it: a package must not pick up what nobody meant to deploy.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { type PackageEntries, type PackageEntry, packedMode } from './package-entry.ts';
import { packagePath } from './package-path.ts';

/** Never part of a program, and often larger than it. */
const skippedFolders: ReadonlySet<string> = new Set(['.git']);

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
    return await realpath(directory);
  } catch (error) {
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
  for (const name of await namesIn(folder)) {
    const path = prefix === '' ? name : `${prefix}/${name}`;
    const real = await inside(walk, join(folder, name), path);
    const handle = await openToRead(real, path);
    try {
      const stats = await handle.stat();
      if (stats.isDirectory()) {
        if (skippedFolders.has(name)) continue;
        if (ancestors.includes(real)) throw invalid(`${path} is a symbolic link to a folder that contains it`);
        await handle.close();
        yield* walkFolder(walk, real, path, [...ancestors, real]);
      } else if (stats.isFile()) {
        yield { path: checkedPath(walk, path), mode: packedMode(stats.mode), content: read(walk, handle) };
      } else {
        throw invalid(`${path} is neither a file nor a folder`);
      }
    } finally {
      await handle.close();
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  // By code unit, not by locale: the order decides the package's hash.
  return (await readdir(folder)).sort((a, b) => (a < b ? -1 : 1));
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

async function* read(walk: Walk, handle: FileHandle): AsyncIterable<Uint8Array> {
  for await (const chunk of handle.createReadStream({ autoClose: false })) {
    walk.bytes += chunk.length;
    if (walk.bytes >= limits.unzippedBytesMax) {
      throw new EngineError(
        'InvalidParameterValueException',
        `Unzipped size must be smaller than ${limits.unzippedBytesMax} bytes`,
        { limit: { name: 'unzippedBytesMax', value: limits.unzippedBytesMax, asked: walk.bytes } },
      );
    }
    yield chunk;
  }
}

function invalid(message: string, cause?: unknown): EngineError {
  return new EngineError('InvalidParameterValueException', `Could not pack the directory. ${message}.`, { cause });
}
