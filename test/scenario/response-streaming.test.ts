/** Answers that are read while their functions write them (LAMBDA.md A6, C5), from the library. */
import anyTest, { type TestFn } from 'ava';
import { createEngine, type Engine, EngineError, FunctionError, type StreamedResult } from '../../src/index.ts';
import { limits } from '../../src/model/limits.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

interface Context {
  engine: Engine;
}
const test = anyTest as TestFn<Context>;

test.before(async (t) => {
  t.context.engine = await createEngine({ clock: slowClock });
});

test.after.always((t) => t.context.engine.close());

let deployed = 0;

/** A handler that streams; `once` waits for an event, `tell(x)` and `heard()` are the test's. */
async function deploy({ engine }: Context, body: string, settings: object = {}): Promise<string> {
  deployed += 1;
  const functionName = `stream-${deployed}`;
  await engine.createFunction({
    functionName,
    timeout: 20,
    code: {
      source: `import { once } from 'node:events'; import * as test from 'isotherm:bindings';
        let calls = 0;
        export const handler = awslambda.streamifyResponse(async (event, stream, context) => { calls += 1; ${body} });`,
    },
    bindings: {},
    ...settings,
  });
  return functionName;
}

/** One text for each chunk, and what the stream failed with. */
async function read({ stream }: StreamedResult): Promise<{ readonly texts: string[]; readonly error?: unknown }> {
  const texts: string[] = [];
  try {
    for await (const chunk of stream) texts.push(Buffer.from(chunk).toString('latin1'));
    return { texts };
  } catch (error) {
    return { texts, error };
  }
}

async function whole(answer: StreamedResult): Promise<string> {
  const { texts, error } = await read(answer);
  if (error !== undefined) throw error;
  return texts.join('');
}

function json(bytes: Uint8Array | undefined) {
  return JSON.parse(Buffer.from(bytes ?? []).toString());
}

for (const runtime of ['nodejs18.x', 'nodejs20.x', 'nodejs22.x', 'nodejs24.x', 'nodejs26.x'] as const) {
  test(`${runtime}: the first bytes are read while the handler waits for their reader`, async (t) => {
    const isRead = Promise.withResolvers<void>();
    const functionName = await deploy(
      t.context,
      `stream.setContentType('text/plain'); stream.write('first'); await test.isRead(); stream.write(Buffer.from([0, 255, 128])); stream.end(' last');`,
      { runtime, bindings: { isRead: () => isRead.promise } },
    );
    const answer = await t.context.engine.invokeStream({ functionName, logType: 'Tail' });
    t.like(answer, { statusCode: 200, executedVersion: '$LATEST', contentType: 'text/plain' });
    const reader = answer.stream.getReader();
    t.is(Buffer.from((await reader.read()).value ?? []).toString(), 'first');
    isRead.resolve();
    reader.releaseLock();
    t.is(await whole(answer), '\0\u00ff\u0080 last');
    const { functionError, report, logResult } = await answer.done;
    t.is(functionError, undefined);
    t.true((report?.durationMs ?? 0) > 0);
    t.regex(Buffer.from(logResult ?? '', 'base64').toString(), /^START RequestId: [\s\S]*REPORT RequestId: /);

    // A6.9: a plain Invoke gets the same bytes, whole.
    const { payload } = await t.context.engine.invoke({ functionName });
    t.is(Buffer.from(payload).toString('latin1'), 'first\0\u00ff\u0080 last');
  });
}

test('A6.8: a prelude and its eight NULs are the first bytes, and say of what kind they are', async (t) => {
  const functionName = await deploy(
    t.context,
    `const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: 'b' } }); http.write('body'); http.end();`,
  );
  const answer = await t.context.engine.invokeStream({ functionName });
  t.is(answer.contentType, 'application/vnd.awslambda.http-integration-response');
  t.is(await whole(answer), `{"statusCode":201,"headers":{"a":"b"}}${'\0'.repeat(8)}body`);
});

test('an answer without bytes is one, and a handler that does not stream answers in one chunk', async (t) => {
  const empty = await t.context.engine.invokeStream({ functionName: await deploy(t.context, 'stream.end();') });
  t.is(empty.contentType, 'application/octet-stream');
  t.deepEqual(await read(empty), { texts: [] });
  const { functionName } = await t.context.engine.createFunction({
    functionName: 'plain',
    timeout: 20,
    code: { source: 'export const handler = async (event) => event;' },
  });
  const plain = await t.context.engine.invokeStream({ functionName, payload: '{"a":1}' });
  t.is(plain.contentType, 'application/json');
  t.deepEqual(await read(plain), { texts: ['{"a":1}'] });
});

