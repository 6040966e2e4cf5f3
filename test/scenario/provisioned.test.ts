/** Provisioned concurrency with real sandboxes: init runs before anybody asks, and again behind a restart (LAMBDA.md C7.7, F4.3). */
import test from 'ava';
import { parseFunctionReference } from '../../src/functions/function-reference.ts';
import { createEngine, type Engine } from '../../src/index.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

const source = `
const madeAt = Date.now();
let calls = 0;
export const handler = async ({ holdMs = 0 }) => {
  calls += 1;
  await new Promise((resolve) => setTimeout(resolve, holdMs));
  return { type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE, madeAt, calls };
};`;

const reference = parseFunctionReference('f:1');

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

function ready(engine: Engine): Promise<void> {
  return until(() => engine.functions.provisioned.get(reference).status === 'READY');
}

interface Answer {
  readonly type: string;
  readonly madeAt: number;
  readonly calls: number;
}

test('init has run before the first call, overflow runs on demand, and a restart makes them again', async (t) => {
  const dataDirectory = ownTemporaryDirectory();
  const askedAt = await (async () => {
    await using engine = await createEngine({ dataDirectory });
    await engine.createFunction({ functionName: 'f', code: { source }, timeout: 10 });
    await engine.publishVersion({ functionName: 'f' });
    await engine.functions.provisioned.put(reference, 2);
    await ready(engine);
    t.is(engine.stats().environments.provisioned, 2);
    t.is(engine.stats().invocations.total, 0);
    const f = engine.function('f:1');
    const askedAt = Date.now();
    const answers = await Promise.all([1, 2, 3].map(() => f<Answer>({ holdMs: 300 })));
    const types = answers.map(({ type }) => type).toSorted();
    t.deepEqual(types, ['on-demand', 'provisioned-concurrency', 'provisioned-concurrency']);
    for (const { type, madeAt } of answers) if (type === 'provisioned-concurrency') t.true(madeAt <= askedAt);
    return askedAt;
  })();

  await using engine = await createEngine({ dataDirectory });
  await ready(engine);
  t.is(engine.functions.provisioned.get(reference).available, 2);
  const { type, madeAt, calls } = await engine.function('f:1')<Answer>({});
  t.deepEqual([type, calls], ['provisioned-concurrency', 1]);
  t.true(madeAt > askedAt, 'initialised by the engine that runs now');
});

test('one whose process is killed is made again; one whose init throws is told as Lambda tells it', async (t) => {
  await using engine = await createEngine();
  await engine.createFunction({ functionName: 'f', timeout: 20, code: { source } });
  await engine.publishVersion({ functionName: 'f' });
  await engine.functions.provisioned.put(reference, 1);
  await ready(engine);
  const [{ pid } = { pid: 0 }] = engine.stats().sandboxes;
  process.kill(pid, 'SIGKILL');
  await until(() => engine.stats().sandboxes.every((sandbox) => sandbox.pid !== pid));
  await ready(engine);
  t.is((await engine.function('f:1')<Answer>({})).type, 'provisioned-concurrency');

  await engine.createFunction({
    functionName: 'broken',
    timeout: 20,
    code: { source: 'throw new Error("not today")' },
  });
  await engine.publishVersion({ functionName: 'broken' });
  const broken = parseFunctionReference('broken:1');
  await engine.functions.provisioned.put(broken, 1);
  await until(() => engine.functions.provisioned.get(broken).status !== 'IN_PROGRESS');
  t.like(engine.functions.provisioned.get(broken), {
    allocated: 0,
    available: 0,
    status: 'FAILED',
    statusReason: 'FUNCTION_ERROR_INIT_FAILURE',
  });
});
