/**
 * Clients of databases as people use them in Lambda, unchanged, against real servers on this machine: a connection opened at init
 * serves every invocation, survives the freeze in between, and is found closed when the server closed it meanwhile.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type CallableFunction, createEngine, type Engine, type PlatformEvent } from '../../src/index.ts';
import { functionDirectory } from '../fixtures/function-directory.ts';
import { startMariadb } from '../fixtures/servers/mariadb.ts';
import { startPostgres } from '../fixtures/servers/postgres.ts';
import { startRedis } from '../fixtures/servers/redis.ts';
import type { Server } from '../fixtures/servers/server-process.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

const test = anyTest as TestFn<{ engine: Engine }>;

/** What explains an environment that was not used again. */
const losses: PlatformEvent[] = [];

test.before(async (t) => {
  t.context.engine = await createEngine({
    // Reuse is promised by nobody: a sandbox that is slow to answer its pings, on a busy machine, gets no call while another has room.
    limits: { sandboxesMax: 1 },
    clock: slowClock,
    observe(event) {
      if (event.type === 'sandbox.exited' || event.type === 'environment.removed') losses.push(event);
    },
  });
});

test.after.always(async (t) => {
  await t.context.engine.close();
});

interface Login extends Server {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

function deploy(
  t: ExecutionContext<{ engine: Engine }>,
  program: string,
  packages: readonly string[],
  server: Login,
): Promise<CallableFunction> {
  const text = readFileSync(new URL(`../fixtures/programs/${program}.mjs`, import.meta.url), 'utf8');
  return t.context.engine.createFunction({
    functionName: `${program}-${t.title.length}`,
    code: { directory: functionDirectory({ files: { 'index.mjs': text }, packages }) },
    memorySize: 256,
    timeout: 20,
    network: { allow: [`${server.host}:${server.port}`] },
    environment: {
      DB_HOST: server.host,
      DB_PORT: String(server.port),
      ...(server.user === undefined ? {} : { DB_USER: server.user }),
      ...(server.password === undefined ? {} : { DB_PASSWORD: server.password }),
      ...(server.database === undefined ? {} : { DB_NAME: server.database }),
    },
  });
}

/** The environment is frozen meanwhile; the connection must outlive that. */
const frozenMs = 300;

interface PgAnswer {
  readonly rows: readonly Record<string, unknown>[];
  readonly processId: number;
  readonly lost?: string;
}

test('pg: one connection, opened at init, serves invocations before and after a freeze', async (t) => {
  await using server = await startPostgres();
  const query = await deploy(t, 'pg', ['pg'], server);
  const first = await query<PgAnswer>({ text: 'SELECT $1::int + 1 AS sum, $2::text AS text', values: [41, 'grüße'] });
  t.deepEqual(first.rows, [{ sum: 42, text: 'grüße' }]);
  await pause(frozenMs);
  const second = await query<PgAnswer>({ text: "SELECT repeat('x', 1000000) AS text" });
  t.is(String(second.rows[0]?.text).length, 1_000_000);
  t.is(second.processId, first.processId, JSON.stringify(losses));
});

test('pg: a connection that the server ended during the freeze is found closed, and the next environment has a new one', async (t) => {
  await using server = await startPostgres();
  const query = await deploy(t, 'pg', ['pg'], server);
  const { processId } = await query<PgAnswer>({ text: 'SELECT 1' });
  const { Client } = createRequire(new URL('../packages/package.json', import.meta.url))('pg');
  const admin = new Client(server);
  await admin.connect();
  // With a time to wait for: without, the answer comes when the signal was sent, and a busy machine takes a while to act on it.
  await admin.query('SELECT pg_terminate_backend($1, 60000)', [processId]);
  await admin.end();
  await pause(frozenMs);
  const after = await query<PgAnswer>({ text: 'SELECT 1' });
  t.regex(after.lost ?? '', /terminat/);
});

test('pg: a wrong password is the error that pg gives', async (t) => {
  await using server = await startPostgres();
  const query = await deploy(t, 'pg', ['pg'], { ...server, password: 'wrong' });
  await t.throwsAsync(query({ text: 'SELECT 1' }), { message: /password authentication failed for user "guest"/ });
});

test('ioredis: commands and pipelines over one connection', async (t) => {
  await using server = await startRedis();
  const count = await deploy(t, 'ioredis', ['ioredis'], server);
  const first = await count<{ clientId: number }>({ key: 'k', by: 5 });
  t.like(first, { total: 5, text: 'grüße' });
  await pause(frozenMs);
  t.deepEqual(await count({ key: 'k', by: 2 }), { total: 7, text: 'grüße', clientId: first.clientId });
});

test('mysql2: prepared statements over a pool', async (t) => {
  await using server = await startMariadb();
  const note = await deploy(t, 'mysql2', ['mysql2'], server);
  const first = await note<{ connection: number }>({ text: 'grüße' });
  t.like(first, { text: 'grüße' });
  await pause(frozenMs);
  t.deepEqual(await note({ text: 'second' }), { text: 'second', connection: first.connection });
});
