/** The settings of URLs over HTTP, where no answer of AWS is recorded; those that are, recorded-answers.test.ts replays. */
import test, { type ExecutionContext } from 'ava';
import { createServer } from '../../../src/http/server.ts';
import { controlEngineWith } from '../control-engine.ts';

const url = '/2021-10-31/functions/f/url';

async function api(t: ExecutionContext) {
  const engine = await controlEngineWith('f');
  const server = createServer({ engine });
  t.teardown(async () => {
    await server.close();
    await engine.close();
  });
  return async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object, host = '127.0.0.1:9001') => {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
    const response = await server.inject({ method, url: path, headers: { host }, ...payload });
    return { status: response.statusCode, body: response.body === '' ? undefined : response.json() };
  };
}

test('settings are answered as they were given; the mode only to who gave it, until it is asked for', async (t) => {
  const call = await api(t);
  const Cors = {
    AllowCredentials: true,
    AllowHeaders: ['x-a'],
    AllowMethods: ['GET'],
    AllowOrigins: ['https://a.example'],
    ExposeHeaders: ['x-b'],
    MaxAge: 5,
  };
  const given = { AuthType: 'AWS_IAM', InvokeMode: 'RESPONSE_STREAM', Cors };
  const created = await call('POST', url, given);
  t.is(created.status, 201);
  t.like(created.body, given as object);
  t.regex(created.body.FunctionUrl, /^http:\/\/[a-z2-7]{32}\.lambda-url\.localhost:9001\/$/);
  const { LastModifiedTime, ...kept } = (await call('GET', url)).body;
  t.deepEqual(kept, created.body);
  t.is(LastModifiedTime, created.body.CreationTime);
  const updated = await call('PUT', url, { AuthType: 'NONE', Cors: {} });
  t.is(updated.status, 200);
  t.like(updated.body, { AuthType: 'NONE', InvokeMode: 'RESPONSE_STREAM', FunctionUrl: created.body.FunctionUrl });
  t.false('Cors' in updated.body);
  t.deepEqual(await call('DELETE', url), { status: 204, body: undefined });
});

test('a container gets a URL that it can reach', async (t) => {
  const call = await api(t);
  const created = await call('POST', url, { AuthType: 'NONE' }, 'host.docker.internal:9001');
  t.regex(created.body.FunctionUrl, /^http:\/\/host\.docker\.internal:9001\/_isotherm\/url\/[a-z2-7]{32}\/$/);
});

test('what is no setting is the client’s mistake', async (t) => {
  const call = await api(t);
  const missing = await call('POST', url, {});
  t.like(missing, { status: 400 });
  t.is(
    missing.body.message,
    "1 validation error detected: Value null at 'authType' failed to satisfy constraint: Member must not be null",
  );
  const wrong: object[] = [
    { AuthType: 1 },
    { AuthType: 'NONE', Cors: [] },
    { AuthType: 'NONE', Cors: { AllowOrigins: '*' } },
    { AuthType: 'NONE', Cors: { AllowOrigins: [1] } },
    { AuthType: 'NONE', Cors: { MaxAge: '5' } },
    { AuthType: 'NONE', Cors: { MaxAge: 1.5 } },
    { AuthType: 'NONE', InvokeMode: 'buffered' },
  ];
  for (const body of wrong) t.is((await call('POST', url, body)).status, 400, JSON.stringify(body));
  t.is((await call('GET', `${url}s?MaxItems=51`)).status, 400);
  t.is((await call('GET', `${url}s?MaxItems=x`)).status, 400);
  t.is((await call('GET', `${url}s?Marker=%00`)).status, 400);
  t.deepEqual((await call('GET', `${url}s`)).body, { FunctionUrlConfigs: [] });
});

test('the second permission that AWS asks for of new URLs is kept as it writes it', async (t) => {
  const call = await api(t);
  const { status, body } = await call('POST', '/2015-03-31/functions/f/policy', {
    StatementId: 's',
    Action: 'lambda:InvokeFunction',
    Principal: '*',
    InvokedViaFunctionUrl: true,
  });
  t.is(status, 201);
  t.deepEqual(JSON.parse(body.Statement).Condition, { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } });
});
