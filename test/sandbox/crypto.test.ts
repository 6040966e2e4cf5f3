/** Crypto in a real sandbox: what comes back as events, what a guest waits for, and that neither outlives its deadline. */
import anyTest, { type TestFn } from 'ava';
import { startSandbox, type TestSandbox } from './harness.ts';

const test = anyTest as TestFn<{ sandbox: TestSandbox }>;

test.before(async (t) => {
  t.context = { sandbox: await startSandbox() };
});
test.after.always((t) => t.context.sandbox?.[Symbol.asyncDispose]());

/** The answer of one invocation. */
async function answer(sandbox: TestSandbox, body: string): Promise<unknown> {
  const environment = await sandbox.run(`
    const crypto = require('crypto');
    const { promisify } = require('util');
    const hex = (bytes) => Buffer.from(bytes).toString('hex');
    exports.handler = async () => { ${body} };`);
  const { payload } = await environment.invoke({}, { timeoutMs: 30_000 });
  await environment.destroy();
  return JSON.parse(payload);
}

test('every callback form answers what its synchronous form answers', async (t) => {
  const result = await answer(
    t.context.sandbox,
    `
    const { publicKey, privateKey } = await promisify(crypto.generateKeyPair)('ec', { namedCurve: 'P-256' });
    const edwards = crypto.generateKeyPairSync('ed25519');
    const kem = await promisify(crypto.generateKeyPair)('ml-kem-768');
    const { sharedKey, ciphertext } = await promisify(crypto.encapsulate)(kem.publicKey);
    const nonce = Buffer.alloc(16);
    const argon2 = { message: 'password', nonce, parallelism: 1, tagLength: 16, memory: 64, passes: 1 };
    const signature = await promisify(crypto.sign)('sha256', Buffer.from('text'), privateKey);
    return {
      pbkdf2: hex(await promisify(crypto.pbkdf2)('password', 'salt', 1000, 20, 'sha1')) === hex(crypto.pbkdf2Sync('password', 'salt', 1000, 20, 'sha1')),
      scrypt: hex(await promisify(crypto.scrypt)('password', 'salt', 20, { N: 16 })) === hex(crypto.scryptSync('password', 'salt', 20, { N: 16 })),
      hkdf: hex(await promisify(crypto.hkdf)('sha256', 'key', 'salt', 'info', 20)) === hex(crypto.hkdfSync('sha256', 'key', 'salt', 'info', 20)),
      argon2: hex(await promisify(crypto.argon2)('argon2id', argon2)) === hex(crypto.argon2Sync('argon2id', argon2)),
      sign: hex(await promisify(crypto.sign)(null, Buffer.from('text'), edwards.privateKey)) === hex(crypto.sign(null, Buffer.from('text'), edwards.privateKey)),
      verify: await promisify(crypto.verify)('sha256', Buffer.from('text'), publicKey, signature),
      forged: await promisify(crypto.verify)('sha256', Buffer.from('other'), publicKey, signature),
      agree: (await promisify(crypto.diffieHellman)({ publicKey, privateKey })).length,
      kem: hex(await promisify(crypto.decapsulate)(kem.privateKey, ciphertext)) === hex(sharedKey),
      secret: (await promisify(crypto.generateKey)('aes', { length: 256 })).symmetricKeySize,
      prime: await promisify(crypto.checkPrime)(await promisify(crypto.generatePrime)(64)),
      random: (await promisify(crypto.randomBytes)(20)).length,
      filled: (await promisify(crypto.randomFill)(Buffer.alloc(9))).length,
    };`,
  );
  t.deepEqual(result, {
    ...{ pbkdf2: true, scrypt: true, hkdf: true, argon2: true, sign: true, verify: true, forged: false, agree: 32 },
    ...{ kem: true, secret: 32, prime: true, random: 20, filled: 9 },
  });
});

test('failures come through the callback, mistakes at once', async (t) => {
  const result = await answer(
    t.context.sandbox,
    `
    const failed = (run) => new Promise((resolve) => {
      try {
        run((error) => resolve(['later', error?.code ?? error?.message]));
      } catch (error) {
        resolve(['now', error.code]);
      }
    });
    const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return [
      await failed((done) => crypto.pbkdf2('password', 'salt', 1, 20, 'nothing', done)),
      await failed((done) => crypto.pbkdf2('password', 'salt', 2 ** 30, 20, 'sha1', done)),
      await failed((done) => crypto.sign('sha256', Buffer.from('text'), 'not a key', done)),
      await failed((done) => crypto.sign('sha256', Buffer.from('text'), crypto.generateKeyPairSync('x25519').privateKey, done)),
      await failed((done) => crypto.generateKeyPair('ec', { namedCurve: 'nothing' }, done)),
      await failed((done) => crypto.generateKeyPair('rsa', { modulusLength: 16_384 }, done)),
    ];`,
  );
  t.deepEqual(result, [
    ['now', 'ERR_CRYPTO_INVALID_DIGEST'],
    ['later', 'ERR_CRYPTO_LIMIT_EXCEEDED'],
    ['now', 'ERR_OSSL_UNSUPPORTED'],
    ['later', 'ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE'],
    ['now', 'ERR_CRYPTO_INVALID_CURVE'],
    ['later', 'ERR_CRYPTO_LIMIT_EXCEEDED'],
  ]);
});

test('a callback runs in the asynchronous context that it was given in', async (t) => {
  const result = await answer(
    t.context.sandbox,
    `
    const { AsyncLocalStorage } = require('async_hooks');
    const storage = new AsyncLocalStorage();
    const derive = () => new Promise((resolve) => crypto.pbkdf2('p', 's', 1, 1, 'sha1', () => resolve(storage.getStore())));
    return Promise.all(['first', 'second'].map((name) => storage.run(name, derive)));`,
  );
  t.deepEqual(result, ['first', 'second']);
});

test('a guest that waits for a long operation ends at its deadline, and its neighbour does not wait', async (t) => {
  const { sandbox } = t.context;
  const waiting = await sandbox.run(`
    exports.handler = async () => require('crypto').pbkdf2Sync('password', 'salt', 950_000, 10, 'sha512').length;`);
  const neighbour = await sandbox.run('exports.handler = async () => 1;');
  await neighbour.invoke();
  const slow = waiting.invoke({}, { timeoutMs: 500 });
  let answered = 0;
  let isOver = false;
  slow.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    t.is((await neighbour.invoke()).payload, '1');
    answered += 1;
  }
  t.deepEqual((await slow).outcome, { kind: 'timeout' });
  // If it waited it would have one answer.
  t.true(answered > 1, `${answered} invocations of the neighbour meanwhile`);
  // What goes on in OpenSSL is nobody's any more; the next one has a thread of its own.
  t.is(await answer(sandbox, "return crypto.pbkdf2Sync('password', 'salt', 30_000, 32, 'sha1').length;"), 32);
});

test('one that runs alone on the main thread waits the same way', async (t) => {
  const environment = await t.context.sandbox.run(`
    let calls = 0;
    exports.handler = async () => {
      calls += 1;
      // Short invocations earn the main lane.
      return calls < 6 ? 0 : require('crypto').pbkdf2Sync('password', 'salt', 30_000, 32, 'sha1').length;
    };`);
  const payloads: string[] = [];
  for (let call = 0; call < 7; call++) payloads.push((await environment.invoke({}, { timeoutMs: 10_000 })).payload);
  t.deepEqual(payloads.slice(-2), ['32', '32']);
});
