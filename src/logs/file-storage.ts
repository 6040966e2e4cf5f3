/**
 * Log streams as files. Each write and each read opens its file and closes it again, so that the number of streams costs no
 * descriptors, and a file that somebody removed is noticed and made anew.
 */
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../base/error-text.ts';
import { keyedRecord } from '../base/keyed-record.ts';
import { limits } from '../model/limits.ts';
import { type FoundSegment, type GroupFacts, type LogStorage, nameHash, type SegmentHead } from './log-storage.ts';
import { newlineByte, recordAt } from './record-line.ts';

const magic = 'isotherm-log-1 ';
const fileName = /^([0-9a-f]{32})\.(\d{1,15})\.log$/;
const folderName = /^[0-9a-f]{32}$/;

const headSchema = z.object({
  group: z.string().max(limits.logGroupLengthMax),
  stream: z.string().max(limits.logGroupLengthMax),
  createdMs: z.int().min(0),
});

const groupSchema = z
  .object({
    group: z.string().max(limits.logGroupLengthMax),
    createdMs: z.int().min(0),
    retentionDays: z.int().min(1).exactOptional(),
    tags: keyedRecord(z.string()).exactOptional(),
  })
  .readonly();

/** Head and first record of a file. */
const headReadBytes = 4_096;
const tailReadBytes = 8_192;

export class FileStorage implements LogStorage {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async write(segment: SegmentHead, at: number, bytes: Uint8Array): Promise<void> {
    await using file = await this.#openToWrite(segment, at);
    const start = Buffer.byteLength(headLine(segment)) + at;
    let written = 0;
    while (written < bytes.byteLength) {
      const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, start + written);
      written += bytesWritten;
    }
  }

  async #openToWrite(segment: SegmentHead, at: number): Promise<FileHandle> {
    const path = this.#path(segment);
    // Only the first records make the file: one that somebody removed is not made anew with a hole in it.
    if (at > 0) return await open(path, constants.O_WRONLY);
    await mkdir(this.#folder(segment.group), { recursive: true, mode: 0o700 });
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
    try {
      await file.write(headLine(segment));
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(segment: SegmentHead, at: number, into: Uint8Array): Promise<number> {
    const path = this.#path(segment);
    try {
      await using file = await open(path, constants.O_RDONLY);
      const start = Buffer.byteLength(headLine(segment)) + at;
      let count = 0;
      while (count < into.byteLength) {
        const { bytesRead } = await file.read(into, count, into.byteLength - count, start + count);
        if (bytesRead === 0) break;
        count += bytesRead;
      }
      return count;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 0;
      throw error;
    }
  }

  async remove(segment: SegmentHead): Promise<void> {
    await rm(this.#path(segment), { force: true });
  }

  async putGroup(facts: GroupFacts): Promise<void> {
    const folder = this.#folder(facts.group);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Whole or not at all.
    await writeFile(join(folder, 'group.json.new'), JSON.stringify(facts), { mode: 0o600 });
    await rename(join(folder, 'group.json.new'), join(folder, 'group.json'));
  }

  async removeGroup(group: string): Promise<void> {
    await rm(this.#folder(group), { recursive: true, force: true });
  }

  /** Files that are not ours are left alone. */
  async find(): Promise<{ readonly groups: readonly GroupFacts[]; readonly segments: readonly FoundSegment[] }> {
    const groups: GroupFacts[] = [];
    const segments: FoundSegment[] = [];
    for (const folder of await entriesOf(this.#directory)) {
      if (!folder.isDirectory() || !folderName.test(folder.name)) continue;
      const facts = await groupFacts(join(this.#directory, folder.name));
      if (facts !== undefined && nameHash(facts.group) === folder.name) groups.push(facts);
      for (const file of await entriesOf(join(this.#directory, folder.name))) {
        const [, streamHash, base] = fileName.exec(file.name) ?? [];
        if (!file.isFile() || streamHash === undefined) continue;
        const found = await foundSegment(join(this.#directory, folder.name, file.name), Number(base));
        const isOurs = found && nameHash(found.group) === folder.name && nameHash(found.stream) === streamHash;
        if (isOurs) segments.push(found);
        if (segments.length >= limits.logStreamsMax) return { groups, segments };
      }
    }
    return { groups, segments };
  }

  close(): void {
    // Nothing stays open between two calls.
  }

  #folder(group: string): string {
    return join(this.#directory, nameHash(group));
  }

  #path({ group, stream, base }: SegmentHead): string {
    return join(this.#folder(group), `${nameHash(stream)}.${base}.log`);
  }
}

function headLine({ group, stream, createdMs }: SegmentHead): string {
  return `${magic}${JSON.stringify({ group, stream, createdMs })}\n`;
}

async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    // Nothing was ever kept, or it is gone, or something else is in its place.
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}

async function groupFacts(folder: string): Promise<GroupFacts | undefined> {
  try {
    return groupSchema.parse(JSON.parse(await readFile(join(folder, 'group.json'), 'utf8')));
  } catch {
    // There is none, or it is damaged: the group goes by what its files say.
    return undefined;
  }
}

async function foundSegment(path: string, base: number): Promise<FoundSegment | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY);
    const { size } = await file.stat();
    const head = Buffer.alloc(Math.min(size, headReadBytes));
    await file.read(head, 0, head.byteLength, 0);
    const headEnd = head.indexOf(newlineByte);
    if (headEnd === -1 || head.toString('latin1', 0, magic.length) !== magic) return undefined;
    const names = headSchema.parse(JSON.parse(head.toString('utf8', magic.length, headEnd)));
    const first = recordAt(head, headEnd + 1, head.byteLength);
    if (first === undefined) return undefined;
    const recordsAt = headEnd + 1;
    const last = await lastRecord(file, recordsAt, size);
    const bytes = (last?.end ?? recordsAt) - recordsAt;
    return { ...names, base, bytes, firstMs: first.timestamp, lastMs: last?.timestamp ?? first.timestamp };
  } catch {
    // Damaged, or removed just now: then there is nothing to find in it.
    return undefined;
  }
}

/** Of the last whole line. */
async function lastRecord(file: FileHandle, recordsAt: number, size: number) {
  for (let want = tailReadBytes; ; want *= 4) {
    const from = Math.max(recordsAt, size - want);
    const bytes = Buffer.alloc(size - from);
    await file.read(bytes, 0, bytes.byteLength, from);
    const end = bytes.lastIndexOf(newlineByte);
    if (end !== -1) {
      const newline = end === 0 ? -1 : bytes.lastIndexOf(newlineByte, end - 1);
      if (newline !== -1 || from === recordsAt) {
        const record = recordAt(bytes, newline + 1, end);
        return record && { timestamp: record.timestamp, end: from + end + 1 };
      }
    }
    if (from === recordsAt) return undefined;
  }
}
