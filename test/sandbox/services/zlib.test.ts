import { randomBytes } from 'node:crypto';
import {
  brotliCompressSync,
  constants,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
} from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../src/base/clock.ts';
import type { BridgeValue } from '../../../src/bridge/services.ts';
import { zlibLimitCode, zlibOperations, zlibProgress } from '../../../src/bridge/zlib.ts';
import { limits } from '../../../src/model/limits.ts';
import { defaultBounds } from '../../../src/sandbox/limit-book.ts';
import { openZlib } from '../../../src/sandbox/services/zlib.ts';

type Step = readonly BridgeValue[];

const modes = {
  deflate: 1,
  inflate: 2,
  gzip: 3,
  gunzip: 4,
  unzip: 7,
  brotliDecode: 8,
  brotliEncode: 9,
  zstdCompress: 10,
};
const pieceBytes = 16 * 1024;

function open(t: ExecutionContext) {
  const events: { readonly id: number; readonly values: Step }[] = [];
  let arrived: (() => void) | undefined;
  const service = openZlib({
    clock: systemClock,
    bounds: defaultBounds,
    emit(id, _kind, ...values) {
      events.push({ id, values });
      arrived?.();
    },
    request: () => t.fail('the host is not asked'),
    answer: () => undefined,
    service: () => t.fail('no other service is used') as never,
  });
  t.teardown(() => service.close());
  const step = (id: number, flush: number, input?: Uint8Array, spec?: string): Step =>
    service.ask(zlibOperations.step, [id, flush, pieceBytes, pieceBytes, exact(input), spec]) as Step;
  const eventCount = async (count: number): Promise<void> => {
    while (events.length < count) await new Promise<void>((resolve) => (arrived = resolve));
  };
  return { service, step, events, eventCount };
}

function exact(bytes: Uint8Array | undefined): ArrayBuffer | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes).buffer;
}

function bytesOf(reply: Step | undefined): Buffer {
  const [bytes] = reply ?? [];
  return Buffer.from(bytes instanceof ArrayBuffer ? bytes : new ArrayBuffer(0));
}

test('one step does what one call of Node does, and closes the codec', (t) => {
  const { step } = open(t);
  const text = Buffer.from('some text '.repeat(50));
  const packed = step(1, constants.Z_FINISH, text, `${modes.gzip},15,-1,8,0,0`);
  t.deepEqual(bytesOf(packed), gzipSync(text));
  t.deepEqual(packed.slice(1), [0, zlibProgress.ended]);
  const again = step(1, constants.Z_FINISH);
  t.is(again[5], zlibLimitCode, 'without a spec there is nothing to make a codec of');
});

test('a bomb is unpacked only as far as it is asked for', (t) => {
  const { step } = open(t);
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const first = step(1, constants.Z_FINISH, bomb, `${modes.gunzip},0,-1,8,0,0`);
  t.is(first[2], zlibProgress.more);
  t.true(bytesOf(first).byteLength <= limits.zlibOutputBytesMax);
  t.is(bytesOf(first).byteLength % pieceBytes, 0);
  const second = step(1, constants.Z_FINISH);
  t.is(bytesOf(second).byteLength, bytesOf(first).byteLength);
});

test('what a stream has room for comes first, and whole pieces behind it', (t) => {
  const { service } = open(t);
  const spec = `${modes.zstdCompress},-,0`;
  const ask = (id: number, roomBytes: number, input: Buffer): Buffer => {
    const values = [id, constants.ZSTD_e_flush, roomBytes, 64, exact(input), spec];
    return bytesOf(service.ask(zlibOperations.step, values) as Step);
  };
  const input = Buffer.from('first');
  const whole = ask(1, 64, input);
  // Filled exactly, it is asked once more: an answer that has room behind it is the last one.
  const filled = ask(2, whole.byteLength, input);
  t.deepEqual(filled.subarray(0, whole.byteLength), whole);
  t.true(filled.byteLength < whole.byteLength + 64, `${filled.byteLength} bytes`);
});

