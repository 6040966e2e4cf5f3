/** The few things that are done to control groups, which are directories of the kernel's: for tests that bring a kernel of their own. */
import { readFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';

export interface GroupFiles {
  /** @throws the system's error, as all of these do. */
  makeGroup(path: string): Promise<void>;
  /** Only of one without processes and groups below. */
  removeGroup(path: string): Promise<void>;
  groupsIn(path: string): Promise<readonly string[]>;
  read(path: string): Promise<string>;
  readNow(path: string): string;
  /** Never makes a file: one that is not there says that the kernel does not have it. */
  write(path: string, text: string): Promise<void>;
  openForWriting(path: string): Promise<Pick<FileHandle, 'fd' | 'close'>>;
}

export const kernelGroupFiles: GroupFiles = {
  makeGroup: (path) => mkdir(path),
  removeGroup: (path) => rmdir(path),
  groupsIn: async (path) => {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  },
  read: (path) => readFile(path, 'utf8'),
  readNow: (path) => readFileSync(path, 'utf8'),
  write: (path, text) => writeFile(path, text, { flag: 'r+' }),
  openForWriting: (path) => open(path, 'r+'),
};
