import test from 'ava';
import { parseIpAddress } from '../../src/base/ip-address.ts';
import { admitsAddress, judgeConnect, judgeName, type NetworkPolicy } from '../../src/egress/policy.ts';
import { policyRules } from '../../src/egress/policy-rules.ts';
import { networkConfiguration } from '../../src/model/network-settings.ts';

function policy(allow: readonly string[], own: readonly string[] = []): NetworkPolicy {
  return {
    rules: policyRules(networkConfiguration({ allow }), undefined),
    isOwn: (address) => own.some((text) => parseIpAddress(text)?.bits === address.bits),
  };
}

function address(text: string) {
  const parsed = parseIpAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

function opens(allow: readonly string[], text: string, port: number, names: readonly string[] = []): boolean {
  return judgeConnect(policy(allow), address(text), port, names).kind === 'allowed';
}

const web = '93.184.215.14';

test('a name opens the public addresses that it gave, on its ports', (t) => {
  t.true(opens(['api.example.com:443'], web, 443, ['api.example.com']));
  t.false(opens(['api.example.com:443'], web, 80, ['api.example.com']));
  t.false(opens(['api.example.com:443'], web, 443));
  t.false(opens(['api.example.com:443'], web, 443, ['example.com']));
  t.true(opens(['*.example.com:443'], web, 443, ['a.b.example.com']));
  t.false(opens(['*.example.com:443'], web, 443, ['example.com']));
  t.false(opens(['*.example.com:443'], web, 443, ['evilexample.com']));
});

test('a name opens no address inside, whatever its zone says, unless another rule has that address and port', (t) => {
  for (const inside of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', 'fd00:ec2::254', '::ffff:127.0.0.1']) {
    t.false(opens(['db.example.com:5432', '*.example.com'], inside, 5432, ['db.example.com']), inside);
  }
  t.true(opens(['db.example.com:5432', '10.0.0.0/8:5432'], '10.0.0.1', 5432, ['db.example.com']));
  t.false(opens(['db.example.com:22,5432', '10.0.0.0/8:5432'], '10.0.0.1', 22, ['db.example.com']));
});

test('public opens everybody’s addresses and none of this machine', (t) => {
  t.true(opens(['public'], web, 443));
  t.true(opens(['public:443'], '2606:4700::1111', 443));
  t.false(opens(['public:443'], web, 80));
  t.false(opens(['public'], web, 25));
  for (const inside of [
    '10.0.0.1',
    '127.0.0.1',
    '0.0.0.0',
    '::',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
  ]) {
    t.false(opens(['public'], inside, 443), inside);
  }
  const own = judgeConnect(policy(['public', 'me.example:443'], [web]), address(web), 443, ['me.example']);
  t.like(own, {
    kind: 'refused',
    reason: `${web} (me.example) is not a public address (of the host itself), and no rule of network.allow names it`,
  });
});

test('localhost is this machine by its two usual addresses', (t) => {
  t.true(opens(['localhost:5432'], '127.0.0.1', 5432));
  t.true(opens(['localhost:5432'], '::1', 5432));
  t.true(opens(['localhost:5432'], '::ffff:127.0.0.1', 5432));
  t.false(opens(['localhost:5432'], '127.0.0.2', 5432));
  t.false(opens(['localhost:5432'], '127.0.0.1', 5433));
});

test('a mapped address is judged as what it is connected to', (t) => {
  t.true(opens(['10.0.0.0/8'], '::ffff:10.1.2.3', 80));
  t.false(opens(['[::/0]'], '::ffff:10.1.2.3', 80));
});

test('a name may be looked up when a rule has it, or when everything public may be', (t) => {
  t.like(judgeName(policy(['a.example']), 'A.Example.'), {
    kind: 'allowed',
    name: 'a.example',
    chosenBy: 'embedder',
  });
  t.like(judgeName(policy(['*.a.example', 'public']), 'b.a.example'), { kind: 'allowed', chosenBy: 'guest' });
  t.like(judgeName(policy(['*.a.example', 'b.a.example']), 'b.a.example'), { kind: 'allowed', chosenBy: 'embedder' });
  t.like(judgeName(policy(['a.example', 'public']), 'b.example'), { kind: 'allowed', chosenBy: 'guest' });
  t.like(judgeName(policy(['a.example', '10.0.0.0/8']), 'b.example'), { kind: 'refused' });
  for (const number of ['2130706433', '0x7f.1', '127.1', '0177.0.0.01', 'a b', '']) {
    t.like(judgeName(policy(['public', '127.0.0.1']), number), { kind: 'refused' }, number);
  }
});

test('an address is told only if it could be connected to', (t) => {
  const both = policy(['a.example:443', '10.0.0.0/8:5432']);
  t.true(admitsAddress(both, 'a.example', address(web)));
  t.true(admitsAddress(both, 'a.example', address('10.0.0.1')));
  t.false(admitsAddress(both, 'a.example', address('192.168.0.1')));
  t.false(admitsAddress(policy(['public']), 'evil.example', address('127.0.0.1')));
});

test('a refusal says what is missing', (t) => {
  const reason = (allow: readonly string[], text: string, port: number, names: readonly string[] = []) => {
    const verdict = judgeConnect(policy(allow), address(text), port, names);
    return verdict.kind === 'refused' ? verdict.reason : undefined;
  };
  t.is(reason([], web, 443), `network.allow of this function does not have ${web}`);
  t.is(
    reason(['a.example:443'], web, 80, ['a.example']),
    `network.allow of this function does not have port 80 of ${web} (a.example)`,
  );
  t.is(
    reason(['public'], '10.0.0.1', 80),
    '10.0.0.1 is not a public address (private), and no rule of network.allow names it',
  );
});

test('the rule that is named is the most particular', (t) => {
  const verdict = judgeConnect(policy(['public', '*.example.com', 'a.example.com:443']), address(web), 443, [
    'a.example.com',
  ]);
  t.like(verdict, { rule: 'a.example.com:443', name: 'a.example.com' });
});

test('an address of this machine is none of the public ones, also by way of a translator to it', (t) => {
  const verdict = (text: string) => judgeConnect(policy(['public'], [web]), address(text), 80, []);
  for (const own of [web, `::ffff:${web}`, `64:ff9b::${web}`, `2600::5efe:${web}`, `2600::200:5efe:${web}`]) {
    t.like(verdict(own), { kind: 'refused' }, own);
  }
  t.regex(JSON.stringify(verdict(`64:ff9b::${web}`)), /of the host itself/);
  t.like(verdict('64:ff9b::8.8.8.8'), { kind: 'allowed' });
});
