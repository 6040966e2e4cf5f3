/** Programs that speak HTTP as people use them in Lambda, unchanged, against real servers on this machine. */
import { readFileSync } from 'node:fs';
import anyTest, { type TestFn } from 'ava';
import { createEngine, type Engine } from '../../src/index.ts';
import { functionDirectory } from '../fixtures/function-directory.ts';
import { startS3 } from '../fixtures/servers/s3.ts';
import { startWeb } from '../fixtures/servers/web.ts';

const test = anyTest as TestFn<{ engine: Engine }>;

test.before(async (t) => {
  t.context.engine = await createEngine();
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

function program(name: string): string {
  return readFileSync(new URL(`../fixtures/programs/${name}.mjs`, import.meta.url), 'utf8');
}

test('axios, undici and fetch over http and https, with an authority of the function’s own', async (t) => {
  await using web = await startWeb();
  const call = await t.context.engine.createFunction({
    functionName: 'http-clients',
    code: {
      directory: functionDirectory({
        files: { 'index.mjs': program('http-clients'), 'ca.pem': web.certificate.ca },
        packages: ['axios', 'undici'],
      }),
    },
    memorySize: 256,
    timeout: 20,
    network: { allow: [`127.0.0.1:${web.http.port}`, `localhost:${web.https.port}`, '127.0.0.1:1'] },
    environment: { NODE_EXTRA_CA_CERTS: '/var/task/ca.pem' },
  });
  const event = { http: `http://127.0.0.1:${web.http.port}`, https: `https://localhost:${web.https.port}` };
  const expected = {
    axios: { method: 'POST', body: '{"a":1}', test: 'yes' },
    axiosSecure: { method: 'GET', body: '' },
    undici: { method: 'PUT', body: 'text' },
    undiciSecure: { method: 'GET', body: '' },
    fetch: 'compressed text',
    fetchSecure: { method: 'POST', body: 'a=b' },
    redirected: [true, 200],
    notFound: 404,
    refused: 'ECONNREFUSED',
  };
  t.deepEqual(await call(event), expected);
  // The second time over connections that were kept.
  t.deepEqual(await call(event), expected);
});

test('the AWS SDK’s S3 client: objects, streams, listings, pre-signed addresses', async (t) => {
  await using s3 = await startS3();
  const call = await t.context.engine.createFunction({
    functionName: 's3',
    code: {
      directory: functionDirectory({
        files: { 'index.mjs': program('s3') },
        packages: ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'],
      }),
    },
    memorySize: 512,
    timeout: 20,
    network: { allow: [`127.0.0.1:${s3.port}`] },
    environment: {
      S3_ENDPOINT: `http://127.0.0.1:${s3.port}`,
      S3_KEY_ID: s3.accessKeyId,
      S3_SECRET: s3.secretAccessKey,
    },
  });
  const expected = {
    etag: '"5d41402abc4b2a76b9719d911017c592"',
    streamed: 'hellohello',
    type: 'text/plain',
    keys: ['folder/grüße 1.txt', 'folder/streamed'],
    presigned: 'hello',
    forged: 403,
    missing: 'NoSuchKey',
  };
  t.deepEqual(await call({ text: 'hello' }), expected);
  t.deepEqual(await call({ text: 'hello' }), expected);
});
