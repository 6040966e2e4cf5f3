import test from 'ava';
import { FakeGuest } from '../../fixtures/fake-guest.ts';

test('variables are there at the first look, with the trace id of the invocation', async (t) => {
  const guest = await new FakeGuest({ environment: { OWN: 'x' } }).initWith(() => [
    guest.process.env._X_AMZN_TRACE_ID ?? 'none',
    guest.process.env.OWN,
    guest.process.env._HANDLER,
  ]);
  t.is((await guest.answer({}, { traceId: 'Root=1' }))?.text, '["Root=1","x","index.handler"]');
  t.is((await guest.answer())?.text, '["none","x","index.handler"]');
  t.is((await guest.answer({}, { traceId: 'Root=2' }))?.text, '["Root=2","x","index.handler"]');
});

test('a replaced process.env is the user’s own, and gets the trace id too', async (t) => {
  const guest = await new FakeGuest().initWith(() => guest.process.env);
  guest.process.env = { mine: '1' };
  t.is((await guest.answer({}, { traceId: 'Root=1' }))?.text, '{"mine":"1","_X_AMZN_TRACE_ID":"Root=1"}');
  Object.freeze(guest.process.env);
  t.is((await guest.answer())?.text, '{"mine":"1","_X_AMZN_TRACE_ID":"Root=1"}');
  Object.assign(guest.process, { env: undefined });
  t.is((await guest.answer())?.text, 'null');
});
