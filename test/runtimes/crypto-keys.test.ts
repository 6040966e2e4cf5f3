/** Keys, signatures, ciphers and agreements in guests, compared with Node itself. */
import { generateKeyPairSync } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import fc from 'fast-check';
import { dsaKey, headed, odd, pem as pemOf, withRounds } from '../fixtures/forged-keys.ts';
import { GuestRunner, nodeAnswer } from './harness.ts';

const test = anyTest as TestFn<{ runner: GuestRunner }>;

test.before(async (t) => {
  t.context = { runner: await GuestRunner.start() };
});
test.after.always((t) => t.context.runner?.[Symbol.asyncDispose]());

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

const pem = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

/** Made once, so that the guest and Node see the same. */
const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 1024, ...pem }),
  pss: generateKeyPairSync('rsa-pss' as 'rsa', {
    modulusLength: 1024,
    hashAlgorithm: 'sha256',
    mgf1HashAlgorithm: 'sha1',
    saltLength: 16,
    ...pem,
  }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem }),
  secp: generateKeyPairSync('ec', { namedCurve: 'secp256k1', ...pem }),
  ed25519: generateKeyPairSync('ed25519', pem),
  ed448: generateKeyPairSync('ed448', pem),
  x25519: generateKeyPairSync('x25519', pem),
  dsa: generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160, ...pem }),
};

test('keys are read, described, compared and written as in Node', async (t) => {
  const body = `
    return Object.entries(event).map(([name, { publicKey, privateKey }]) => {
      const priv = crypto.createPrivateKey(privateKey);
      const pub = crypto.createPublicKey(publicKey);
      const shown = ({ publicExponent, ...rest } = {}) => ({ ...rest, publicExponent: String(publicExponent) });
      return [
        name, priv.type, pub.type, priv.asymmetricKeyType, shown(priv.asymmetricKeyDetails), shown(pub.asymmetricKeyDetails),
        attempt(() => priv.export({ format: 'jwk' })),
        attempt(() => pub.export({ format: 'jwk' })),
        hex(priv.export({ format: 'der', type: 'pkcs8' })),
        attempt(() => priv.export({ format: 'pem', type: 'pkcs1' })),
        attempt(() => priv.export({ format: 'pem', type: 'sec1' })),
        attempt(() => hex(pub.export({ format: 'raw-public' }))),
        pub.export({ format: 'pem', type: 'spki' }) === publicKey,
        crypto.createPublicKey(priv).equals(pub), pub.equals(priv),
        attempt(() => crypto.createPrivateKey({ key: priv.export({ format: 'jwk' }), format: 'jwk' }).equals(priv)),
        crypto.createPrivateKey({
          key: priv.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'secret' }),
          passphrase: 'secret',
        }).equals(priv),
      ];
    });`;
  const [guest, node] = await sameAsNode(t, body, pairs);
  t.deepEqual(guest, node);
});

test('what is no key, or not the right one, is refused as in Node', async (t) => {
  const body = `
    const { rsa, ec, ed25519 } = event;
    const { createPrivateKey, createPublicKey, createSecretKey, sign, createSign } = crypto;
    const encrypted = createPrivateKey(rsa.privateKey).export({
      format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'secret',
    });
    return [
      () => createPrivateKey('not a key'),
      () => createPrivateKey(rsa.publicKey),
      () => createPublicKey(Buffer.alloc(10)),
      () => createPublicKey({ key: Buffer.alloc(10), format: 'der', type: 'spki' }),
      () => createPrivateKey({ key: { kty: 'RSA' }, format: 'jwk' }),
      () => createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, format: 'jwk' }),
      () => createPrivateKey({ key: encrypted, passphrase: 'wrong' }),
      () => createPrivateKey(encrypted),
      () => createSecretKey('text'),
      () => createSecretKey('text', 'utf8').export().toString(),
      () => createSecretKey(Buffer.from('bytes')).export({ format: 'jwk' }),
      () => createSecretKey(Buffer.from('a')).equals(createSecretKey(Buffer.from('b'))),
      () => sign('sha256', Buffer.from('x'), createSecretKey(Buffer.from('a'))),
      () => sign('nothing', Buffer.from('x'), rsa.privateKey),
      () => sign('sha256', Buffer.from('x'), ed25519.privateKey),
      () => createSign('nothing'),
      () => createSign('sha256').sign(ed25519.privateKey),
      () => createSign('sha256').sign(ec.publicKey),
      () => { const s = createSign('sha256'); s.sign(ec.privateKey); s.update('x'); },
      () => crypto.generateKeyPairSync('ec', { namedCurve: 'nothing' }),
      () => crypto.generateKeyPairSync('rsa', { modulusLength: 512, privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'nothing', passphrase: '' } }),
      () => crypto.generateKeyPairSync('dh', { group: 'nothing' }),
    ].map(attempt);`;
  const [guest, node] = await sameAsNode(t, body, pairs);
  t.deepEqual(guest, node);
});

