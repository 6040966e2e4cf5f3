import test from 'ava';
import fc from 'fast-check';
import { EngineError } from '../../../src/model/errors.ts';
import type { EventSourceMapping } from '../../../src/model/event-source-mapping.ts';
import type { InvokeResult } from '../../../src/model/invocation.ts';
import { limits } from '../../../src/model/limits.ts';
import { MappingPoller } from '../../../src/queue/sources/mapping-poller.ts';
import type { CheckpointStore } from '../../../src/queue/sources/ports.ts';
import { laneOf } from '../../../src/queue/sources/shard-progress.ts';
import { SourceError } from '../../../src/queue/sources/source.ts';
import { createFakeClock, type FakeClock } from '../../fixtures/fake-clock.ts';
import { MemoryCheckpoints, MemorySource, memoryArn } from './memory-source.ts';

interface SeenRecord {
  readonly sequence: string;
  readonly partitionKey: string;
  readonly data: string;
}

type Answer = 'ok' | 'error' | 'throttle' | { readonly failed: string };

const plain: EventSourceMapping = {
  uuid: 'u',
  eventSourceArn: memoryArn,
  functionName: 'f',
  enabled: true,
  startingPosition: 'TRIM_HORIZON',
  batchSize: 10,
  batchingWindowSeconds: 0,
  parallelizationFactor: 1,
  retryAttemptsMax: -1,
  recordAgeSecondsMax: -1,
  bisectsOnError: false,
  reportsItemFailures: false,
  filters: [],
  tags: {},
  lastModifiedMs: 0,
};

/** One life of a poller in front of a function that a test writes. */
class Rig {
  readonly clock: FakeClock = createFakeClock({ nowMs: 0, epochMs: 0 });
  readonly source: MemorySource;
  readonly checkpoints = new MemoryCheckpoints();
  readonly batches: SeenRecord[][] = [];
  readonly sent: Readonly<Record<string, unknown>>[] = [];
  readonly problems: string[] = [];
  /** How many notes cannot be kept. */
  refusals = 0;
  readonly #settings: Partial<EventSourceMapping>;
  answer: (records: readonly SeenRecord[]) => Answer | Promise<Answer> = () => 'ok';
  poller: MappingPoller;
  /** What belongs to an earlier life may change nothing any more. */
  #life = 0;

  constructor(source: MemorySource, settings: Partial<EventSourceMapping> = {}) {
    this.source = source;
    this.#settings = settings;
    this.poller = this.#start();
  }

  /** As SIGKILL does: nothing is told, nothing is waited for. */
  kill(settings: Partial<EventSourceMapping> = this.#settings): void {
    this.#life += 1;
    this.poller = this.#start(settings);
  }

