/** Node's zlib in a guest, compared with Node's own in this process. */

import test from 'ava';
import fc from 'fast-check';
import { type CallableFunction, createEngine, type Engine } from '../../src/index.ts';
import { nodeAnswer } from './harness.ts';

// Whole engines: threads answer later, which a guest alone could not wait for.
const engine = createEngine();
test.after.always(async () => (await engine).close());

async function deployed(functionName: string, source: string): Promise<CallableFunction> {
  const opened: Engine = await engine;
  return await opened.createFunction({
    functionName,
    code: { source },
    handler: 'index.handler',
    timeout: 60,
    memorySize: 256,
  });
}

const programs: Readonly<Record<string, string>> = {
  'every format, at once': `for (const [pack, unpack] of pairs) { const packed = zlib[pack + 'Sync'](text); out.push(pack, packed.toString('base64'), zlib[unpack + 'Sync'](packed).equals(text)); }`,
  'empty input': `for (const [pack, unpack] of pairs) out.push(zlib[pack + 'Sync']('').toString('hex'), zlib[unpack + 'Sync'](zlib[pack + 'Sync']('')).length);`,
  options: `for (const level of [0, 1, 9]) for (const strategy of [0, 1, 2, 3, 4]) out.push(zlib.deflateSync(text, { level, strategy, memLevel: 9, windowBits: 10 }).toString('base64'));
    out.push(zlib.brotliCompressSync(text, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4, [zlib.constants.BROTLI_PARAM_LGWIN]: 16 } }).toString('base64'), zlib.zstdCompressSync(text, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 7, [zlib.constants.ZSTD_c_checksumFlag]: 1 } }).toString('base64'));`,
  'options that are refused': `for (const make of [() => zlib.createGzip({ level: 10 }), () => zlib.createGzip({ windowBits: 8 }), () => zlib.createGzip({ chunkSize: 1 }), () => zlib.createBrotliCompress({ params: { 9999: 1 } }), () => zlib.createBrotliCompress({ params: { 0: 130000 } }), () => zlib.createInflate({ dictionary: 5 }), () => zlib.gunzipSync(5), () => zlib.createZstdCompress({ params: { 100: 999999 } })]) { try { make(); out.push('made'); } catch (error) { out.push([error.name, error.code, error.message]); } }`,
  errors: `for (const [name, input] of [['gunzip', 'nonsense'], ['inflate', 'nonsense'], ['inflateRaw', 'nonsense'], ['brotliDecompress', 'nonsense'], ['zstdDecompress', 'nonsense'], ['gunzip', zlib.gzipSync(text).subarray(0, 30)], ['inflate', zlib.deflateSync(text).subarray(0, 30)], ['zstdDecompress', zlib.zstdCompressSync(text).subarray(0, 20)], ['brotliDecompress', zlib.brotliCompressSync(text).subarray(0, 20)]]) {
    try { zlib[name + 'Sync'](input); out.push('read'); } catch (error) { out.push([name, error.code, error.errno, error.message]); }
    out.push(await new Promise((resolve) => zlib[name](input, (error) => resolve([error?.code, error?.errno, error?.message])))); }`,
  'maxOutputLength and info': `try { zlib.gunzipSync(zlib.gzipSync(Buffer.alloc(1e6)), { maxOutputLength: 1000 }); } catch (error) { out.push(error.code, error.message); } const { buffer, engine } = zlib.deflateSync('abc', { info: true }); out.push(buffer.toString('hex'), engine.bytesWritten, engine.constructor.name);
    out.push(await new Promise((resolve) => zlib.gunzip(zlib.gzipSync(Buffer.alloc(1e6)), { maxOutputLength: 1000 }, (error) => resolve(error.code))));`,
  dictionaries: `const dictionary = Buffer.from('some text that is long enough'); const packed = zlib.deflateSync(text, { dictionary }); out.push(packed.toString('hex'), zlib.inflateSync(packed, { dictionary }).equals(text));
    for (const other of [undefined, Buffer.from('another one')]) { try { zlib.inflateSync(packed, { dictionary: other }); } catch (error) { out.push(error.code, error.message); } }`,
  'streams in small chunks': `for (const make of ['Gzip', 'Deflate', 'DeflateRaw', 'BrotliCompress', 'ZstdCompress']) { const stream = zlib['create' + make]({ chunkSize: 64 }); const chunks = []; stream.on('data', (chunk) => chunks.push(chunk)); for (let at = 0; at < text.length; at += 100) stream.write(text.subarray(at, at + 100)); stream.end(); await once(stream, 'end'); out.push(chunks.map((chunk) => chunk.length), Buffer.concat(chunks).toString('base64'), stream.bytesWritten); }`,
  'flush, params and reset': `const stream = zlib.createDeflate({ level: 1 }); const seen = []; stream.on('data', (chunk) => seen.push(chunk.toString('hex')));
    await new Promise((resolve) => stream.write('first', resolve)); await new Promise((resolve) => stream.flush(resolve)); await new Promise((resolve) => stream.params(9, 0, resolve)); stream.end('second'); await once(stream, 'end'); out.push(seen, zlib.inflateSync(Buffer.from(seen.join(''), 'hex')).toString());
    const again = zlib.createInflate(); again.reset(); again.end(zlib.deflateSync('x')); out.push(String(await again.toArray()));`,
  'members one behind the other, and what is no member': `const two = Buffer.concat([zlib.gzipSync('one'), zlib.gzipSync('two')]); out.push(zlib.gunzipSync(two).toString()); out.push(zlib.gunzipSync(Buffer.concat([two, Buffer.alloc(10)])).toString()); try { zlib.gunzipSync(Buffer.concat([two, Buffer.from([0x1f, 0x8b, 0xff, 0xff]), Buffer.alloc(10)])); } catch (error) { out.push(error.code); }
    try { zlib.inflateSync(Buffer.concat([zlib.deflateSync('one'), Buffer.from('rest')]), { rejectGarbageAfterEnd: true }); } catch (error) { out.push(error.code); }`,
  'long input and output': `const long = Buffer.alloc(2_500_000); for (let at = 0; at < long.length; at++) long[at] = (at * 7919) >>> (at % 13); for (const [pack, unpack] of pairs.slice(0, 3)) { const packed = zlib[pack + 'Sync'](long); out.push(zlib.crc32(packed), zlib[unpack + 'Sync'](packed).equals(long)); const later = await new Promise((resolve, reject) => zlib[pack](long, (error, result) => (error ? reject(error) : resolve(result)))); out.push(later.equals(packed)); }`,
  checksums: `out.push(zlib.crc32(''), zlib.crc32('hello'), zlib.crc32('h\\u00e9llo'), zlib.crc32(text), zlib.crc32(Buffer.alloc(100_000, 'xyz'), 5), zlib.crc32('x'.repeat(20_000)), zlib.crc32(new DataView(new ArrayBuffer(8)), zlib.crc32('a')));`,
  'a stream that is closed while it writes': `const stream = zlib.createGzip(); stream.on('error', (error) => out.push(error.code)); stream.write(Buffer.alloc(200_000)); stream.close(() => out.push('closed')); await once(stream, 'close'); out.push(stream.destroyed);`,
  'web streams': `const pipe = async (input, stream) => { const writer = stream.writable.getWriter(); writer.write(input); writer.close(); const chunks = []; for await (const chunk of stream.readable) chunks.push(chunk); return Buffer.concat(chunks); };
    for (const format of ['gzip', 'deflate', 'deflate-raw', 'brotli']) { const packed = await pipe(text, new CompressionStream(format)); out.push(packed.toString('base64'), (await pipe(packed, new DecompressionStream(format))).equals(text)); }
    try { new CompressionStream('none'); } catch (error) { out.push(error.name); }`,
  pipelines: `const { pipeline } = require('stream/promises'); const { Readable } = require('stream'); const chunks = []; await pipeline(Readable.from([text, text, text]), zlib.createGzip(), zlib.createGunzip(), zlib.createBrotliCompress(), zlib.createBrotliDecompress(), async (source) => { for await (const chunk of source) chunks.push(chunk); }); out.push(Buffer.concat(chunks).equals(Buffer.concat([text, text, text])));`,
  constants: `out.push(zlib.constants.Z_MAX_CHUNK === Infinity, zlib.constants.Z_FINISH, Object.keys(zlib.codes).length, Object.keys(zlib.constants).length); try { 'use strict'; zlib.constants.Z_OK = 1; } catch (error) { out.push(error.name); } out.push(zlib.constants.Z_OK);`,
};

