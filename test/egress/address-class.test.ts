import { isIPv4 } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { type IpAddress, parseIpAddress } from '../../src/base/ip-address.ts';
import { addressClass } from '../../src/egress/address-class.ts';

function classOf(text: string) {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return addressClass(address);
}

const special: Readonly<Record<string, readonly string[]>> = {
  unspecified: ['0.0.0.0', '0.1.2.3', '::'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1', 'fec0::1'],
  shared: ['100.64.0.1', '100.127.255.255'],
  'link-local': ['169.254.1.1', 'fe80::1', 'febf::1'],
  metadata: [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    'fd00:ec2::254',
    'fd20:ce::254',
  ],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  broadcast: ['255.255.255.255'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  benchmark: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  reserved: ['192.0.0.1', '240.0.0.1', '100::1', '4000::1', '5f00::1', '::2', '::7f00:1'],
  tunnel: ['192.88.99.1', '2001::1', '2002:0a00:0001::', '64:ff9b:1::1'],
};

test('every special block is what it is', (t) => {
  for (const [kind, texts] of Object.entries(special))
    for (const text of texts) t.is(classOf(text), kind as never, text);
});

test('everybody’s addresses are public', (t) => {
  for (const text of [
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '172.32.0.1',
    '192.0.1.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450::1',
  ]) {
    t.is(classOf(text), 'public', text);
  }
});

/** Every way in which a machine on the way may take an IPv6 address for an IPv4 one. */
const embeddings: Readonly<Record<string, (bits: bigint) => bigint>> = {
  mapped: (bits) => 0xffff_0000_0000n | bits,
  compatible: (bits) => bits,
  'NAT64, everybody’s': (bits) => (0x0064_ff9bn << 96n) | bits,
  'NAT64, local': (bits) => (0x0064_ff9b_0001n << 80n) | bits,
  '6to4': (bits) => (0x2002n << 112n) | (bits << 80n) | 1n,
  'Teredo server': (bits) => (0x2001_0000n << 96n) | (bits << 64n),
  'Teredo client': (bits) => (0x2001_0000n << 96n) | (bits ^ 0xffff_ffffn),
  ISATAP: (bits) => (0x2a00_1450_0000_0000n << 64n) | (0x0000_5efen << 32n) | bits,
  'ISATAP, unique': (bits) => (0x2a00_1450_0000_0000n << 64n) | (0x0200_5efen << 32n) | bits,
};

test('no embedding makes an address public that is not', (t) => {
  const notPublic = fc
    .oneof(
      fc.constantFrom(
        ...Object.values(special)
          .flat()
          .filter((text) => isIPv4(text)),
      ),
      fc.ipV4(),
    )
    .map((text) => parseIpAddress(text))
    .filter((address): address is IpAddress => address !== undefined && addressClass(address) !== 'public');
  for (const [name, embed] of Object.entries(embeddings)) {
    fc.assert(
      fc.property(notPublic, ({ bits }) => {
        t.not(addressClass({ family: 6, bits: embed(bits) }), 'public', name);
      }),
    );
  }
});

test('the translator’s own form of a public address is public', (t) => {
  t.is(classOf('64:ff9b::8.8.8.8'), 'public');
  t.is(classOf('::ffff:8.8.8.8'), 'public');
});

test('outside of global unicast nothing of IPv6 is public', (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const address = parseIpAddress(text);
      if (address === undefined || addressClass(address) !== 'public') return;
      const top = address.bits >> 125n;
      t.true(top === 1n || address.bits >> 32n === 0xffffn || address.bits >> 32n === 0x64_ff9b_0000_0000_0000_0000n);
    }),
    { numRuns: 2_000 },
  );
});