  #start(settings = this.#settings): MappingPoller {
    const life = this.#life;
    const ifAlive = <Value>(promise: Value | Promise<Value>): Value | Promise<Value> =>
      this.#life === life ? promise : new Promise<never>(() => undefined);
    const checkpoints: CheckpointStore = {
      load: () => this.checkpoints.load(),
      save: async (uuid, shardId, checkpoint) => {
        await ifAlive(undefined);
        await this.checkpoints.save(uuid, shardId, checkpoint);
      },
    };
    return new MappingPoller({
      clock: this.clock,
      mapping: { ...plain, ...settings },
      functions: {
        invoke: async (_target, payload): Promise<InvokeResult> => {
          await ifAlive(undefined);
          const { Records: records }: { Records: SeenRecord[] } = JSON.parse(Buffer.from(payload).toString());
          const answer = await this.answer(records);
          this.batches.push(records);
          return ifAlive(resultOf(answer));
        },
        describe: () => ({ role: 'r', arn: 'arn:f' }),
      },
      destinations: {
        check: () => undefined,
        send: async ({ record }) => {
          if (this.refusals-- > 0) throw new EngineError('DataDirectoryUnusable', 'the disk is full');
          this.sent.push(record);
        },
      },
      checkpoints,
      observe: undefined,
      delayScale: 1,
      open: async () => this.source,
      told: (result) => {
        if (result !== 'ok') this.problems.push(result.problem);
      },
    });
  }

  /** Lets everything happen that needs no time, then time pass up to the next thing, until `isDone`. */
  async until(isDone: () => boolean, stepsMax = 20_000): Promise<void> {
    for (let step = 0; step < stepsMax; step += 1) {
      await turn();
      if (isDone()) return;
      const { nextDueMs } = this.clock;
      if (nextDueMs !== undefined) this.clock.advance(Math.max(0, nextDueMs - this.clock.nowMs()));
    }
    throw new Error(`nothing came of ${stepsMax} steps`);
  }

  get handledUpTo(): string | undefined {
    return this.checkpoints.saved.get('s')?.after;
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function resultOf(answer: Answer): InvokeResult {
  if (answer === 'throttle') throw new EngineError('TooManyRequestsException', 'Rate Exceeded.');
  const payload = Buffer.from(
    typeof answer === 'object' ? JSON.stringify({ batchItemFailures: [{ itemIdentifier: answer.failed }] }) : 'null',
  );
  return {
    statusCode: 200,
    payload,
    requestId: 'q',
    executedVersion: '$LATEST',
    ...(answer === 'error' && { functionError: 'Unhandled' }),
  };
}

const sequences = (batches: readonly (readonly SeenRecord[])[]) =>
  batches.map((batch) => batch.map(({ sequence }) => sequence).join(' '));

function sourceWith(count: number, keyOf = (index: number) => `k${index % 3}`): MemorySource {
  const source = new MemorySource('s');
  for (let index = 0; index < count; index += 1) source.put('s', keyOf(index), String(index));
  return source;
}

test('records come in batches, in order, and the checkpoint follows', async (t) => {
  const rig = new Rig(sourceWith(25));
  await rig.until(() => rig.handledUpTo === '25');
  t.deepEqual(
    rig.batches.map((batch) => batch.length),
    [10, 10, 5],
  );
  t.deepEqual(
    sequences(rig.batches).join(' ').split(' ').map(Number),
    Array.from({ length: 25 }, (_, index) => index + 1),
  );
  await rig.poller.stop();
});

test('with LATEST only what is put after the mapping was positioned is handled', async (t) => {
  const source = sourceWith(5);
  const rig = new Rig(source, { startingPosition: 'LATEST' });
  await rig.poller.positioned;
  source.put('s', 'k', 'new');
  await rig.until(() => rig.handledUpTo === '6');
  t.deepEqual(sequences(rig.batches), ['6']);
  await rig.poller.stop();
});

test('a batch waits for its window, or until it is full', async (t) => {
  const source = sourceWith(2);
  const rig = new Rig(source, { batchingWindowSeconds: 5, batchSize: 3 });
  await turn();
  await turn();
  rig.clock.advance(4_999);
  await turn();
  t.deepEqual(rig.batches, []);
  source.put('s', 'k', 'third');
  await rig.until(() => rig.batches.length === 1);
  t.is(rig.clock.nowMs(), 4_999);
  source.put('s', 'k', 'fourth');
  await rig.until(() => rig.batches.length === 2);
  t.is(rig.clock.nowMs(), 9_999);
  await rig.poller.stop();
});

test('a batch ends before its event would be larger than 6 MB', async (t) => {
  const source = new MemorySource('s');
  for (let index = 0; index < 4; index += 1) source.put('s', 'k', 'x'.repeat(2.5 * 1024 * 1024));
  const rig = new Rig(source);
  await rig.until(() => rig.handledUpTo === '4');
  t.deepEqual(sequences(rig.batches), ['1 2', '3 4']);
  await rig.poller.stop();
});

test('a batch that fails is repeated, and nothing overtakes it', async (t) => {
  const rig = new Rig(sourceWith(12), { batchSize: 4 });
  let failures = 3;
  rig.answer = (records) => (records[0]?.sequence === '5' && failures-- > 0 ? 'error' : 'ok');
  await rig.until(() => rig.handledUpTo === '12');
  t.deepEqual(sequences(rig.batches), ['1 2 3 4', '5 6 7 8', '5 6 7 8', '5 6 7 8', '5 6 7 8', '9 10 11 12']);
  t.is(rig.clock.nowMs(), 500 + 1_000 + 2_000);
  t.deepEqual(new Set(rig.problems), new Set(['Function call failed']));
  await rig.poller.stop();
});

test('a poison batch holds up its own shard only', async (t) => {
  const source = new MemorySource('s', 'other');
  for (let index = 0; index < 5; index += 1) {
    source.put('s', 'bad', 'x');
    source.put('other', 'good', 'x');
  }
  const rig = new Rig(source);
  rig.answer = (records) => (records[0]?.partitionKey === 'bad' ? 'error' : 'ok');
  await rig.until(() => rig.checkpoints.saved.get('other')?.after === '5');
  t.is(rig.handledUpTo, '0');
  await rig.poller.stop();
});

test('records whose retries are used up go to the failure destination, as recorded from AWS', async (t) => {
  const rig = new Rig(sourceWith(1), { retryAttemptsMax: 1, onFailure: 'arn:q' });
  rig.answer = () => 'error';
  await rig.until(() => rig.handledUpTo === '1');
  t.deepEqual(rig.sent, [
    {
      requestContext: {
        requestId: 'q',
        functionArn: 'arn:f',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: '1970-01-01T00:00:00.500Z',
      KinesisBatchInfo: {
        shardId: 's',
        startSequenceNumber: '1',
        endSequenceNumber: '1',
        approximateArrivalOfFirstRecord: '1970-01-01T00:00:00.000Z',
        approximateArrivalOfLastRecord: '1970-01-01T00:00:00.000Z',
        batchSize: 1,
        streamArn: memoryArn,
      },
    },
  ]);
  await rig.poller.stop();
});

test('records whose giving up cannot be told stay, until it can', async (t) => {
  const rig = new Rig(sourceWith(3), { retryAttemptsMax: 0, onFailure: 'arn:q' });
  rig.answer = () => 'error';
  rig.refusals = 2;
  await rig.until(() => rig.handledUpTo === '3');
  t.is(rig.sent.length, 1);
  t.like(rig.sent[0], { requestContext: { approximateInvokeCount: 3 }, KinesisBatchInfo: { batchSize: 3 } });
  t.true(rig.problems.includes('what was given up cannot be told to arn:q: the disk is full'));
  await rig.poller.stop();
});

test('records that grow too old are given up, and those behind them are not', async (t) => {
  const source = sourceWith(2);
  const rig = new Rig(source, { recordAgeSecondsMax: 60, onFailure: 'arn:q' });
  rig.answer = (records) => (records[0]?.sequence === '1' ? 'error' : 'ok');
  await rig.until(() => rig.clock.nowMs() > 30_000);
  source.put('s', 'k', 'young', rig.clock.epochMs());
  await rig.until(() => rig.handledUpTo === '3');
  t.is(rig.sent.length, 1);
  t.like(rig.sent[0], {
    requestContext: { condition: 'RecordAgeExceeded', approximateInvokeCount: 8 },
    KinesisBatchInfo: { startSequenceNumber: '1', endSequenceNumber: '2' },
  });
  t.false('responseContext' in (rig.sent[0] ?? {}));
  t.deepEqual(sequences(rig.batches).at(-1), '3');
  await rig.poller.stop();
});

test('with bisect only the poison record is given up', async (t) => {
  const rig = new Rig(sourceWith(9), { bisectsOnError: true, retryAttemptsMax: 0, onFailure: 'arn:q' });
  rig.answer = (records) => (records.some(({ sequence }) => sequence === '6') ? 'error' : 'ok');
  await rig.until(() => rig.handledUpTo === '9');
  t.is(rig.sent.length, 1);
  t.like(rig.sent[0], { KinesisBatchInfo: { startSequenceNumber: '6', endSequenceNumber: '6', batchSize: 1 } });
  await rig.poller.stop();
});

test('with item failures the records before the failure are done', async (t) => {
  const rig = new Rig(sourceWith(5), { reportsItemFailures: true });
  let failures = 2;
  rig.answer = (records) =>
    failures > 0 && records.some(({ sequence }) => sequence === '3') && failures-- > 0 ? { failed: '3' } : 'ok';
  await rig.until(() => rig.handledUpTo === '5');
  t.deepEqual(sequences(rig.batches), ['1 2 3 4 5', '3 4 5', '3 4 5']);
  await rig.poller.stop();
});

test('throttled batches use up no retries', async (t) => {
  const rig = new Rig(sourceWith(1), { retryAttemptsMax: 0 });
  let throttles = 5;
  rig.answer = () => (throttles-- > 0 ? 'throttle' : 'ok');
  await rig.until(() => rig.handledUpTo === '1');
  t.is(rig.sent.length, 0);
  t.is(rig.problems.length, 5);
  await rig.poller.stop();
});

test('records that no filter lets pass are skipped, and the checkpoint moves over them', async (t) => {
  const source = new MemorySource('s');
  for (const kind of ['paid', 'open', 'paid', 'open']) source.put('s', 'k', JSON.stringify({ kind }));
  const rig = new Rig(source, { filters: ['{"data":{"kind":["paid"]}}'] });
  await rig.until(() => rig.handledUpTo === '4');
  t.deepEqual(sequences(rig.batches), ['1 3']);
  await rig.poller.stop();
});

test('a source that fails is tried again, and the mapping says what is wrong', async (t) => {
  const source = sourceWith(3);
  source.failures.push(new SourceError('temporary', 'the connection was lost'));
  const rig = new Rig(source);
  await rig.until(() => rig.handledUpTo === '3');
  t.deepEqual(rig.problems, ['the connection was lost']);
  await rig.poller.stop();
});

test('a shard that comes later is read from its start', async (t) => {
  const source = sourceWith(1);
  const rig = new Rig(source, { startingPosition: 'LATEST' });
  await rig.poller.positioned;
  source.put('late', 'k', 'x');
  await rig.until(() => rig.checkpoints.saved.get('late')?.after === '1');
  t.true(rig.clock.nowMs() <= limits.sourceShardsIntervalMs);
  await rig.poller.stop();
});

test('stopping waits for the batch that is under way, stores it, and begins no other', async (t) => {
  const rig = new Rig(sourceWith(20));
  const { promise, resolve } = Promise.withResolvers<Answer>();
  rig.answer = () => promise;
  for (let turns = 0; turns < 5; turns += 1) await turn();
  const stopped = rig.poller.stop();
  resolve('ok');
  await stopped;
  t.is(rig.handledUpTo, '10');
  t.is(rig.batches.length, 1);
  t.is(rig.clock.timersArmed, 0);
});

test('with lanes, batches of different keys run beside each other and those of one key do not', async (t) => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const rig = new Rig(
    sourceWith(64, (index) => keys[index % keys.length] ?? ''),
    { parallelizationFactor: 4, batchSize: 2 },
  );
  const running = new Set<number>();
  let most = 0;
  rig.answer = async (records): Promise<Answer> => {
    const lanes = new Set(records.map(({ partitionKey }) => laneOf(partitionKey, 4)));
    t.is(lanes.size, 1);
    const [lane = 0] = lanes;
    t.false(running.has(lane));
    running.add(lane);
    most = Math.max(most, running.size);
    await turn();
    running.delete(lane);
    return 'ok';
  };
  await rig.until(() => rig.handledUpTo === '64');
  t.is(most, new Set(keys.map((key) => laneOf(key, 4))).size);
  await rig.poller.stop();
});

/** What a function may do with a batch, drawn from numbers so that a failing run can be told again. */
function behaviour(draw: number, records: readonly SeenRecord[]): Answer {
  if (draw < 12) return 'error';
  if (draw < 20) return 'throttle';
  if (draw < 32) return { failed: records[draw % records.length]?.sequence ?? '' };
  return 'ok';
}

test('whatever fails and however often it is killed: nothing is lost, order is kept, and nothing is repeated that was stored', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        records: fc.integer({ min: 1, max: 60 }),
        keys: fc.integer({ min: 1, max: 6 }),
        batchSize: fc.integer({ min: 1, max: 9 }),
        lanes: fc.integer({ min: 1, max: 4 }),
        bisects: fc.boolean(),
        window: fc.constantFrom(0, 1),
      }),
      fc.array(fc.nat(99), { minLength: 5, maxLength: 40 }),
      fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 5 }),
      async (given, draws, kills) => {
        const rig = new Rig(
          sourceWith(given.records, (index) => `k${index % given.keys}`),
          {
            batchSize: given.batchSize,
            parallelizationFactor: given.lanes,
            bisectsOnError: given.bisects,
            batchingWindowSeconds: given.window,
            reportsItemFailures: true,
          },
        );
        const handled: string[] = [];
        const broken: string[] = [];
        const orderOf = new Map<string, number[]>();
        let invocations = 0;
        rig.answer = (records) => {
          const stored = rig.checkpoints.saved.get('s');
          const lanes = stored?.lanes ?? [];
          for (const { sequence, partitionKey } of records) {
            const upTo = Math.max(Number(stored?.after ?? 0), Number(lanes[laneOf(partitionKey, given.lanes)] ?? 0));
            if (Number(sequence) <= upTo) broken.push(`record ${sequence} came again after it was stored`);
          }
          const answer = behaviour(draws[invocations++ % (draws.length + invocations)] ?? 99, records);
          if (typeof answer === 'string' && answer !== 'ok') return answer;
          const until =
            typeof answer === 'object'
              ? records.findIndex(({ sequence }) => sequence === answer.failed)
              : records.length;
          for (const { sequence, partitionKey } of records.slice(0, until)) {
            handled.push(sequence);
            const order = orderOf.get(partitionKey) ?? [];
            orderOf.set(partitionKey, order);
            order.push(Number(sequence));
          }
          return answer;
        };
        for (const steps of kills) {
          let step = 0;
          await rig.until(() => {
            step += 1;
            return step > steps;
          });
          rig.kill();
        }
        await rig.until(() => rig.handledUpTo === String(given.records));
        await rig.poller.stop();
        if (new Set(handled).size !== given.records) broken.push('a record was lost');
        for (const order of orderOf.values()) {
          // A repetition begins earlier again; first sights never come out of order.
          const seen = new Set<number>();
          const firsts = order.filter((sequence) => !seen.has(sequence) && seen.add(sequence));
          if (firsts.some((sequence, index) => index > 0 && sequence < (firsts[index - 1] ?? 0))) {
            broken.push(`out of order: ${order.join(' ')}`);
          }
        }
        if (broken.length > 0) throw new Error(broken.join('; '));
      },
    ),
    { numRuns: 1_000 },
  );
  t.pass();
});