test('a reader that is slow slows the function down, by drain', async (t) => {
  let begun = 0;
  const functionName = await deploy(
    t.context,
    `const chunk = Buffer.alloc(32768, 'x'); let drains = 0;
     for (let sent = 0; sent < 64; sent += 1) {
       if (stream.write(chunk)) continue;
       test.begun(sent + 1); drains += 1;
       await once(stream, 'drain');
     }
     stream.end(String(drains));`,
    {
      bindings: {
        begun: (count: number) => {
          begun = count;
        },
      },
    },
  );

  const answer = await t.context.engine.invokeStream({ functionName });
  const window = limits.responseStreamWindowBytes / 32_768;
  while (begun < window) await new Promise(setImmediate);
  const reader = answer.stream.getReader();
  let bytes = 0;
  for (;;) {
    // At no time more was written than was read and may be on its way, and what the Writable itself holds.
    t.true(begun * 32_768 <= bytes + limits.responseStreamWindowBytes + 4 * 65_536, `${begun} at ${bytes}`);
    const { value, done } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
  }
  t.is(begun, 64);
  t.true(bytes > 64 * 32_768);
});

test('a reader that never reads: the timeout holds, and no more than a window waits', async (t) => {
  const functionName = await deploy(
    t.context,
    `const chunk = Buffer.alloc(65536); for (;;) if (!stream.write(chunk)) await once(stream, 'drain');`,
    { timeout: 1 },
  );
  const answer = await t.context.engine.invokeStream({ functionName });
  t.regex(json((await answer.done).errorPayload).errorMessage, /Task timed out after 1\.00 seconds/);
  const { texts, error } = await read(answer);
  t.true(texts.join('').length <= limits.responseStreamWindowBytes);
  t.like(error as FunctionError, { errorType: 'Sandbox.Timedout' });
});

test('C4.15: a reader that goes away does not stop the function, nor holds what it writes', async (t) => {
  const functionName = await deploy(
    t.context,
    `const chunk = Buffer.alloc(65536); for (let sent = 0; sent < 320; sent += 1) if (!stream.write(chunk)) await once(stream, 'drain');
     stream.end();`,
  );
  const answer = await t.context.engine.invokeStream({ functionName });
  await answer.stream.cancel();
  t.is((await answer.done).functionError, undefined);

  const controller = new AbortController();
  const aborted = await t.context.engine.invokeStream({ functionName, signal: controller.signal });
  controller.abort(new Error('enough'));
  t.like((await read(aborted)).error as Error, { message: 'enough' });
  t.is((await aborted.done).functionError, undefined);
});

test('C5.4: a function that fails midway: what was sent stays, the stream fails, the end tells why', async (t) => {
  const bodies = {
    'throw new TypeError();': 'TypeError',
    'return;': 'Error',
    'process.exit(3);': 'Runtime.ExitError',
    'Promise.reject(new RangeError()); await new Promise((resolve) => setTimeout(resolve, 1e5));':
      'Runtime.UnhandledPromiseRejection',
    'for (;;);': 'Sandbox.Timedout',
    'const kept = []; for (;;) kept.push(new Array(1e5).fill(0));': 'Runtime.OutOfMemory',
  };
  for (const [body, errorType] of Object.entries(bodies)) {
    const source = `if (event.well) return stream.end('well'); stream.write('begun'); await test.isRead(); ${body}`;
    const isRead = Promise.withResolvers<void>();
    const functionName = await deploy(t.context, source, {
      runtime: 'nodejs22.x',
      timeout: body === 'for (;;);' ? 5 : 30,
      bindings: { isRead: () => isRead.promise },
    });
    const answer = await t.context.engine.invokeStream({ functionName });
    const reading = read(answer);
    isRead.resolve();
    const { texts, error } = await reading;
    t.deepEqual(texts, ['begun'], body);
    t.true(error instanceof FunctionError, body);
    const { functionError, errorPayload, report } = await answer.done;
    t.is(functionError, 'Unhandled');
    // The runtimes up to Node 22 report some of their own errors as bare texts.
    if (body !== 'return;') t.is(json(errorPayload).errorType, errorType);
    t.is(report?.coldStart, true);
    t.is(await whole(await t.context.engine.invokeStream({ functionName, payload: '{"well":1}' })), 'well', body);
  }
});

test('a function that fails before its first byte: a stream that only fails', async (t) => {
  const functionName = await deploy(t.context, `throw new TypeError('no');`);
  const answer = await t.context.engine.invokeStream({ functionName });
  t.is(answer.contentType, 'application/json');
  const { texts, error } = await read(answer);
  t.deepEqual(texts, []);
  t.like(error as FunctionError, { errorType: 'TypeError', requestId: answer.requestId });
  t.like(json((await answer.done).errorPayload), { errorType: 'TypeError', errorMessage: 'no' });
});

test('a mistake of the client is thrown, and a dry run runs nothing', async (t) => {
  const { engine } = t.context;
  await t.throwsAsync(engine.invokeStream({ functionName: 'nobody' }), { code: 'ResourceNotFoundException' });
  const functionName = await deploy(t.context, 'stream.end(String(calls));');
  await t.throwsAsync(engine.invokeStream({ functionName, payload: '{' }), { code: 'InvalidRequestContentException' });
  const dry = await engine.invokeStream({ functionName, invocationType: 'DryRun' });
  t.is(dry.statusCode, 204);
  t.is(await whole(dry), '');
  t.deepEqual(await dry.done, {});
  t.is(await whole(await engine.invokeStream({ functionName })), '1');
});

