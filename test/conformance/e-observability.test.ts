/** LAMBDA.md E1, E2 and E3: platform lines, console output, JSON records. */
import test from 'ava';
import { type Deployed, Lambda, linesOf, ric3, ric4 } from './lambda.ts';

const lambda = new Lambda(test);
const both = [ric3, ric4] as const;

test.serial('E1.1 the order of a cold successful call', async (t) => {
  const f = await lambda.deploy(
    "console.log('init'); exports.handler = async () => { console.log('handler'); };",
    ric4,
  );
  await f.invoke();
  const order = f.events.flatMap(({ type }) => (type === 'function' || type.startsWith('platform.') ? [type] : []));
  t.deepEqual(order, [
    'platform.initStart',
    'function',
    'platform.initReport',
    'platform.start',
    'function',
    'platform.runtimeDone',
    'platform.report',
  ]);
});

test.serial('E1.2 the REPORT line, cold and warm', async (t) => {
  const f = await lambda.deploy('exports.handler = async () => 1;', ric4);
  const cold = await f.invoke();
  const figures =
    '\\tDuration: \\d+\\.\\d\\d ms\\tBilled Duration: \\d+ ms\\tMemory Size: 128 MB\\tMax Memory Used: \\d+ MB\\t';
  t.regex(
    cold.tail,
    new RegExp(`\\nREPORT RequestId: ${cold.requestId}${figures}Init Duration: \\d+\\.\\d\\d ms\\t\\n$`),
  );
  const warm = await f.invoke();
  t.regex(warm.tail, new RegExp(`\\nREPORT RequestId: ${warm.requestId}${figures}\\n$`));
});

test.serial('E1.3 platform failures extend REPORT, handler errors do not', async (t) => {
  const f = await lambda.deploy(
    "exports.handler = async (event) => { if (event.exit) process.exit(1); throw new Error('handled'); };",
    ric4,
  );
  t.notRegex((await f.invoke()).tail, /Status:/);
  t.regex((await f.invoke({ exit: true })).tail, /\tStatus: error\tError Type: Runtime\.ExitError\n$/);
});

test.serial('E1.5 Billed Duration is Duration and Init Duration, rounded up', async (t) => {
  const f = await lambda.deploy('exports.handler = async () => 1;', ric4);
  const { report: cold } = await f.invoke();
  t.is(cold.billedDurationMs, Math.ceil(cold.durationMs + (cold.initDurationMs ?? Number.NaN)));
  const { report: warm } = await f.invoke();
  t.is(warm.billedDurationMs, Math.ceil(warm.durationMs));
});

