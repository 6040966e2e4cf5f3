/** Class S: cryptography, compression, TLS and text, which the sandbox does for its guests: work and memory that a few bytes ask for. */
import { answered, answeredAtAll, anyOf, failed, outOfMemory, type Program, timedOut } from './program.ts';

const cjs = (body: string): string => `
const crypto_ = require('node:crypto'), zlib = require('node:zlib');
const codeOf = (run) => { try { const value = run(); return value === undefined ? 'done' : 'value'; } catch (error) { return error.code ?? error.name; } };
exports.handler = async (event, context) => { ${body} };`;

const refusedOrTimedOut = anyOf(timedOut, failed(/./), outOfMemory);

export const services: readonly Program[] = [
  {
    id: 'S01',
    title: 'pbkdf2 with two thousand million rounds, waited for',
    source: cjs(`return crypto_.pbkdf2Sync('p', 's', 2 ** 31 - 1, 64, 'sha512').length;`),
    expect: refusedOrTimedOut,
  },
  {
    id: 'S02',
    title: 'pbkdf2 with as many rounds as are allowed, a thousand times and not waited for',
    source: cjs(
      `for (let i = 0; i < 1000; i++) crypto_.pbkdf2('p', 's', 1_000_000, 64, 'sha512', () => {}); return 1;`,
    ),
    expect: anyOf(answered(1), failed(/./)),
  },
  {
    id: 'S03',
    title: 'scrypt that would take gigabytes',
    source: cjs(
      `return [2 ** 14, 2 ** 20, 2 ** 24, 2 ** 30].map((N) => codeOf(() => crypto_.scryptSync('p', 's', 64, { N, r: 32, p: 1, maxmem: Number.MAX_SAFE_INTEGER })));`,
    ),
    settings: { timeout: 5 },
    expect: anyOf(answeredAtAll, timedOut, outOfMemory),
  },
  {
    id: 'S04',
    title: 'scrypt of 64 MiB each, a thousand times at once',
    source: cjs(
      `const all = await Promise.allSettled(Array.from({ length: 1000 }, () => new Promise((resolve, reject) => crypto_.scrypt('p', 's', 64, { N: 2 ** 16, r: 8, maxmem: 2 ** 30 }, (error) => (error ? reject(error) : resolve()))))); return all.length;`,
    ),
    settings: { timeout: 2 },
    expect: anyOf(answered(1000), timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'S05',
    title: 'an RSA key of 16,384 bits, waited for and not',
    source: cjs(`
      const codes = [codeOf(() => crypto_.generateKeyPairSync('rsa', { modulusLength: 16_384 })), codeOf(() => crypto_.generateKeyPairSync('rsa', { modulusLength: 2 ** 31 - 1 })), codeOf(() => crypto_.generateKeyPairSync('dsa', { modulusLength: 16_384 }))];
      codes.push(await new Promise((resolve) => { const code = codeOf(() => crypto_.generateKeyPair('rsa', { modulusLength: 16_384 }, (error) => resolve(error?.code ?? 'made'))); if (code !== 'done') resolve(code); }));
      return codes.some((code) => code === 'value' || code === 'made');`),
    expect: anyOf(answered(false), timedOut),
  },
  {
    id: 'S06',
    title: 'primes that take years',
    source: cjs(
      `return [codeOf(() => crypto_.generatePrimeSync(100_000)), codeOf(() => crypto_.generatePrimeSync(8_192, { safe: true })), codeOf(() => crypto_.checkPrimeSync(2n ** 100_000n - 1n, { checks: 1e6 })), codeOf(() => crypto_.generatePrimeSync(64, { add: 3n, rem: 0n }))].includes('value');`,
    ),
    expect: anyOf(answered(false), timedOut),
  },
  {
    id: 'S07',
    title: 'gzip of a few kilobytes that unpacks to a gigabyte',
    source: cjs(`
      let bomb = zlib.gzipSync(Buffer.alloc(10 * 1024 * 1024));
      bomb = Buffer.concat(Array.from({ length: 100 }, () => bomb));
      return codeOf(() => zlib.gunzipSync(bomb));`),
    settings: { timeout: 5 },
    expect: anyOf(
      answered('ERR_BUFFER_TOO_LARGE'),
      answered('RangeError'),
      answered('ERR_OUT_OF_RANGE'),
      outOfMemory,
      timedOut,
      failed(/./),
    ),
  },
  {
    id: 'S08',
    title: 'the same bomb as a stream that nobody reads, and one that is read and kept',
    source: cjs(`
      const piece = zlib.brotliCompressSync(Buffer.alloc(50 * 1024 * 1024));
      const unread = zlib.createBrotliDecompress(); unread.on('error', () => {}); unread.write(piece);
      const kept = [];
      for (let i = 0; i < 20; i++) for await (const chunk of zlib.createBrotliDecompress().end(piece)) kept.push(chunk);
      return kept.length;`),
    settings: { timeout: 10 },
    expect: anyOf(failed(/./), outOfMemory, timedOut),
  },
  {
    id: 'S09',
    title: 'bombs inside bombs, in all formats',
    source: cjs(`
      let nested = Buffer.alloc(5_000_000);
      for (const pack of [zlib.deflateSync, zlib.gzipSync, zlib.brotliCompressSync, zlib.deflateRawSync, zlib.zstdCompressSync].filter(Boolean)) nested = pack(nested);
      const bounded = codeOf(() => zlib.zstdDecompressSync?.(nested, { maxOutputLength: 10 }));
      return [typeof bounded, codeOf(() => zlib.gunzipSync(Buffer.from('1f8b0800000000000003', 'hex')))];`),
    settings: { timeout: 5 },
    expect: anyOf(answered(['string', 'Z_BUF_ERROR']), failed(/./)),
  },
  {
    id: 'S10',
    title: 'ten thousand codecs with the largest windows',
    source: cjs(`
      const kept = globalThis.kept = [];
      const code = codeOf(() => { for (let i = 0; i < 10_000; i++) { const codec = i % 2 ? zlib.createDeflate({ memLevel: 9, windowBits: 15 }) : zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_LGWIN]: 24 } }); codec.on('error', () => {}); codec.write('x'); kept.push(codec); } });
      await new Promise((resolve) => setTimeout(resolve, 100));
      return kept.length > 0 || typeof code === 'string';`),
    settings: { timeout: 5 },
    expect: anyOf(answered(true), failed(/./), outOfMemory, timedOut),
  },
  {
    id: 'S11',
    title: 'windows and levels that cost gigabytes',
    source: cjs(`
      const c = zlib.constants;
      const made = [];
      for (const [name, make] of Object.entries({ large: () => zlib.brotliCompressSync('x', { params: { [c.BROTLI_PARAM_LARGE_WINDOW]: 1, [c.BROTLI_PARAM_LGWIN]: 30 } }), zstd: () => zlib.zstdCompressSync('x', { params: { [c.ZSTD_c_windowLog]: 31 } }), level: () => zlib.zstdCompressSync('x', { params: { [c.ZSTD_c_compressionLevel]: 22 } }),
        workers: () => zlib.zstdCompressSync('x', { params: { [c.ZSTD_c_nbWorkers]: 200 } }), decompress: () => zlib.zstdDecompressSync(Buffer.from('28b52ffd00f80100', 'hex')) })) if (codeOf(make) === 'value') made.push(name);
      return made.length <= 5;`),
    settings: { timeout: 5 },
    expect: anyOf(answered(true), timedOut, outOfMemory),
  },
  {
    id: 'S12',
    title: 'writes to codecs that nobody waits for',
    source: cjs(
      `const codec = zlib.createGzip(); codec.on('error', () => {}); const chunk = crypto_.randomBytes(1e6); for (;;) { codec.write(chunk); await new Promise(setImmediate); }`,
    ),
    expect: anyOf(timedOut, outOfMemory, failed(/./)),
  },
  {
    id: 'S13',
    title: 'a million hashes and ciphers begun and never finished',
    source: cjs(
      `const kept = []; for (let i = 0; i < 1e6; i++) { kept.push(crypto_.createHash('sha256').update('x')); if (i % 2) kept.push(crypto_.createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12))); } return kept.length;`,
    ),
    settings: { timeout: 3 },
    expect: anyOf(timedOut, outOfMemory, failed(/./), answered(1_500_000)),
  },
  {
    id: 'S14',
    title: 'random bytes by the gigabyte',
    source: cjs(
      `return [codeOf(() => crypto_.randomBytes(2 ** 31)), codeOf(() => crypto_.randomBytes(2 ** 30)), codeOf(() => crypto_.randomFillSync(new Uint8Array(8), -1)), codeOf(() => crypto_.randomInt(2 ** 60))].every((code) => typeof code === 'string');`,
    ),
    settings: { timeout: 5 },
    expect: anyOf(answered(true), outOfMemory, timedOut),
  },
  {
    id: 'S15',
    title: 'keys, certificates and parameters that are no such thing',
    source: cjs(`
      const evil = ['', '\\0', 'x'.repeat(1e6), '-----BEGIN PRIVATE KEY-----\\n' + 'A'.repeat(1e5) + '\\n-----END PRIVATE KEY-----', Buffer.alloc(1e5, 0x30), {}, null, { key: {} }, Symbol('k'), { key: 'file:///etc/passwd', format: 'pem' }, new Proxy(Buffer.alloc(4), {})];
      let calls = 0;
      for (const value of evil) for (const run of [() => crypto_.createPrivateKey(value), () => crypto_.createPublicKey(value), () => crypto_.createSecretKey(value), () => new crypto_.X509Certificate(value), () => crypto_.createSign('sha256').update('x').sign(value), () => crypto_.createECDH(value), () => crypto_.createDiffieHellman(value),
        () => crypto_.diffieHellman({ privateKey: value, publicKey: value }), () => crypto_.createCipheriv(value, value, value), () => crypto_.hkdfSync(value, value, value, value, 1e9), () => crypto_.createHmac(value, value), () => crypto_.verify(value, value, value, value), () => crypto_.getCipherInfo(value), () => crypto_.webcrypto.subtle.importKey(value, value, value, true, [value]).catch(() => {})]) { codeOf(run); calls++; }
      return calls;`),
    settings: { timeout: 5 },
    expect: anyOf(answered(154), failed(/./)),
  },
  {
    id: 'S16',
    title: 'an encrypted key whose passphrase is hashed two thousand million times',
    source: cjs(`
      const { privateKey } = crypto_.generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'p' }, publicKeyEncoding: { type: 'spki', format: 'der' } });
      const rounds = Buffer.from([0x02, 0x02, 0x08, 0x00]);
      const at = privateKey.indexOf(rounds);
      if (at === -1) return 'ERR';
      const forged = Buffer.concat([privateKey.subarray(0, at), Buffer.from([0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]), privateKey.subarray(at + 4)]);
      for (const position of [1, 2, 3]) forged[position] = forged[position];
      return codeOf(() => crypto_.createPrivateKey({ key: forged, format: 'der', type: 'pkcs8', passphrase: 'p' })) === 'value' ? 'opened' : 'ERR';`),
    settings: { timeout: 3 },
    expect: anyOf(answered('ERR'), timedOut),
  },
  {
    id: 'S17',
    title: 'signatures with the largest key, for as long as there is time',
    source: cjs(
      `const { privateKey } = crypto_.generateKeyPairSync('rsa', { modulusLength: 4096 }); for (;;) crypto_.sign('sha256', Buffer.from('x'), privateKey);`,
    ),
    settings: { timeout: 5 },
    expect: timedOut,
  },
  {
    id: 'S18',
    title: 'argon2 and hkdf, with all the memory there is',
    source: cjs(
      `return [codeOf(() => crypto_.argon2Sync?.('argon2id', { message: 'p', nonce: Buffer.alloc(16), parallelism: 200, tagLength: 64, memory: 2 ** 31, passes: 1000 })), codeOf(() => crypto_.hkdfSync('sha512', 'k', 's', 'i', 2 ** 30))].every((code) => code !== 'value');`,
    ),
    settings: { timeout: 3 },
    expect: anyOf(answered(true), timedOut, outOfMemory),
  },
  {
    id: 'S19',
    title: 'long work that is left behind with the answer is not waited for by the next',
    source: cjs(
      `const begun = Date.now(); for (let i = 0; i < 8; i++) crypto_.scrypt('p', 's', 64, { N: 2 ** 17, r: 8, p: 8, maxmem: 2 ** 31 }, () => {}); return Date.now() - begun < 900;`,
    ),
    expect: anyOf(answered(true), failed(/./)),
    // What OpenSSL has begun it ends, and that is two of them; all eight take 20 s and more.
    housekeepingMs: 10_000,
  },
  {
    id: 'S20',
    title: 'TLS contexts with authorities of a megabyte, thousands of them',
    source: cjs(`
      const tls = require('node:tls');
      const ca = tls.rootCertificates.join('\\n');
      const kept = globalThis.kept = [];
      for (let i = 0; i < 2000; i++) kept.push(tls.createSecureContext({ ca: ca + '\\n' + i }));
      return kept.length;`),
    settings: { timeout: 3 },
    expect: anyOf(answered(2000), timedOut, failed(/./), outOfMemory),
  },
  {
    id: 'S21',
    title: 'ten thousand half-read texts in encodings that only the sandbox knows',
    source: cjs(
      `const kept = []; for (let i = 0; i < 10_000; i++) { const decoder = new TextDecoder('gb18030'); decoder.decode(new Uint8Array([0x81]), { stream: true }); kept.push(decoder); } return kept.length;`,
    ),
    settings: { timeout: 3 },
    expect: anyOf(answered(10_000), failed(/./), timedOut),
  },
  {
    id: 'S22',
    title: 'WebCrypto, the same costs by another name',
    source: cjs(`
      const { subtle } = crypto;
      const key = await subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
      const all = await Promise.allSettled([subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 2 ** 31 - 1 }, key, 512), subtle.generateKey({ name: 'RSA-PSS', modulusLength: 16_384, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-512' }, true, ['sign']), subtle.generateKey({ name: 'RSA-PSS', modulusLength: 2048, publicExponent: new Uint8Array(1024).fill(255), hash: 'SHA-512' }, true, ['sign'])]);
      return all.every(({ status }) => status === 'rejected');`),
    expect: anyOf(answered(true), timedOut),
  },
];
