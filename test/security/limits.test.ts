/**
 * Every limit by a function that runs into it: what the guest is told, what the report says, and that the next invocation works.
 * One engine with Lambda's own limits, one with an embedder's stricter ones.
 */
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import {
  createEngine,
  type Engine,
  type FunctionError,
  type InvokeResult,
  type PlatformEvent,
} from '../../src/index.ts';
import type { LimitEffect, LimitReason } from '../../src/model/limit-reason.ts';
import { limits } from '../../src/model/limits.ts';

interface Context {
  plain: Engine;
  strict: Engine;
  observed: PlatformEvent[];
}
const test = anyTest as TestFn<Context>;
type Test = ExecutionContext<Context>;

const asked = {
  cpuTimeMs: 1_000,
  logBytes: 10_000,
  logLines: 20,
  responseBytes: 1_000,
  responseStreamBytes: 1_000,
  tmpInodes: 10,
  openFiles: 10,
  openConnections: 2,
  openCodecs: 2,
  openStreams: 2,
  errorChars: 100,
  timers: 50,
  bridgeCalls: 2,
  bridgeBytes: 1_000,
  eventBytes: 5_000,
  logLineBytes: 9_500,
  tmpMetadataBytes: 40_000,
};

test.before(async (t) => {
  const observed: PlatformEvent[] = [];
  const observe = (event: PlatformEvent) => void observed.push(event);
  const plain = await createEngine({ observe });
  t.context = { plain, strict: await createEngine({ observe, limits: asked }), observed };
});

test.after.always(async (t) => {
  await Promise.all([t.context.plain.close(), t.context.strict.close()]);
});

let deployed = 0;

/** A function that runs `body` when its event says so, and answers 'well' otherwise. */
async function deploy(engine: Engine, body: string, settings: object = {}): Promise<string> {
  deployed += 1;
  const functionName = `limits-${deployed}`;
  await engine.createFunction({
    functionName,
    timeout: 30,
    code: {
      source: `import crypto from 'node:crypto'; import dns from 'node:dns'; import fs from 'node:fs'; import zlib from 'node:zlib';
        const codeOf = (run) => { try { run(); return 'none'; } catch (error) { return error.code ?? error.name; } };
        const settled = async (promises) => (await Promise.allSettled(promises)).map(({ reason }) => reason?.code ?? 'none');
        export const handler = async (event) => { if (!event.bad) return 'well'; ${body} };`,
    },
    ...settings,
  });
  return functionName;
}

interface Expected {
  readonly limit: LimitReason;
  readonly effect: LimitEffect;
  readonly value?: number;
}

async function runs(t: Test, engine: Engine, body: string, expected: Expected, settings?: object) {
  const functionName = await deploy(engine, body, settings);
  const before = engine.stats().limits[expected.limit] ?? 0;
  const result = await engine.invoke({ functionName, payload: '{"bad":true}' });
  const [hit] = result.report?.limits ?? [];
  t.like(hit, expected);
  t.true((hit?.found ?? 0) >= (hit?.value ?? Number.POSITIVE_INFINITY), 'what was found is at least the limit');
  const told = t.context.observed.filter(
    (event) => event.type === 'invocation.limit' && event.requestId === result.requestId,
  );
  t.is(told.length, result.report?.limits?.length ?? 0);
  t.is(engine.stats().limits[expected.limit], before + 1);
  const next = await engine.invoke({ functionName, payload: '{}' });
  t.is(text(next), '"well"');
  t.is(next.report?.limits, undefined);
  return result;
}

function text({ payload }: InvokeResult): string {
  return Buffer.from(payload).toString();
}

function answer(result: InvokeResult): unknown {
  return JSON.parse(text(result));
}

test.serial('wall-time: the text is Lambda’s, the report has the figures', async (t) => {
  const expected = { limit: 'wall-time', effect: 'ended', value: 1_000 } as const;
  const result = await runs(t, t.context.plain, 'for (;;);', expected, { timeout: 1 });
  t.is(
    text(result),
    `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ${result.requestId} Error: Task timed out after 1.00 seconds"}`,
  );
  t.like(result.report, { status: 'timeout', durationMs: 1_000 });
  t.true((result.report?.cpuMs ?? 0) > 100);
});