test('long input is encoded in several steps, to what Node makes of it', (t) => {
  const { step } = open(t);
  const input = randomBytes(900_000);
  const parts: Buffer[] = [];
  let reply = step(1, constants.Z_FINISH, input, `${modes.deflate},15,-1,8,0,0`);
  parts.push(bytesOf(reply));
  let steps = 1;
  for (; reply[2] === zlibProgress.more; steps++) {
    reply = step(1, constants.Z_FINISH);
    parts.push(bytesOf(reply));
  }
  t.true(steps > 2);
  t.deepEqual(Buffer.concat(parts), deflateSync(input));
});

test('what Node says of broken data comes with its number and code, behind the bytes before it', (t) => {
  const { step } = open(t);
  t.deepEqual(step(1, constants.Z_FINISH, Buffer.from('nonsense'), `${modes.gunzip},0,-1,8,0,0`).slice(3), [
    'incorrect header check',
    constants.Z_DATA_ERROR,
    'Z_DATA_ERROR',
  ]);
  const packed = deflateSync(Buffer.from('text that repeats, with numbers: 0123456789. '.repeat(5_000)));
  packed.fill(0xff, packed.byteLength - 4);
  const parts = [step(2, constants.Z_FINISH, packed, `${modes.inflate},0,-1,8,0,0`)];
  while (parts.at(-1)?.[2] === zlibProgress.more) parts.push(step(2, constants.Z_FINISH));
  t.deepEqual(parts.at(-1)?.slice(3), ['incorrect data check', constants.Z_DATA_ERROR, 'Z_DATA_ERROR']);
  t.true(Buffer.concat(parts.map(bytesOf)).byteLength >= pieceBytes);
});

