/**
 * What a path can lead to: a file, a directory or a symbolic link, of the writable volume or of the read-only package. Plain state
 * and its making; finding them is `namespace.ts`, changing them `file-system.ts`.
 */
import type { FileContent } from './file-content.ts';
import { fileTypes } from './posix.ts';

/** Content that cannot change: bytes of the package store. */
export interface PackageContent {
  readonly size: number;
  /** Exactly what lies between `position` and the end, at most `lengthMax` bytes. */
  read(position: number, lengthMax: number): ArrayBuffer;
}

interface InodeState {
  readonly ino: number;
  readonly tree: 'package' | 'volume';
  /** Permission bits. */
  mode: number;
  /** Names that lead here; for a directory, 2 and one for each directory in it. */
  linkCount: number;
  accessedMs: number;
  modifiedMs: number;
  changedMs: number;
  readonly bornMs: number;
}

export interface FileInode extends InodeState {
  readonly kind: 'file';
  readonly content: FileContent | PackageContent;
  /** Descriptors that hold it. Its content goes when both this and `linkCount` are 0. */
  openCount: number;
}

export interface DirectoryInode extends InodeState {
  readonly kind: 'directory';
  readonly entries: Map<string, Inode>;
}

export interface LinkInode extends InodeState {
  readonly kind: 'link';
  readonly target: string;
}

export type Inode = FileInode | DirectoryInode | LinkInode;

export function createDirectory(at: {
  ino: number;
  tree: 'package' | 'volume';
  mode: number;
  nowMs: number;
}): DirectoryInode {
  return { kind: 'directory', entries: new Map(), linkCount: 2, ...times(at), ...identity(at) };
}

export function createLink(at: { ino: number; tree: 'package' | 'volume'; nowMs: number }, target: string): LinkInode {
  return { kind: 'link', target, linkCount: 1, ...times(at), ...identity({ ...at, mode: 0o777 }) };
}

export function createFile(
  at: { ino: number; tree: 'package' | 'volume'; mode: number; nowMs: number },
  content: FileContent | PackageContent,
): FileInode {
  return { kind: 'file', content, openCount: 0, linkCount: 1, ...times(at), ...identity(at) };
}

function identity(at: { ino: number; tree: 'package' | 'volume'; mode: number }) {
  return { ino: at.ino, tree: at.tree, mode: at.mode & 0o7777 };
}

function times({ nowMs }: { nowMs: number }) {
  return { accessedMs: nowMs, modifiedMs: nowMs, changedMs: nowMs, bornMs: nowMs };
}

export function typeBits(inode: Inode): number {
  switch (inode.kind) {
    case 'file':
      return fileTypes.regular;
    case 'directory':
      return fileTypes.directory;
    case 'link':
      return fileTypes.link;
    default:
      return inode satisfies never;
  }
}

export function sizeOf(inode: Inode): number {
  switch (inode.kind) {
    case 'file':
      return inode.content.size;
    case 'directory':
      return 4096;
    case 'link':
      return Buffer.byteLength(inode.target);
    default:
      return inode satisfies never;
  }
}
