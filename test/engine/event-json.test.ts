import test from 'ava';
import { clientDetails } from '../../src/engine/client-context.ts';
import { eventBytes } from '../../src/engine/event-json.ts';
import type { EngineError } from '../../src/model/errors.ts';

const prefix = 'Could not parse request body into json: Could not parse payload into json: ';

test('any JSON value is an event, and its text passes through as it came', (t) => {
  for (const text of ['"text"', '12', 'null', 'true', '[1,2]', ' {"a" : 1.0} ']) {
    t.is(Buffer.from(eventBytes(text, 'RequestResponse')).toString(), text);
    t.is(Buffer.from(eventBytes(Buffer.from(text), 'RequestResponse')).toString(), text);
  }
});

test('nothing means {}', (t) => {
  for (const nothing of [undefined, '', new Uint8Array(0)]) {
    t.is(Buffer.from(eventBytes(nothing, 'RequestResponse')).toString(), '{}');
  }
});

test('what is not JSON is refused with the text of the parser, whatever the invocation type', (t) => {
  for (const type of ['RequestResponse', 'Event', 'DryRun'] as const) {
    for (const bad of ['{', '{"a":}', 'undefined', Buffer.from([0x22, 0x87, 0x22])]) {
      const error = t.throws<EngineError>(() => eventBytes(bad, type), { code: 'InvalidRequestContentException' });
      t.true(error?.message.startsWith(prefix));
      t.true((error?.message.length ?? 0) > prefix.length);
    }
  }
});

test('an event may have 6 MiB and not a byte more; an asynchronous one 1 MiB', (t) => {
  const sized = (bytes: number) => Buffer.from(`"${'x'.repeat(bytes - 2)}"`);
  t.is(eventBytes(sized(6_291_456), 'RequestResponse').byteLength, 6_291_456);
  t.throws(() => eventBytes(sized(6_291_457), 'RequestResponse'), {
    code: 'RequestEntityTooLargeException',
    message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
  });
  t.is(eventBytes(sized(1_048_576), 'Event').byteLength, 1_048_576);
  t.throws(() => eventBytes(sized(1_048_577), 'Event'), {
    code: 'RequestEntityTooLargeException',
    message: '1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)',
  });
});

test('size is counted in bytes, not in characters', (t) => {
  const text = `"${'€'.repeat(2_097_152)}"`;
  t.throws(() => eventBytes(text, 'RequestResponse'), { code: 'RequestEntityTooLargeException' });
});

test('a client context is base64; what it says is for the runtime to find out', (t) => {
  const encode = (text: string) => Buffer.from(text).toString('base64');
  t.deepEqual(clientDetails({ functionName: 'f' }), {});
  t.deepEqual(clientDetails({ functionName: 'f', clientContext: encode('{"a":1}') }), { clientContextJson: '{"a":1}' });
  t.deepEqual(clientDetails({ functionName: 'f', clientContext: encode('no json') }), { clientContextJson: 'no json' });
  t.throws(() => clientDetails({ functionName: 'f', clientContext: '{"a":1}' }), {
    code: 'InvalidRequestContentException',
    message: 'Client context must be a valid Base64-encoded JSON object.',
  });
  t.throws(() => clientDetails({ functionName: 'f', clientContext: 'A'.repeat(3584) }), {
    code: 'InvalidRequestContentException',
    message: 'clientContext must be at most 3583 bytes long, received 3584',
  });
});
