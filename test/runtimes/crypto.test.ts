/** Node's crypto in guests, compared with Node itself: what is computed in the guest and what the service does. */
import anyTest, { type TestFn } from 'ava';
import fc from 'fast-check';
import { expectWarnings } from '../fixtures/expected-warnings.ts';
import { GuestRunner, nodeAnswer } from './harness.ts';

expectWarnings('DeprecationWarning');

const test = anyTest as TestFn<{ runner: GuestRunner }>;

test.before(async (t) => {
  t.context = { runner: await GuestRunner.start() };
});
test.after.always((t) => t.context.runner?.[Symbol.asyncDispose]());

/** Turns what the body returns, or throws, into something comparable. */
function program(body: string): string {
  return `
    const crypto = require('crypto');
    const hex = (bytes) => Buffer.from(bytes).toString('hex');
    const attempt = (run) => {
      try {
        return run();
      } catch (error) {
        return { type: error.constructor.name, message: error.message, ...error };
      }
    };
    exports.handler = (event) => {
      ${body}
    };`;
}

async function sameAsNode(
  t: { readonly context: { readonly runner: GuestRunner } },
  body: string,
  event: unknown = {},
): Promise<[unknown, unknown]> {
  return [await t.context.runner.answer(program(body), { event }), await nodeAnswer(program(body), event)];
}

const digestNames = [
  'md5',
  'sha1',
  'SHA-1',
  'sha224',
  'sha256',
  'RSA-SHA256',
  'sha384',
  'sha512',
  'sha512-224',
  'SHA512/256',
  'sha3-256',
  'sha3-512',
  'ripemd160',
  'blake2b512',
  'blake2s256',
  'shake128',
  'sm3',
  'md5-sha1',
  'keccak-256',
  'nothing',
];

test('digests of every kind and length are those of Node', async (t) => {
  const body = `
    return event.map(([name, length]) => attempt(() => {
      const bytes = Buffer.alloc(length, 'isotherm ');
      return [
        crypto.createHash(name).update(bytes).digest('hex'),
        attempt(() => crypto.createHmac(name, 'key').update(bytes).digest('base64')),
        crypto.hash(name, bytes),
      ];
    }));`;
  const lengths = [0, 1, 55, 56, 63, 64, 65, 111, 112, 128, 1_000, 16_384, 16_385, 300_000, 5_000_000];
  const cases = [
    ...digestNames.flatMap((name) => lengths.slice(0, -2).map((length) => [name, length])),
    ...['sha256', 'sha3-256', 'sm3'].flatMap((name) => lengths.slice(-2).map((length) => [name, length])),
  ];
  const [guest, node] = await sameAsNode(t, body, cases);
  t.deepEqual(guest, node);
});

test('it does not matter how the input comes in pieces, nor where a copy is taken', async (t) => {
  const sizes = fc.array(fc.oneof(fc.nat(200), fc.nat(70_000), fc.constantFrom(256 * 1024, 300_000)), { maxLength: 8 });
  const inputs = fc.sample(fc.tuple(fc.constantFrom('sha1', 'sha256', 'sm3', 'sha3-384'), sizes, fc.nat(8)), {
    numRuns: 25,
    seed: 4,
  });
  const body = `
    return event.map(([name, sizes, copyAt]) => {
      const hash = crypto.createHash(name);
      const hmac = crypto.createHmac(name, Buffer.alloc(200, 7));
      let copy;
      sizes.forEach((size, at) => {
        if (at === copyAt) copy = hash.copy();
        const piece = Buffer.alloc(size, at + 1);
        hash.update(piece);
        hmac.update(at % 2 === 0 ? piece : piece.toString('latin1'), 'latin1');
        copy?.update('x');
        piece.fill(0);
      });
      return [hash.digest('hex'), hmac.digest('hex'), copy?.digest('hex')];
    });`;
  const [guest, node] = await sameAsNode(t, body, inputs);
  t.deepEqual(guest, node);
});