test.serial('wall-time: who calls a function as a function finds the limit in the error', async (t) => {
  const functionName = await deploy(t.context.plain, 'for (;;);', { timeout: 1 });
  const error = await t.throwsAsync<FunctionError>(t.context.plain.function(functionName)({ bad: true }));
  t.is(error?.errorType, 'Sandbox.Timedout');
  t.like(error?.report, { status: 'timeout', limits: [{ limit: 'wall-time', effect: 'ended', value: 1_000 }] });
});

const killedPayload = (requestId: string, errorType = 'Runtime.ExitError') =>
  `{"errorType":"${errorType}","errorMessage":"RequestId: ${requestId} Error: Runtime exited with error: signal: killed"}`;

const cpu = { limit: 'cpu-time', effect: 'ended', value: asked.cpuTimeMs } as const;

test.serial('cpu-time: a loop is killed as the kernel would kill it', async (t) => {
  const result = await runs(t, t.context.strict, 'for (;;);', cpu);
  t.is(text(result), killedPayload(result.requestId));
  t.like(result.report, { status: 'error', errorType: 'Runtime.ExitError' });
});

test.serial('cpu-time: also a built-in that looks at nothing, whose process goes with it', async (t) => {
  const result = await runs(t, t.context.strict, 'for (;;) new Array(3e8).fill(1);', cpu);
  t.is(text(result), killedPayload(result.requestId));
});

test.serial('cpu-time: waiting costs none, and short work adds up', async (t) => {
  const waits = await deploy(t.context.strict, 'await new Promise((resolve) => setTimeout(resolve, 1_500)); return 1;');
  const waited = await t.context.strict.invoke({ functionName: waits, payload: '{"bad":true}' });
  t.is(text(waited), '1');
  t.true((waited.report?.cpuMs ?? 1_000) < asked.cpuTimeMs);
  const slices = `for (;;) { const end = performance.now() + 10; while (performance.now() < end);
    await new Promise((resolve) => setTimeout(resolve, 1)); }`;
  // The machine may give it a small part of a processor.
  await runs(t, t.context.strict, slices, cpu, { timeout: 60 });
});

test.serial('heap', async (t) => {
  const expected = { limit: 'heap', effect: 'ended', value: 128 * 1024 * 1024 } as const;
  const body = `const kept = []; for (;;) { for (let count = 0; count < 40; count++) kept.push(new Array(10_000).fill(kept.length));
    await new Promise((resolve) => setImmediate(resolve)); }`;
  const result = await runs(t, t.context.plain, body, expected);
  t.is(text(result), killedPayload(result.requestId, 'Runtime.OutOfMemory'));
  t.like(result.report, { errorType: 'Runtime.OutOfMemory', maxMemoryUsedMB: 128 });
});

test.serial('external-memory: what does not fit is refused, and what grew by itself ends the invocation', async (t) => {
  const value = 128 * 1024 * 1024;
  const memories = `const all = []; return codeOf(() => { for (;;) all.push(new WebAssembly.Memory({ initial: 512 })); });`;
  const refused = { limit: 'external-memory', effect: 'refused', value } as const;
  t.is(answer(await runs(t, t.context.plain, memories, refused)), 'RangeError');
  const buffers = `const all = []; return codeOf(() => { for (;;) all.push(new ArrayBuffer(0, { maxByteLength: 1 << 25 })); });`;
  t.is(answer(await runs(t, t.context.plain, buffers, refused)), 'RangeError');
  const growing = `const all = [1, 2].map(() => new WebAssembly.Memory({ initial: 1 })); for (const memory of all) memory.grow(1_600);
    await new Promise((resolve) => setImmediate(resolve)); return all.length;`;
  const result = await runs(t, t.context.plain, growing, { ...refused, effect: 'ended' });
  t.is(text(result), killedPayload(result.requestId, 'Runtime.OutOfMemory'));
});

test.serial('resident-memory: what V8 does not count is seen by the host, within 64 MiB of its limit', async (t) => {
  // Memory of V8's parser, most of it gone again when the parser gives up.
  const body = `const source = 'return (' + 'a,'.repeat(7e6) + 'a)'; for (;;) try { new Function('a', source); } catch {}`;
  const result = await runs(
    t,
    t.context.plain,
    body,
    { limit: 'resident-memory', effect: 'ended' },
    {
      timeout: 60,
      isolation: 'function',
    },
  );
  t.is(text(result), killedPayload(result.requestId, 'Runtime.OutOfMemory'));
  const [hit] = result.report?.limits ?? [];
  t.true((hit?.found ?? Number.POSITIVE_INFINITY) - (hit?.value ?? 0) <= 64 * 1024 * 1024);
});

