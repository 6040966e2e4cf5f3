/** The crypto service at its border: what a guest may send, whatever it likes, and what comes of it. */
import { createHash, createHmac, createPublicKey, generateKeyPairSync, pbkdf2Sync, sign } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { cryptoEvents, cryptoOperations } from '../../../src/bridge/crypto.ts';
import type { BridgeReply, BridgeValue } from '../../../src/bridge/services.ts';
import { limits } from '../../../src/model/limits.ts';
import type { Service } from '../../../src/sandbox/service.ts';
import { pack, unpack } from '../../../src/sandbox/services/crypto/packed.ts';
import { openCrypto } from '../../../src/sandbox/services/crypto/service.ts';

interface Emitted {
  readonly id: number;
  readonly kind: number;
  readonly values: readonly BridgeValue[];
}

function open(t: ExecutionContext): { service: Service; next: () => Promise<Emitted> } {
  const waiting: PromiseWithResolvers<Emitted>[] = [];
  const emitted: Emitted[] = [];
  const service = openCrypto({
    emit(id, kind, ...values) {
      const event = { id, kind, values };
      const first = waiting.shift();
      if (first === undefined) emitted.push(event);
      else first.resolve(event);
    },
  });
  t.teardown(() => service.close());
  return {
    service,
    next() {
      const event = emitted.shift();
      if (event !== undefined) return Promise.resolve(event);
      const later = Promise.withResolvers<Emitted>();
      waiting.push(later);
      return later.promise;
    },
  };
}

function bytes(...parts: Uint8Array[]): ArrayBuffer {
  return pack(parts);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

interface Answered {
  readonly head: Record<string, unknown>;
  readonly parts: readonly string[];
}

/** @throws Error of the failure that was answered */
function answered(reply: BridgeReply): Answered {
  const [head, packed] = Array.isArray(reply) ? reply : [];
  if (head === '!') throw new Error(failureOf(reply).message);
  if (typeof head !== 'string' || !(packed instanceof ArrayBuffer)) throw new Error('that is no answer');
  return { head: JSON.parse(head), parts: unpack(packed).map((part) => Buffer.from(part).toString('hex')) };
}

function failureOf(reply: BridgeReply): { message: string; code?: string; isGone?: boolean } {
  const [marker, json] = Array.isArray(reply) ? reply : [];
  if (marker !== '!' || typeof json !== 'string') throw new Error('that is no failure');
  return JSON.parse(json);
}

test('what was packed is unpacked, and what was not is refused', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (parts) => {
      t.deepEqual(
        unpack(pack(parts)).map((part) => [...part]),
        parts.map((part) => [...part]),
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
      const packed = new Uint8Array(random).buffer;
      try {
        const total = unpack(packed).reduce((sum, part) => sum + part.byteLength, 0);
        t.true(total <= packed.byteLength);
      } catch (error) {
        t.regex(String(error), /not an operation of the crypto service/);
      }
    }),
  );
});

test('a digest is the same whole, in pieces, and from a copy', (t) => {
  const { service } = open(t);
  const ask = (operation: number, head: object, ...parts: Uint8Array[]): Answered =>
    answered(service.ask(operation, [JSON.stringify(head), bytes(...parts)]));
  const expected = createHash('sha256').update('abcdef').digest('hex');
  const whole = ask(cryptoOperations.streamWhole, { kind: 'hash', algorithm: 'sha256', data: 0 }, text('abcdef'));
  t.deepEqual(whole.parts, [expected]);

  const { id } = ask(cryptoOperations.streamOpen, { kind: 'hash', algorithm: 'sha256' }).head;
  service.ask(cryptoOperations.streamUpdate, [Number(id), Uint8Array.from(text('abc')).buffer]);
  const copy = ask(cryptoOperations.streamCopy, { id }).head;
  service.ask(cryptoOperations.streamUpdate, [Number(id), Uint8Array.from(text('def')).buffer]);
  t.deepEqual(ask(cryptoOperations.streamFinish, { id }).parts, [expected]);
  t.deepEqual(ask(cryptoOperations.streamFinish, { id: copy.id }).parts, [
    createHash('sha256').update('abc').digest('hex'),
  ]);
  t.throws(() => ask(cryptoOperations.streamFinish, { id }), { message: /is gone/ });

  const mac = ask(
    cryptoOperations.streamWhole,
    { kind: 'hmac', algorithm: 'md5', key: 0, data: 1 },
    text('k'),
    text('x'),
  );
  t.deepEqual(mac.parts, [createHmac('md5', 'k').update('x').digest('hex')]);
});

