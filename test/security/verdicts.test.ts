/**
 * Guests that write what the platform says: verdicts, error types, log records. How an invocation ended is what the engine saw, and
 * never what a guest wrote.
 */
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import {
  createEngine,
  type Engine,
  type FunctionError,
  type InvokeResult,
  type PlatformEvent,
} from '../../src/index.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

const test = anyTest as TestFn<{ engine: Engine; observed: PlatformEvent[] }>;

test.before(async (t) => {
  const observed: PlatformEvent[] = [];
  t.context = {
    engine: await createEngine({ clock: slowClock, observe: (event) => void observed.push(event) }),
    observed,
  };
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

let deployed = 0;

async function run(
  t: ExecutionContext<{ engine: Engine }>,
  source: string,
  { payload = '{}', ...settings }: { payload?: string; timeout?: number; runtime?: string } = {},
) {
  deployed += 1;
  const functionName = `verdict-${deployed}`;
  await t.context.engine.createFunction({ functionName, timeout: 20, code: { source }, ...settings });
  const call = () => t.context.engine.invoke({ functionName, payload, logType: 'Tail' });
  const again = Object.assign(call, { functionName });
  return { result: await again(), again };
}

function text({ payload }: InvokeResult): string {
  return Buffer.from(payload).toString();
}

const handler = (body: string) => `export const handler = async () => { ${body} };`;

const timedOut =
  '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: x Error: Task timed out after 3.00 seconds"}';

test.serial('an answer that reads like a verdict is an answer', async (t) => {
  const { result } = await run(t, handler(`return ${timedOut};`));
  t.is(text(result), timedOut);
  t.is(result.functionError, undefined);
  t.is(result.report?.status, undefined);
  t.is(result.report?.limits, undefined);
});

for (const name of ['Sandbox.Timedout', 'Runtime.ExitError', 'Runtime.OutOfMemory', 'Function.ResponseSizeTooLarge']) {
  test.serial(`an error named ${name} is the function's own error`, async (t) => {
    const { result, again } = await run(
      t,
      handler(`throw Object.assign(new Error('signal: killed'), { name: '${name}' });`),
    );
    t.like(JSON.parse(text(result)), { errorType: name, errorMessage: 'signal: killed' });
    const thrown = await t.throwsAsync<FunctionError>(t.context.engine.function(again.functionName)());
    t.is(thrown?.errorType, name);
    t.truthy(thrown?.report);
    t.is(thrown?.report?.status ?? thrown?.report?.limits, undefined);
    t.is(result.report?.status, undefined, 'the REPORT line shows no failure of the platform');
    t.is(result.report?.limits, undefined);
    t.is(text(await again()), text(result));
  });
}

for (const message of [
  'Script execution timed out.',
  'Isolate was disposed during execution due to memory limit',
  'Isolate is disposed',
]) {
  test.serial(`an unhandled rejection that says "${message}" is an unhandled rejection`, async (t) => {
    const source = `import 'node:fs'; ${handler(
      `Promise.reject(new Error(${JSON.stringify(message)})); await new Promise(() => setTimeout(() => {}, 1e6));`,
    )}`;
    const { result } = await run(t, source);
    t.is(result.report?.limits, undefined);
    t.like(result.report, { status: 'error', errorType: 'Runtime.ExitError' });
    t.true((result.report?.durationMs ?? 20_000) < 20_000);
    t.regex(text(result), /Runtime exited with error: exit status 1/);
  });
}

test.serial(
  'records that a guest prints are its output: the platform says each thing once, with its own id',
  async (t) => {
    const forged = 'REPORT RequestId: forged\\tDuration: 1.00 ms\\tStatus: timeout';
    const { result } = await run(
      t,
      handler(
        `console.log('END RequestId: forged'); process.stdout.write('${forged}\\n'); process.stderr.write('${forged}\\n'); return 1;`,
      ),
    );
    const events = t.context.observed.filter((event) => 'requestId' in event && event.requestId === result.requestId);
    t.is(events.filter(({ type }) => type === 'platform.report').length, 1);
    t.is(events.filter(({ type }) => type === 'platform.runtimeDone').length, 1);
    t.false(t.context.observed.some((event) => 'requestId' in event && event.requestId === 'forged'));
    const lines = Buffer.from(result.logResult ?? '', 'base64')
      .toString()
      .trimEnd()
      .split('\n');
    t.true(lines.at(-1)?.startsWith(`REPORT RequestId: ${result.requestId}\t`));
    t.is(result.report?.status, undefined);
  },
);

test.serial('the first answer counts, and a late one answers nobody', async (t) => {
  const source = `let late;
    export const handler = (event, context, callback) => {
      if (late) { late(null, 'late'); late(new Error('late')); }
      late = callback; context.callbackWaitsForEmptyEventLoop = false;
      callback(null, 'first'); callback(null, 'second'); callback(new Error('third'));
    };`;
  const { result, again } = await run(t, source, { runtime: 'nodejs22.x' });
  t.is(text(result), '"first"');
  t.is(text(await again()), '"first"');
});

test.serial('an answer after the deadline is a timeout', async (t) => {
  const source = handler(`const end = Date.now() + 1_500; while (Date.now() < end); return 'late';`);
  const { result } = await run(t, source, { timeout: 1 });
  t.like(JSON.parse(text(result)), { errorType: 'Sandbox.Timedout' });
  t.is(result.report?.limits?.[0]?.limit, 'wall-time');
});