test.serial('buffers beyond the memory size are refused by the guest’s own V8', async (t) => {
  const functionName = await deploy(
    t.context.plain,
    `const kept = []; return codeOf(() => { for (;;) kept.push(new Uint8Array(8e6).fill(1)); });`,
  );
  t.is(text(await t.context.plain.invoke({ functionName, payload: '{"bad":true}' })), '"RangeError"');
});

test.serial('tmp-bytes', async (t) => {
  const body = `const piece = Buffer.alloc(8 << 20, 1);
    return codeOf(() => { for (let count = 0; ; count++) fs.writeFileSync('/tmp/' + count, piece); });`;
  const expected = { limit: 'tmp-bytes', effect: 'refused', value: 512 * 1024 * 1024 } as const;
  t.is(answer(await runs(t, t.context.plain, body, expected, { timeout: 60 })), 'ENOSPC');
});

test.serial('tmp-inodes', async (t) => {
  const body = `return codeOf(() => { for (let count = 0; ; count++) fs.writeFileSync('/tmp/' + count, 'x'); });`;
  const expected = { limit: 'tmp-inodes', effect: 'refused', value: asked.tmpInodes } as const;
  t.is(answer(await runs(t, t.context.strict, body, expected)), 'ENOSPC');
});

test.serial('tmp-metadata: the targets of links are memory of the sandbox', async (t) => {
  const body = `return codeOf(() => { for (let count = 0; ; count++) fs.symlinkSync('x'.repeat(4_000), '/tmp/' + count); });`;
  const expected = { limit: 'tmp-metadata', effect: 'refused', value: asked.tmpMetadataBytes } as const;
  t.is(answer(await runs(t, t.context.strict, body, expected)), 'ENOSPC');
});

test.serial('log-bytes and log-lines: what is over is cut, and the answer arrives', async (t) => {
  const bytes = { limit: 'log-bytes', effect: 'cut', value: asked.logBytes } as const;
  const many = await runs(
    t,
    t.context.strict,
    `console.log('x'.repeat(9_000)); console.log('y'.repeat(9_000)); return 1;`,
    bytes,
  );
  t.is(text(many), '1');
  const lines = { limit: 'log-lines', effect: 'cut', value: asked.logLines } as const;
  const result = await runs(
    t,
    t.context.strict,
    `for (let count = 1; count <= 50; count++) console.log(count); return 2;`,
    lines,
  );
  t.is(text(result), '2');
  t.is(result.report?.limits?.[0]?.found, 50);
  const printed = t.context.observed.flatMap((event) =>
    event.type === 'function' && event.requestId === result.requestId ? event.text.split('\n') : [],
  );
  t.is(printed.filter((line) => line !== '').length, asked.logLines);
});

test.serial('log-lines: lines of stdout count too', async (t) => {
  const lines = { limit: 'log-lines', effect: 'cut', value: asked.logLines } as const;
  await runs(t, t.context.strict, `process.stdout.write('a\\n'.repeat(50)); return 1;`, lines);
});

test.serial('log-line-bytes', async (t) => {
  const expected = { limit: 'log-line-bytes', effect: 'cut', value: limits.logLineBytesMax } as const;
  await runs(t, t.context.plain, `console.log('x'.repeat(300 * 1024)); return 1;`, expected);
  const strict = { ...expected, value: asked.logLineBytes };
  await runs(t, t.context.strict, `console.log('x'.repeat(9_600)); return 1;`, strict);
});