test.serial('E1.6 Max Memory Used is the maximum over the environment’s life', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = async (event) => {
       if (!event.much) return 0;
       const held = [];
       for (let count = 0; count < 40; count += 1) held.push(new Uint8Array(1024 * 1024).fill(1));
       return held.length;
     };`,
    ric4,
  );
  await f.invoke();
  const { report: much } = await f.invoke({ much: true });
  const { report: little } = await f.invoke();
  t.true(much.maxMemoryUsedMB >= 40, `${much.maxMemoryUsedMB}`);
  t.true(little.maxMemoryUsedMB >= much.maxMemoryUsedMB, `${little.maxMemoryUsedMB}`);
});

test.serial('E1.7 INIT_REPORT is there when init failed, and only then', async (t) => {
  const fine = await lambda.deploy('exports.handler = async () => 1;', ric4);
  await fine.invoke();
  t.is(fine.eventsOf('platform.initReport')[0]?.status, 'success');
  const failing = await lambda.deploy("throw new Error('x');", ric4);
  await failing.invoke();
  t.deepEqual(
    failing.eventsOf('platform.initReport').map(({ phase, status }) => [phase, status]),
    [
      ['init', 'error'],
      ['invoke', 'error'],
    ],
  );
});

test.serial('E1.8 the Tail starts at START, ends with REPORT, and is the last 4 KB', async (t) => {
  const f = await lambda.deploy(
    "console.log('init'); exports.handler = async (event) => { if (event.much) for (let i = 0; i < 200; i += 1) console.log('x'.repeat(50)); };",
    ric4,
  );
  const short = await f.invoke();
  t.true(short.tail.startsWith(`START RequestId: ${short.requestId} Version: $LATEST\n`));
  t.notRegex(short.tail, /INIT_START|init/);
  const { logResult } = await lambda.engine.invoke({
    functionName: f.functionName,
    payload: '{"much":true}',
    logType: 'Tail',
  });
  const bytes = Buffer.from(logResult ?? '', 'base64');
  t.is(bytes.byteLength, 4096);
  t.regex(bytes.toString(), /\nREPORT RequestId: [^\n]+\n$/);
  const none = await lambda.engine.invoke({ functionName: f.functionName });
  t.is(none.logResult, undefined);
});

test.serial('E1.9 log group and stream, one stream for each environment', async (t) => {
  const source = 'exports.handler = async (event, context) => [context.logGroupName, context.logStreamName];';
  const f = await lambda.deploy(source, ric4);
  const [group, stream] = (await f.invoke()).json as string[];
  t.is(group, `/aws/lambda/${f.functionName}`);
  t.regex(stream ?? '', /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  t.deepEqual((await f.invoke()).json, [group, stream]);
  const custom = await lambda.deploy(source, ric4, { logging: { logGroup: '/mine' } });
  const [ownGroup, ownStream] = (await custom.invoke()).json as string[];
  t.is(ownGroup, '/mine');
  t.regex(ownStream ?? '', new RegExp(`^\\d{4}/\\d\\d/\\d\\d/${custom.functionName}\\[\\$LATEST\\][0-9a-f]{32}$`));
});

test.serial('E2.1 console methods and their levels', async (t) => {
  for (const runtime of both) {
    const f = await lambda.deploy(
      `exports.handler = async () => {
         for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'fatal']) console[method]('%s!', method, { a: 1 });
       };`,
      runtime,
    );
    const { tail, requestId } = await f.invoke();
    const expected = [
      'INFO\tlog',
      'INFO\tinfo',
      'WARN\twarn',
      'ERROR\terror',
      'DEBUG\tdebug',
      'TRACE\ttrace',
      'FATAL\tfatal',
    ];
    t.deepEqual(
      linesOf(tail).filter((line) => line.startsWith(requestId)),
      expected.map((text) => `${requestId}\t${text}! { a: 1 }`),
    );
    t.regex(tail, /\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t/);
  }
});

test.serial('E2.1 the other console methods print through the same records', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = async () => {
       console.group('g'); console.log('in'); console.groupEnd();
       console.count('c'); console.assert(false, 'a'); console.table([{ k: 1 }]); console.time('t'); console.timeEnd('t');
     };`,
    ric4,
  );
  const { tail } = await f.invoke();
  const lines = linesOf(tail).filter((line) => /\t(?:INFO|WARN)\t/.test(line));
  t.deepEqual(
    lines.map((line) => line.split('\t').slice(1, 3).join(' ').slice(0, 20)),
    [
      'INFO g',
      'INFO in',
      'INFO c: 1',
      'WARN Assertion failed'.slice(0, 20),
      'INFO ┌─────────┬───┐'.slice(0, 20),
      lines.at(-1)?.split('\t').slice(1, 3).join(' ').slice(0, 20) ?? '',
    ],
  );
  t.regex(lines.at(-1) ?? '', /\tINFO\tt: [\d.]+ms$/);
});

test.serial('E2.2 outside an invocation the id is undefined in Node 22 and - in Node 24', async (t) => {
  const source = "console.log('at load'); exports.handler = async () => 1;";
  const ids = { [ric3]: 'undefined', [ric4]: '-' };
  for (const runtime of both) {
    const f = await lambda.deploy(source, runtime);
    await f.invoke();
    t.deepEqual(linesOf(f.log), [`${ids[runtime]}\tINFO\tat load`]);
  }
});

test.serial('E2.3 a message of many lines is one event', async (t) => {
  const f = await lambda.deploy("exports.handler = async () => { console.log('one\\ntwo'); };", ric4);
  await f.invoke();
  const texts = f.eventsOf('function').map(({ text, kind }) => [kind, text.replace(/^\S+\t\S+\t/, '')]);
  t.deepEqual(texts, [['line', 'INFO\tone\ntwo\n']]);
});

test.serial('E2.5 stdout and stderr are raw', async (t) => {
  const f = await lambda.deploy(
    "exports.handler = async () => { process.stdout.write('one\\ntwo\\nhal'); process.stdout.write('f\\n'); process.stderr.write('err\\n'); };",
    ric4,
  );
  const { tail } = await f.invoke();
  t.true(tail.includes('one\ntwo\nhalf\n'), tail);
  t.true(tail.includes('err\n'));
  t.true(f.eventsOf('function').every(({ kind }) => kind === 'raw'));
});