test('deterministic signatures are the same, others are verified by the other side', async (t) => {
  const body = `
    const { keys, signatures = [] } = event;
    const message = Buffer.from('a message '.repeat(50));
    const forms = [
      ['rsa', 'sha256', {}], ['rsa', 'sha1', {}], ['rsa', 'sha512', { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }],
      ['pss', 'sha256', {}], ['ec', 'sha256', {}], ['ec', 'sha384', { dsaEncoding: 'ieee-p1363' }], ['secp', 'sha3-256', {}],
      ['ed25519', null, {}], ['ed448', null, {}], ['ed448', null, { context: Buffer.from('context') }], ['dsa', 'sha1', {}],
    ];
    return forms.map(([name, algorithm, options], at) => {
      const { publicKey, privateKey } = keys[name];
      const signature = crypto.sign(algorithm, message, { key: privateKey, ...options });
      const others = signatures[at] === undefined ? signature : Buffer.from(signatures[at].signature, 'hex');
      const verify = (bytes) => crypto.verify(algorithm, message, { key: publicKey, ...options }, bytes);
      const forged = Buffer.from(others);
      forged[forged.length - 1] ^= 1;
      const streamed = algorithm === null || name === 'pss' ? true : crypto.createVerify(algorithm).update(message.subarray(0, 9))
        .update(message.subarray(9)).verify({ key: publicKey, ...options }, others);
      return {
        signature: hex(signature), isDeterministic: hex(signature) === hex(crypto.sign(algorithm, message, { key: privateKey, ...options })),
        results: [verify(others), verify(forged), verify(Buffer.alloc(0)), streamed],
      };
    });`;
  type Signed = readonly { signature: string; isDeterministic: boolean; results: boolean[] }[];
  const guest = (await t.context.runner.answer(program(body), { event: { keys: pairs } })) as Signed;
  const node = (await nodeAnswer(program(body), { keys: pairs, signatures: guest })) as Signed;
  const again = await t.context.runner.answer(program(body), { event: { keys: pairs, signatures: node } });
  for (const signed of [guest, node, again as Signed]) {
    for (const { results } of signed) t.deepEqual(results, [true, false, false, true]);
  }
  for (const [at, { signature, isDeterministic }] of guest.entries()) {
    if (isDeterministic) t.deepEqual(signature, node[at]?.signature);
  }
});

test('ciphers give the same in whatever pieces', async (t) => {
  const cases = fc.sample(
    fc.record({
      algorithm: fc.constantFrom(
        'aes-128-cbc',
        'aes-256-ctr',
        'aes-192-gcm',
        'aes-256-ocb',
        'chacha20-poly1305',
        'aes-128-ecb',
      ),
      sizes: fc.array(fc.oneof(fc.nat(40), fc.nat(5_000)), { maxLength: 5 }),
      aad: fc.nat(20),
      autoPadding: fc.boolean(),
    }),
    { numRuns: 40, seed: 7 },
  );
  const body = `
    return event.map(({ algorithm, sizes, aad, autoPadding }) => attempt(() => {
      const { keyLength, ivLength = 0, mode } = crypto.getCipherInfo(algorithm);
      const isAead = /gcm|ocb|poly/.test(algorithm);
      const [key, iv] = [Buffer.alloc(keyLength, 1), ivLength === 0 ? null : Buffer.alloc(ivLength, 2)];
      const options = isAead ? { authTagLength: 16 } : {};
      const cipher = crypto.createCipheriv(algorithm, key, iv, options);
      if (isAead) cipher.setAAD(Buffer.alloc(aad, 3));
      cipher.setAutoPadding(autoPadding);
      const out = sizes.map((size, at) => cipher.update(Buffer.alloc(size, at), undefined, 'hex'));
      out.push(cipher.final('hex'));
      const tag = isAead ? cipher.getAuthTag() : undefined;
      const decipher = crypto.createDecipheriv(algorithm, key, iv, options);
      if (isAead) decipher.setAAD(Buffer.alloc(aad, 3)).setAuthTag(tag);
      decipher.setAutoPadding(autoPadding);
      const text = Buffer.concat([decipher.update(out.join(''), 'hex'), decipher.final()]);
      return [mode, out.join(''), tag && hex(tag), text.length, crypto.hash('sha1', text)];
    }));`;
  const [guest, node] = await sameAsNode(t, body, cases);
  t.deepEqual(guest, node);
});