test('of streams that are begun and never finished the latest are kept', (t) => {
  const { service } = open(t);
  const begin = (): number =>
    Number(answered(service.ask(cryptoOperations.streamOpen, ['{"kind":"hash","algorithm":"md5"}', bytes()])).head.id);
  const first = begin();
  const second = begin();
  for (let count = 2; count < limits.cryptoStreamsMax; count++) begin();
  service.ask(cryptoOperations.streamUpdate, [first, new ArrayBuffer(1)]);
  begin();
  t.true(service.ask(cryptoOperations.streamUpdate, [first, new ArrayBuffer(1)]) instanceof ArrayBuffer);
  const failure = failureOf(service.ask(cryptoOperations.streamUpdate, [second, new ArrayBuffer(1)]));
  t.like(failure, { code: 'ERR_CRYPTO_LIMIT_EXCEEDED', isGone: true });
  t.regex(failure.message, /cryptoStreamsMax/);
});

test('a key that was forgotten is asked for again', (t) => {
  const { service } = open(t);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const signWith = (key: object, ...parts: Uint8Array[]): BridgeReply =>
    service.ask(cryptoOperations.sign, [JSON.stringify({ data: 0, key }), bytes(text('message'), ...parts)]);
  t.like(failureOf(signWith({ id: 1 })), { isGone: true });
  const [signature] = answered(signWith({ id: 1, type: 'private', der: 1 }, der)).parts;
  t.is(signature, sign(null, Buffer.from('message'), privateKey).toString('hex'));
  t.is(answered(signWith({ id: 1 })).parts[0], signature);
  const spki = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })).export({
    format: 'der',
    type: 'spki',
  });
  for (let id = 2; id < 2 + limits.cryptoKeysMax; id++) {
    service.ask(cryptoOperations.keyExport, [
      JSON.stringify({ key: { id, type: 'public', der: 0 }, format: 'jwk' }),
      bytes(spki),
    ]);
  }
  t.like(failureOf(signWith({ id: 1 })), { isGone: true });
});

test('a key may not come from a file of the sandbox', (t) => {
  const { service } = open(t);
  for (const key of [
    'file:///etc/passwd',
    { format: 'pem', data: 'file:///etc/passwd' },
    { format: 'store', data: 0 },
  ]) {
    const head = JSON.stringify({ id: 1, type: 'private', key });
    t.regex(failureOf(service.ask(cryptoOperations.keyImport, [head, bytes(text('x'))])).message, /not an operation/);
  }
});

