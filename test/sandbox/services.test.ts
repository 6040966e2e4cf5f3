import test from 'ava';
import type { BridgeValue } from '../../src/bridge/services.ts';
import { services as numbers } from '../../src/bridge/services.ts';
import { Inbox } from '../../src/sandbox/inbox.ts';
import type { ServiceLink } from '../../src/sandbox/service.ts';
import { Services } from '../../src/sandbox/services.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

/** Services that write down what they are told. */
function open() {
  const seen: unknown[] = [];
  const links: Record<string, ServiceLink> = {};
  const inbox = new Inbox(
    () => {},
    () => {},
  );
  const opener = (name: string) => (link: ServiceLink) => {
    seen.push(`open ${name}`);
    links[name] = link;
    return {
      ask: (operation: number, values: readonly BridgeValue[]) => `${name} ${operation} ${values.join()}`,
      start: (...args: unknown[]) => void seen.push([name, ...args]),
      receive: (...args: unknown[]) => void seen.push([name, 'received', ...args]),
      close: () => void seen.push(`close ${name}`),
    };
  };
  const services = new Services({
    openers: { network: opener('network'), zlib: opener('zlib') },
    clock: createFakeClock(),
    inbox,
    request: (...args) => void seen.push(['request', ...args]),
  });
  return { services, seen, links, inbox };
}

test('a service is opened at its first use, once, and closed with its guest', (t) => {
  const { services, seen } = open();
  t.is(services.ask(numbers.zlib, 3, ['a', 1]), 'zlib 3 a,1');
  services.start(numbers.zlib, 4, 9, ['b']);
  t.deepEqual(seen, ['open zlib', ['zlib', 4, 9, ['b']]]);
  services.close();
  services.close();
  t.deepEqual(seen.slice(2), ['close zlib']);
});

test('a number that names no service is answered with nothing', (t) => {
  const { services, seen } = open();
  for (const number of [0, 99, -1, numbers.crypto]) {
    t.is(services.ask(number, 1, []), undefined);
    services.start(number, 1, 1, []);
  }
  t.deepEqual(seen, []);
});

test('what a service emits waits for the guest, until the guest is gone', (t) => {
  const { services, links, inbox } = open();
  services.ask(numbers.zlib, 1, []);
  links.zlib?.emit(5, 2, 'text', 3);
  t.deepEqual(inbox.shift(), { service: numbers.zlib, id: 5, kind: 2, values: ['text', 3] });
  services.close();
  links.zlib?.emit(5, 2);
  t.is(inbox.size, 0);
  t.is(services.ask(numbers.zlib, 1, []), undefined);
});

test('only services of the host reach it, and only an open one hears from it', (t) => {
  const { services, links, seen } = open();
  const body = new Uint8Array([1]);
  services.receive('network', { kind: 'late' }, body);
  t.deepEqual(seen, []);
  services.ask(numbers.network, 1, []);
  services.ask(numbers.zlib, 1, []);
  links.network?.request({ kind: 'connect' }, body);
  links.zlib?.request({ kind: 'connect' }, body);
  services.receive('network', { kind: 'connected' }, body);
  t.deepEqual(seen.slice(2), [
    ['request', 'network', { kind: 'connect' }, body],
    ['network', 'received', { kind: 'connected' }, body],
  ]);
});

test('a service can build on another one', (t) => {
  const { services, links, seen } = open();
  services.ask(numbers.zlib, 1, []);
  t.is(links.zlib?.service('network').ask(2, ['x']), 'network 2 x');
  t.deepEqual(seen, ['open zlib', 'open network']);
  t.throws(() => links.zlib?.service('crypto'), { message: /no crypto/ });
});