test('what is wrong with a cipher is told as in Node', async (t) => {
  const body = `
    const [key, iv] = [Buffer.alloc(16), Buffer.alloc(16)];
    const encrypt = (algorithm = 'aes-128-cbc', options) => crypto.createCipheriv(algorithm, key, iv, options);
    const decrypt = (algorithm = 'aes-128-gcm', options) => crypto.createDecipheriv(algorithm, key, iv, options);
    return [
      () => encrypt('nothing'),
      () => crypto.createCipheriv('aes-128-cbc', 'short', iv),
      () => crypto.createCipheriv('aes-128-cbc', key, 'short'),
      () => crypto.createCipheriv('aes-128-cbc', key, null),
      () => encrypt('aes-128-ccm'),
      () => encrypt('aes-128-gcm', { authTagLength: 1 }),
      () => { const c = encrypt(); c.final(); c.final(); },
      () => { const c = encrypt(); c.final(); c.update('x'); },
      () => encrypt('aes-128-gcm').getAuthTag(),
      () => encrypt().update(5),
      () => { const c = encrypt('aes-128-gcm'); c.final(); c.setAAD(key); },
      () => decrypt().setAuthTag(Buffer.alloc(3)),
      () => decrypt().setAuthTag(key).setAuthTag(key),
      () => { const d = decrypt(); d.setAuthTag(key); d.update('x'); d.final(); },
      () => { const d = decrypt('aes-128-cbc'); d.update('x'); d.final(); },
      () => { const c = encrypt(); return [c.update('x', 'utf8', 'hex'), c.final('base64')]; },
      () => crypto.getCipherInfo('aes-128-gcm', { ivLength: 8 }),
      () => crypto.getCipherInfo('nothing') === undefined,
      () => crypto.getCipherInfo(419).name,
    ].map(attempt);`;
  const [guest, node] = await sameAsNode(t, body);
  t.deepEqual(guest, node);
});

test('RSA encrypts for the other side', async (t) => {
  const body = `
    const { keys: { rsa }, made } = event;
    const forms = [{}, { oaepHash: 'sha256', oaepLabel: Buffer.from('label') }, { padding: crypto.constants.RSA_PKCS1_PADDING }];
    const encrypted = forms.map((options) => hex(crypto.publicEncrypt({ key: rsa.publicKey, ...options }, Buffer.from('text'))));
    return {
      encrypted,
      decrypted: (made ?? encrypted).map((text, at) =>
        crypto.privateDecrypt({ key: rsa.privateKey, ...forms[at] }, Buffer.from(text, 'hex')).toString()),
      signed: hex(crypto.privateEncrypt(rsa.privateKey, Buffer.from('text'))),
      failures: [
        () => crypto.publicEncrypt(rsa.publicKey, Buffer.alloc(1000)),
        () => crypto.privateDecrypt(rsa.privateKey, Buffer.alloc(128)),
        () => crypto.publicEncrypt({ key: rsa.publicKey, oaepHash: 'nothing' }, Buffer.alloc(1)),
        () => crypto.privateDecrypt(rsa.publicKey, Buffer.alloc(128)),
      ].map(attempt),
    };`;
  type Encrypted = { encrypted: string[]; decrypted: string[]; signed: string; failures: unknown };
  const guest = (await t.context.runner.answer(program(body), { event: { keys: pairs } })) as Encrypted;
  const node = (await nodeAnswer(program(body), { keys: pairs, made: guest.encrypted })) as Encrypted;
  t.deepEqual(node.decrypted, ['text', 'text', 'text']);
  t.deepEqual([guest.decrypted, guest.signed, guest.failures], [node.decrypted, node.signed, node.failures]);
});

