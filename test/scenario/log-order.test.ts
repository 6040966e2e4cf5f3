/** End to end: the lines of a function's log, in Lambda's order (LAMBDA.md B3.6, E1.1, E2.5). */
import anyTest, { type TestFn } from 'ava';
import { createEngine, type Engine, type PlatformEvent } from '../../src/index.ts';
import { linesOf } from '../../src/telemetry/lines.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

const test = anyTest as TestFn<{ engine: Engine; events: PlatformEvent[] }>;

test.before(async (t) => {
  const events: PlatformEvent[] = [];
  t.context = { events, engine: await createEngine({ clock: slowClock, observe: (event) => events.push(event) }) };
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

/** A function's log, with what differs from run to run made the same. */
function logOf(events: readonly PlatformEvent[], functionName: string): string[] {
  return events
    .filter((event) => 'functionName' in event && event.functionName === functionName)
    .map(linesOf)
    .join('')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/\d+\.\d\d ms/g, '<duration> ms')
    .replaceAll(/Billed Duration: \d+/g, 'Billed Duration: <n>')
    .replaceAll(/Used: \d+/g, 'Used: <n>')
    .split('\n');
}

const initStart =
  'INIT_START Runtime Version: nodejs:24.v1\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:nodejs24.x';
const start = 'START RequestId: <id> Version: $LATEST';
const end = 'END RequestId: <id>';
const report =
  'REPORT RequestId: <id>\tDuration: <duration> ms\tBilled Duration: <n> ms\tMemory Size: 128 MB\tMax Memory Used: <n> MB\t';

test('a cold call and a warm one', async (t) => {
  const { engine, events } = t.context;
  const chatty = await engine.createFunction({
    functionName: 'chatty',
    timeout: 20,
    code: {
      source: `console.log('at the top level');
        export const handler = async () => {
          process.stdout.write('two\\nraw lines\\n');
          console.log('in the handler');
        };`,
    },
  });
  await chatty();
  await chatty();
  const handlerLines = ['two', 'raw lines', '<time>\t<id>\tINFO\tin the handler'];
  t.deepEqual(logOf(events, 'chatty'), [
    initStart,
    '<time>\t-\tINFO\tat the top level',
    start,
    ...handlerLines,
    end,
    `${report}Init Duration: <duration> ms\t`,
    start,
    ...handlerLines,
    end,
    report,
    '',
  ]);
});

test('an init that fails is told in its phase and again inside the invocation', async (t) => {
  const { engine, events } = t.context;
  await engine.createFunction({
    functionName: 'failing',
    timeout: 20,
    code: { source: 'console.log("begin"); throw new Error("no"); export const handler = async () => 1;' },
  });
  await engine.invoke({ functionName: 'failing' });
  const lines = logOf(events, 'failing').map((line) => line.replace(/Init Error.*/, 'Init Error …'));
  const init = ['<time>\t-\tINFO\tbegin', '<time>\t-\tERROR\tInit Error …'];
  t.deepEqual(lines, [
    initStart,
    ...init,
    'INIT_REPORT Init Duration: <duration> ms\tPhase: init\tStatus: error\tError Type: Runtime.Unknown',
    ...init,
    'INIT_REPORT Init Duration: <duration> ms\tPhase: invoke\tStatus: error\tError Type: Runtime.Unknown',
    start,
    end,
    `${report}Status: error\tError Type: Runtime.Unknown`,
    '',
  ]);
});

test('after a timeout the init inside the next invocation is not announced', async (t) => {
  const { engine, events } = t.context;
  const slow = await engine.createFunction({
    functionName: 'slow',
    timeout: 1,
    code: { source: 'console.log("top"); export const handler = async (event) => { while (event.loop); };' },
  });
  await t.throwsAsync(slow({ loop: true }), { message: /Task timed out/ });
  await slow();
  t.deepEqual(logOf(events, 'slow'), [
    initStart,
    '<time>\t-\tINFO\ttop',
    start,
    '<time> <id> Task timed out after 1.00 seconds',
    '',
    end,
    `${report}Init Duration: <duration> ms\tStatus: timeout`,
    start,
    '<time>\t-\tINFO\ttop',
    end,
    report,
    '',
  ]);
});

test('with the JSON format, system records and records of the function are JSON lines', async (t) => {
  const { engine, events } = t.context;
  const json = await engine.createFunction({
    functionName: 'json',
    timeout: 20,
    logging: { logFormat: 'JSON' },
    code: { source: 'export const handler = async () => { console.log({ a: 1 }); };' },
  });
  await json();
  const records = events
    .filter((event) => 'functionName' in event && event.functionName === 'json')
    .map(linesOf)
    .join('')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.deepEqual(
    records.map((record) => record.type ?? record.message),
    ['platform.initStart', 'platform.start', { a: 1 }, 'platform.report'],
  );
});