test.serial('response-bytes: Lambda’s text, with the limit that holds', async (t) => {
  const strict = { limit: 'response-bytes', effect: 'ended', value: asked.responseBytes } as const;
  const result = await runs(t, t.context.strict, `return 'x'.repeat(2_000);`, strict);
  t.regex(
    text(result),
    /^\{"errorMessage":"Response payload size exceeded maximum allowed payload size \(1000 bytes\)\."/,
  );
  const plain = { limit: 'response-bytes', effect: 'ended', value: limits.responsePayloadBytesMax } as const;
  await runs(t, t.context.plain, `return 'x'.repeat(7e6);`, plain);
});

test.serial('response-stream-bytes: behind what was sent; the environment stays', async (t) => {
  const { strict } = t.context;
  const { functionName } = await strict.createFunction({
    functionName: 'streams',
    timeout: 20,
    code: {
      source: `let calls = 0;
        export const handler = awslambda.streamifyResponse(async (event, stream) => {
          calls += 1;
          if (!event.bad) return stream.end(String(calls));
          stream.write('x'.repeat(900));
          for (;;) await new Promise((resolve) => stream.write('x'.repeat(200), resolve));
        });`,
    },
  });
  const { stream, done } = await strict.invokeStream({ functionName, payload: '{"bad":true}' });
  let bytes = 0;
  await t.throwsAsync(
    async () => {
      for await (const chunk of stream) bytes += chunk.byteLength;
    },
    { message: /ResponseSizeTooLarge/ },
  );
  t.is(bytes, 900);
  const { errorPayload, report } = await done;
  t.regex(Buffer.from(errorPayload ?? []).toString(), /maximum allowed payload size \(1000 bytes\)/);
  const hit = { limit: 'response-stream-bytes', effect: 'ended', value: asked.responseStreamBytes, found: 1_100 };
  t.deepEqual(report?.limits, [hit]);
  t.is(text(await strict.invoke({ functionName })), '2');
});

test.serial('event-bytes', async (t) => {
  const functionName = await deploy(t.context.plain, '');
  await t.throwsAsync(t.context.plain.invoke({ functionName, payload: JSON.stringify('x'.repeat(7e6)) }), {
    code: 'RequestEntityTooLargeException',
    message: /6291456/,
  });
  const error = await t.throwsAsync(t.context.plain.invoke({ functionName, payload: JSON.stringify('x'.repeat(7e6)) }));
  t.like(error, { limit: { reason: 'event-bytes', value: limits.requestPayloadBytesMax, asked: 7_000_002 } });
  t.is(t.context.plain.stats().limits['event-bytes'], 2);
});

test.serial('event-bytes: an embedder’s, and a stricter one of one function', async (t) => {
  const event = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));
  const functionName = await deploy(t.context.strict, '');
  t.is(text(await t.context.strict.invoke({ functionName, payload: event(asked.eventBytes) })), '"well"');
  const refused = await t.throwsAsync(t.context.strict.invoke({ functionName, payload: event(asked.eventBytes + 1) }));
  t.like(refused, { limit: { name: 'eventBytes', reason: 'event-bytes', value: asked.eventBytes } });
  const own = await deploy(t.context.strict, '', { limits: { eventBytes: 100 } });
  await t.throwsAsync(t.context.strict.function(own)('x'.repeat(99)), { message: /smaller than 100 bytes/ });
  t.is(await t.context.strict.function(own)('x'.repeat(98)), 'well');
});

test.serial('a function has limits of its own, stricter than the engine’s, which an update changes', async (t) => {
  const { strict } = t.context;
  const body = `for (let count = 0; count < 15; count++) console.log(count); return 1;`;
  const own = { limit: 'log-lines', effect: 'cut', value: 5 } as const;
  const functionName = await deploy(strict, body, { limits: { logLines: 5 } });
  const cut = await strict.invoke({ functionName, payload: '{"bad":true}', logType: 'Tail' });
  t.like(cut.report?.limits?.[0], { ...own, found: 15 });
  t.regex(
    Buffer.from(cut.logResult ?? '', 'base64').toString(),
    /^REPORT .*MB\t(Init Duration: .* ms\t)?Limits: log-lines\n/m,
  );
  await strict.updateFunctionConfiguration({ functionName, limits: { responseBytes: 500 } });
  t.is((await strict.invoke({ functionName, payload: '{"bad":true}' })).report?.limits, undefined);
  const beyond = strict.updateFunctionConfiguration({ functionName, limits: { logLines: asked.logLines + 1 } });
  await t.throwsAsync(beyond, {
    code: 'InvalidParameterValueException',
    message:
      "limits.logLines of a function must be a whole number from 1 to the engine's limits.logLines, which is 20; received 21",
  });
});

test.serial('open-files', async (t) => {
  const body = `const open = []; return codeOf(() => { for (;;) open.push(fs.openSync('/tmp')); });`;
  const expected = { limit: 'open-files', effect: 'refused', value: asked.openFiles } as const;
  t.is(answer(await runs(t, t.context.strict, body, expected)), 'EMFILE');
});

