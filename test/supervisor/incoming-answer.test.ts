/** A streamed answer from a sandbox that keeps to its rules, and from one that was taken over. */
import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { decodeAnswerChunk, decodeAnswerCredit } from '../../src/protocol/decode.ts';
import { frameTypes } from '../../src/protocol/messages.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';
import { Environments } from '../../src/supervisor/environments.ts';
import { MemoryAllowance } from '../../src/supervisor/memory-allowance.ts';
import { deployedVersion } from '../fixtures/deployed-version.ts';

const { responseStreamWindowBytes: window, responseStreamChunkBytesMax: chunkMax } = limits;

function running(mode: 'streamed' | 'whole' = 'streamed') {
  const credits: unknown[] = [];
  const taken: { readonly bytes: Uint8Array; readonly contentType: string | undefined }[] = [];
  let credit: (bytes: number) => void = () => {};
  const environments = new Environments(new MemoryAllowance(), (head) => credits.push(head));
  const ignore = () => {};
  environments.add({
    environmentId: 'e',
    version: deployedVersion(),
    logStreamName: 's',
    init: 'now',
    initializationType: 'on-demand',
    initTimeoutMs: 1,
    onLog: ignore,
    openGateway: () => ({ request: ignore, close: ignore }),
  });
  const answer = {
    open: (give: typeof credit) => {
      credit = give;
    },
    chunk: (bytes: Uint8Array, contentType: string | undefined) => taken.push({ bytes, contentType }),
  };
  const { environment } = environments.begin({
    environmentId: 'e',
    requestId: 'r',
    timeoutMs: 1,
    invokedFunctionArn: 'arn',
    payload: new Uint8Array(),
    onLog: ignore,
    ...(mode === 'streamed' && { answer }),
  });
  const deliver = (body: Uint8Array, more: object = {}) =>
    environments.deliverAnswer({
      type: frameTypes.answerChunk,
      callId: 0,
      head: { environmentId: 'e', requestId: 'r', ...more },
      body,
    });
  return { deliver, credit: (bytes: number) => credit(bytes), credits, taken, environment };
}

test('chunks reach whoever reads, in bytes of their own; what was taken makes room', (t) => {
  const { deliver, credit, credits, taken } = running();
  const frame = Buffer.from('ab');
  deliver(frame, { contentType: 'text/plain' });
  frame.fill(0);
  t.is(Buffer.from(taken[0]?.bytes ?? []).toString(), 'ab');
  t.is(taken[0]?.contentType, 'text/plain');
  credit(2);
  t.deepEqual(credits, [{ environmentId: 'e', requestId: 'r', bytes: 2 }]);
});

test('of an invocation that is over, nothing is given back', (t) => {
  const { deliver, credit, credits, environment } = running();
  deliver(Buffer.from('ab'));
  environment.running = undefined;
  credit(2);
  t.deepEqual(credits, []);
});

test('a sandbox that was taken over: not its own invocation, one that is answered whole, or more than was allowed', (t) => {
  const breaks = (act: (own: ReturnType<typeof running>) => void, mode?: 'whole') =>
    t.throws(() => act(running(mode)), { instanceOf: ProtocolError });
  breaks(({ deliver }) => deliver(Buffer.from('x'), { requestId: 'another' }));
  breaks(({ deliver }) => deliver(Buffer.from('x'), { environmentId: 'another' }));
  breaks(({ deliver, environment }) => {
    environment.running = undefined;
    deliver(Buffer.from('x'));
  });
  breaks(({ deliver }) => deliver(Buffer.from('x')), 'whole');
  breaks(({ deliver }) => deliver(Buffer.alloc(chunkMax + 1)));
  breaks(({ deliver }) => {
    for (let bytes = 0; bytes <= window; bytes += chunkMax) deliver(Buffer.alloc(chunkMax));
  });
  breaks(({ deliver }) => {
    deliver(Buffer.from('x'));
    deliver(Buffer.alloc(0));
  });
  breaks(({ deliver }) => {
    deliver(Buffer.from('x'));
    deliver(Buffer.from('x'), { contentType: 'text/plain' });
  });
  // Hundreds of thousands of short chunks would take much more memory than the window allows.
  breaks(({ deliver }) => {
    for (let bytes = 0; bytes < 100; bytes += 1) deliver(Buffer.from('x'));
  });
  breaks(({ deliver, credit }) => {
    for (let bytes = 0; bytes <= limits.responseStreamBytesMax; bytes += chunkMax) {
      deliver(Buffer.alloc(chunkMax));
      credit(chunkMax);
    }
  });
});

test('a sandbox that puts together what is short may send it as its reader takes it', (t) => {
  const { deliver, credit, taken } = running();
  for (let sent = 0; sent < 100; sent += 1) {
    deliver(Buffer.from('x'));
    credit(1);
  }
  deliver(Buffer.from('x'));
  for (let sent = 0; sent < 100; sent += 1) {
    deliver(Buffer.from('x'));
    deliver(Buffer.alloc(chunkMax));
    credit(chunkMax + 1);
  }
  t.is(taken.length, 301);
});

test('heads that are no heads', (t) => {
  const chunk = { environmentId: 'e', requestId: 'r' };
  for (const head of [
    undefined,
    [],
    { environmentId: 'e' },
    { ...chunk, requestId: 5 },
    { ...chunk, contentType: 5 },
    { ...chunk, contentType: '' },
    { ...chunk, contentType: 'a\r\nb: c' },
    { ...chunk, contentType: 'x'.repeat(limits.responseContentTypeCharsMax + 1) },
  ]) {
    t.throws(() => decodeAnswerChunk(head), { instanceOf: ProtocolError });
  }
  for (const bytes of [undefined, 0, -1, 1.5, window + 1, '1']) {
    t.throws(() => decodeAnswerCredit({ ...chunk, bytes }), { instanceOf: ProtocolError });
  }
  t.deepEqual(decodeAnswerChunk({ ...chunk, other: 1 }) as object, chunk);
});
