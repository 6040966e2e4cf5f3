/**
 * Debian's `awscli` (2.9) against the real engine behind signatures: what somebody types on a first day, with credentials in the
 * environment. Each command is a process of half a second, so this is one walk and not a test for each.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { createServer } from '../../src/http/server.ts';
import { AccessKeys } from '../../src/http/signature/access-keys.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';
import { zip } from '../fixtures/zip.ts';
import { accessKey } from './signature/signing.ts';

ownTemporaryDirectory();

const engine = await createEngine();
const server = createServer({ engine, signatures: { keys: new AccessKeys([accessKey]), clock: systemClock } });
const endpoint = await server.listen({ host: '127.0.0.1', port: 0 });
const folder = mkdtempSync(join(tmpdir(), 'isotherm-awscli-'));

test.after.always(async () => {
  await server.close();
  await engine.close();
});

interface Ran {
  /** What it printed, as JSON; undefined when it printed nothing. */
  readonly answer: Answer;
  readonly stderr: string;
  readonly status: number;
}

/** Whatever the CLI shows: the assertions say what it must be. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of another program.
type Answer = any;

async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: folder,
    AWS_PAGER: '',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ACCESS_KEY_ID: accessKey.accessKeyId,
    AWS_SECRET_ACCESS_KEY: accessKey.secretAccessKey,
    AWS_DEFAULT_REGION: 'us-east-1',
    ...environment,
  };
  const options = { cwd: folder, env, maxBuffer: 16 * 1024 * 1024 };
  try {
    const { stdout, stderr } = await promisify(execFile)(
      '/usr/bin/aws',
      ['--endpoint-url', endpoint, ...args],
      options,
    );
    return { answer: stdout === '' ? undefined : JSON.parse(stdout), stderr, status: 0 };
  } catch (error) {
    const { code, stderr } = error as { readonly code: number; readonly stderr: string };
    return { answer: undefined, stderr, status: code };
  }
}

async function lambda(...args: readonly string[]): Promise<Answer> {
  const { answer, stderr, status } = await run(['lambda', ...args]);
  if (status !== 0) throw new Error(`aws lambda ${args.join(' ')} ended with ${status}: ${stderr}`);
  return answer;
}

async function file(name: string, source: string): Promise<string> {
  writeFileSync(join(folder, name), await zip({ 'index.mjs': source }));
  return `fileb://${name}`;
}

const role = 'arn:aws:iam::000000000000:role/any';

test.serial(
  'create, wait, invoke, update, publish, alias, list by pages, tags, concurrency, layers, permissions, delete',
  async (t) => {
    const name = ['--function-name', 'walk'];
    const code = await file('one.zip', 'export const handler = async (event) => ({ hello: event.name })');
    const created = await lambda(
      'create-function',
      ...name,
      ...['--role', role, '--runtime', 'nodejs22.x', '--handler', 'index.handler', '--zip-file', code],
      ...['--environment', 'Variables={COLOUR=blue}', '--tags', 'team=blue', '--timeout', '20', '--memory-size', '256'],
    );
    t.is(created.State, 'Pending');
    await lambda('wait', 'function-active-v2', ...name);

    const invoked = await lambda(
      'invoke',
      ...name,
      '--cli-binary-format',
      'raw-in-base64-out',
      '--payload',
      '{"name":"Ada"}',
      '--log-type',
      'Tail',
      'answer.json',
    );
    t.is(readFileSync(join(folder, 'answer.json'), 'utf8'), '{"hello":"Ada"}');
    t.is(invoked.StatusCode, 200);
    t.regex(Buffer.from(invoked.LogResult, 'base64').toString(), /^START RequestId: /);

    await lambda(
      'update-function-code',
      ...name,
      '--zip-file',
      await file('two.zip', 'export const handler = async () => process.env.COLOUR'),
    );
    await lambda('wait', 'function-updated-v2', ...name);
    const changed = await lambda('update-function-configuration', ...name, '--environment', 'Variables={COLOUR=green}');
    t.is(changed.LastUpdateStatus, 'InProgress');
    await lambda('wait', 'function-updated', ...name);
    await lambda('invoke', ...name, 'answer.json');
    t.is(readFileSync(join(folder, 'answer.json'), 'utf8'), '"green"');

    t.is((await lambda('publish-version', ...name)).Version, '1');
    await lambda('wait', 'published-version-active', ...name, '--qualifier', '1');
    const alias = await lambda('create-alias', ...name, '--name', 'prod', '--function-version', '1');
    t.regex(alias.AliasArn, /:function:walk:prod$/);
    await lambda('invoke', ...name, '--qualifier', 'prod', 'answer.json');

    const tags = async () => {
      await lambda('tag-resource', '--resource', created.FunctionArn, '--tags', 'team=red,cost=1');
      await lambda('untag-resource', '--resource', created.FunctionArn, '--tag-keys', 'cost');
      t.deepEqual(await lambda('list-tags', '--resource', created.FunctionArn), { Tags: { team: 'red' } });
    };
    const concurrency = async () => {
      await lambda('put-function-concurrency', ...name, '--reserved-concurrent-executions', '7');
      const { Concurrency, Configuration } = await lambda('get-function', ...name);
      t.deepEqual(Concurrency, { ReservedConcurrentExecutions: 7 });
      t.deepEqual([Configuration.MemorySize, Configuration.Timeout], [256, 20]);
      await lambda('delete-function-concurrency', ...name);
    };
    const permissions = async () => {
      const principal = ['--action', 'lambda:InvokeFunction', '--principal', 's3.amazonaws.com'];
      await lambda('add-permission', ...name, '--statement-id', 's3', ...principal);
      t.is(JSON.parse((await lambda('get-policy', ...name)).Policy).Statement[0].Sid, 's3');
      await lambda('remove-permission', ...name, '--statement-id', 's3');
    };
    const layers = async () => {
      const content = await file('layer.zip', 'export default 1');
      const layer = await lambda('publish-layer-version', '--layer-name', 'shared', '--zip-file', content);
      await lambda('update-function-configuration', ...name, '--layers', layer.LayerVersionArn);
      await lambda('wait', 'function-updated-v2', ...name);
      t.is((await lambda('get-function-configuration', ...name)).Layers[0].Arn, layer.LayerVersionArn);
      await lambda('delete-layer-version', '--layer-name', 'shared', '--version-number', '1');
    };
    const events = async () => {
      await lambda('put-function-event-invoke-config', ...name, '--maximum-retry-attempts', '0');
      t.is((await lambda('invoke', ...name, '--invocation-type', 'Event', 'event.json')).StatusCode, 202);
      const { FunctionUrl } = await lambda('create-function-url-config', ...name, '--auth-type', 'AWS_IAM');
      t.regex(FunctionUrl, /\.lambda-url\./);
    };
    await Promise.all([tags(), concurrency(), permissions(), layers(), events()]);

    await lambda('delete-alias', ...name, '--name', 'prod');
    t.is(await lambda('delete-function', ...name), undefined);
    const gone = await run(['lambda', 'get-function', ...name]);
    t.is(gone.status, 254);
    t.regex(
      gone.stderr,
      /An error occurred \(ResourceNotFoundException\) when calling the GetFunction operation: Function not found: /,
    );
  },
);

test.serial('lists are walked with --max-items and --starting-token, and as a whole with small pages', async (t) => {
  const names = ['list-a', 'list-b', 'list-c', 'list-d'];
  for (const functionName of names) {
    await engine.createFunction({ functionName, code: { source: 'export const handler = async () => 1' } });
  }
  const first = await lambda('list-functions', '--max-items', '3');
  t.deepEqual(
    first.Functions.map((each: Answer) => each.FunctionName),
    names.slice(0, 3),
  );
  const rest = await lambda('list-functions', '--starting-token', first.NextToken);
  t.deepEqual(
    rest.Functions.map((each: Answer) => each.FunctionName),
    names.slice(3),
  );
  t.false('NextToken' in rest);
  const all = await lambda('list-functions', '--page-size', '1', '--query', 'Functions[].FunctionName');
  t.deepEqual(all, names);
});

test.serial('wrong credentials are AWS’s errors, on the command line, too', async (t) => {
  const list = ['lambda', 'list-functions'];
  const wrong = await run(list, { AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) });
  t.regex(
    wrong.stderr,
    /An error occurred \(InvalidSignatureException\) when calling the ListFunctions operation: The request signature we calculated/,
  );
  const unknown = await run(list, { AWS_ACCESS_KEY_ID: 'NOBODY' });
  t.regex(
    unknown.stderr,
    /\(UnrecognizedClientException\) .*: The security token included in the request is invalid\./,
  );
  const unsigned = await run(['--no-sign-request', ...list]);
  t.regex(unsigned.stderr, /\(MissingAuthenticationTokenException\) .*: Missing Authentication Token/);
});