test.serial('open-connections', async (t) => {
  // So many that the host cannot answer each before the next one begins.
  const body = `return settled(Array.from({ length: 100 }, (_, at) => dns.promises.lookup('host' + at + '.example')));`;
  const expected = { limit: 'open-connections', effect: 'refused', value: asked.openConnections } as const;
  const codes = answer(await runs(t, t.context.strict, body, expected));
  t.true((codes as string[]).includes('EMFILE'));
});

test.serial('open-codecs', async (t) => {
  const body = `const ended = [1, 2, 3].map(() => new Promise((resolve) => {
      const stream = zlib.createGzip(); stream.on('error', (error) => resolve(error.code)); stream.write('x');
      stream.flush(() => resolve('open'));
    })); return Promise.all(ended);`;
  const expected = { limit: 'open-codecs', effect: 'refused', value: asked.openCodecs } as const;
  const codes = answer(await runs(t, t.context.strict, body, expected)) as string[];
  t.is(codes.filter((code) => code === 'open').length, asked.openCodecs);
});

test.serial('codec-memory: a stream whose window would grow over it is closed', async (t) => {
  const body = `const stream = zlib.createBrotliCompress(); stream.resume();
    return new Promise((resolve) => { stream.on('error', (error) => resolve(error.code)); stream.on('end', () => resolve('well'));
      for (let count = 0; count < 20; count++) stream.write(crypto.randomBytes(20_000)); stream.end(); });`;
  const own = { codecMemoryBytes: 1_000_000 };
  const expected = { limit: 'codec-memory', effect: 'refused', value: own.codecMemoryBytes } as const;
  t.not(answer(await runs(t, t.context.plain, body, expected, { limits: own })), 'well');
});

test.serial('open-streams: the hash that was not touched for longest is forgotten', async (t) => {
  const body = `const cipher = () => { const made = crypto.createCipheriv('aes-128-cbc', 'k'.repeat(16), 'i'.repeat(16)); made.update('x'); return made; };
    const [first] = [cipher(), cipher(), cipher()]; return codeOf(() => first.final());`;
  const expected = { limit: 'open-streams', effect: 'cut', value: asked.openStreams } as const;
  t.is(answer(await runs(t, t.context.strict, body, expected)), 'ERR_CRYPTO_LIMIT_EXCEEDED');
});

test.serial('bridge-calls and bridge-bytes', async (t) => {
  const calls = `const { promisify } = await import('node:util'); const derive = promisify(crypto.pbkdf2);
    return settled([1, 2, 3].map(() => derive('p', 's', 1_000_000, 32, 'sha256')));`;
  const most = { limit: 'bridge-calls', effect: 'refused', value: asked.bridgeCalls } as const;
  t.deepEqual(answer(await runs(t, t.context.strict, calls, most)), ['none', 'none', 'ERR_CRYPTO_LIMIT_EXCEEDED']);
  const bytes = `return crypto.subtle.digest('SHA-256', new Uint8Array(100_000)).then(() => 'done', (error) => String(error.name));`;
  await runs(t, t.context.strict, bytes, { limit: 'bridge-bytes', effect: 'refused', value: asked.bridgeBytes });
});

test.serial('timers: no more than the event loop may hold, and those that are cleared make room', async (t) => {
  const body = `let made; const code = codeOf(() => { for (;;) made = setTimeout(() => {}, 1e6); });
    clearTimeout(made); made = setTimeout(() => {}, 1e6); clearTimeout(made); return [code, codeOf(() => setImmediate(() => {}))];`;
  const expected = { limit: 'timers', effect: 'refused', value: asked.timers } as const;
  t.deepEqual(answer(await runs(t, t.context.strict, body, expected)), ['RangeError', 'none']);
});

test.serial('timers: those that keep nothing alive count, until they ran or were cleared', async (t) => {
  const body = `const all = []; const code = codeOf(() => { for (;;) all.push(setTimeout(() => {}, 1e6).unref()); });
    const first = all.length; for (const timer of all) clearTimeout(timer);
    let again = 0; codeOf(() => { for (;; again++) { const timer = setInterval(() => {}, 1e6); timer.unref(); timer.ref(); timer.unref(); timer.refresh(); all.push(timer); } });
    for (const timer of all) clearInterval(timer); for (const timer of all) clearInterval(timer);
    for (let count = 0; count < 40; count++) setTimeout(() => {}, 1).unref();
    await new Promise((resolve) => setTimeout(resolve, 20));
    let third = 0; codeOf(() => { for (;; third++) all.push(setTimeout(() => {}, 1e6).unref()); });
    for (const timer of all) clearTimeout(timer);
    return [code, first, again, third];`;
  const expected = { limit: 'timers', effect: 'refused', value: asked.timers } as const;
  const [code, ...counts] = answer(await runs(t, t.context.strict, body, expected)) as [string, ...number[]];
  t.is(code, 'RangeError');
  // The handler's own way to its end may hold one.
  for (const count of counts) t.true(count >= asked.timers - 1 && count <= asked.timers, String(counts));
});