for (const [at, [title, program]] of Object.entries(programs).entries()) {
  const source = `const zlib = require('zlib'); const { once } = require('events');
    const pairs = [['gzip', 'gunzip'], ['deflate', 'inflate'], ['deflateRaw', 'inflateRaw'], ['gzip', 'unzip'], ['brotliCompress', 'brotliDecompress'], ['zstdCompress', 'zstdDecompress']];
    exports.handler = async () => { const out = []; const text = Buffer.from('some text, '.repeat(300) + 'and its end'); ${program} return out; };`;
  test(`zlib is Node's: ${title}`, async (t) => {
    const answer = await deployed(`program-${at}`, source);
    t.deepEqual(await answer(), await nodeAnswer(source));
  });
}

/** Its second chunk is full when a frame ends: Node flushes once more, into a whole chunk, which adds empty frames. */
const fullAtTheEndOfAFrame = {
  format: 'ZstdCompress' as const,
  chunks: ['OkH2IRo9', 'HQ==', '', 'zJtvQpWEfw==', '4PDxArdeqg==', 'islWzJb0eA==', '', 'MU+ANDQAeq2Y'],
  chunkSize: 64,
  flush: 1 as const,
};

test('whatever the input, the pieces and the flushes, a guest packs as Node does', async (t) => {
  const source = `const zlib = require('zlib');
    exports.handler = async ({ format, chunks, chunkSize, flush }) => { const stream = zlib['create' + format]({ chunkSize, flush }); const out = []; stream.on('data', (chunk) => out.push(chunk));
      for (const chunk of chunks) await new Promise((resolve) => stream.write(Buffer.from(chunk, 'base64'), resolve)); stream.end(); await new Promise((resolve) => stream.once('end', resolve)); return Buffer.concat(out).toString('base64'); };`;
  const chunk = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('base64'));
  const input = fc.record({
    format: fc.constantFrom('Gzip', 'Deflate', 'DeflateRaw', 'BrotliCompress', 'ZstdCompress'),
    chunks: fc.array(chunk, { maxLength: 8 }),
    chunkSize: fc.integer({ min: 64, max: 300 }),
    flush: fc.constantFrom(0, 1),
  });
  const answer = await deployed('packs', source);
  await fc.assert(
    fc.asyncProperty(input, async (event) => {
      t.deepEqual(await answer(event), await nodeAnswer(source, event), JSON.stringify(event));
    }),
    { numRuns: 60, examples: [[fullAtTheEndOfAFrame]] },
  );
});
