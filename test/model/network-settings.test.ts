import test from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import { limits } from '../../src/model/limits.ts';
import { networkConfiguration } from '../../src/model/network-settings.ts';

const credential = { host: 'a.test:443', headers: { authorization: 'x' } };

test('what is given is kept, and nothing is added', (t) => {
  t.deepEqual(networkConfiguration({}), { allow: [] });
  const network = { allow: ['a.test', 'public:443'], connectionsMax: 5, bytesPerSecondMax: 1_000 };
  t.deepEqual(networkConfiguration(network), network);
});

test('a mistake is refused with the option, the rule and the value', (t) => {
  const refusals: readonly (readonly [unknown, string])[] = [
    ['a', 'network must be an object, received "a"'],
    [{ deny: [] }, 'network must be an object of allow, connectionsMax, bytesPerSecondMax, received "one with deny"'],
    [{ allow: 'a.test' }, 'network.allow must be a list, received "a.test"'],
    [{ allow: [5] }, 'network.allow[0] must be an object, received 5'],
    [
      { allow: ['a.test', 'http://b.test'] },
      'network.allow[1] must be a host and ports, without a scheme, received "http://b.test"',
    ],
    [
      { connectionsMax: 0 },
      `network.connectionsMax must be a whole number from 1 to ${limits.networkIdsMax}, received 0`,
    ],
    [
      { bytesPerSecondMax: 1.5 },
      `network.bytesPerSecondMax must be a whole number from 1 to ${Number.MAX_SAFE_INTEGER}, received 1.5`,
    ],
    [
      { allow: [{ ...credential, host: '*.a.test:443' }] },
      'network.allow[0].host must be one name and one port, because headers are added for it, received "*.a.test:443"',
    ],
    [
      { allow: [{ ...credential, host: 'a.test' }] },
      'network.allow[0].host must be one name and one port, because headers are added for it, received "a.test"',
    ],
    [
      { allow: [{ ...credential, headers: {} }] },
      `network.allow[0].headers must be 1 to ${limits.credentialHeadersMax} headers (credentialHeadersMax), received 0`,
    ],
    [
      { allow: [{ ...credential, headers: { Host: 'b' } }] },
      'network.allow[0].headers must be without headers that frame or route a request, received "Host"',
    ],
    [
      { allow: [{ ...credential, headers: { 'a b': 'c' } }] },
      'network.allow[0].headers must be named as HTTP headers are, received "a b"',
    ],
    [
      { allow: [{ ...credential, headers: { a: 'c', A: 'd' } }] },
      'network.allow[0].headers must be without a name twice, received "a"',
    ],
    [
      { allow: [credential, credential] },
      'network.allow must be without two lists of headers for one host, received "a.test:443"',
    ],
    [
      { allow: [{ ...credential, ca: 'x' }] },
      'network.allow[0].ca must be certificates as PEM, received "another text"',
    ],
    [{ allow: [{ ...credential, tls: 1 }] }, 'network.allow[0].tls must be true or false, received 1'],
    [
      { allow: Array(limits.networkRulesMax + 1).fill('a.test') },
      `network.allow must be at most ${limits.networkRulesMax} rules long (networkRulesMax), received ${limits.networkRulesMax + 1}`,
    ],
  ];
  for (const [network, message] of refusals) {
    const error = t.throws(() => networkConfiguration(network as object), { instanceOf: EngineError });
    t.is(error?.code, 'InvalidParameterValueException');
    t.is(error?.message, message);
  }
});

test('a value of a header that cannot be sent is refused without being shown', (t) => {
  for (const value of ['s3cr3t\r\nx: y', 's3cr3t\0', ' s3cr3t', 's3cr3t é', '', 's3cr3t'.repeat(2_000), 5]) {
    const headers = { authorization: value } as Record<string, string>;
    const error = t.throws(() => networkConfiguration({ allow: [{ ...credential, headers }] }), {
      instanceOf: EngineError,
    });
    t.regex(error?.message ?? '', /^network\.allow\[0\]\.headers\.authorization must be a string/);
    t.false(error?.message.includes('s3cr3t'));
  }
});