test.serial('timers: ten million of them are refused, or do not fit', async (t) => {
  const body = `return codeOf(() => { for (let count = 0; count < 1e7; count++) setTimeout(() => {}, count); });`;
  const expected = { limit: 'timers', effect: 'refused', value: limits.timersMax } as const;
  t.is(answer(await runs(t, t.context.plain, body, expected, { timeout: 60, memorySize: 512 })), 'RangeError');
});

test.serial('error-size: a message is cut', async (t) => {
  const expected = { limit: 'error-size', effect: 'cut', value: asked.errorChars } as const;
  const result = await runs(t, t.context.strict, `throw new RangeError('x'.repeat(500));`, expected);
  t.like(answer(result), { errorType: 'RangeError', errorMessage: 'x'.repeat(asked.errorChars) });
});

test.serial('error-size: also of a rejection that nobody handles, with the native module and without', async (t) => {
  await using bare = await createEngine({
    limits: asked,
    nativeModule: 'off',
    observe: (event) => t.context.observed.push(event),
  });
  const body = `Promise.reject(new RangeError('x'.repeat(500))); await new Promise((resolve) => setTimeout(resolve, 20)); return 1;`;
  const expected = { limit: 'error-size', effect: 'cut', value: asked.errorChars } as const;
  for (const engine of [t.context.strict, bare]) {
    const result = await runs(t, engine, body, expected, { runtime: 'nodejs18.x' });
    t.regex((answer(result) as { errorMessage: string }).errorMessage, /^RangeError: x+$/);
  }
});

test.serial('error-size: a stack is cut at twice as much', async (t) => {
  const body = `const error = new RangeError('short'); error.stack = error.stack.split('\\n')[0] + '\\n    at x (y:1:1)'.repeat(50); throw error;`;
  const { trace } = answer(await runs(t, t.context.strict, body, { limit: 'error-size', effect: 'cut' })) as {
    trace: readonly string[];
  };
  const chars = trace.join('\n').length;
  t.true(chars > asked.errorChars && chars <= 2 * asked.errorChars, String(chars));
});

/** Of the engine as a whole: what of two invocations of each of three functions, all at once, is over them is refused. */
const ofEngine: readonly (readonly [LimitReason, { readonly [name: string]: number }, settings?: object])[] = [
  ['environments', { environmentsMax: 1 }],
  ['environments-per-domain', { environmentsPerDomain: 1 }],
  ['sandboxes', { sandboxesMax: 1 }, { isolation: 'function' }],
  ['sandboxes-per-domain', { sandboxesPerDomain: 1, environmentsPerSandbox: 1 }],
  ['memory-budget', { memoryBudgetMiB: 128 }],
  ['concurrency', { concurrency: 1 }],
  ['scaling-rate', { environmentsPer10s: 1 }],
  ['request-rate', { requestsPerConcurrency: 1, concurrency: 1 }],
];
for (const [reason, options, settings] of ofEngine) {
  test.serial(`${reason}: who finds no room is told which limit it was`, async (t) => {
    await using engine = await createEngine({ limits: options });
    const body = 'await new Promise((resolve) => setTimeout(resolve, 200)); return 1;';
    const names = await Promise.all([1, 2, 3].map(() => deploy(engine, body, settings)));
    const ended = await Promise.allSettled(
      [...names, ...names].map((functionName) => engine.invoke({ functionName, payload: '{"bad":true}' })),
    );
    const answers = ended.flatMap((each) => (each.status === 'fulfilled' ? [text(each.value)] : []));
    t.true(answers.length > 0 && answers.every((each) => each === '1'));
    const refusals = ended.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    const told = refusals.filter((error) => error.limit?.reason === reason);
    t.like(told[0], { code: 'TooManyRequestsException', limit: { value: Object.values(options)[0] } });
    t.is(engine.stats().limits[reason], told.length);
  });
}