test('an encrypted key whose passphrase is hashed too often is refused before it is', (t) => {
  const { service } = open(t);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' });
  const importing = (data: Uint8Array, format: string): BridgeReply =>
    service.ask(cryptoOperations.keyImport, [
      JSON.stringify({ id: 1, type: 'private', key: { format, encoding: 'pkcs8', data: 0, passphrase: 1 } }),
      bytes(data, text('secret')),
    ]);
  t.is(answered(importing(der, 'der')).head.asymmetricKeyType, 'ec');
  // The count is the integer 2048 behind the salt; the same length in bytes keeps the structure.
  const count = der.indexOf(Buffer.from([0x02, 0x02, 0x08, 0x00]));
  t.true(count > 0);
  const costly = Buffer.concat([
    der.subarray(0, count),
    Buffer.from([0x02, 0x04, 0x7f, 0xff, 0xff, 0xff]),
    der.subarray(count + 4),
  ]);
  const pem = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${costly.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
  for (const reply of [importing(costly, 'der'), importing(text(pem), 'pem')]) {
    t.like(failureOf(reply), { code: 'ERR_CRYPTO_LIMIT_EXCEEDED' });
  }
});

test('pbkdf2 may have as many iterations as there are blocks to make, and a refusal counts no others', (t) => {
  const { service } = open(t);
  const derive = (algorithm: string, iterations: number, length: number): BridgeReply => {
    const head = { algorithm, password: 0, salt: 1, iterations, length };
    return service.ask(cryptoOperations.pbkdf2, [JSON.stringify(head), bytes(text('password'), text('salt'))]);
  };
  const most = limits.cryptoIterationsMax;
  for (const [algorithm, length] of [
    ['sha224', 28],
    ['sha256', 32],
    ['sha1', 20],
    ['md5', 16],
  ] as const) {
    t.like(failureOf(derive(algorithm, most + 1, length)), {
      message: `pbkdf2 iterations: ${most + 1} is more than isotherm allows, which is ${most} (cryptoIterationsMax)`,
    });
  }
  t.like(failureOf(derive('sha256', most / 2 + 1, 64)), {
    message: `pbkdf2 iterations, times 2 blocks of the key: ${most + 2} is more than isotherm allows, which is ${most} (cryptoIterationsMax)`,
  });
  for (const [algorithm, length] of [
    ['sha512', 64],
    ['sha3-256', 32],
  ] as const) {
    t.like(failureOf(derive(algorithm, most / 2 + 1, length)), {
      message: `pbkdf2 iterations, times 2 for this digest: ${most + 2} is more than isotherm allows, which is ${most} (cryptoIterationsMax)`,
    });
  }
  t.is(typeof derive('sha512', 30_000, 64), 'number');
});

test('a salt that is hashed for each block of a result counts, and so does what scrypt hashes for each', (t) => {
  const { service } = open(t);
  const salt = Buffer.alloc(1_000_000);
  const ask = (operation: number, head: object, given: Uint8Array): BridgeReply =>
    service.ask(operation, [JSON.stringify({ password: 0, salt: 1, ...head }), bytes(text('p'), given)]);
  const { pbkdf2, scrypt } = cryptoOperations;
  const scryptOf = (p: number, length: number, given: Uint8Array): BridgeReply =>
    ask(scrypt, { N: 2, r: 8, p, maxmem: 2 ** 31, length }, given);
  t.regex(
    failureOf(ask(pbkdf2, { algorithm: 'sha1', iterations: 1, length: 20_000 }, salt)).message,
    /\(cryptoIterationsMax\)/,
  );
  t.regex(failureOf(scryptOf(100, 16, salt)).message, /\(cryptoDerivationBytesMax\)/);
  t.regex(failureOf(scryptOf(1_000, 100_000, text('salt'))).message, /\(cryptoDerivationBytesMax\)/);
  t.is(answered(ask(pbkdf2, { algorithm: 'sha1', iterations: 1, length: 20 }, salt)).parts.length, 1);
  t.is(answered(scryptOf(1, 16, salt.subarray(0, 30_000))).parts.length, 1);
  t.is(answered(scryptOf(1, 16, text('salt'))).parts.length, 1);
});

test('what is long is answered with a ticket, and the ticket with the result', async (t) => {
  const { service } = open(t);
  const head = { algorithm: 'sha256', password: 0, salt: 1, iterations: 30_000, length: 32 };
  const derive = (): BridgeReply =>
    service.ask(cryptoOperations.pbkdf2, [JSON.stringify(head), bytes(text('password'), text('salt'))]);
  const ticket = derive();
  t.is(typeof ticket, 'number');
  let reply: BridgeReply = ticket;
  while (typeof reply === 'number') {
    reply = service.ask(cryptoOperations.wait, [reply]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.deepEqual(answered(reply).parts, [pbkdf2Sync('password', 'salt', 30_000, 32, 'sha256').toString('hex')]);
  t.regex(failureOf(service.ask(cryptoOperations.wait, [Number(ticket)])).message, /no such ticket/);
});

test('what is started is answered by one event, and no more are started than the limit allows', async (t) => {
  const { service, next } = open(t);
  const head = JSON.stringify({ algorithm: 'sha1', password: 0, salt: 0, iterations: 1, length: 20 });
  for (let id = 0; id <= limits.cryptoOperationsStartedMax; id++) {
    service.start(cryptoOperations.pbkdf2, id, [head, bytes(text('x'))]);
  }
  const refused = await next();
  t.like(refused, { id: limits.cryptoOperationsStartedMax, kind: cryptoEvents.failed });
  t.regex(String(refused.values[0]), /bridgeCalls/);
  const ids = new Set<number>();
  for (let count = 0; count < limits.cryptoOperationsStartedMax; count++) {
    const event = await next();
    t.is(event.kind, cryptoEvents.done);
    ids.add(event.id);
  }
  t.is(ids.size, limits.cryptoOperationsStartedMax);
});

test('a service that is closed emits nothing any more', async (t) => {
  const emitted: number[] = [];
  const service = openCrypto({ emit: (id) => emitted.push(id) });
  const head = JSON.stringify({ algorithm: 'sha1', password: 0, salt: 0, iterations: 1, length: 20 });
  for (let id = 0; id < 8; id++) service.start(cryptoOperations.pbkdf2, id, [head, bytes(text('x'))]);
  service.close();
  const { service: other, next } = open(t);
  // Turns are taken in order: when this one is done, what was begun before it is too.
  for (let id = 0; id < 4; id++) {
    other.start(cryptoOperations.pbkdf2, id, [head, bytes(text('x'))]);
    await next();
  }
  t.deepEqual(emitted, []);
});

test('no prime is searched for that does not exist', (t) => {
  const { service } = open(t);
  const search = (bits: number, add: number[], remainder: number[]): BridgeReply =>
    service.ask(cryptoOperations.prime, [
      JSON.stringify({ bits, isSafe: false, add: 0, remainder: 1 }),
      bytes(Uint8Array.from(add), Uint8Array.from(remainder)),
    ]);
  t.regex(failureOf(search(64, [6], [3])).message, /there may be no prime/);
  t.regex(failureOf(search(8, [201], [5])).message, /there may be no prime/);
  t.regex(failureOf(search(64, [0x80, 0, 0, 0, 0, 0, 0, 0], [1])).message, /there may be no prime/);
});

test('a prime is not tested more often than the limit allows, and slow signatures are long', async (t) => {
  const { service } = open(t);
  const checks = JSON.stringify({ candidate: 0, checks: 2 ** 31 - 1 });
  const refused = failureOf(service.ask(cryptoOperations.primeCheck, [checks, bytes(Uint8Array.of(7))]));
  t.regex(refused.message, /cryptoPrimeChecksMax/);

  const { privateKey } = generateKeyPairSync('slh-dsa-sha2-128f');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const signWith = (key: object): BridgeReply =>
    service.ask(cryptoOperations.sign, [JSON.stringify({ data: 0, key }), bytes(text('message'), der)]);
  let reply = signWith({ id: 1, type: 'private', der: 1 });
  t.is(typeof reply, 'number');
  while (typeof reply === 'number') {
    reply = service.ask(cryptoOperations.wait, [reply]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is(Buffer.from(answered(reply).parts[0] ?? '', 'hex').byteLength, 17_088);
});

/** Members that operations read, with values of every kind. */
const hostileHead = fc.dictionary(
  fc.constantFrom(
    ...['kind', 'algorithm', 'data', 'key', 'id', 'type', 'format', 'encoding', 'cipher', 'iv', 'iterations', 'length'],
    ...[
      'password',
      'salt',
      'info',
      'N',
      'r',
      'p',
      'maxmem',
      'memory',
      'passes',
      'namedCurve',
      'curve',
      'action',
      'jwk',
    ],
    ...[
      'modulusLength',
      'primeLength',
      'prime',
      'bits',
      'candidate',
      'checks',
      'group',
      'generatorNumber',
      'publicKey',
    ],
    ...[
      'privateKey',
      'signature',
      'padding',
      'saltLength',
      'way',
      'isEncrypting',
      'authTagLength',
      'aad',
      'check',
      'value',
    ],
  ),
  fc.oneof(
    fc.integer(),
    fc.nat(3),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom(
      'hash',
      'cipher',
      'sha256',
      'aes-128-gcm',
      'pem',
      'der',
      'jwk',
      'rsa',
      'ec',
      'P-256',
      'public',
      'private',
      'host',
    ),
    fc.constantFrom('generate', 'secret', 'convert', 'argon2id', 'publicEncrypt', '__proto__', ''),
    fc.record({
      id: fc.nat(3),
      format: fc.constantFrom('pem', 'jwk'),
      data: fc.nat(3),
      jwk: fc.constant({ kty: 'EC' }),
    }),
    fc.array(fc.nat()),
  ),
);

test('whatever a guest sends is answered with a reply of the contract', (t) => {
  const { service } = open(t);
  const longest = ['keyPair', 'prime', 'primeCheck', 'dh', 'scrypt', 'argon2', 'pbkdf2'] as const;
  const long = new Set<number>(longest.map((name) => cryptoOperations[name]));
  const short = Object.values(cryptoOperations).filter((number) => !long.has(number));
  fc.assert(
    fc.property(
      fc.constantFrom(...short, 255),
      fc.oneof(
        hostileHead.map((head) => JSON.stringify(head)),
        fc.string(),
        fc.constantFrom('[]', 'null', '{', '1'),
      ),
      fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 4 }),
      (operation, head, parts) => {
        const reply = service.ask(operation, [head, pack(parts)]);
        const [first, second] = Array.isArray(reply) ? reply : [];
        t.true(reply instanceof ArrayBuffer || (typeof first === 'string' && second !== undefined));
      },
    ),
    { numRuns: 2_000 },
  );
  for (const operation of Object.values(cryptoOperations)) {
    for (const values of [[], [1], ['{}'], ['{}', 1], [undefined, new ArrayBuffer(0)], ['{}', new ArrayBuffer(3)]]) {
      t.true(Array.isArray(service.ask(operation, values)), `${operation} ${JSON.stringify(values)}`);
    }
  }
});

test('an operation that fails leaves no error for the next one, which may be that of another guest', (t) => {
  const { service } = open(t);
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  let id = 0;
  const imports = (): void => {
    id += 1;
    const head = { type: 'private', id, key: { format: 'pem', data: 0 } };
    answered(service.ask(cryptoOperations.keyImport, [JSON.stringify(head), bytes(text(String(pem)))]));
  };
  t.notThrows(imports);
  const scrypt = { password: 0, salt: 0, length: 16, N: 2, r: 8, p: 1, maxmem: 1 };
  const info = { algorithm: 'aes-128-cbc', keyLength: 1 };
  for (const [operation, head] of [
    [cryptoOperations.scrypt, scrypt],
    [cryptoOperations.cipherInfo, info],
  ] as const) {
    service.ask(operation, [JSON.stringify(head), bytes(text('x'))]);
    t.notThrows(imports);
    service.start(operation, 1, [JSON.stringify(head), bytes(text('x'))]);
    t.notThrows(imports);
  }
});
