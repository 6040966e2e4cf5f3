import test from 'ava';
import { pino } from 'pino';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import { createLogObserver } from '../../src/telemetry/pino.ts';

function logged(event: PlatformEvent): Record<string, unknown> {
  const lines: string[] = [];
  const logger = pino({ level: 'debug', base: null, timestamp: false }, { write: (line: string) => lines.push(line) });
  createLogObserver(logger)(event);
  return JSON.parse(lines.join(''));
}

test('an event is one record: its name, its fields, no sentence', (t) => {
  t.deepEqual(
    logged({ type: 'invocation.throttled', functionName: 'f', reason: 'ConcurrentInvocationLimitExceeded' }),
    {
      level: 40,
      event: 'invocation.throttled',
      functionName: 'f',
      reason: 'ConcurrentInvocationLimitExceeded',
    },
  );
});

test('what went wrong is louder than what was wanted', (t) => {
  t.is(logged({ type: 'sandbox.exited', sandboxId: 's', cause: 'retired', wanted: true }).level, 30);
  t.is(logged({ type: 'sandbox.exited', sandboxId: 's', cause: 'crashed', wanted: false }).level, 50);
  t.is(logged({ type: 'environment.removed', functionName: 'f', environmentId: 'e', reason: 'expired' }).level, 20);
});

test('what a function was refused is louder than what it did', (t) => {
  const of = { functionName: 'f', version: '$LATEST', environmentId: 'e', time: 0 };
  const peer = { address: '192.0.2.1', port: 443, rule: 'public', withCredentials: false };
  t.is(logged({ type: 'network.refused', ...of, operation: 'connect', reason: 'no rule' }).level, 40);
  t.is(logged({ type: 'network.connected', ...of, ...peer }).level, 20);
  const closed = { ...of, ...peer, bytesSent: 1, bytesReceived: 2, durationMs: 3 };
  t.like(logged({ type: 'network.closed', ...closed }), { level: 30, event: 'network.closed', bytesSent: 1 });
});
