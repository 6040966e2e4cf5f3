/** A file system over a fresh volume and an empty or given package, for the tests of this directory. */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FsOperation, fsOperations } from '../../../src/bridge/fs.ts';
import { createPackageFiles, type PackageFiles } from '../../../src/sandbox/package-files.ts';
import { type BackingFile, createBackingFile } from '../../../src/sandbox/volume/backing-file.ts';
import { createFileSystem, type FileSystem } from '../../../src/sandbox/volume/file-system.ts';
import { errnos } from '../../../src/sandbox/volume/posix.ts';
import { createVolume, type Volume } from '../../../src/sandbox/volume/volume.ts';

export const MiB = 1024 * 1024;

export interface Fixture {
  readonly fs: FileSystem;
  readonly volume: Volume;
  readonly backing: BackingFile;
  readonly packageFiles: PackageFiles;
  /** The value, or the code of the failure (`ENOENT`). */
  run(operation: keyof typeof fsOperations, ...args: readonly unknown[]): unknown;
}

export interface FixtureOptions {
  readonly quotaBytes?: number;
  readonly backing?: BackingFile;
  /** One that another environment left. */
  readonly volume?: Volume;
  /** Content by path below `/var/task`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly nowMs?: () => number;
}

export function temporaryFile(): number {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-volume-'));
  const fd = openSync(join(directory, 'file'), 'w+');
  rmSync(directory, { recursive: true });
  return fd;
}

// One file for all fixtures of a test process: each finds what the others left in it, and must never show it.
const sharedFd = temporaryFile();

export function createFixture(options: FixtureOptions = {}): Fixture {
  const clock = { epochMs: options.nowMs ?? (() => 1_700_000_000_123) };
  const backing = options.backing ?? createBackingFile({ fd: sharedFd });
  const volume = options.volume ?? createVolume({ backing, quotaBytes: options.quotaBytes ?? 64 * MiB, clock });
  const packageFiles = packageOf(options.files ?? {}, clock);
  const fs = createFileSystem({ volume, packageFiles });
  return { fs, volume, backing, packageFiles, run: (operation, ...args) => outcomeOf(fs, operation, args) };
}

export function outcomeOf(fs: FileSystem, operation: keyof typeof fsOperations, args: readonly unknown[]): unknown {
  const [a, b, c, d] = args;
  const number: FsOperation = fsOperations[operation];
  const reply = fs.call(number, a, b, c, d);
  if (Array.isArray(reply) && reply[0] === '!' && Number(reply[1]) < 0) return codeOf(-Number(reply[1]));
  return reply;
}

export function codeOf(errno: number): string {
  return Object.entries(errnos).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}

export function bytes(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}

export function text(reply: unknown): string {
  return reply instanceof ArrayBuffer ? new TextDecoder().decode(reply) : `not bytes: ${String(reply)}`;
}

function packageOf(files: Readonly<Record<string, string>>, clock: { epochMs(): number }) {
  if (Object.keys(files).length === 0) return createPackageFiles({ fd: -1, clock });
  const fd = temporaryFile();
  let offset = 0;
  const entries = Object.entries(files).map(([path, content]) => {
    const data = Buffer.from(content);
    writeSync(fd, data);
    const entry = [path, 0o644, offset, data.byteLength];
    offset += data.byteLength;
    return entry;
  });
  const index = Buffer.from(JSON.stringify(entries));
  writeSync(fd, index);
  return createPackageFiles({ fd, fileIndex: { offset, bytes: index.byteLength }, clock });
}
