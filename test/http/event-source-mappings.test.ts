/** Event source mappings over HTTP, compared with what AWS Lambda was recorded to answer (fixtures/README.md). */
import test, { type ExecutionContext } from 'ava';
import type { Engine } from '../../src/engine/engine.ts';
import { type ApiServer, createServer } from '../../src/http/server.ts';
import { streamArn } from '../../src/queue/streams/stream-log.ts';
import { controlEngineWith } from './control-engine.ts';

const mappings = '/2015-03-31/event-source-mappings';
const orders = streamArn('orders');

interface Rig extends AsyncDisposable {
  readonly engine: Engine;
  readonly send: (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: object) => Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly code: unknown;
  readonly body: Record<string, unknown>;
}

async function rig(): Promise<Rig> {
  const engine = await controlEngineWith('f', 'g');
  const server: ApiServer = createServer({ engine });
  await engine.streams.create({ streamName: 'orders', shards: 2 });
  return {
    engine,
    async send(method, url, body) {
      const response = await server.inject({
        method,
        url,
        headers: { host: '127.0.0.1:9001' },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      });
      return {
        status: response.statusCode,
        code: response.headers['x-amzn-errortype'],
        body: response.body === '' ? {} : response.json(),
      };
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await engine.close();
    },
  };
}

const usual = { FunctionName: 'f', EventSourceArn: orders, StartingPosition: 'TRIM_HORIZON' };

async function created({ engine, send }: Rig, more: object = {}): Promise<string> {
  const { status, body } = await send('POST', mappings, { ...usual, ...more });
  if (status !== 202) throw new Error(JSON.stringify(body));
  const uuid = String(body.UUID);
  await engine.eventSources.settled(uuid);
  return uuid;
}

function isRefused(t: ExecutionContext, answer: Answer, status: number, code: string, message: string): void {
  t.like(answer, { status, code });
  t.is(answer.body.message ?? answer.body.Message, message);
}

/** As recorded: TestLambdaEventSourceMappings::test_event_source_mapping_lifecycle, with the stream of another service. */
const recorded = {
  BatchSize: 1,
  BisectBatchOnFunctionError: false,
  DestinationConfig: { OnFailure: {} },
  EventSourceArn: orders,
  FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
  FunctionResponseTypes: [],
  LastProcessingResult: 'No records processed',
  MaximumBatchingWindowInSeconds: 1,
  MaximumRecordAgeInSeconds: -1,
  MaximumRetryAttempts: 1,
  ParallelizationFactor: 1,
  StartingPosition: 'TRIM_HORIZON',
  StateTransitionReason: 'User action',
  TumblingWindowInSeconds: 0,
};

test('a mapping is made, shown and deleted as recorded', async (t) => {
  await using own = await rig();
  const { engine, send } = own;
  const settings = { BatchSize: 1, MaximumBatchingWindowInSeconds: 1, MaximumRetryAttempts: 1 };
  const answer = await send('POST', mappings, { ...usual, ...settings });
  const { UUID: uuid, EventSourceMappingArn: arn, LastModified: lastModified, ...members } = answer.body;
  t.is(answer.status, 202);
  t.deepEqual(members, { ...recorded, State: 'Creating' });
  t.regex(String(uuid), /^[0-9a-f-]{36}$/);
  t.is(arn, `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${uuid}`);
  t.is(lastModified, Date.UTC(2025, 10, 25, 2, 26, 54, 123) / 1_000);

  await engine.eventSources.settled(String(uuid));
  t.like(await send('GET', `${mappings}/${uuid}`), { status: 200, body: { ...recorded, State: 'Enabled' } });
  t.like(await send('DELETE', `${mappings}/${uuid}`), { status: 202, body: { ...recorded, State: 'Deleting' } });
  await engine.eventSources.settled(String(uuid));
  const gone = await send('GET', `${mappings}/${uuid}`);
  isRefused(t, gone, 404, 'ResourceNotFoundException', 'The resource you requested does not exist.');
});

test('a mapping outlives its function, as recorded', async (t) => {
  await using own = await rig();
  const uuid = await created(own);
  await own.engine.deleteFunction('f');
  t.like(await own.send('GET', `${mappings}/${uuid}`), { status: 200, body: { State: 'Enabled' } });
  t.like(await own.send('DELETE', `${mappings}/${uuid}`), { status: 202, body: { State: 'Deleting' } });
});

