import test from 'ava';
import fc from 'fast-check';
import { limits } from '../../../src/model/limits.ts';
import { encodeCommand, RedisReplyError, type Reply, RespError, RespReader } from '../../../src/queue/redis/resp.ts';

function encoded(reply: Reply): string {
  if (reply === null) return '$-1\r\n';
  if (typeof reply === 'string') return `+${reply}\r\n`;
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (reply instanceof RedisReplyError) return `-${reply.message}\r\n`;
  if (Buffer.isBuffer(reply)) return `$${reply.length}\r\n${reply.toString('latin1')}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(encoded).join('')}`;
  throw new Error('there are no others');
}

/** Buffers that are parts of others compare as what they hold. */
function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return { bytes: reply.toString('latin1') };
  if (reply instanceof RedisReplyError) return { error: reply.message };
  return Array.isArray(reply) ? reply.map(plain) : reply;
}

const line = fc.stringMatching(/^[A-Za-z0-9 ]{0,20}$/);
const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 6 },
    line,
    fc.integer(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    line.map((text) => new RedisReplyError(text)),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}));

test('replies are read whole, wherever the network cuts them', (t) => {
  fc.assert(
    fc.property(fc.array(reply, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(400)), (replies, cuts) => {
      const bytes = Buffer.from(replies.map(encoded).join(''), 'latin1');
      const reader = new RespReader();
      const read: Reply[] = [];
      const ends = [...new Set([...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
      let from = 0;
      for (const end of ends) {
        if (end > from) read.push(...reader.push(bytes.subarray(from, end)));
        from = Math.max(from, end);
      }
      return JSON.stringify(read.map(plain)) === JSON.stringify(replies.map(plain));
    }),
    { numRuns: 1_000 },
  );
  t.pass();
});

test('what is no reply, too deep, too long or too large ends the reading', (t) => {
  const refused = (text: string, message: RegExp) =>
    t.throws(() => new RespReader().push(Buffer.from(text)), { instanceOf: RespError, message });
  refused('HTTP/1.1 400 Bad Request\r\n', /what is no reply/);
  refused(':12a\r\n', /what is no number/);
  refused('$99999999999\r\n', /a text of 99999999999 bytes/);
  refused('*999999999\r\n', /an array of 999999999/);
  refused('*1\r\n'.repeat(9), /arrays 8 deep/);
  refused(`+${'x'.repeat(70_000)}`, /a line that does not end/);
  const reader = new RespReader();
  const chunk = Buffer.alloc(1024 * 1024);
  reader.push(Buffer.from(`*2\r\n$${limits.redisReplyBytesMax - 100}\r\n`));
  const pushes = (): void => {
    for (let sent = 0; sent <= limits.redisReplyBytesMax; sent += chunk.length) reader.push(chunk);
  };
  t.throws(pushes, { instanceOf: RespError, message: /a reply of more than 67108864 bytes \(redisReplyBytesMax\)/ });
});

test('a command is an array of its parts in bytes', (t) => {
  t.is(encodeCommand(['XADD', 'ä\r\n']).toString(), '*2\r\n$4\r\nXADD\r\n$4\r\nä\r\n\r\n');
});
