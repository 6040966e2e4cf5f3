/** Reads the files of one code package by their path in it, and makes the view of their names that resolution works on. */
import { type FileHandle, open } from 'node:fs/promises';
import { isPackageJson, readPacked } from './code-store.ts';
import type { CodePack, PackedFile } from './prepared-code.ts';
import { TaskFiles, taskRoot } from './task-files.ts';

export class PackageReader implements AsyncDisposable {
  readonly files: TaskFiles;
  readonly #handle: FileHandle;
  readonly #index: ReadonlyMap<string, PackedFile>;

  private constructor(handle: FileHandle, index: ReadonlyMap<string, PackedFile>, files: TaskFiles) {
    this.#handle = handle;
    this.#index = index;
    this.files = files;
  }

  static async open(pack: CodePack): Promise<PackageReader> {
    const index = new Map(pack.files.map((file) => [file.path, file]));
    const handle = await open(pack.packPath, 'r');
    try {
      const packageJsons = new Map<string, string>();
      for (const [path, file] of index) {
        if (isPackageJson(path)) packageJsons.set(path, utf8(await readPacked(handle, file)));
      }
      return new PackageReader(handle, index, new TaskFiles(index.keys(), packageJsons));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** `file`: `/var/task/…`, as TaskFiles knows it. */
  async text(file: string): Promise<string> {
    const packed = this.#index.get(file.slice(taskRoot.length + 1));
    if (packed === undefined) throw new RangeError(`${file} is not in the package`);
    return utf8(await readPacked(this.#handle, packed));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

/** As Node reads module text: invalid bytes become U+FFFD; a byte order mark stays, for the reader of that language. */
function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
