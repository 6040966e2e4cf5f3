/**
 * The protocol of Redis, version 2 (redis.io/docs/latest/develop/reference/protocol-spec): a command is an array of bulk strings; a
 * reply is `+text`, `-error`, `:integer`, `$length` with bytes behind it, or `*count` with replies behind it, each line ending in CRLF.
 * A server may send anything: what it may take of memory and how deep it may nest has a limit.
 */
import { limits } from '../../model/limits.ts';

export class RedisReplyError extends Error {
  override readonly name = 'RedisReplyError';

  /** The first word: `WRONGTYPE`, `NOAUTH`. */
  get code(): string {
    return this.message.split(' ', 1)[0] ?? '';
  }
}

export type Reply = string | number | Buffer | null | RedisReplyError | readonly Reply[];

/** What the server sent is no reply, or too much of one. The connection is of no use any more. */
export class RespError extends Error {
  override readonly name = 'RespError';
}

export function encodeCommand(parts: readonly string[]): Buffer {
  const chunks = [`*${parts.length}\r\n`];
  for (const part of parts) chunks.push(`$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return Buffer.from(chunks.join(''));
}

interface OpenArray {
  readonly items: Reply[];
  readonly length: number;
}

const nestingMax = 8;
const lineBytesMax = 64 * 1024;
const emptyBytes = Buffer.alloc(0);

export class RespReader {
  #chunks: Buffer[] = [];
  #available = 0;
  /** Nothing can be read from less. */
  #wanted = 1;
  #arrays: OpenArray[] = [];
  /** Of the reply that is being read. */
  #bytes = 0;

  /** Takes what arrived. @returns the replies that are whole now. @throws RespError */
  push(chunk: Buffer): readonly Reply[] {
    this.#chunks.push(chunk);
    this.#available += chunk.length;
    this.#bytes += chunk.length;
    const { redisReplyBytesMax } = limits;
    if (this.#bytes > redisReplyBytesMax) {
      throw new RespError(`a reply of more than ${redisReplyBytesMax} bytes (redisReplyBytesMax)`);
    }
    const replies: Reply[] = [];
    if (this.#available < this.#wanted) return replies;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let offset = 0;
    for (;;) {
      const read = this.#item(bytes, offset);
      if (read === undefined) break;
      offset = read.end;
      const reply = this.#place(read.reply);
      if (reply === undefined) continue;
      replies.push(reply.whole);
      this.#bytes = bytes.length - offset;
    }
    const rest = bytes.subarray(offset);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#available = rest.length;
    return replies;
  }

  /** One reply, or the head of an array; undefined when there are not enough bytes yet. */
  #item(bytes: Buffer, offset: number): { readonly reply: Reply | OpenArray; readonly end: number } | undefined {
    const lineEnd = bytes.indexOf('\r\n', offset, 'latin1');
    if (lineEnd === -1) {
      if (bytes.length - offset > lineBytesMax) throw new RespError('a line that does not end');
      this.#wanted = bytes.length - offset + 1;
      return undefined;
    }
    const line = bytes.toString('utf8', offset + 1, lineEnd);
    const end = lineEnd + 2;
    switch (String.fromCharCode(bytes[offset] ?? 0)) {
      case '+':
        return { reply: line, end };
      case '-':
        return { reply: new RedisReplyError(line), end };
      case ':':
        return { reply: integer(line), end };
      case '$': {
        const length = integer(line);
        if (length < 0) return { reply: null, end };
        if (length > limits.redisReplyBytesMax) throw new RespError(`a text of ${length} bytes`);
        if (bytes.length < end + length + 2) {
          this.#wanted = end + length + 2 - offset;
          return undefined;
        }
        return { reply: bytes.subarray(end, end + length), end: end + length + 2 };
      }
      case '*': {
        const length = integer(line);
        if (length < 0) return { reply: null, end };
        // Each of them takes four bytes at least.
        if (length > limits.redisReplyBytesMax / 4) throw new RespError(`an array of ${length}`);
        return { reply: { items: [], length }, end };
      }
      default:
        throw new RespError(`what is no reply: ${JSON.stringify(line.slice(0, 40))}`);
    }
  }

  /** Puts it where it belongs; the reply that it completes, if any. */
  #place(read: Reply | OpenArray): { readonly whole: Reply } | undefined {
    let reply = read;
    for (;;) {
      if (isOpen(reply)) {
        if (reply.length > 0) {
          if (this.#arrays.length === nestingMax) throw new RespError(`arrays ${nestingMax} deep`);
          this.#arrays.push(reply);
          return undefined;
        }
        reply = [];
      }
      const array = this.#arrays.at(-1);
      if (array === undefined) return { whole: reply };
      array.items.push(reply);
      if (array.items.length < array.length) return undefined;
      this.#arrays.pop();
      reply = array.items;
    }
  }
}

function isOpen(reply: Reply | OpenArray): reply is OpenArray {
  return typeof reply === 'object' && reply !== null && 'items' in reply;
}

function integer(line: string): number {
  const value = /^-?\d{1,15}$/.test(line) ? Number(line) : Number.NaN;
  if (Number.isNaN(value)) throw new RespError(`what is no number: ${JSON.stringify(line.slice(0, 40))}`);
  return value;
}

/** Text of a reply; '' for what is none. */
export function textOf(reply: Reply | undefined): string {
  if (typeof reply === 'string') return reply;
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : '';
}

export function bytesOf(reply: Reply | undefined): Buffer {
  return Buffer.isBuffer(reply) ? reply : emptyBytes;
}

export function listOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? reply : [];
}