for (const [title, body, code, message] of [
  [
    'without a starting position',
    { StartingPosition: null },
    'InvalidParameterValueException',
    "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
  ],
  [
    'with a starting position that is none',
    { StartingPosition: 'invalid' },
    'ValidationException',
    "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
  ],
  [
    'of a stream that does not exist',
    { EventSourceArn: streamArn('gone') },
    'InvalidParameterValueException',
    `Stream not found: ${streamArn('gone')}`,
  ],
  ['without a source', { EventSourceArn: null }, 'InvalidParameterValueException', 'Unrecognized event source.'],
  [
    'of a source of another kind',
    { EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q' },
    'InvalidParameterValueException',
    'Unrecognized event source.',
  ],
  [
    'of a function that does not exist',
    { FunctionName: 'nobody' },
    'InvalidParameterValueException',
    'Function does not exist',
  ],
  [
    'with a pattern that is none',
    { FilterCriteria: { Filters: [{ Pattern: '{"a":"b"}' }] } },
    'InvalidParameterValueException',
    'Invalid filter pattern definition.',
  ],
  [
    'with settings out of range',
    { BatchSize: 0, ParallelizationFactor: 11 },
    'ValidationException',
    "2 validation errors detected: Value '0' at 'batchSize' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
      "Value '11' at 'parallelizationFactor' failed to satisfy constraint: Member must have value less than or equal to 10",
  ],
  [
    'with a tumbling window',
    { TumblingWindowInSeconds: 30 },
    'InvalidParameterValueException',
    'TumblingWindowInSeconds must be 0, received 30: isotherm does not offer tumbling windows.',
  ],
  [
    'with a record age of less than a minute',
    { MaximumRecordAgeInSeconds: 59 },
    'InvalidParameterValueException',
    'MaximumRecordAgeInSeconds must be -1 or from 60 to 604800, received 59.',
  ],
  [
    'with too many filters',
    { FilterCriteria: { Filters: Array.from({ length: 11 }, () => ({ Pattern: '{"a":["b"]}' })) } },
    'InvalidParameterValueException',
    'A mapping has at most 10 filters (filtersMax), received 11.',
  ],
] as const) {
  test(`a mapping ${title} is refused`, async (t) => {
    await using own = await rig();
    isRefused(t, await own.send('POST', mappings, { ...usual, ...body }), 400, code, message);
    t.deepEqual((await own.send('GET', mappings)).body, { EventSourceMappings: [] });
  });
}

test('a second mapping of the same stream and function is refused, one of an alias is not', async (t) => {
  await using own = await rig();
  const uuid = await created(own);
  await own.engine.publishVersion({ functionName: 'f' });
  isRefused(
    t,
    await own.send('POST', mappings, usual),
    409,
    'ResourceConflictException',
    `The event source arn (" ${orders} ") and function (" f ") provided mapping already exists. ` +
      `Please update or delete the existing mapping with UUID ${uuid}`,
  );
  const other = await created(own, { FunctionName: 'f:1' });
  const { body } = await own.send('GET', `${mappings}/${other}`);
  t.is(body.FunctionArn, 'arn:aws:lambda:us-east-1:000000000000:function:f:1');
});

test('empty filter criteria are none, as recorded', async (t) => {
  await using own = await rig();
  const { body } = await own.send('POST', mappings, { ...usual, FilterCriteria: { Filters: [] } });
  t.false('FilterCriteria' in body);
});

test('a mapping is updated, disabled and enabled, and what is not given stays', async (t) => {
  await using own = await rig();
  const filters = { Filters: [{ Pattern: '{"data":{"kind":["paid"]}}' }] };
  const uuid = await created(own, { FilterCriteria: filters, MaximumRetryAttempts: 3 });
  const states: unknown[] = [];
  for (const body of [{ BatchSize: 7 }, { Enabled: false }, { BatchSize: 8 }, { Enabled: true }]) {
    const answer = await own.send('PUT', `${mappings}/${uuid}`, body);
    t.is(answer.status, 202);
    states.push(answer.body.State);
    await own.engine.eventSources.settled(uuid);
    states.push((await own.send('GET', `${mappings}/${uuid}`)).body.State);
  }
  t.deepEqual(states, ['Updating', 'Enabled', 'Disabling', 'Disabled', 'Updating', 'Disabled', 'Enabling', 'Enabled']);
  const { body } = await own.send('GET', `${mappings}/${uuid}`);
  t.like(body, { BatchSize: 8, MaximumRetryAttempts: 3 });
  t.deepEqual(body.FilterCriteria, filters);
});

test('a mapping that is made disabled does not read', async (t) => {
  await using own = await rig();
  const uuid = await created(own, { Enabled: false });
  t.is((await own.send('GET', `${mappings}/${uuid}`)).body.State, 'Disabled');
});

test('while a change is under way no other is taken', async (t) => {
  await using own = await rig();
  const { body } = await own.send('POST', mappings, usual);
  const { uuid } = own.engine.eventSources.get(String(body.UUID)).mapping;
  await own.engine.eventSources.settled(uuid);
  const [first, second] = await Promise.all([
    own.send('PUT', `${mappings}/${uuid}`, { BatchSize: 5 }),
    own.send('PUT', `${mappings}/${uuid}`, { BatchSize: 6 }),
  ]);
  t.is(first?.status, 202);
  const message = 'Cannot update the event source mapping because it is in use.';
  if (second !== undefined) isRefused(t, second, 400, 'ResourceInUseException', message);
});

test('mappings are listed by function and by source, in pages', async (t) => {
  await using own = await rig();
  await own.engine.streams.create({ streamName: 'returns' });
  await created(own);
  await created(own, { FunctionName: 'g' });
  await created(own, { EventSourceArn: streamArn('returns') });
  const listed = async (query: string) => {
    const { body } = await own.send('GET', `${mappings}?${query}`);
    const items = body.EventSourceMappings as readonly { readonly UUID: string }[];
    return { ids: items.map(({ UUID }) => UUID), next: body.NextMarker };
  };
  t.is((await listed('')).ids.length, 3);
  t.is((await listed('FunctionName=f')).ids.length, 2);
  t.is((await listed(`EventSourceArn=${encodeURIComponent(orders)}`)).ids.length, 2);
  t.is((await listed(`FunctionName=f&EventSourceArn=${encodeURIComponent(orders)}`)).ids.length, 1);
  t.deepEqual((await listed('FunctionName=nobody')).ids, []);
  const first = await listed('MaxItems=2');
  const rest = await listed(`MaxItems=2&Marker=${first.next}`);
  t.is(new Set([...first.ids, ...rest.ids]).size, 3);
  t.is(rest.next, undefined);
});

test('an id that is nobody’s is not found by any operation', async (t) => {
  await using own = await rig();
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    const answer = await own.send(
      method,
      `${mappings}/0b9c2f6e-0000-4000-8000-000000000000`,
      method === 'PUT' ? {} : undefined,
    );
    isRefused(t, answer, 404, 'ResourceNotFoundException', 'The resource you requested does not exist.');
  }
});
