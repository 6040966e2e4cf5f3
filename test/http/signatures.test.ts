/** A server that was given access keys: what it answers to whom, over real sockets, with the AWS SDK as the client that signs. */
import { request } from 'node:http';
import {
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  type LambdaServiceException,
  ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import test, { type ExecutionContext } from 'ava';
import { createServer } from '../../src/http/server.ts';
import { AccessKeys } from '../../src/http/signature/access-keys.ts';
import { limits } from '../../src/model/limits.ts';
import { createFakeClock, type FakeClock } from '../fixtures/fake-clock.ts';
import { type ScriptedEngine, scriptedEngine } from './scripted-engine.ts';
import { accessKey, signed } from './signature/signing.ts';

interface Serving {
  readonly engine: ScriptedEngine;
  readonly clock: FakeClock;
  readonly url: string;
  readonly unexpected: unknown[];
}

async function serving(t: ExecutionContext, host = '127.0.0.1'): Promise<Serving> {
  const engine = scriptedEngine('f');
  const clock = createFakeClock({ epochMs: Date.now() });
  const unexpected: unknown[] = [];
  const server = createServer({
    engine,
    signatures: { keys: new AccessKeys([accessKey]), clock },
    onUnexpected: (error) => unexpected.push(error),
  });
  t.teardown(() => server.close());
  const { port } = new URL(await server.listen({ host, port: 0 }));
  return { engine, clock, url: `http://127.0.0.1:${port}`, unexpected };
}

function client(t: ExecutionContext, endpoint: string, more: object = {}): LambdaClient {
  const made = new LambdaClient({ endpoint, region: 'us-east-1', credentials: accessKey, maxAttempts: 1, ...more });
  t.teardown(() => made.destroy());
  return made;
}

const invokePath = '/2015-03-31/functions/f/invocations';

async function refused(t: ExecutionContext, response: Response, code: string, message: string): Promise<void> {
  t.is(response.status, 403);
  t.is(response.headers.get('x-amzn-errortype'), code);
  t.truthy(response.headers.get('x-amzn-requestid'));
  t.deepEqual(await response.json(), { message });
}

test('the SDK with the right key is served, on every kind of operation', async (t) => {
  const { engine, url } = await serving(t);
  const sdk = client(t, url);
  t.is((await sdk.send(new ListFunctionsCommand({ MaxItems: 5 }))).Functions?.length, 1);
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
  const result = await sdk.send(
    new InvokeCommand({
      FunctionName: arn,
      Qualifier: '$LATEST',
      Payload: '{"é":1}',
      LogType: 'Tail',
      ClientContext: 'e30=',
    }),
  );
  t.is(result.StatusCode, 200);
  t.is(String(engine.calls.invoke[0]?.payload), '{"é":1}');
});

test('another secret, another key, another region and a late clock are the SDK’s own exceptions', async (t) => {
  const { engine, url } = await serving(t);
  const failure = async (more: object) => {
    const sent = client(t, url, more).send(new InvokeCommand({ FunctionName: 'f', Payload: '{}' }));
    const { name, $metadata } = (await t.throwsAsync(sent)) as LambdaServiceException;
    return [name, $metadata.httpStatusCode];
  };
  t.deepEqual(await failure({ credentials: { ...accessKey, secretAccessKey: 'x'.repeat(40) } }), [
    'InvalidSignatureException',
    403,
  ]);
  t.deepEqual(await failure({ credentials: { ...accessKey, accessKeyId: 'NOBODY' } }), [
    'UnrecognizedClientException',
    403,
  ]);
  t.deepEqual(await failure({ region: 'eu-west-1' }), ['InvalidSignatureException', 403]);
  t.deepEqual(await failure({ systemClockOffset: -301_000 - 5_000 }), ['InvalidSignatureException', 403]);
  t.is(engine.calls.invoke.length, 0);
});

test('without a signature there is nothing but whether it is well', async (t) => {
  const { engine, url, unexpected } = await serving(t);
  for (const [method, path] of [
    ['POST', invokePath],
    ['GET', '/2015-03-31/functions'],
    ['POST', '/2015-03-31/functions'],
    ['DELETE', '/2015-03-31/functions/f'],
    ['GET', '/metrics'],
    ['GET', '/no/such/path'],
    ['POST', '/'],
    ['OPTIONS', '/2015-03-31/functions'],
  ] as const) {
    await refused(
      t,
      await fetch(url + path, { method }),
      'MissingAuthenticationTokenException',
      'Missing Authentication Token',
    );
  }
  t.is(await (await fetch(`${url}/healthz`)).text(), '{"status":"ok"}');
  t.deepEqual([engine.calls.invoke, engine.calls.create, engine.calls.delete, unexpected], [[], [], [], []]);
});

test('a body that is not the one that was signed is not acted on', async (t) => {
  const { engine, url } = await serving(t);
  for (const path of [invokePath, '/2015-03-31/functions']) {
    const head = await signed({ method: 'POST', path, body: '{}', headers: { host: new URL(url).host } });
    const send = (body: string) =>
      fetch(url + path, { method: 'POST', headers: headersOf(head.rawHeaders, url), body });
    const response = await send('{"FunctionName":"g"}');
    t.is(response.status, 403);
    t.is(response.headers.get('x-amzn-errortype'), 'InvalidSignatureException');
    t.not((await send('{}')).status, 403);
  }
  t.deepEqual([engine.calls.invoke.map(({ payload }) => String(payload)), engine.calls.create], [['{}'], []]);
});

test('a link to code needs no credentials, cannot be turned to other code, and ends after ten minutes', async (t) => {
  const { clock, url } = await serving(t);
  const { Code } = await client(t, url).send(new GetFunctionCommand({ FunctionName: 'f' }));
  const location = Code?.Location ?? '';
  t.is(await (await fetch(location)).text(), 'zip of f');
  t.false(location.includes(accessKey.accessKeyId));
  for (const changed of [
    location.replace('/code/f', '/code/g'),
    location.replace('LATEST', '1'),
    location.replace(/Expires=\d+/, 'Expires=99999999999'),
    location.replace(/&Signature=.*/, ''),
    location.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    `${location}&Qualifier=1`,
    location.replace('?', '?Qualifier=1&'),
    location.replace(/\?.*/, ''),
    `${url}/_isotherm/layers/l/1`,
  ]) {
    const response = await fetch(changed);
    t.is(response.status, 403, changed);
    t.is(response.headers.get('x-amzn-errortype'), 'InvalidSignatureException');
  }
  clock.advance(limits.codeLinkMs - 5_000);
  t.is((await fetch(location)).status, 200);
  clock.advance(10_000);
  await refused(t, await fetch(location), 'InvalidSignatureException', 'Request has expired');
});

test('with keys it listens to other machines, and whom they call it by is theirs to sign', async (t) => {
  const { url } = await serving(t, '0.0.0.0');
  const path = '/2015-03-31/functions';
  const head = await signed({ path, headers: { host: 'lambda.example' } });
  const { port } = new URL(url);
  const status = await new Promise((resolve, reject) => {
    const sent = request({
      port,
      path,
      headers: { ...headersOf(head.rawHeaders), host: 'lambda.example', origin: 'https://a.example' },
    });
    sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    sent.end();
  });
  t.is(status, 200);
});

/** Those of a signed head; fetch gives the host itself. */
function headersOf(rawHeaders: readonly string[], url?: string): Record<string, string> {
  const pairs = Array.from(
    { length: rawHeaders.length / 2 },
    (_, at) => rawHeaders.slice(2 * at, 2 * at + 2) as [string, string],
  );
  return Object.fromEntries(url === undefined ? pairs : pairs.filter(([name]) => name !== 'host'));
}
