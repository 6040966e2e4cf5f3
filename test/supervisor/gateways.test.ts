import test from 'ava';
import { frameTypes, type GuestRequestHead } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { Gateways } from '../../src/supervisor/gateways.ts';
import type { GatewayLink } from '../../src/supervisor/sandbox-port.ts';

/** One environment `e` whose gateways write down what they are told. */
function open() {
  const seen: unknown[] = [];
  const links: GatewayLink[] = [];
  const sent: unknown[] = [];
  const gateways = new Gateways(
    (head, body) => void sent.push([head, body]),
    () => 'request',
  );
  gateways.add({
    environmentId: 'e',
    openGateway(link) {
      const number = links.push(link);
      return {
        request: (service, request) => void seen.push([number, service, request]),
        close: () => void seen.push([number, 'closed']),
      };
    },
  });
  const ask = (head: Partial<GuestRequestHead>): void => {
    const full = { environmentId: 'e', incarnation: 1, service: 'network', request: { kind: 'x' }, ...head };
    gateways.request({ type: frameTypes.guestRequest, callId: 0, head: full, body: new Uint8Array() });
  };
  return { gateways, ask, seen, links, sent };
}

test('an environment that asks for nothing has no gateway', (t) => {
  const { gateways, seen } = open();
  gateways.delete('e');
  gateways.delete('e');
  t.deepEqual(seen, []);
});

test('all that one guest asks goes to one gateway, whose answers carry its address', (t) => {
  const { ask, seen, links, sent } = open();
  ask({});
  ask({ service: 'bindings' });
  t.deepEqual(seen, [
    [1, 'network', { kind: 'x' }],
    [1, 'bindings', { kind: 'x' }],
  ]);
  links[0]?.send('network', { kind: 'y' });
  t.deepEqual(sent, [[{ environmentId: 'e', incarnation: 1, service: 'network', event: { kind: 'y' } }, undefined]]);
});

test('a new isolate gets a new gateway, and hears nothing of what the one before asked for', (t) => {
  const { gateways, ask, seen, links, sent } = open();
  ask({});
  gateways.invoked('e');
  ask({ incarnation: 2 });
  ask({ incarnation: 1, request: { kind: 'late' } });
  t.deepEqual(seen, [
    [1, 'network', { kind: 'x' }],
    [1, 'closed'],
    [2, 'network', { kind: 'x' }],
  ]);
  links[0]?.send('network', { kind: 'late' });
  t.deepEqual(sent, []);
});

test('an environment that is gone closes its gateway and hears nothing any more', (t) => {
  const { gateways, ask, seen, links, sent } = open();
  ask({});
  gateways.close();
  gateways.close();
  t.deepEqual(seen.slice(1), [[1, 'closed']]);
  links[0]?.send('network', { kind: 'late' });
  t.deepEqual(sent, []);
});

test('a request of no environment, or of another shape, is a protocol error', (t) => {
  const { ask } = open();
  t.throws(() => ask({ environmentId: 'other' }), { instanceOf: ProtocolError });
  t.throws(() => ask({ service: 'files' as never }), { instanceOf: ProtocolError });
  t.throws(() => ask({ request: 'text' as never }), { instanceOf: ProtocolError });
  t.throws(() => ask({ incarnation: -1 }), { instanceOf: ProtocolError });
});

test('a guest starts over at most once for each invocation: it cannot shed what it has spent', (t) => {
  const { gateways, ask } = open();
  t.throws(() => ask({ incarnation: 2 }), { instanceOf: ProtocolError });
  ask({ incarnation: 1 });
  gateways.invoked('e');
  gateways.invoked('another');
  ask({ incarnation: 2 });
  t.throws(() => ask({ incarnation: 3 }), { instanceOf: ProtocolError });
});