test('what an earlier invocation still writes is in nobody’s answer', async (t) => {
  const functionName = await deploy(
    t.context,
    `if (event.leave) {
       setTimeout(() => stream.write('late'), 0); stream.on('error', () => {});
       stream.write('early'); throw new Error('left');
     }
     await new Promise((resolve) => setTimeout(resolve, 5));
     stream.end(String(calls));`,
  );
  for (const calls of [2, 4]) {
    const left = await t.context.engine.invokeStream({ functionName, payload: '{"leave":1}' });
    t.deepEqual((await read(left)).texts, ['early']);
    t.is(await whole(await t.context.engine.invokeStream({ functionName })), String(calls));
  }
});

test('one that waited for room when its invocation ended keeps nothing alive in the next', async (t) => {
  const functionName = await deploy(
    t.context,
    `if (event.leave) { stream.write(Buffer.alloc(${2 * limits.responseStreamWindowBytes})); throw new Error('left'); }
     stream.end('next');`,
    { runtime: 'nodejs22.x' },
  );
  const { engine } = t.context;
  const left = await engine.invokeStream({ functionName, payload: '{"leave":1}' });
  t.is((await left.done).functionError, 'Unhandled');
  t.is(await whole(await engine.invokeStream({ functionName })), 'next');
  // A handler of a callback waits for the loop to be empty (A3.6), which a leftover would keep from being so.
  await left.stream.cancel();
});

test('ended twice, and written to behind the end: Node’s own errors, and nothing more in the answer', async (t) => {
  const functionName = await deploy(
    t.context,
    `const codes = []; const done = (error) => codes.push(error?.code); stream.on('error', () => {});
     await new Promise((resolve) => stream.end('whole', resolve));
     stream.end(done); stream.write('behind', done);
     await new Promise((resolve) => setTimeout(resolve, 1));
     console.log(codes.join());`,
  );
  const answer = await t.context.engine.invokeStream({ functionName, logType: 'Tail' });
  t.is(await whole(answer), 'whole');
  const log = Buffer.from((await answer.done).logResult ?? '', 'base64').toString();
  t.regex(log, /ERR_STREAM_ALREADY_FINISHED/);
  t.regex(log, /ERR_STREAM_WRITE_AFTER_END/);
});

test('byte by byte: few chunks, all there', async (t) => {
  const functionName = await deploy(
    t.context,
    `for (let sent = 0; sent < 100000; sent += 1) if (!stream.write('x')) await once(stream, 'drain'); stream.end();`,
  );
  const { texts } = await read(await t.context.engine.invokeStream({ functionName }));
  t.is(texts.join('').length, 100_000);
  t.true(texts.length < 1_000);
});

test('a rate holds behind the burst', async (t) => {
  const perSecond = 1024 * 1024;
  await using engine = await createEngine({ limits: { responseStreamBytesPerSecond: perSecond } });
  const { responseStreamBurstBytes: burst, responseStreamChunkBytesMax: chunk } = limits;
  const bytes = burst + perSecond / 2;
  const functionName = await deploy({ engine }, `stream.write(Buffer.alloc(${bytes})); stream.end();`);
  const fromMs = performance.now();
  const answer = await engine.invokeStream({ functionName });
  t.is((await whole(answer)).length, bytes);
  // The last chunk may go into debt.
  t.true(performance.now() - fromMs >= ((bytes - burst - chunk) / perSecond) * 1_000);
});

test('the engine is closed midway: an error of the platform', async (t) => {
  const engine = await createEngine();
  const functionName = await deploy({ engine }, `stream.write('begun'); await test.never();`, {
    bindings: { never: () => new Promise(() => {}) },
  });
  const answer = await engine.invokeStream({ functionName });
  const reading = read(answer);
  await engine.close();
  const { texts, error } = await reading;
  t.deepEqual(texts, ['begun']);
  t.true(error instanceof EngineError);
  await t.throwsAsync(answer.done, { code: 'EngineClosed' });
  await t.throwsAsync(engine.invokeStream({ functionName }), { code: 'EngineClosed' });
});

test('the sandbox is killed midway: what came stays, and the invocation is not tried again', async (t) => {
  await using engine = await createEngine();
  const ran: number[] = [];
  const functionName = await deploy({ engine }, `test.runs(1); stream.write('begun'); await test.never();`, {
    bindings: { runs: (count: number) => ran.push(count), never: () => new Promise(() => {}) },
  });
  const answer = await engine.invokeStream({ functionName });
  const reader = answer.stream.getReader();
  t.is(Buffer.from((await reader.read()).value ?? []).toString(), 'begun');
  const [sandbox] = engine.stats().sandboxes;
  if (sandbox !== undefined) process.kill(sandbox.pid, 'SIGKILL');
  await t.throwsAsync(reader.read(), { code: 'SandboxLost' });
  await t.throwsAsync(answer.done, { code: 'SandboxLost' });
  t.deepEqual(ran, [1]);
});