test('writes run in threads, two at a time, and each is told of', async (t) => {
  const { service, events, eventCount } = open(t);
  const text = Buffer.from('some text '.repeat(5_000));
  for (let id = 1; id <= 20; id++) {
    service.start(zlibOperations.write, id, [
      constants.Z_FINISH,
      pieceBytes,
      pieceBytes,
      exact(text),
      `${modes.gzip},15,-1,8,0,0`,
    ]);
  }
  await eventCount(20);
  t.deepEqual(
    events.map(({ id }) => id).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
  for (const { values } of events) t.deepEqual(gunzipSync(bytesOf(values)), text);
});

test('what was closed while it waited is never made, and what was closed under way tells nothing', async (t) => {
  const { service, events, eventCount } = open(t);
  const text = randomBytes(500_000);
  const write = (id: number): void =>
    service.start(zlibOperations.write, id, [
      constants.Z_FINISH,
      pieceBytes,
      pieceBytes,
      exact(text),
      `${modes.gzip},15,9,8,0,0`,
    ]);
  for (const id of [1, 2, 3, 4]) write(id);
  service.ask(zlibOperations.close, [1]);
  service.ask(zlibOperations.close, [4]);
  await eventCount(2);
  t.deepEqual(
    events.map(({ id }) => id).sort((a, b) => a - b),
    [2, 3],
  );
});

test('after close nothing is told', async (t) => {
  const { service, step, events } = open(t);
  service.start(zlibOperations.write, 1, [
    constants.Z_FINISH,
    pieceBytes,
    pieceBytes,
    exact(randomBytes(200_000)),
    `${modes.gzip},15,9,8,0,0`,
  ]);
  const later = open(t);
  service.close();
  later.service.start(zlibOperations.write, 1, [
    constants.Z_FINISH,
    pieceBytes,
    pieceBytes,
    exact(randomBytes(400_000)),
    `${modes.gzip},15,9,8,0,0`,
  ]);
  await later.eventCount(1);
  t.deepEqual(events, []);
  t.is(step(2, 0)[5], zlibLimitCode);
});

test('streams and their memory are bounded', (t) => {
  const { service, step } = open(t);
  let opened = 0;
  for (; opened <= limits.zlibCodecsMax; opened++) {
    const reply = step(opened + 1, constants.Z_NO_FLUSH, Buffer.from('x'), `${modes.inflate},0,-1,8,0,0`);
    if (reply[5] === zlibLimitCode) break;
  }
  t.is(opened, limits.zlibCodecsMax);
  for (let id = 1; id <= limits.zlibCodecsMax; id++) service.ask(zlibOperations.close, [id]);
  const level22 = `${modes.zstdCompress},-,0,${constants.ZSTD_c_compressionLevel},22`;
  t.is(service.ask(zlibOperations.open, [1, level22]), undefined);
  t.deepEqual(service.ask(zlibOperations.open, [2, level22]), [
    '!',
    `zlib streams of this environment may use ${limits.zlibMemoryBytesMax} bytes together (codecMemoryBytes)`,
    zlibLimitCode,
  ]);
});

test('windows that cost gigabytes are refused', (t) => {
  const { service } = open(t);
  const refused = (spec: string): unknown => (service.ask(zlibOperations.open, [1, spec]) as Step)[2];
  t.is(
    refused(`${modes.brotliEncode},-,0,${constants.BROTLI_PARAM_LARGE_WINDOW},1,${constants.BROTLI_PARAM_LGWIN},30`),
    zlibLimitCode,
  );
  t.is(refused(`${modes.brotliDecode},-,0,${constants.BROTLI_DECODER_PARAM_LARGE_WINDOW},1`), zlibLimitCode);
  t.is(refused(`${modes.zstdCompress},-,0,${constants.ZSTD_c_windowLog},31`), zlibLimitCode);
  t.is(refused(`${modes.zstdCompress},-,0,${constants.ZSTD_c_nbWorkers},8`), zlibLimitCode);
});

test('what makes no sense is answered with a failure, and harms nobody', (t) => {
  const { service, step } = open(t);
  const strange: BridgeValue[] = [
    undefined,
    '',
    'x',
    -1,
    0.5,
    Number.NaN,
    1e300,
    2 ** 40,
    new ArrayBuffer(0),
    new ArrayBuffer(8),
    '1',
    '12,1',
    '1,99,99,99,99,99',
    '9,-,0,0',
    '10,-,0,100,99999999999',
    `${modes.gzip},15,-1,8,0,0`,
  ];
  for (const operation of [0, ...Object.values(zlibOperations), 200]) {
    for (const a of strange) {
      for (const b of strange) {
        t.notThrows(() => service.ask(operation, [1, a, b, a, b, a]));
        t.notThrows(() => service.ask(operation, [a, b, 16, b, a, b]));
        t.notThrows(() => service.start(operation, 2, [a, b, a, b, a]));
      }
    }
  }
  t.deepEqual(
    gunzipSync(
      bytesOf(step(9, constants.Z_FINISH, Buffer.from('still works'), `${modes.gzip},15,-1,8,0,0`)),
    ).toString(),
    'still works',
  );
});

test('checksums go on from one another', (t) => {
  const { service } = open(t);
  const first = service.ask(zlibOperations.crc32, [0, 'hello ']);
  t.is(
    service.ask(zlibOperations.crc32, [first as number, exact(Buffer.from('world'))]),
    service.ask(zlibOperations.crc32, [0, 'hello world']),
  );
});

test('a step is not taken while another is under way', async (t) => {
  const { service, step, eventCount } = open(t);
  service.start(zlibOperations.write, 1, [
    constants.Z_FINISH,
    pieceBytes,
    pieceBytes,
    exact(randomBytes(800_000)),
    `${modes.gzip},15,9,8,0,0`,
  ]);
  t.is(step(1, 0, Buffer.from('x'))[5], 'ERR_INVALID_STATE');
  t.is(service.ask(zlibOperations.reset, [1]), undefined);
  await eventCount(1);
});

test('a codec that is used again knows nothing of what it did before', (t) => {
  const { step } = open(t);
  for (let id = 1; id < 6; id++) {
    const text = Buffer.from(`text number ${id} `.repeat(20));
    t.deepEqual(bytesOf(step(id, constants.Z_FINISH, text, `${modes.gzip},15,-1,8,0,0`)), gzipSync(text));
    t.deepEqual(bytesOf(step(id, constants.Z_FINISH, gzipSync(text), `${modes.gunzip},0,-1,8,0,0`)), text);
    t.is(step(id, constants.Z_FINISH, Buffer.from('nonsense'), `${modes.gunzip},0,-1,8,0,0`)[5], 'Z_DATA_ERROR');
  }
});

test('all formats of Node are read', (t) => {
  const { step } = open(t);
  const text = Buffer.from('some text '.repeat(50));
  t.deepEqual(bytesOf(step(1, 2, brotliCompressSync(text), `${modes.brotliDecode},-,0`)), text);
  t.deepEqual(bytesOf(step(2, 2, zstdCompressSync(text), '11,-,0')), text);
  t.deepEqual(bytesOf(step(3, 4, deflateSync(text), `${modes.unzip},0,-1,8,0,0`)), text);
  t.deepEqual(inflateSync(bytesOf(step(4, 4, text, `${modes.deflate},15,-1,8,0,0`))), text);
});

test('nothing is compressed for a guest that is frozen: what it asked for goes on when it is thawed', async (t) => {
  const input = randomBytes(16 * limits.zlibInputBytesMax);
  const spec = `${modes.gzip},15,9,8,0,0`;
  const frozen = open(t);
  const other = open(t);
  for (const id of [1, 2, 3]) {
    frozen.service.start(zlibOperations.write, id, [constants.Z_FINISH, pieceBytes, pieceBytes, exact(input), spec]);
  }
  frozen.service.freeze?.();
  // The other guest asks for as much afterwards, and has all of it before.
  for (const id of [1, 2, 3]) {
    other.service.start(zlibOperations.write, id, [constants.Z_FINISH, pieceBytes, pieceBytes, exact(input), spec]);
  }
  await other.eventCount(3);
  t.is(frozen.events.length, 0);
  frozen.service.thaw?.();
  await frozen.eventCount(3);
  t.deepEqual(frozen.events.map(({ id }) => id).sort(), [1, 2, 3]);
  t.deepEqual(
    frozen.events.map(({ values }) => bytesOf(values).byteLength),
    other.events.map(({ values }) => bytesOf(values).byteLength),
  );
});

test('a guest that ends while it is frozen has nothing more compressed', async (t) => {
  const { service, events } = open(t);
  const other = open(t);
  const write = [constants.Z_FINISH, pieceBytes, pieceBytes];
  const spec = `${modes.gzip},15,9,8,0,0`;
  const input = randomBytes(4 * limits.zlibInputBytesMax);
  service.start(zlibOperations.write, 1, [...write, exact(input), spec]);
  service.freeze?.();
  service.close();
  service.thaw?.();
  other.service.start(zlibOperations.write, 1, [...write, exact(input), spec]);
  await other.eventCount(1);
  t.is(events.length, 0);
});

test('what is closed in the middle of a write takes no turn away from others', async (t) => {
  const { service, events, eventCount } = open(t);
  const write = [constants.Z_FINISH, pieceBytes, pieceBytes];
  const spec = `${modes.gzip},15,9,8,0,0`;
  const closed = limits.zlibWritesAtOnceMax * 2;
  for (let id = 1; id <= closed; id += 1) {
    service.start(zlibOperations.write, id, [...write, exact(randomBytes(4 * limits.zlibInputBytesMax)), spec]);
    // Its turn has come: a thread works at it.
    await new Promise((resolve) => setImmediate(resolve));
    service.ask(zlibOperations.close, [id]);
  }
  service.start(zlibOperations.write, closed + 1, [...write, exact(Buffer.from('a')), spec]);
  await eventCount(1);
  t.deepEqual(
    events.map(({ id }) => id),
    [closed + 1],
  );
});
