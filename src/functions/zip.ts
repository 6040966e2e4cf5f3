/**
 * Reads an uploaded zip as package entries, trusting nothing in it: names, types, sizes and counts are checked before a byte
 * is unpacked, and real sizes while it is. Unpacking to where is the code store's business.
 *
 * Refusals begin with AWS's sentence (LAMBDA.md C3.19); our reason follows in parentheses where the archive is one that unzips.
 */
import { readFile, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { type PackageEntries, packedMode } from './package-entry.ts';
import { PackageNames, packagePath } from './package-path.ts';

const sentence = 'Could not unzip uploaded file. Please check your file, then try to upload again.';

interface CheckedEntry {
  readonly entry: Entry;
  readonly path: string;
}

/** @throws EngineError RequestEntityTooLargeException: measured before anything is read. */
export function checkZippedSize(bytes: number): void {
  if (bytes < limits.zipBytesMax) return;
  throw new EngineError(
    'RequestEntityTooLargeException',
    `Zipped size must be smaller than ${limits.zipBytesMax} bytes`,
    {
      limit: { name: 'zipBytesMax', value: limits.zipBytesMax, asked: bytes },
    },
  );
}

/** @param option that named the path. @throws EngineError RequestEntityTooLargeException, InvalidParameterValueException */
export async function zipAt(path: string, option: string): Promise<Uint8Array> {
  try {
    checkZippedSize((await stat(path)).size);
    return await readFile(path);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('InvalidParameterValueException', `${option}: ${path} cannot be read`, { cause: error });
  }
}

/** @throws EngineError RequestEntityTooLargeException, InvalidParameterValueException, also while entries are read */
export async function* zipEntries(bytes: Uint8Array): PackageEntries {
  checkZippedSize(bytes.byteLength);
  const zip = await open(bytes);
  try {
    const unpacked = { bytes: 0 };
    for (const { entry, path } of await checkedEntries(zip, bytes.byteLength)) {
      yield { path, mode: packedMode(entry.externalFileAttributes >>> 16), content: inflate(zip, entry, unpacked) };
    }
  } finally {
    zip.close();
  }
}

async function open(bytes: Uint8Array): Promise<ZipFile> {
  try {
    return await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      lazyEntries: true,
      // Sizes that lie are errors of the read stream, on top of our own count.
      validateEntrySizes: true,
      // Backslashes stay as they are, to be refused by name instead of being turned into folders.
      strictFileNames: true,
      autoClose: false,
    });
  } catch (error) {
    // Whatever yauzl says here, the bytes are not a zip archive.
    throw new EngineError('InvalidParameterValueException', sentence, { cause: error });
  }
}

/** The whole central directory is judged first: a package is refused before any of it is written. */
async function checkedEntries(zip: ZipFile, zipBytes: number): Promise<CheckedEntry[]> {
  if (zip.entryCount > limits.packageEntriesMax) {
    throw refused(`${zip.entryCount} entries; at most ${limits.packageEntriesMax} are allowed`);
  }
  const checked: CheckedEntry[] = [];
  const names = new PackageNames();
  let packedTotal = 0;
  let unpackedTotal = 0;
  for await (const entry of centralDirectory(zip)) {
    const name = packagePath(entry.fileName.replace(/\/$/, ''));
    if (name.kind === 'refused') throw refused(`the name ${quoted(entry.fileName)} ${name.reason}`);
    const reason = entryRefusal(entry);
    if (reason !== undefined) throw refused(`${quoted(entry.fileName)} ${reason}`);
    packedTotal += entry.compressedSize;
    unpackedTotal += entry.uncompressedSize;
    if (unpackedTotal >= limits.unzippedBytesMax) throw tooLargeUnzipped(unpackedTotal);
    if (entry.fileName.endsWith('/')) continue;
    const clash = names.add(name.path);
    if (clash !== undefined) throw refused(`the name ${quoted(entry.fileName)} ${clash}`);
    checked.push({ entry, path: name.path });
  }
  // Entries that share their data are how small archives unpack to large ones.
  if (packedTotal > zipBytes) throw refused('entries overlap');
  if (checked.length === 0) {
    throw new EngineError('InvalidParameterValueException', 'Uploaded file must be a non-empty zip');
  }
  return checked;
}

async function* centralDirectory(zip: ZipFile): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    // yauzl checks names itself and says so; any other fault means a damaged archive.
    const reason = error instanceof Error ? error.message : '';
    if (/relative path|absolute path|invalid characters/.test(reason)) throw refused(reason, error);
    throw new EngineError('InvalidParameterValueException', sentence, { cause: error });
  }
}

function entryRefusal(entry: Entry): string | undefined {
  const isFolder = entry.fileName.endsWith('/');
  if (entry.isEncrypted()) return 'is encrypted';
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    return `is compressed with method ${entry.compressionMethod}; only stored and deflated entries are read`;
  }
  // File type bits of Unix; absent (0) in archives made elsewhere.
  const type = (entry.externalFileAttributes >>> 16) & 0o170000;
  if (type === 0o120000) return 'is a symbolic link';
  if (type !== 0 && type !== 0o100000 && type !== 0o040000) return 'is a special file';
  if ((type === 0o040000) !== isFolder && type !== 0) return 'is a file by its name and not by its type';
  if (isFolder && entry.uncompressedSize > 0) return 'is a folder with content';
  const ratio = entry.uncompressedSize / Math.max(1, entry.compressedSize);
  if (ratio > limits.zipRatioMax) return `unpacks to ${Math.round(ratio)} times its size`;
  return undefined;
}

async function* inflate(zip: ZipFile, entry: Entry, unpacked: { bytes: number }): AsyncIterable<Uint8Array> {
  let checksum = 0;
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      unpacked.bytes += chunk.byteLength;
      if (unpacked.bytes >= limits.unzippedBytesMax) throw tooLargeUnzipped(unpacked.bytes);
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    // The stream's own faults: damaged data, or sizes that differ from what the directory declared.
    throw new EngineError('InvalidParameterValueException', sentence, { cause: error });
  }
  if (checksum !== entry.crc32) throw refused(`${quoted(entry.fileName)} has a wrong checksum`);
}

function refused(reason: string, cause?: unknown): EngineError {
  return new EngineError('InvalidParameterValueException', `${sentence} (${reason})`, { cause });
}

function tooLargeUnzipped(asked: number): EngineError {
  return new EngineError(
    'InvalidParameterValueException',
    `Unzipped size must be smaller than ${limits.unzippedBytesMax} bytes`,
    { limit: { name: 'unzippedBytesMax', value: limits.unzippedBytesMax, asked } },
  );
}

/** Names come from an attacker and go into messages and logs: short, on one line, no control characters. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}...` : name);
}
