/**
 * Writes a zip from a list of files, for GetFunction's `Code.Location`. Deflated, in the given order, with a fixed date, so that
 * the same package always gives the same bytes. No zip64: a code package is smaller than 250 MB (LAMBDA.md C3.19).
 *
 * Format: PKWARE APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
 */
import { promisify } from 'node:util';
import { crc32, deflateRaw } from 'node:zlib';

export interface ZipMember {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

const deflate = promisify(deflateRaw);

/** 1980-01-01, the earliest date a zip can say. */
const dosDate = 0x0021;
const utf8Names = 0x0800;
const madeOnUnix = 3 << 8;
const version = 20;

export async function writeZip(members: AsyncIterable<ZipMember>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for await (const { path, mode, content } of members) {
    const name = Buffer.from(path);
    const deflated = await deflate(content);
    const isSmaller = deflated.byteLength < content.byteLength;
    const data = isSmaller ? deflated : content;
    const common = commonFields(
      isSmaller ? 8 : 0,
      crc32(content),
      data.byteLength,
      content.byteLength,
      name.byteLength,
    );
    const local = Buffer.concat([uint32(0x04034b50), common, name]);
    directory.push(
      uint32(0x02014b50),
      uint16(madeOnUnix | version),
      common,
      // Comment length, disk, internal attributes; then permission bits of a regular file in the upper half.
      uint16(0),
      uint16(0),
      uint16(0),
      uint32(((0o100000 | mode) << 16) >>> 0),
      uint32(offset),
      name,
    );
    parts.push(local, data);
    offset += local.byteLength + data.byteLength;
  }
  const central = Buffer.concat(directory);
  const count = directory.length / 9;
  const end = [uint32(0x06054b50), uint16(0), uint16(0), uint16(count), uint16(count), uint32(central.byteLength)];
  return Buffer.concat([...parts, central, ...end, uint32(offset), uint16(0)]);
}

/** What a local header and a central one say alike: version needed up to the length of the extra field. */
function commonFields(
  method: number,
  checksum: number,
  packed: number,
  unpacked: number,
  nameBytes: number,
): Uint8Array {
  return Buffer.concat([
    uint16(version),
    uint16(utf8Names),
    uint16(method),
    uint16(0),
    uint16(dosDate),
    uint32(checksum),
    uint32(packed),
    uint32(unpacked),
    uint16(nameBytes),
    uint16(0),
  ]);
}

function uint16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
