/**
 * Code packages on disk. Each lies in a folder of its own, named after its hash and complete from the moment it is visible:
 * `pack` (all contents one behind the other), `index.json` (where each file lies in it), `package.zip` if it came as a zip,
 * and beside them what `PreparedCodeCache` adds. It knows nothing of functions; who still needs what is told to `removeUnused`.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import { errorCode, errorMessage } from '../base/error-text.ts';
import { ownerMark } from '../base/owner-mark.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import type { PackageEntries } from './package-entry.ts';
import type { CodePack, PackedFile } from './prepared-code.ts';
import { writeZip, type ZipMember } from './zip-writer.ts';

const unfinishedPrefix = '.unfinished-';

/** A package's identity when it is known beforehand: a zip's own bytes. Other packages are named by what is packed. */
export interface ZipIdentity {
  readonly bytes: Uint8Array;
}

export class CodeStore {
  readonly #directory: string;
  readonly #ownsDirectory: boolean;
  /** One at a time: two deployments of the same package would each take the other's for a damaged one and remove it. */
  readonly #publishTurn = pLimit(1);

  private constructor(directory: string, ownsDirectory: boolean) {
    this.#directory = directory;
    this.#ownsDirectory = ownsDirectory;
  }

  /** Without a data directory packages live in a private temporary one, which `close` removes. */
  static async open(dataDirectory: string | undefined): Promise<CodeStore> {
    try {
      if (dataDirectory === undefined)
        return new CodeStore(await mkdtemp(join(tmpdir(), `isotherm-code-${ownerMark}-`)), true);
      const directory = join(dataDirectory, 'code');
      await makeDirectory(directory);
      const store = new CodeStore(directory, false);
      // Left behind by a process that died while it packed.
      for (const name of await readdir(directory)) if (name.startsWith(unfinishedPrefix)) await store.#remove(name);
      return store;
    } catch (error) {
      throw new EngineError(
        'DataDirectoryUnusable',
        `Code packages cannot be kept below ${dataDirectory ?? tmpdir()}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Writes a package, or finds the same one already there. @throws EngineError of whoever produces the entries */
  async write(entries: PackageEntries, zip?: ZipIdentity): Promise<CodePack> {
    const zipSha256 = zip === undefined ? undefined : createHash('sha256').update(zip.bytes).digest('base64');
    const existing = zipSha256 === undefined ? undefined : await this.#existing(zipSha256);
    if (existing !== undefined) return existing;

    const folder = join(this.#directory, `${unfinishedPrefix}${randomBytes(8).toString('hex')}`);
    try {
      await mkdir(folder, { mode: 0o700 });
      const packed = await writePack(join(folder, 'pack'), entries);
      const codeSha256 = zipSha256 ?? packed.sha256;
      const codeBytes = zip?.bytes.byteLength ?? packed.bytes;
      if (zip !== undefined) await writeDurably(join(folder, 'package.zip'), zip.bytes);
      await writeDurably(join(folder, 'index.json'), JSON.stringify({ codeBytes, files: packed.files }));
      await this.#publishTurn(() => this.#publish(folder, codeSha256));
      return { codeSha256, codeBytes, packPath: join(this.folder(codeSha256), 'pack'), files: packed.files };
    } catch (error) {
      throw errorCode(error) === undefined ? error : cannotBeKept(this.#directory, error);
    } finally {
      // Gone already when it was published.
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Where a package and everything derived from it lies. */
  folder(codeSha256: string): string {
    return join(this.#directory, folderName(codeSha256));
  }

  /** Whether the pack is there with the bytes its index speaks of, and that of its layers. At once: at a start thousands are looked for. */
  holds(pack: CodePack): boolean {
    try {
      const stats = statSync(pack.packPath);
      const isWhole = stats.isFile() && stats.size === pack.files.reduce((sum, file) => sum + file.bytes, 0);
      return isWhole && (pack.layers === undefined || this.holds(pack.layers));
    } catch {
      // Not there, or not readable: both mean that nothing can be run from it.
      return false;
    }
  }

  /** The zip as it was uploaded, or one made from the pack. */
  async zip(pack: CodePack): Promise<Uint8Array> {
    try {
      return await this.packageZip(pack.codeSha256);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return await writeZip(membersOf(pack));
    }
  }

  /** The zip of a package that came as one. */
  async packageZip(codeSha256: string): Promise<Uint8Array> {
    return await readFile(join(this.folder(codeSha256), 'package.zip'));
  }

  /** Removes every package that is not among `needed`. */
  async removeUnused(needed: ReadonlySet<string>): Promise<void> {
    const names = new Set([...needed].map(folderName));
    for (const name of await readdir(this.#directory)) {
      if (!names.has(name) && !name.startsWith(unfinishedPrefix)) await this.#remove(name);
    }
  }

  async close(): Promise<void> {
    if (this.#ownsDirectory) await rm(this.#directory, { recursive: true, force: true });
  }

  async #existing(codeSha256: string): Promise<CodePack | undefined> {
    try {
      const text = await readFile(join(this.folder(codeSha256), 'index.json'), 'utf8');
      // Our own file, written with the pack and never changed: what it says is what was packed.
      const index = JSON.parse(text) as { readonly codeBytes: number; readonly files: readonly PackedFile[] };
      const pack: CodePack = { codeSha256, packPath: join(this.folder(codeSha256), 'pack'), ...index };
      return this.holds(pack) ? pack : undefined;
    } catch (error) {
      if (isNotFound(error) || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  async #publish(folder: string, codeSha256: string): Promise<void> {
    if ((await this.#existing(codeSha256)) !== undefined) return;
    // A damaged package of this name would keep the good one out.
    await this.#remove(folderName(codeSha256));
    try {
      await rename(folder, this.folder(codeSha256));
    } catch (error) {
      // Another deployment of the same package was faster: what it published is the same.
      if ((await this.#existing(codeSha256)) === undefined) throw error;
    }
    await syncDirectory(this.#directory);
  }

  async #remove(name: string): Promise<void> {
    await rm(join(this.#directory, name), { recursive: true, force: true });
  }
}

/** Most often the disk is full. Nothing of the package stays, and the next deployment finds out whether there is space again. */
function cannotBeKept(directory: string, cause: unknown): EngineError {
  const message = `Code packages cannot be kept below ${directory}: ${errorMessage(cause)}`;
  return new EngineError('DataDirectoryUnusable', message, { cause });
}

async function writePack(
  path: string,
  entries: PackageEntries,
): Promise<{ readonly files: readonly PackedFile[]; readonly bytes: number; readonly sha256: string }> {
  const files: PackedFile[] = [];
  // Of names, modes, sizes and content hashes: packages that differ only in how their bytes are divided differ in this.
  const whole = createHash('sha256');
  let offset = 0;
  let packageJsonBytes = 0;
  await using handle = await open(path, 'wx', 0o600);
  const out = new GatheredWriter(handle);
  for await (const entry of entries) {
    const hash = createHash('sha256');
    const bytes = await append(out, entry.content, hash);
    if (isPackageJson(entry.path)) {
      checkPackageJson('packageJsonBytesMax', bytes, `${entry.path} has`);
      packageJsonBytes += bytes;
      checkPackageJson('packageJsonsBytesMax', packageJsonBytes, 'All package.json files together have');
    }
    files.push({ path: entry.path, mode: entry.mode, offset, bytes });
    whole.update(`${JSON.stringify([entry.path, entry.mode, bytes, hash.digest('hex')])}\n`);
    offset += bytes;
  }
  await out.flush();
  await handle.sync();
  return { files, bytes: offset, sha256: whole.digest('base64') };
}

/** Parsed by the host itself, to resolve modules. */
export function isPackageJson(path: string): boolean {
  return path === 'package.json' || path.endsWith('/package.json');
}

function checkPackageJson(limit: 'packageJsonBytesMax' | 'packageJsonsBytesMax', bytes: number, what: string): void {
  if (bytes <= limits[limit]) return;
  const message = `${what} more than ${limits[limit]} bytes, which is the most that is taken (${limit})`;
  throw new EngineError('InvalidParameterValueException', message, {
    limit: { name: limit, value: limits[limit], asked: bytes },
  });
}

async function append(out: GatheredWriter, content: AsyncIterable<Uint8Array>, hash: Hash): Promise<number> {
  let bytes = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    await out.write(chunk);
    bytes += chunk.byteLength;
  }
  return bytes;
}

/** Packages consist of thousands of small files; one write for each would cost more than reading them. */
class GatheredWriter {
  static readonly #bytesMax = 1_048_576;
  readonly #handle: FileHandle;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    if (this.#waitingBytes >= GatheredWriter.#bytesMax) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#waitingBytes > 0) await this.#handle.writeFile(Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

async function* membersOf(pack: CodePack): AsyncIterable<ZipMember> {
  await using handle = await open(pack.packPath, 'r');
  for (const file of pack.files) {
    yield { path: file.path, mode: file.mode, content: await readPacked(handle, file) };
  }
}

/** One file's bytes out of an open pack. */
export async function readPacked(handle: FileHandle, file: PackedFile): Promise<Uint8Array> {
  const content = new Uint8Array(file.bytes);
  for (let filled = 0; filled < file.bytes; ) {
    const { bytesRead } = await handle.read(content, filled, file.bytes - filled, file.offset + filled);
    if (bytesRead === 0) throw new EngineError('ServiceException', `The package of ${file.path} ends early`);
    filled += bytesRead;
  }
  return content;
}

/** Writes beside its target and moves it there, so that a reader sees all of it or nothing. */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeDurably(unfinished, content);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncDirectory(dirname(path));
}

async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(path, content, { flag: 'wx', mode: 0o600, flush: true });
}

/** Not with `recursive`: that never returns below /proc, and the data directory itself is there already. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** A rename lasts only once its directory is on disk. */
async function syncDirectory(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}

function folderName(codeSha256: string): string {
  return Buffer.from(codeSha256, 'base64').toString('hex');
}

export function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
