/** Answers of the real AWS Lambda, replayed: the same calls in the same order get the same answers, but for ids, dates and sizes. */
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import yazl from 'yazl';
import type { Engine } from '../../src/engine/engine.ts';
import { type ApiServer, createServer } from '../../src/http/server.ts';
import type { FakeClock } from '../fixtures/fake-clock.ts';
import { controlClock, controlEngine } from './control-engine.ts';
import { errorFacts, Masks, type RecordedStep, recordedCases } from './fixtures/recorded-answers.ts';
import { recordedDifferences } from './fixtures/recorded-differences.ts';

const archive = new yazl.ZipFile();
archive.addBuffer(Buffer.from('export const handler = async () => 1'), 'index.mjs');
archive.end();
const zipFile = (await buffer(archive.outputStream)).toString('base64');

const usual = {
  FunctionName: 'f',
  Role: 'arn:aws:iam::000000000000:role/r',
  Runtime: 'nodejs24.x',
  Handler: 'index.handler',
  Code: { ZipFile: '<zip>' },
};

async function send(server: ApiServer, [call, body]: RecordedStep['call']) {
  const [method = '', url = ''] = call === 'create' ? ['POST', '/2015-03-31/functions'] : call.split(' ');
  const given = call === 'create' ? { ...usual, ...body } : { ...body };
  const response = await server.inject({
    method: method as 'GET',
    // As the SDKs write it: everything of a label but the ARN's colons and the name is encoded.
    url: encodeURI(url),
    ...(method === 'GET' || method === 'DELETE' ? {} : { payload: JSON.stringify(given).replaceAll('<zip>', zipFile) }),
    headers: { host: '127.0.0.1:9001' },
  });
  const answer = response.body === '' ? {} : response.json<Record<string, unknown>>();
  return { status: response.statusCode, code: response.headers['x-amzn-errortype'], answer };
}

/** AWS was given the time to finish each change before the next call was recorded. */
async function settle(engine: Engine): Promise<void> {
  await engine.functions.settled('f').catch(() => undefined);
}

/** What goes on behind an answer goes on: whoever recorded waited for it. */
async function pass(clock: FakeClock): Promise<void> {
  for (let turns = 0; turns < 12; turns += 1) {
    clock.advance(0);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const { name, steps } of recordedCases()) {
  test(name, async (t) => {
    const clock = controlClock();
    await using engine = await controlEngine({ clock });
    await using server = createServer({ engine });
    const masks = { ours: new Masks(), theirs: new Masks() };
    for (const { step, call, status, answer: recorded = {} } of steps) {
      if (call[0] === 'wait') {
        await pass(clock);
        continue;
      }
      const ours = await send(server, call);
      if (step === undefined) {
        t.true(ours.status < 300, `${call[0]}: ${JSON.stringify(ours.answer)}`);
      } else {
        const told = ours.code === undefined ? ours.answer : errorFacts(String(ours.code), ours.answer, recorded);
        const actual = { status: status === undefined ? undefined : ours.status, answer: masks.ours.masked(told) };
        const expected = { status, answer: masks.theirs.masked(recorded) };
        if (recordedDifferences[`${name} ${step}`] === undefined) t.deepEqual(actual, expected, step);
        else t.notDeepEqual(actual, expected, `${step} is no difference any more`);
      }
      await settle(engine);
    }
  });
}