test('encodings, output lengths and what is wrong are as in Node', async (t) => {
  const [guest, node] = await sameAsNode(
    t,
    `
    const { createHash, createHmac, hash } = crypto;
    const encodings = ['hex', 'base64', 'base64url', 'latin1', 'binary', 'buffer', 'utf8', 'ucs2', 'ascii', 'nothing', undefined];
    return [
      encodings.map((encoding) => createHash('sha1').update('\\u00e9\\ud83d\\ude00').digest(encoding)),
      ['utf8', 'ucs2', 'latin1', 'hex', 'base64'].map((encoding) => createHash('md5').update('abcd12', encoding).digest('hex')),
      [0, 1, 16, 200].map((outputLength) => createHash('shake256', { outputLength }).update('x').digest('hex')),
      createHash('sha256', { outputLength: 32 }).digest('hex'),
      attempt(() => createHash('sha256', { outputLength: 31 })),
      attempt(() => createHash('sha256').update(1)),
      attempt(() => createHash(1)),
      attempt(() => { const h = createHash('md5'); h.digest(); h.update('x'); }),
      attempt(() => { const h = createHash('md5'); h.digest(); h.copy(); }),
      attempt(() => createHmac('sha256')),
      attempt(() => createHmac('nothing', 'key')),
      attempt(() => hash('nothing', '')),
      attempt(() => hash('sha1', '', 'nothing')),
      ['hex', 'base64', 'buffer'].map((encoding) => hash('sha1', 'x', encoding)),
      createHash('shake128', { outputLength: 8 }).update('x').copy({ outputLength: 4 }).digest('hex'),
      crypto.getHashes(), crypto.getCiphers(), crypto.getCurves(), crypto.constants, crypto.getFips(),
    ];`,
  );
  t.deepEqual(guest, node);
});

test('texts of any length and any characters are hashed, signed and enciphered as in Node', async (t) => {
  const body = `
    const texts = ['é€𝄞\\ud800x', 'x'.repeat(100_000), 'é€𝄞\\ud800x'.repeat(20_000)];
    const key = Buffer.alloc(32, 7);
    return texts.map((text) => {
      const cipher = crypto.createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
      const enciphered = Buffer.concat([cipher.update(text), cipher.final()]);
      return [
        crypto.createHash('sha256').update(text).digest('hex'),
        crypto.createHmac('sha512', 'key').update(text, 'utf8').digest('hex'),
        crypto.hash('sha1', text),
        crypto.createHash('md5').update(text, 'latin1').digest('hex'),
        crypto.hash('md5', enciphered),
      ];
    });`;
  const [guest, node] = await sameAsNode(t, body);
  t.deepEqual(guest, node);
});

test('keys are derived as in Node, and refused as in Node', async (t) => {
  const [guest, node] = await sameAsNode(
    t,
    `
    const { pbkdf2Sync, scryptSync, hkdfSync, argon2Sync } = crypto;
    const nonce = Buffer.alloc(16, 1);
    return [
      ['sha1', 'sha256', 'sha512', 'md5'].map((name) => hex(pbkdf2Sync('password', 'salt', 4096, 40, name))),
      hex(pbkdf2Sync('password', 'salt', 30_000, 32, 'sha256')),
      attempt(() => pbkdf2Sync('password', 'salt', 1, 20, 'nothing')),
      attempt(() => pbkdf2Sync('password', 'salt', 0, 20, 'sha1')),
      attempt(() => pbkdf2Sync('password', 'salt', 1, 20)),
      hex(scryptSync('password', 'NaCl', 64, { N: 1024, r: 8, p: 16 })),
      hex(scryptSync('password', 'NaCl', 64)),
      attempt(() => scryptSync('password', 'NaCl', 64, { N: 3 })),
      attempt(() => scryptSync('password', 'NaCl', 64, { N: 2 ** 20 })),
      hex(hkdfSync('sha256', 'key', 'salt', 'info', 42)),
      hex(hkdfSync('sha512', Buffer.alloc(0), '', '', 1)),
      attempt(() => hkdfSync('sha512', 'key', 'salt', 'info', 0)),
      attempt(() => hkdfSync('sha256', 'key', 'salt', 'info', 255 * 32 + 1)),
      attempt(() => hkdfSync('nothing', 'key', 'salt', 'info', 42)),
      hex(argon2Sync('argon2id', { message: 'password', nonce, parallelism: 1, tagLength: 32, memory: 64, passes: 2 })),
      attempt(() => argon2Sync('argon2id', { message: 'password', nonce: 'short', parallelism: 1, tagLength: 32, memory: 64, passes: 2 })),
    ];`,
  );
  t.deepEqual(guest, node);
});

