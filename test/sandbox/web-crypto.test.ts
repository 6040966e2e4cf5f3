/** Web Crypto in a real sandbox, compared with Node's: the same program runs in both, and each reads what the other wrote. */
import { createRequire } from 'node:module';
import test from 'ava';
import { startSandbox } from './harness.ts';

/** Keys are given as JWKs, so that both sides work with the same. */
const program = `
  const { subtle } = crypto;
  const bytes = (text) => new TextEncoder().encode(text);
  const hex = (buffer) => Buffer.from(buffer).toString('hex');
  const attempt = async (run) => {
    try {
      return await run();
    } catch (error) {
      return error.name + ': ' + error.message;
    }
  };
  const secret = (name, length) => ({ name, key: { kty: 'oct', k: Buffer.alloc(length, 7).toString('base64url') } });
  const iv = new Uint8Array(12).fill(1);
  const ciphers = [
    [secret('AES-GCM', 32), { name: 'AES-GCM', iv, additionalData: bytes('aad') }],
    [secret('AES-GCM', 16), { name: 'AES-GCM', iv, tagLength: 96 }],
    [secret('AES-CBC', 24), { name: 'AES-CBC', iv: new Uint8Array(16) }],
    [secret('AES-CTR', 16), { name: 'AES-CTR', counter: new Uint8Array(16).fill(255), length: 8 }],
    [secret('AES-CTR', 16), { name: 'AES-CTR', counter: new Uint8Array(16).fill(254), length: 128 }],
  ];
  const run = async (text) => ({
    digests: await Promise.all(['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'].map(async (name) => hex(await subtle.digest(name, bytes(text))))),
    long: hex(await subtle.digest('SHA-256', new Uint8Array(3_000_000))),
    ciphers: await Promise.all(ciphers.map(async ([{ name, key }, parameters]) => {
      const imported = await subtle.importKey('jwk', key, name, true, ['encrypt', 'decrypt']);
      const encrypted = await subtle.encrypt(parameters, imported, bytes(text));
      const tampered = new Uint8Array(encrypted.slice(0));
      tampered[0] ^= 1;
      return [
        hex(encrypted),
        Buffer.from(await subtle.decrypt(parameters, imported, encrypted)).toString(),
        name === 'AES-GCM' ? await attempt(() => subtle.decrypt(parameters, imported, tampered)) : '',
        await subtle.exportKey('jwk', imported),
      ];
    })),
    macs: await Promise.all(['SHA-1', 'SHA-256', 'SHA-512'].map(async (hash) => {
      const key = await subtle.importKey('raw', bytes('key'), { name: 'HMAC', hash }, false, ['sign', 'verify']);
      const mac = await subtle.sign('HMAC', key, bytes(text));
      return [hex(mac), await subtle.verify('HMAC', key, mac, bytes(text)), await subtle.verify('HMAC', key, mac, bytes('other'))];
    })),
    derived: await Promise.all([
      { name: 'PBKDF2', hash: 'SHA-256', salt: bytes('salt'), iterations: 1000 },
      { name: 'HKDF', hash: 'SHA-512', salt: bytes('salt'), info: bytes('info') },
    ].map(async (parameters) => {
      const key = await subtle.importKey('raw', bytes('password'), parameters.name, false, ['deriveBits', 'deriveKey']);
      const aes = await subtle.deriveKey(parameters, key, { name: 'AES-GCM', length: 128 }, true, ['encrypt']);
      return [hex(await subtle.deriveBits(parameters, key, 264)), hex(await subtle.exportKey('raw', aes))];
    })),
    wrapped: await (async () => {
      const key = await subtle.importKey('raw', new Uint8Array(16), 'AES-KW', false, ['wrapKey', 'unwrapKey']);
      const inner = await subtle.importKey('raw', bytes('0123456789abcdef'), 'AES-CBC', true, ['encrypt']);
      const wrapped = await subtle.wrapKey('raw', inner, key, 'AES-KW');
      const again = await subtle.unwrapKey('raw', wrapped, key, 'AES-KW', 'AES-CBC', true, ['encrypt']);
      return [hex(wrapped), hex(await subtle.exportKey('raw', again))];
    })(),
    refused: await Promise.all([
      () => subtle.digest('nothing', bytes('')),
      () => subtle.importKey('raw', bytes('short'), 'AES-GCM', true, ['encrypt']),
      () => subtle.importKey('pkcs8', bytes('no key'), { name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']),
      () => subtle.generateKey({ name: 'AES-GCM', length: 100 }, true, ['encrypt']),
      () => subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, []),
      () => subtle.encrypt({ name: 'AES-GCM', iv }, {}, bytes('')),
      async () => subtle.exportKey('raw', await subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt'])),
      async () => subtle.sign('HMAC', await subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']), bytes('')),
      () => crypto.getRandomValues(new Uint8Array(65_537)),
      () => crypto.getRandomValues(new Float64Array(1)),
    ].map(attempt)),
    pairs: await Promise.all([
      [{ name: 'ECDSA', namedCurve: 'P-384' }, { name: 'ECDSA', hash: 'SHA-384' }],
      [{ name: 'Ed25519' }, { name: 'Ed25519' }],
      [{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, 'RSASSA-PKCS1-v1_5'],
      [{ name: 'RSA-PSS', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, { name: 'RSA-PSS', saltLength: 32 }],
    ].map(async ([algorithm, parameters]) => {
      const { publicKey, privateKey } = await subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const pkcs8 = await subtle.exportKey('pkcs8', privateKey);
      const again = await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
      const signature = await subtle.sign(parameters, again, bytes(text));
      return [
        publicKey.type, privateKey.usages, publicKey.algorithm.name, privateKey instanceof CryptoKey,
        await subtle.verify(parameters, publicKey, signature, bytes(text)),
        await subtle.verify(parameters, publicKey, signature, bytes('other')),
        Object.keys(await subtle.exportKey('jwk', publicKey)).sort(),
      ];
    })),
    agreed: await (async () => {
      const [a, b] = await Promise.all([1, 2].map(() => subtle.generateKey('X25519', true, ['deriveBits'])));
      const derive = (mine, theirs) => subtle.deriveBits({ name: 'X25519', public: theirs.publicKey }, mine.privateKey, 256);
      return hex(await derive(a, b)) === hex(await derive(b, a));
    })(),
    oaep: await (async () => {
      const { publicKey, privateKey } = await subtle.generateKey(
        { name: 'RSA-OAEP', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, false, ['encrypt', 'decrypt']);
      const encrypted = await subtle.encrypt({ name: 'RSA-OAEP', label: bytes('label') }, publicKey, bytes(text));
      return Buffer.from(await subtle.decrypt({ name: 'RSA-OAEP', label: bytes('label') }, privateKey, encrypted)).toString();
    })(),
    names: [Object.prototype.toString.call(crypto), typeof Crypto, typeof SubtleCrypto, crypto === require('crypto').webcrypto],
  });
  exports.handler = ({ text }) => run(text);`;

test('Web Crypto answers what it answers in Node', async (t) => {
  const text = 'some text, longer than one block of any cipher';
  await using sandbox = await startSandbox();
  const environment = await sandbox.run(program);
  const { payload } = await environment.invoke({ text }, { timeoutMs: 30_000 });
  const module: { exports: { handler?: (event: unknown) => Promise<unknown> } } = { exports: {} };
  new Function('exports', 'require', 'module', program)(module.exports, createRequire(import.meta.url), module);
  t.deepEqual(JSON.parse(payload), JSON.parse(JSON.stringify(await module.exports.handler?.({ text }))));
});
