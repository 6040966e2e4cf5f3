import test, { type ExecutionContext } from 'ava';
import { createServer } from '../../src/http/server.ts';
import { EngineError, errorCatalogue } from '../../src/model/errors.ts';
import { recordedShapes } from './fixtures/recorded-shapes.ts';
import { record, type ScriptedEngine, scriptedEngine } from './scripted-engine.ts';

const functions = '/2015-03-31/functions';
const role = 'arn:aws:iam::000000000000:role/any';
const create = {
  FunctionName: 'f',
  Role: role,
  Runtime: 'nodejs24.x',
  Handler: 'index.handler',
  Code: { ZipFile: Buffer.from('PK zip').toString('base64') },
};

interface Request {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // Answers are looked into freely: what is wrong shows as a failed comparison.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly json: any;
}

async function send(engine: ScriptedEngine, { method = 'GET', url, body, headers }: Request): Promise<Answer> {
  await using server = createServer({ engine });
  const response = await server.inject({
    method,
    url,
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', host: '127.0.0.1:9001', ...headers },
  });
  const text = response.body;
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    json:
      String(response.headers['content-type']).startsWith('application/json') && text !== ''
        ? JSON.parse(text)
        : undefined,
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function isError(t: ExecutionContext, answer: Answer, status: number, errorType: string): void {
  t.is(answer.status, status, answer.text);
  t.is(answer.headers['x-amzn-errortype'], errorType);
  t.regex(String(answer.headers['x-amzn-requestid']), uuid);
  t.is(answer.headers['content-type'], 'application/json');
}

test('CreateFunction answers 201 with exactly the keys that AWS answers with, Pending', async (t) => {
  const engine = scriptedEngine();
  const answer = await send(engine, { method: 'POST', url: functions, body: create });
  t.is(answer.status, 201);
  t.regex(String(answer.headers['x-amzn-requestid']), uuid);
  t.deepEqual(Object.keys(answer.json).toSorted(), recordedShapes.create);
  t.is(answer.json.State, 'Pending');
  t.is(answer.json.StateReason, 'The function is being created.');
  t.is(answer.json.StateReasonCode, 'Creating');
  t.is(answer.json.FunctionArn, 'arn:aws:lambda:us-east-1:000000000000:function:f');
  t.deepEqual(engine.calls.create, [
    {
      functionName: 'f',
      role,
      runtime: 'nodejs24.x',
      handler: 'index.handler',
      code: { zipFile: Buffer.from('PK zip') },
    },
  ]);
});

test('CreateFunction passes on every field it knows', async (t) => {
  const engine = scriptedEngine();
  await send(engine, {
    method: 'POST',
    url: `${functions}/`,
    body: {
      ...create,
      Description: 'd',
      Timeout: 30,
      MemorySize: 256,
      EphemeralStorage: { Size: 1024 },
      Environment: { Variables: { A: '1' } },
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN', LogGroup: 'g' },
      Architectures: ['arm64'],
      Tags: {
        team: 'blue',
        'isotherm:trust-domain': 'customer-1',
        'isotherm:isolation': 'function',
        'isotherm:clock': 'frozen',
        'isotherm:limits': 'timers=50',
      },
      PackageType: 'Zip',
      // What asks for nothing is let pass, unknown members too.
      Publish: false,
      Layers: [],
      VpcConfig: { SubnetIds: [], SecurityGroupIds: [] },
      SnapStart: { ApplyOn: 'None' },
      DeadLetterConfig: {},
      KMSKeyArn: '',
      Invented: 1,
    },
  });
  t.like(engine.calls.create[0], {
    description: 'd',
    timeout: 30,
    memorySize: 256,
    ephemeralStorage: 1024,
    environment: { A: '1' },
    tracingMode: 'Active',
    logging: { logFormat: 'JSON', applicationLogLevel: 'WARN', logGroup: 'g' },
    architectures: ['arm64'],
    tags: {
      team: 'blue',
      'isotherm:trust-domain': 'customer-1',
      'isotherm:isolation': 'function',
      'isotherm:clock': 'frozen',
      'isotherm:limits': 'timers=50',
    },
    isolation: 'function',
    clock: 'frozen',
  });
});

for (const [name, value] of Object.entries({
  VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
  SnapStart: { ApplyOn: 'PublishedVersions' },
  FileSystemConfigs: [{ Arn: 'a', LocalMountPath: '/mnt/a' }],
  KMSKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/k',
})) {
  test(`a wish for ${name} is refused, never silently dropped`, async (t) => {
    const engine = scriptedEngine();
    const answer = await send(engine, { method: 'POST', url: functions, body: { ...create, [name]: value } });
    isError(t, answer, 501, 'NotImplementedException');
    t.deepEqual(answer.json, { Type: 'User', Message: `isotherm does not offer ${name} yet` });
    t.is(engine.calls.create.length, 0);
  });
}

test('what is missing is named in one ValidationException', async (t) => {
  const answer = await send(scriptedEngine(), { method: 'POST', url: functions, body: '{}' });
  isError(t, answer, 400, 'ValidationException');
  t.deepEqual(answer.json, {
    message:
      "3 validation errors detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'role' failed to satisfy constraint: Member must not be null; " +
      "Value null at 'code' failed to satisfy constraint: Member must not be null",
  });
});

test('code that is no ZipFile is refused with what is possible', async (t) => {
  const none = await send(scriptedEngine(), { method: 'POST', url: functions, body: { ...create, Code: {} } });
  isError(t, none, 400, 'InvalidParameterValueException');
  const s3 = await send(scriptedEngine(), {
    method: 'POST',
    url: functions,
    body: { ...create, Code: { S3Bucket: 'b', S3Key: 'k' } },
  });
  isError(t, s3, 501, 'NotImplementedException');
  t.regex(s3.json.Message, /ZipFile only/);
});

for (const [what, body, message] of [
  ['text that is no JSON', '{"FunctionName": ', /^Could not parse request body into json: /],
  ['a list', '[]', /START_ARRAY can not be converted to a structure/],
  [
    'a number for a string',
    { ...create, FunctionName: 7 },
    /FunctionName: NUMBER_VALUE can not be converted to a String/,
  ],
  ['a string for a number', { ...create, Timeout: '3' }, /Timeout: STRING_VALUE can not be converted to an Integer/],
  ['a number among variables', { ...create, Environment: { Variables: { A: 1 } } }, /Variables\.A: NUMBER_VALUE/],
  ['a text for a list', { ...create, Architectures: 'arm64' }, /Architectures: STRING_VALUE/],
  ['broken Base64', { ...create, Code: { ZipFile: 'not base64!' } }, /ZipFile is not valid Base64/],
] as const) {
  test(`a body with ${what} is a SerializationException`, async (t) => {
    const answer = await send(scriptedEngine(), { method: 'POST', url: functions, body });
    isError(t, answer, 400, 'SerializationException');
    t.regex(answer.json.Message, message);
  });
}

test('GetFunction shows configuration, a link that serves the zip, and tags only when there are any', async (t) => {
  const engine = scriptedEngine('plain', 'tagged');
  const tagged = record('tagged');
  engine.records.set('tagged', { ...tagged, configuration: { ...tagged.configuration, tags: { a: 'b' } } });
  const plain = await send(engine, { url: `${functions}/plain` });
  t.is(plain.status, 200);
  t.deepEqual(Object.keys(plain.json).toSorted(), ['Code', 'Configuration']);
  t.deepEqual(Object.keys(plain.json.Configuration).toSorted(), recordedShapes.getConfiguration);
  t.is(plain.json.Code.RepositoryType, 'S3');
  t.true(plain.json.Code.Location.startsWith('http://127.0.0.1:9001/'));

  const { pathname, search } = new URL(plain.json.Code.Location);
  const zip = await send(engine, { url: pathname + search });
  t.is(zip.headers['content-type'], 'application/zip');
  t.is(zip.text, 'zip of plain');
  t.deepEqual((await send(engine, { url: `${functions}/tagged` })).json.Tags, { a: 'b' });
});

test('the ARN has a qualifier only for who asks with one', async (t) => {
  const engine = scriptedEngine('f');
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
  for (const [url, expected] of [
    [`${functions}/f/configuration`, arn],
    [`${functions}/f/configuration?Qualifier=$LATEST`, `${arn}:$LATEST`],
    [`${functions}/f/configuration?Qualifier=%24LATEST`, `${arn}:$LATEST`],
    [`${functions}/f%3A%24LATEST/configuration`, `${arn}:$LATEST`],
    [`${functions}/${encodeURIComponent(arn)}/configuration`, arn],
    [`${functions}/${arn}/configuration`, arn],
    [`${functions}/000000000000%3Afunction%3Af/configuration`, arn],
  ] as const) {
    const answer = await send(engine, { url });
    t.is(answer.json.FunctionArn, expected, url);
  }
});

test('names and qualifiers that cannot be are refused as AWS does', async (t) => {
  const engine = scriptedEngine('f');
  const mismatch = await send(engine, { url: `${functions}/f%3A1?Qualifier=2` });
  isError(t, mismatch, 400, 'InvalidParameterValueException');
  t.deepEqual(mismatch.json, {
    Type: 'User',
    message: 'The derived qualifier from the function name does not match the specified qualifier.',
  });
  const elsewhere = await send(engine, {
    url: `${functions}/${encodeURIComponent('arn:aws:lambda:ap-southeast-1:000000000000:function:f')}`,
  });
  isError(t, elsewhere, 404, 'ResourceNotFoundException');
  t.is(elsewhere.json.Message, "Functions from 'ap-southeast-1' are not reachable in this region ('us-east-1')");
  const star = await send(engine, { url: `${functions}/*` });
  isError(t, star, 400, 'ValidationException');
  t.deepEqual(Object.keys(star.json), ['message']);
  const long = await send(engine, { url: `${functions}/${'a'.repeat(900)}` });
  isError(t, long, 400, 'ValidationException');
});

test('updates answer with the update in progress and pass on what was given, nothing else', async (t) => {
  const engine = scriptedEngine('f');
  const code = await send(engine, {
    method: 'PUT',
    url: `${functions}/f/code`,
    body: { ZipFile: 'UEs=', DryRun: true, RevisionId: 'r', Architectures: ['x86_64'] },
  });
  t.is(code.status, 200);
  t.deepEqual(Object.keys(code.json).toSorted(), recordedShapes.update);
  t.deepEqual(engine.calls.updateCode, [
    {
      functionName: 'f',
      code: { zipFile: Buffer.from('PK') },
      dryRun: true,
      revisionId: 'r',
      architectures: ['x86_64'],
    },
  ]);
  const configuration = await send(engine, {
    method: 'PUT',
    url: `${functions}/f/configuration`,
    body: { Timeout: 9, Environment: {}, Description: null },
  });
  t.is(configuration.json.LastUpdateStatus, 'InProgress');
  t.deepEqual(engine.calls.updateConfiguration, [{ functionName: 'f', timeout: 9, environment: {} }]);
});

test('ListFunctions pages, and its items leave out state and runtime version', async (t) => {
  const engine = scriptedEngine('a', 'b');
  const answer = await send(engine, { url: `${functions}/?FunctionVersion=ALL&Marker=a&MaxItems=2` });
  t.deepEqual(engine.calls.list, [{ marker: 'a', maxItems: 2, versions: 'all' }]);
  t.is(answer.json.NextMarker, 'next');
  t.deepEqual(Object.keys(answer.json.Functions[0]).toSorted(), recordedShapes.listItem);
  t.is(answer.json.Functions[1].FunctionArn, 'arn:aws:lambda:us-east-1:000000000000:function:b:$LATEST');
  t.is(
    (await send(engine, { url: functions })).json.Functions[0].FunctionArn,
    'arn:aws:lambda:us-east-1:000000000000:function:a',
  );

  const wrong = await send(engine, { url: `${functions}?FunctionVersion=SOME&MaxItems=0` });
  isError(t, wrong, 400, 'ValidationException');
  t.regex(
    wrong.json.message,
    /^2 validation errors detected: .*'functionVersion'.*\[ALL\]; .*'maxItems'.* equal to 1$/,
  );
});

test('DeleteFunction answers 204 without a body', async (t) => {
  const engine = scriptedEngine('f');
  const answer = await send(engine, { method: 'DELETE', url: `${functions}/f` });
  t.is(answer.status, 204);
  t.is(answer.text, '');
  t.regex(String(answer.headers['x-amzn-requestid']), uuid);
  const again = await send(engine, { method: 'DELETE', url: `${functions}/f?Qualifier=7` });
  isError(t, again, 404, 'ResourceNotFoundException');
  t.deepEqual(again.json, {
    Type: 'User',
    Message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7',
  });
});

test('each error of the catalogue has its status, type and spelling', async (t) => {
  for (const [code, { status, bodyKey }] of Object.entries(errorCatalogue)) {
    const engine = scriptedEngine('f');
    engine.records.get = () => {
      throw new EngineError(code as keyof typeof errorCatalogue, 'because');
    };
    const answer = await send(engine, { url: `${functions}/f` });
    isError(t, answer, status, code);
    t.is(answer.json[bodyKey], 'because', code);
    t.false((bodyKey === 'message' ? 'Message' : 'message') in answer.json, code);
    const type = code === 'ValidationException' ? undefined : status < 500 || status === 501 ? 'User' : 'Service';
    t.is(answer.json.Type, type, code);
  }
});

test('a bug of ours tells the client nothing but an id, under which it is reported', async (t) => {
  const engine = scriptedEngine('f');
  const bug = new Error('secret detail');
  engine.records.get = () => {
    throw bug;
  };
  const reported: unknown[] = [];
  await using server = createServer({ engine, onUnexpected: (error, requestId) => reported.push([error, requestId]) });
  const response = await server.inject({ url: `${functions}/f` });
  t.is(response.statusCode, 500);
  t.is(response.headers['x-amzn-errortype'], 'ServiceException');
  t.deepEqual(response.json(), { Type: 'Service', Message: 'An internal error occurred.' });
  t.deepEqual(reported, [[bug, response.headers['x-amzn-requestid']]]);
});

for (const [method, url, name] of [['POST', '/2020-04-22/code-signing-configs', 'CreateCodeSigningConfig']] as const) {
  test(`${name} says that it is not offered`, async (t) => {
    const answer = await send(scriptedEngine('f'), { method, url });
    isError(t, answer, 501, 'NotImplementedException');
    t.deepEqual(answer.json, { Type: 'User', Message: `isotherm does not offer ${name} yet` });
  });
}

test('a path that is no operation is unknown, a method that a path does not take is not allowed', async (t) => {
  for (const url of ['/', '/2015-03-31', '/2015-03-31/Functions', '/2016-01-01/functions', `${functions}/f/nothing`]) {
    const answer = await send(scriptedEngine('f'), { url });
    isError(t, answer, 404, 'UnknownOperationException');
    t.is(answer.json.Type, 'User');
  }
  const patch = await send(scriptedEngine('f'), { method: 'PATCH', url: `${functions}/f` });
  isError(t, patch, 405, 'MethodNotAllowedException');
  t.regex(patch.json.Message, /only GET, DELETE/);
  const get = await send(scriptedEngine('f'), { method: 'GET', url: `${functions}/f/invocations` });
  isError(t, get, 405, 'MethodNotAllowedException');
  const unparsable = await send(scriptedEngine('f'), { url: `${functions}/%zz` });
  isError(t, unparsable, 404, 'UnknownOperationException');
});

test('requests that a web page could have made are refused', async (t) => {
  const engine = scriptedEngine('f');
  for (const headers of [
    { host: 'evil.example:9001' },
    { host: '127.0.0.1.evil.example' },
    { host: '192.168.1.2:9001' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    const answer = await send(engine, { url: `${functions}/f`, headers });
    isError(t, answer, 403, 'AccessDeniedException');
  }
  for (const headers of [
    { host: 'localhost:9001' },
    { host: '127.0.0.1' },
    { host: '[::1]:9001' },
    { host: 'host.docker.internal:9001' },
    { host: 'localhost:9001', origin: 'http://localhost:9001' },
  ]) {
    t.is((await send(engine, { url: `${functions}/f`, headers })).status, 200);
  }
});

test('health and metrics answer', async (t) => {
  const engine = scriptedEngine('f');
  t.deepEqual((await send(engine, { url: '/healthz' })).json, { status: 'ok' });
  const metrics = await send(engine, { url: '/metrics' });
  t.regex(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  t.regex(metrics.text, /^# TYPE isotherm_invocations_total counter\nisotherm_invocations_total 10$/m);
  t.regex(metrics.text, /^isotherm_sandboxes_resident_bytes 52428800$/m);
  t.regex(metrics.text, /^isotherm_sandboxes_held_back_seconds 0.25$/m);
});

test('InvokeAsync hands the event over and says 202 in a body, too', async (t) => {
  const engine = scriptedEngine('f');
  engine.onInvoke = async () => ({ statusCode: 202, payload: new Uint8Array(), requestId: 'r' });
  for (const url of ['/2014-11-13/functions/f/invoke-async', '/2014-11-13/functions/f/invoke-async/']) {
    const answer = await send(engine, { method: 'POST', url, body: { answer: 42 } });
    t.deepEqual([answer.status, answer.json], [202, { Status: 202 }]);
    const { payload, ...rest } = engine.calls.invoke.at(-1) ?? {};
    t.is(String(payload), '{"answer":42}');
    t.deepEqual(rest, { functionName: 'f', invocationType: 'Event' });
  }
});
