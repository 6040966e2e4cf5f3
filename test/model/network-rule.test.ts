import test from 'ava';
import fc from 'fast-check';
import { normalName, parseNetworkRule, portsHave, splitNetworkRules } from '../../src/model/network-rule.ts';

function parsed(text: string) {
  const rule = parseNetworkRule(text);
  if ('problem' in rule) throw new Error(`${text}: ${rule.problem}`);
  return rule;
}

test('a rule is a host and its ports', (t) => {
  t.like(parsed('API.example.com:443'), {
    text: 'api.example.com:443',
    target: { kind: 'name', name: 'api.example.com' },
    ports: [{ from: 443, to: 443 }],
  });
  t.deepEqual(parsed('host:5432,5433').ports, [
    { from: 5432, to: 5432 },
    { from: 5433, to: 5433 },
  ]);
  t.deepEqual(parsed('host:8000-8100').ports, [{ from: 8000, to: 8100 }]);
  t.deepEqual(parsed('host:*').ports, [{ from: 1, to: 65_535 }]);
  t.deepEqual(parsed('*.example.com').target, { kind: 'subdomains', parent: 'example.com' });
  t.deepEqual(parsed('localhost:5432').target, { kind: 'localhost' });
  t.deepEqual(parsed('public:443').target, { kind: 'public' });
  t.like(parsed('10.0.0.0/8:5432').target, { kind: 'addresses', block: { family: 4, prefixLength: 8 } });
  t.like(parsed('127.0.0.1').target, { block: { family: 4, prefixLength: 32 } });
  t.like(parsed('[fd00::1]:80').target, { block: { family: 6, prefixLength: 128 } });
  t.like(parsed('[fd00::/8]').target, { block: { family: 6, prefixLength: 8 } });
});

test('without ports a rule has all but that of mail', (t) => {
  const { ports } = parsed('example.com');
  t.true([1, 24, 26, 80, 443, 65_535].every((port) => portsHave(ports, port)));
  t.false([0, 25].some((port) => portsHave(ports, port)));
  t.true(portsHave(parsed('example.com:*').ports, 25));
});

test('what would never match, or more than was meant, is refused with what it must be', (t) => {
  const refused = [
    '',
    ' ',
    '*',
    '*:443',
    '*.',
    '*.*.com',
    'a.*.com',
    'https://example.com',
    'example.com/path',
    'example.com:',
    'example.com:0',
    'example.com:65536',
    'example.com:080',
    'example.com:90-80',
    'example.com:80-',
    'example.com:a',
    'example.com:80, 81',
    'a b',
    'example.com.',
    '.example.com',
    'a..b',
    '-a.com',
    'user@example.com',
    'bücher.example',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001:80',
    '0177.0.0.1',
    '256.0.0.1',
    '10.0.0.1/8',
    '10.0.0.0/33',
    'fd00::1',
    'fd00::1:80',
    '::1',
    '[10.0.0.1]:80',
    '[fd00::1',
    '[]',
    '[fd00::1]80',
    '[fe80::1%eth0]:80',
    '[::ffff:10.0.0.1]:80',
    '[fd00::1]:80:90',
    'a'.repeat(64),
  ];
  for (const text of refused) t.true('problem' in parseNetworkRule(text), text);
  const problem = (text: string) => {
    const rule = parseNetworkRule(text);
    return 'problem' in rule ? rule.problem : '';
  };
  t.is(problem('https://example.com'), 'a host and ports, without a scheme');
  t.is(problem('*'), 'a host; every public address is called public');
  t.is(problem('::1'), 'HOST or HOST:PORTS, with an IPv6 address in brackets');
});

test('every text is a rule or a problem', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9.*:[\]/,-]{0,30}$/)), (text) => {
      const rule = parseNetworkRule(text);
      t.true('problem' in rule || rule.ports.length > 0);
    }),
  );
});

test('a number at the end makes no name of a host', (t) => {
  for (const text of ['127.1', '1', '0x7f', 'a.0x', 'example.1', '0x7f000001.'])
    t.is(normalName(text), undefined, text);
  t.is(normalName('Example.COM.'), 'example.com');
  t.is(normalName('_service._tcp.example'), '_service._tcp.example');
});

test('several rules in one text are apart by spaces or commas, but for those between ports', (t) => {
  t.deepEqual(splitNetworkRules(' a:80,443 b,c:1-2,7\tpublic:443,'), ['a:80,443', 'b', 'c:1-2,7', 'public:443']);
  t.deepEqual(splitNetworkRules(''), []);
});