test('bytes are compared as in Node', async (t) => {
  const [guest, node] = await sameAsNode(
    t,
    `
    const { timingSafeEqual } = crypto;
    const a = Buffer.from('same');
    return [
      timingSafeEqual(a, Buffer.from('same')),
      timingSafeEqual(a, Buffer.from('sams')),
      timingSafeEqual(new Uint16Array([1]), new Uint8Array([1, 0])),
      timingSafeEqual(new ArrayBuffer(2), new DataView(new ArrayBuffer(2))),
      attempt(() => timingSafeEqual(a, Buffer.from('longer'))),
      attempt(() => timingSafeEqual('same', a)),
      attempt(() => timingSafeEqual(a, null)),
    ];`,
  );
  t.deepEqual(guest, node);
});

test('randomness has the right form and does not repeat', async (t) => {
  const answer = await t.context.runner.answer(
    program(`
    const { randomBytes, randomUUID, randomInt, randomFillSync, getRandomValues } = crypto;
    const ids = new Set(Array.from({ length: 1000 }, () => randomUUID()));
    const numbers = Array.from({ length: 1000 }, () => randomInt(10, 20));
    const filled = randomFillSync(new Uint32Array(64), 8, 8);
    return [
      ids.size,
      [...ids].every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
      Math.min(...numbers), Math.max(...numbers),
      [...filled.slice(0, 8), ...filled.slice(16)].every((value) => value === 0),
      [0, 1, 512, 513, 70_000].map((length) => randomBytes(length).length),
      new Set(Array.from({ length: 100 }, () => randomBytes(8).toString('hex'))).size,
      attempt(() => randomBytes(-1)).code,
    ];`),
  );
  t.deepEqual(answer, [1000, true, 10, 19, true, [0, 1, 512, 513, 70_000], 100, 'ERR_OUT_OF_RANGE']);
});

test('what costs too much is refused by the name of the limit', async (t) => {
  const answer = await t.context.runner.answer(
    program(`
    return [
      attempt(() => crypto.pbkdf2Sync('password', 'salt', 2 ** 30, 32, 'sha256')),
      attempt(() => crypto.scryptSync('password', 'salt', 32, { N: 2 ** 21, r: 8, p: 1, maxmem: 2 ** 33 })),
      attempt(() => crypto.pbkdf2Sync('password', 'salt', 1, 2 ** 30, 'sha256')),
    ].map(({ code, message }) => [code, /\\((\\w+)\\)$/.exec(message)?.[1]]);`),
  );
  t.deepEqual(answer, [
    ['ERR_CRYPTO_LIMIT_EXCEEDED', 'cryptoIterationsMax'],
    ['ERR_CRYPTO_LIMIT_EXCEEDED', 'cryptoMemoryBytesMax'],
    ['ERR_CRYPTO_LIMIT_EXCEEDED', 'cryptoOutputBytesMax'],
  ]);
});

test('a user who changed the built-ins gets the same digests', async (t) => {
  const answer = await t.context.runner.answer(
    program(`
    Array.prototype[Symbol.iterator] = () => { throw new Error('iterated'); };
    Object.defineProperty(Object.prototype, 'isGone', { value: true, configurable: true });
    Uint8Array.prototype.slice = () => { throw new Error('sliced'); };
    Promise.prototype.then = () => { throw new Error('then'); };
    return hex(crypto.pbkdf2Sync('password', 'salt', 1, 20, 'sha1'));`),
  );
  t.is(answer, '0c60c80f961f0e71f3a9b524af6012062fe037a6');
});
