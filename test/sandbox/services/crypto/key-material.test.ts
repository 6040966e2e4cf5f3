import * as crypto from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { limits } from '../../../../src/model/limits.ts';
import { assertContainer, assertKeyMaterial } from '../../../../src/sandbox/services/crypto/key-material.ts';
import {
  der,
  dsaKey,
  headed,
  integer,
  longDer,
  odd,
  pem,
  withRounds,
  withScrypt,
} from '../../../fixtures/forged-keys.ts';

const exceeded = (name: string) => ({ code: 'ERR_CRYPTO_LIMIT_EXCEEDED', message: new RegExp(name) });

function refuses(
  t: ExecutionContext,
  material: Buffer | string,
  name: string,
  passphrase: 'with-passphrase' | 'plain' = 'plain',
) {
  t.throws(() => assertKeyMaterial(Buffer.from(material), passphrase), exceeded(name));
}

test('keys of allowed lengths pass, however they are written', (t) => {
  const generate = crypto.generateKeyPairSync as unknown as (
    type: string,
    options?: object,
  ) => { privateKey: crypto.KeyObject; publicKey: crypto.KeyObject };
  const pairs = [
    generate('rsa', { modulusLength: 2048 }),
    generate('ec', { namedCurve: 'P-521' }),
    generate('ed25519'),
    generate('dsa', { modulusLength: 1024, divisorLength: 160 }),
    generate('dh', { group: 'modp18' }),
    generate('ml-dsa-87'),
  ];
  const encrypted = { cipher: 'aes-256-cbc', passphrase: 'p' };
  for (const { privateKey, publicKey } of pairs) {
    for (const format of ['pem', 'der'] as const) {
      const passes = (material: string | Buffer, passphrase: 'with-passphrase' | 'plain') =>
        t.notThrows(() => assertKeyMaterial(Buffer.from(material), passphrase));
      passes(privateKey.export({ format, type: 'pkcs8' } as never), 'plain');
      passes(privateKey.export({ format, type: 'pkcs8', ...encrypted } as never), 'with-passphrase');
      passes(publicKey.export({ format, type: 'spki' } as never), 'plain');
    }
  }
  const [rsa] = pairs;
  const traditional = rsa?.privateKey.export({ format: 'pem', type: 'pkcs1', ...encrypted } as never);
  t.regex(String(traditional), /Proc-Type/);
  t.notThrows(() => assertKeyMaterial(Buffer.from(String(traditional)), 'with-passphrase'));
});

test('numbers from which OpenSSL would compute for hours while it reads a key are refused', (t) => {
  const most = limits.cryptoModulusBitsMax;
  t.notThrows(() => assertKeyMaterial(dsaKey(most, most), 'plain'));
  for (const key of [dsaKey(most + 8, 256), dsaKey(2048, most + 8)]) {
    refuses(t, key, 'bits of a number');
    refuses(t, pem(key), 'bits of a number');
    refuses(t, `some text before it\n${pem(key)}`, 'bits of a number');
    refuses(t, Buffer.concat([key, Buffer.from('behind it')]), 'bits of a number');
    refuses(t, headed(pem(key), 'Head: abc'), 'bits of a number');
  }
});

test('what is no DER counts as too long where it names such an algorithm, and as nothing to look at elsewhere', (t) => {
  const key = dsaKey(2048, 256);
  refuses(t, Buffer.concat([Buffer.from([0x30, 0x80]), key.subarray(4), Buffer.from([0, 0])]), 'bits of a number');
  refuses(t, key.subarray(0, -1), 'bits of a number');
  const deep = Array.from({ length: 40 }).reduce<Buffer>((inner) => der(0x30, inner), key);
  refuses(t, deep, 'bits of a number');
  for (const none of [Buffer.alloc(0), Buffer.alloc(1e4, 0x30), crypto.randomBytes(1e4)]) {
    t.notThrows(() => assertKeyMaterial(none, 'plain'));
  }
});

test('a passphrase is not hashed more often because that is encrypted once more', (t) => {
  const key = withRounds(limits.cryptoIterationsMax + 1);
  refuses(t, key, 'cryptoIterationsMax', 'with-passphrase');
  refuses(t, pem(key, 'ENCRYPTED PRIVATE KEY'), 'cryptoIterationsMax', 'with-passphrase');
  const hidden = pem(crypto.randomBytes(320), 'PRIVATE KEY');
  refuses(t, headed(hidden, 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00'), 'encrypted twice', 'with-passphrase');
  t.notThrows(() => assertKeyMaterial(withRounds(1_000), 'with-passphrase'));
});

test('a count of rounds is not hidden by how the salt before it is written', (t) => {
  const rounds = limits.cryptoIterationsMax + 1;
  const salt = odd(64);
  for (const lengthBytes of [1, 2, 4, 5, 6]) {
    const written = longDer(0x04, lengthBytes, salt);
    refuses(t, withRounds(rounds, written), `cryptoIterationsMax`, 'with-passphrase');
    t.notThrows(() => assertKeyMaterial(withRounds(1_000, written), 'with-passphrase'));
  }
  for (const written of [longDer(0x04, 7, salt), longDer(0x04, 12, salt), der(0x24, der(0x04, salt))]) {
    refuses(t, withRounds(rounds, written), 'cryptoIterationsMax', 'with-passphrase');
  }
});

test('a passphrase that scrypt hashes costs the product of its numbers', (t) => {
  t.notThrows(() => assertKeyMaterial(withScrypt(16_384, 8, 1), 'with-passphrase'));
  refuses(t, withScrypt(32_768, 1, 1_000), 'cryptoKeyDerivationBytesMax', 'with-passphrase');
  refuses(
    t,
    pem(withScrypt(32_768, 1, 1_000), 'ENCRYPTED PRIVATE KEY'),
    'cryptoKeyDerivationBytesMax',
    'with-passphrase',
  );
});

test('what an encrypted key may hide is as short as keys are', (t) => {
  const long = Buffer.alloc(limits.cryptoEncryptedKeyBytesMax + 16, 0x30);
  refuses(t, long, 'cryptoEncryptedKeyBytesMax', 'with-passphrase');
  refuses(t, pem(long, 'ENCRYPTED PRIVATE KEY'), 'cryptoEncryptedKeyBytesMax', 'with-passphrase');
  t.notThrows(() => assertKeyMaterial(Buffer.from(pem(long, 'CERTIFICATE')), 'with-passphrase'));
});

test('the checksum of a PKCS #12 file is made with as many rounds as a key', (t) => {
  const file = (rounds: number, behind = '') =>
    Buffer.concat([
      der(0x30, integer(3), der(0x30, der(0x04, odd(800))), der(0x30, der(0x04, odd(64)), integer(rounds))),
      Buffer.from(behind),
    ]);
  t.notThrows(() => assertContainer(file(2_048)));
  t.throws(() => assertContainer(file(2 ** 31 - 1)), exceeded('PKCS #12'));
  t.throws(() => assertContainer(file(2 ** 31 - 1, 'behind it')), exceeded('PKCS #12'));
});