test('secrets are agreed on as in Node', async (t) => {
  const body = `
    const { x25519, ec } = event;
    const ecdh = (curve, key) => { const e = crypto.createECDH(curve); e.setPrivateKey(Buffer.alloc(32, key)); return e; };
    const [a, b] = [ecdh('secp256k1', 1), ecdh('secp256k1', 2)];
    const dh = crypto.createDiffieHellman(crypto.getDiffieHellman('modp2').getPrime(), 3);
    dh.setPrivateKey(Buffer.from('123456789a', 'hex'));
    const group = crypto.getDiffieHellman('modp5');
    const [mine, theirs] = [crypto.getDiffieHellman('modp14'), crypto.getDiffieHellman('modp14')];
    mine.generateKeys();
    theirs.generateKeys();
    return [
      a.getPublicKey('hex'), a.getPublicKey('hex', 'compressed'), a.getPublicKey('hex', 'hybrid'), a.getPrivateKey('base64'),
      a.computeSecret(b.getPublicKey(), null, 'hex'),
      crypto.ECDH.convertKey(a.getPublicKey(), 'secp256k1', null, 'hex', 'compressed'),
      hex(crypto.diffieHellman({ privateKey: crypto.createPrivateKey(x25519.privateKey), publicKey: crypto.createPublicKey(x25519.publicKey) })),
      hex(crypto.diffieHellman({ privateKey: crypto.createPrivateKey(ec.privateKey), publicKey: crypto.createPublicKey(ec.publicKey) })),
      dh.verifyError, dh.generateKeys('hex'), dh.computeSecret(Buffer.from([9]), null, 'hex'), dh.getPrime('hex'), dh.getGenerator('hex'),
      group.getPrime('hex'), group.verifyError, mine.computeSecret(theirs.getPublicKey()).equals(theirs.computeSecret(mine.getPublicKey())),
      ...[
        () => crypto.createECDH('nothing'),
        () => crypto.createECDH('secp256k1').getPublicKey(),
        () => crypto.createECDH('secp256k1').getPrivateKey(),
        () => crypto.createECDH('secp256k1').setPrivateKey(Buffer.alloc(32)),
        () => a.computeSecret(Buffer.alloc(33)),
        () => dh.computeSecret(Buffer.from([1])),
        () => group.getPublicKey(),
        () => crypto.createDiffieHellman(Buffer.from('f'.repeat(15) + 'b', 'hex'), 2).generateKeys(),
        () => crypto.createDiffieHellmanGroup('nothing'),
        () => crypto.createDiffieHellman(Buffer.from([7]), 0),
      ].map(attempt),
    ];`;
  const [guest, node] = await sameAsNode(t, body, pairs);
  t.deepEqual(guest, node);
});

test('primes are primes', async (t) => {
  const answer = await t.context.runner.answer(
    program(`
    const { generatePrimeSync, checkPrimeSync } = crypto;
    const prime = generatePrimeSync(96, { bigint: true, add: 12n, rem: 5n });
    return [
      checkPrimeSync(generatePrimeSync(64)), checkPrimeSync(generatePrimeSync(40, { safe: true })), String(prime % 12n),
      checkPrimeSync(2n ** 61n - 1n), checkPrimeSync(2n ** 61n - 3n),
      attempt(() => generatePrimeSync(8, { add: 500n })).message, attempt(() => generatePrimeSync(8, { add: 5n, rem: 6n })).message,
      attempt(() => generatePrimeSync(64, { add: 6n, rem: 3n })).message, attempt(() => generatePrimeSync(5_000)).code,
    ];`),
  );
  t.deepEqual(answer, [
    ...[true, true, '5', true, false, 'invalid options.add', 'invalid options.rem'],
    'there may be no prime of 64 bits that leaves the remainder 3 when divided by 6',
    'ERR_CRYPTO_LIMIT_EXCEEDED',
  ]);
});

test('keys that would keep OpenSSL busy for hours while it reads them are refused, wherever they are given', async (t) => {
  const rounds = withRounds(2 ** 31 - 1);
  const event = {
    long: pemOf(dsaKey(65_536, 65_536)),
    encrypted: pemOf(rounds, 'ENCRYPTED PRIVATE KEY'),
    twice: headed(pemOf(rounds), 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF'),
    exponent: odd(65_536).toString('base64url'),
  };
  const answer = await t.context.runner.answer(
    program(`
    const { createSecureContext } = require('tls');
    const passphrase = 'p', data = Buffer.from('x');
    const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }), jwk = privateKey.export({ format: 'jwk' });
    // An error of OpenSSL's that is left behind would be that of the next one.
    const afterwards = () => crypto.sign('sha256', data, privateKey).byteLength;
    return [
      () => crypto.createPrivateKey(event.long), () => crypto.createPublicKey(event.long), () => crypto.sign('sha256', data, event.long),
      () => crypto.createPrivateKey({ key: event.encrypted, passphrase }), () => crypto.createPrivateKey({ key: event.twice, passphrase }),
      () => crypto.createPrivateKey({ key: { ...jwk, e: event.exponent }, format: 'jwk' }),
      () => createSecureContext({ key: event.long }), () => createSecureContext({ key: event.encrypted, passphrase }),
      () => createSecureContext({ key: [{ pem: event.twice, passphrase }] }),
    ].map((run) => [attempt(run).message.match(/\\((\\w+)\\)$/)?.[1], afterwards()]);`),
    { event },
  );
  t.deepEqual(
    answer,
    [
      ...Array(3).fill('cryptoModulusBitsMax'),
      ...Array(2).fill('cryptoIterationsMax'),
      'cryptoExponentBitsMax',
      'cryptoModulusBitsMax',
      ...Array(2).fill('cryptoIterationsMax'),
    ].map((limit) => [limit, 256]),
  );
});