test.serial('E2.6 E2.7 reported errors are logged, values wrapped', async (t) => {
  const f = await lambda.deploy(
    `exports.handler = async (event) => { throw event.value ?? Object.assign(new TypeError('bad'), { code: 'E1', extra: 1 }); };`,
    ric4,
  );
  const error = await f.invoke();
  const line = linesOf(error.tail).find((text) => text.includes('Invoke Error'));
  const fields = line?.split('\t') ?? [];
  t.is(fields.length, 4);
  t.deepEqual(fields.slice(0, 3), [error.requestId, 'ERROR', 'Invoke Error ']);
  t.deepEqual(Object.keys(JSON.parse(fields[3] ?? '')), ['errorType', 'errorMessage', 'code', 'extra', 'stack']);
  const value = await f.invoke({ value: 'boom' });
  t.is(value.payload, '{"errorType":"string","errorMessage":"boom","trace":[]}');
  t.regex(value.tail, /Invoke Error \t\{"errorType":"Error","errorMessage":"boom"/);
});

async function jsonFunction(source: string, level?: string): Promise<Deployed> {
  return lambda.deploy(source, ric4, {
    logging: { logFormat: 'JSON', ...(level === undefined ? {} : { applicationLogLevel: level }) },
  });
}

function recordsOf(f: Deployed): Record<string, unknown>[] {
  return f
    .eventsOf('function')
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test.serial('E3.1 application records in JSON, and what the runtime is told', async (t) => {
  const f = await jsonFunction(
    "exports.handler = async () => { console.log('hello'); return [process.env.AWS_LAMBDA_LOG_FORMAT, process.env.AWS_LAMBDA_LOG_LEVEL]; };",
    'DEBUG',
  );
  const result = await f.invoke();
  t.deepEqual(result.json, ['JSON', 'DEBUG']);
  const [record = {}] = recordsOf(f);
  t.deepEqual(Object.keys(record), ['timestamp', 'level', 'requestId', 'message']);
  t.like(record, { level: 'INFO', requestId: result.requestId, message: 'hello' });
});

test.serial('E3.2 the message keeps its type', async (t) => {
  const f = await jsonFunction(`class Special extends Error {}
    exports.handler = async () => {
      console.log({ a: 1 });
      console.log(new Special('one'));
      console.log('%s:', 'several', new RangeError('two'));
      const cyclic = {}; cyclic.self = cyclic; console.log(cyclic);
    };`);
  await f.invoke();
  const [object, error, several, cyclic] = recordsOf(f);
  t.deepEqual(object?.message, { a: 1 });
  t.like(error?.message, { errorType: 'Special', errorMessage: 'one' });
  t.like(several, { errorType: 'RangeError', errorMessage: 'two' });
  t.regex(String(several?.message), /^several: RangeError: two/);
  t.true(Array.isArray(several?.stackTrace));
  t.is(cyclic?.message, '<ref *1> { self: [Circular *1] }');
});

test.serial('E3.3 records below the level are dropped; the default is INFO', async (t) => {
  const source = `exports.handler = async () => {
    for (const method of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) console[method](method);
  };`;
  const warn = await jsonFunction(source, 'WARN');
  await warn.invoke();
  t.deepEqual(
    recordsOf(warn).map(({ level }) => level),
    ['WARN', 'ERROR', 'FATAL'],
  );
  const unset = await jsonFunction(source);
  await unset.invoke();
  t.deepEqual(
    recordsOf(unset).map(({ level }) => level),
    ['INFO', 'WARN', 'ERROR', 'FATAL'],
  );
});

test.serial('E3.4 handler errors are ERROR records with the error as their message', async (t) => {
  const f = await jsonFunction("exports.handler = async () => { throw new TypeError('bad'); };");
  await f.invoke();
  t.like(recordsOf(f)[0], { level: 'ERROR', message: { errorType: 'TypeError', errorMessage: 'bad' } });
});

test.serial('E3.6 E3.7 system records of the Tail, by level', async (t) => {
  const f = await jsonFunction('exports.handler = async () => 1;');
  const { tail, requestId } = await f.invoke();
  const records = tail
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    records.map(({ type }) => type),
    ['platform.start', 'platform.report'],
    'runtimeDone of a success is DEBUG',
  );
  t.like(records[0], { type: 'platform.start', record: { requestId, version: '$LATEST' } });
  t.like(records[1], { type: 'platform.report', record: { requestId, status: 'success' } });
  t.deepEqual(Object.keys(records[1].record.metrics), [
    'durationMs',
    'billedDurationMs',
    'memorySizeMB',
    'maxMemoryUsedMB',
    'initDurationMs',
  ]);
});
