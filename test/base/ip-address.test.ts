import { isIP } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { blockHas, formatIpAddress, parseIpAddress, parseIpBlock, withoutMapping } from '../../src/base/ip-address.ts';

const anyV4 = fc.ipV4();
const anyV6 = fc.ipV6();

test('what Node takes as an address is one here, and nothing else', (t) => {
  const odd = fc.oneof(
    anyV4,
    anyV6,
    fc.string(),
    fc.stringMatching(/^[0-9a-fx:.]{0,20}$/),
    fc.constantFrom(
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '::',
      ':::',
      '1::2::3',
      '::1.2.3.4',
      '1:2:3:4:5:6:7::',
      '::ffff:1.2.3',
      '01.2.3.4',
    ),
  );
  fc.assert(
    fc.property(odd, (text) => {
      t.is(parseIpAddress(text)?.family ?? 0, isIP(text) as 0 | 4 | 6, text);
    }),
    { numRuns: 5_000 },
  );
});

test('an address that is written out and read again is the same', (t) => {
  fc.assert(
    fc.property(fc.oneof(anyV4, anyV6), (text) => {
      const address = parseIpAddress(text);
      t.truthy(address);
      if (address === undefined) return;
      const written = formatIpAddress(address);
      t.deepEqual(parseIpAddress(written), address);
      if (address.family === 6 && !text.includes('.')) {
        // As the URL standard serialises it, which is RFC 5952.
        t.is(`[${written}]`, new URL(`http://[${text}]/`).hostname);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a zone is no part of an address', (t) => {
  t.is(parseIpAddress('fe80::1%eth0'), undefined);
});

test('a block has the addresses that begin as it does', (t) => {
  const has = (block: string, text: string) => {
    const parsed = parseIpBlock(block);
    const address = parseIpAddress(text);
    return parsed !== undefined && address !== undefined && blockHas(parsed, address);
  };
  t.true(has('10.0.0.0/8', '10.255.255.255'));
  t.false(has('10.0.0.0/8', '11.0.0.0'));
  t.true(has('0.0.0.0/0', '255.1.2.3'));
  t.false(has('0.0.0.0/0', '::1'));
  t.true(has('fd00::/8', 'fdff::1'));
  t.true(has('::1/128', '::1'));
  for (const text of ['10.0.0.1/8', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/', '10.0.0.0', '10.0.0/8', '::/129']) {
    t.is(parseIpBlock(text), undefined, text);
  }
});

test('a mapped address is the IPv4 address in it', (t) => {
  for (const text of ['::ffff:10.0.0.1', '::FFFF:a00:1', '0:0:0:0:0:ffff:10.0.0.1']) {
    const address = parseIpAddress(text);
    t.is(address && formatIpAddress(withoutMapping(address)), '10.0.0.1');
  }
});
