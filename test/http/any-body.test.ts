/** Whatever a client sends, the answer is its mistake or a success, never a failure of ours. */
import test from 'ava';
import fc from 'fast-check';
import { createServer } from '../../src/http/server.ts';
import { controlEngineWith } from './control-engine.ts';

const known = fc.constantFrom(
  'FunctionName',
  'Role',
  'Code',
  'ZipFile',
  'Runtime',
  'Handler',
  'Timeout',
  'Environment',
  'Variables',
  'LoggingConfig',
  'Architectures',
  'EphemeralStorage',
  'Size',
  'Tags',
  'Layers',
  'Publish',
  'Name',
  'FunctionVersion',
  'RoutingConfig',
  'AdditionalVersionWeights',
  'ReservedConcurrentExecutions',
  'StatementId',
  'Action',
  'Principal',
  'Content',
  'CompatibleRuntimes',
  'CompatibleArchitectures',
  '__proto__',
  'constructor',
  'toString',
);
const bodies = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('structure'),
  ),
  structure: fc
    .array(fc.tuple(fc.oneof(known, fc.string()), tie('value')), { maxLength: 6 })
    .map((members) => Object.fromEntries(members)),
}));
const texts = fc.oneof(
  bodies.structure.map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string(),
);

test('no body makes the server fail', async (t) => {
  const unexpected: unknown[] = [];
  await using engine = await controlEngineWith('f');
  await using server = createServer({
    engine,
    onUnexpected: (error) => unexpected.push(error),
  });
  const requests = fc.constantFrom(
    { method: 'POST', url: '/2015-03-31/functions' } as const,
    { method: 'PUT', url: '/2015-03-31/functions/f/code' } as const,
    { method: 'PUT', url: '/2015-03-31/functions/f/configuration' } as const,
    { method: 'POST', url: '/2015-03-31/functions/f/versions' } as const,
    { method: 'POST', url: '/2015-03-31/functions/f/aliases' } as const,
    { method: 'PUT', url: '/2015-03-31/functions/f/aliases/a' } as const,
    { method: 'PUT', url: '/2017-10-31/functions/f/concurrency' } as const,
    { method: 'POST', url: '/2015-03-31/functions/f/policy' } as const,
    { method: 'POST', url: '/2017-03-31/tags/arn:aws:lambda:us-east-1:000000000000:function:f' } as const,
    { method: 'POST', url: '/2018-10-31/layers/l/versions' } as const,
    { method: 'PUT', url: '/2021-07-20/functions/f/runtime-management-config' } as const,
    { method: 'PUT', url: '/2020-06-30/functions/f/code-signing-config' } as const,
  );
  await fc.assert(
    fc.asyncProperty(requests, texts, async (request, payload) => {
      const { statusCode } = await server.inject({ ...request, payload });
      return statusCode < 500 || statusCode === 501;
    }),
    { numRuns: 500 },
  );
  t.deepEqual(unexpected, []);
});

test('no path and no query makes the server fail', async (t) => {
  const unexpected: unknown[] = [];
  await using engine = await controlEngineWith('f');
  await using server = createServer({
    engine,
    onUnexpected: (error) => unexpected.push(error),
  });
  const label = fc.string({ unit: 'grapheme', maxLength: 200 }).map(encodeURIComponent);
  const tail = fc.constantFrom(
    '',
    '/',
    '/configuration',
    '/invocations',
    '/code',
    '/nothing',
    '/versions',
    '/aliases',
    '/aliases/a',
    '/policy',
    '%',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH'),
      label,
      tail,
      label,
      async (method, name, rest, query) => {
        const url = `/2015-03-31/functions/${name}${rest}?Qualifier=${query}&${query}&MaxItems=${query}`;
        const { statusCode } = await server.inject({ method: method as 'GET', url });
        return statusCode < 500 || statusCode === 501;
      },
    ),
    { numRuns: 500 },
  );
  t.deepEqual(unexpected, []);
});
