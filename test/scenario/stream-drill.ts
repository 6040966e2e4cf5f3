/**
 * The drill: records are put into a stream while `isotherm serve` is killed with SIGKILL again and again. A record that was
 * acknowledged is handled, keys keep their order, and nothing runs again that a checkpoint had. Short as a test; as long as one likes:
 * `node test/scenario/stream-drill.ts RECORDS KILLS SEED`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { laneOf } from '../../src/queue/sources/shard-progress.ts';
import { sequenceNumber } from '../../src/queue/streams/sequence-number.ts';
import { streamArn } from '../../src/queue/streams/stream-log.ts';
import { sourceStorage } from '../../src/store/source-storage.ts';
import { projectRoot } from '../cli/run-command.ts';
import { randomNumbers } from '../fixtures/random-numbers.ts';

export interface DrillOptions {
  readonly records: number;
  readonly kills: number;
  readonly seed: number;
}

export interface DrillResult {
  /** What was broken, in words; empty when all promises were kept. */
  readonly broken: readonly string[];
  /** Records that ran more than once, of those that were handled. */
  readonly repeated: number;
  readonly handled: number;
  readonly elapsedMs: number;
}

/** Each mapping has a function of its own; of every batch it says what it handled, or fails. */
const mappings = [
  { functionName: 'ordered', lanes: 1 },
  { functionName: 'parallel', lanes: 4 },
] as const;
const shards = 3;
const keys = 17;

const functionText = `
export const handler = async ({ Records }) => {
  if (Math.random() < 0.03) throw new Error('now and then');
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
  const [shard] = Records[0].eventID.split(':');
  const told = Records.map(({ kinesis }) => [
    Number(kinesis.sequenceNumber.slice(-12)), kinesis.partitionKey, Buffer.from(kinesis.data, 'base64').toString(),
  ].join(','));
  console.log('HANDLED ' + process.env.AWS_LAMBDA_FUNCTION_NAME + ' ' + shard + ' ' + told.join(' ') + ' END');
};
`;

interface Handled {
  readonly functionName: string;
  readonly shardId: string;
  readonly position: number;
  readonly partitionKey: string;
  readonly record: string;
}

class Server {
  readonly #child: ChildProcess;
  readonly handled: Handled[] = [];
  readonly #onHandled: () => void;
  #url = '';

  constructor(directory: string, onHandled: () => void) {
    this.#onHandled = onHandled;
    const args = ['serve', join(directory, 'functions'), '--port', '0', '--data-dir', join(directory, 'data')];
    this.#child = spawn(process.execPath, [`${projectRoot}bin/isotherm.js`, ...args, '--async-delay-scale', '0.05'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async start(): Promise<void> {
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('its output is piped');
    createInterface(stderr).on('line', (line) => this.#read(line));
    const [line] = await Promise.race([
      once(createInterface(stdout), 'line'),
      once(this.#child, 'close').then(([status]) => Promise.reject(new Error(`serve ended with ${status}`))),
    ]);
    this.#url = String(line).replace('isotherm listening on ', '');
  }

  /** @throws TypeError when the server is killed meanwhile */
  async call(
    method: string,
    path: string,
    body: object | undefined,
    target?: string,
  ): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(target !== undefined && { headers: { 'x-amz-target': `Kinesis_20131202.${target}` } }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok) throw new Error(`${target ?? path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Resolves when it is gone and everything that it said was read. */
  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    await closed;
  }

  #read(line: string): void {
    // A line that the kill has cut has no end, and says nothing.
    const [, functionName = '', shardId = '', told = ''] = /HANDLED (\S+) (\S+) (.*) END$/.exec(line) ?? [];
    if (told === '') return;
    for (const text of told.split(' ')) {
      const [position, partitionKey = '', record = ''] = text.split(',');
      this.handled.push({ functionName, shardId, position: Number(position), partitionKey, record });
    }
    this.#onHandled();
  }
}

export async function streamDrill({ records, kills, seed }: DrillOptions): Promise<DrillResult> {
  const startedMs = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-drill-'));
  const random = randomNumbers(seed);
  const broken: string[] = [];
  const handled: Handled[] = [];
  const seen = new Map(mappings.map(({ functionName }) => [functionName, new Set<string>()]));
  const uuids = new Map<string, string>();
  let progress = Promise.withResolvers<void>();
  const onHandled = (): void => {
    progress.resolve();
    progress = Promise.withResolvers();
  };

  mkdirSync(join(directory, 'functions'));
  for (const { functionName } of mappings) {
    writeFileSync(join(directory, 'functions', `${functionName}.mjs`), functionText);
  }
  const start = async (): Promise<Server> => {
    const server = new Server(directory, onHandled);
    await server.start();
    return server;
  };
  /** What a life has handled, against what was stored before it. */
  const take = (server: Server, stored: ReadonlyMap<string, readonly string[]>): void => {
    for (const each of server.handled) {
      const { functionName, shardId, position, partitionKey, record } = each;
      const done = stored.get(`${functionName} ${shardId}`);
      const [after = '', ...lanes] = done ?? [];
      const upTo = lanes.length === 0 ? '' : (lanes[laneOf(partitionKey, lanes.length)] ?? '');
      const sequence = sequenceNumber(position);
      if (sequence <= after || sequence <= upTo) {
        broken.push(`${functionName} ran ${shardId}:${position} again after it was stored as handled`);
      }
      handled.push(each);
      seen.get(functionName as 'ordered')?.add(record);
    }
  };

  let server = await start();
  await server.call('POST', '/', { StreamName: 'drill', ShardCount: shards }, 'CreateStream');
  for (const { functionName, lanes } of mappings) {
    const { UUID } = await server.call('POST', '/2015-03-31/event-source-mappings', {
      FunctionName: functionName,
      EventSourceArn: streamArn('drill'),
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 20,
      ParallelizationFactor: lanes,
    });
    uuids.set(functionName, String(UUID));
  }

  let put = 0;
  let stored: ReadonlyMap<string, readonly string[]> = new Map();
  for (let life = 0; life <= kills; life += 1) {
    const share = Math.ceil((records * (life + 1)) / (kills + 1));
    let isKilled = false;
    const putting = (async () => {
      while (put < share && !isKilled) {
        const batch = Array.from({ length: Math.min(50, share - put) }, (_, index) => put + index);
        const entries = batch.map((record) => ({
          PartitionKey: `key-${record % keys}`,
          Data: Buffer.from(String(record)).toString('base64'),
        }));
        // What was not acknowledged is put again: it may be there twice.
        await server.call('POST', '/', { StreamName: 'drill', Records: entries }, 'PutRecords');
        put += batch.length;
      }
    })();
    const isDone = (): boolean =>
      put === records &&
      mappings.every(({ functionName }) => {
        const all = new Set(seen.get(functionName));
        for (const each of server.handled) if (each.functionName === functionName) all.add(each.record);
        return all.size === records;
      });
    if (life < kills) {
      // Somewhere while records are put and handled.
      const until = server.handled.length + Math.floor(random.next() * ((records * mappings.length) / (kills + 1)));
      while (server.handled.length < until && !isDone()) await progress.promise;
      isKilled = true;
      await server.kill('SIGKILL');
      await putting.catch((error: unknown) => {
        // The server is gone, or half of its answer.
        if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      });
      take(server, stored);
      stored = await checkpointsIn(join(directory, 'data'), uuids);
      server = await start();
    } else {
      await putting;
      while (!isDone()) await progress.promise;
      await server.kill('SIGTERM');
      take(server, stored);
    }
  }
  broken.push(...lost(seen, records), ...disorder(handled));
  rmSync(directory, { recursive: true, force: true });
  const different = new Set(handled.map((each) => `${each.functionName} ${each.shardId} ${each.position}`)).size;
  return {
    broken,
    repeated: handled.length - different,
    handled: different,
    elapsedMs: Math.round(performance.now() - startedMs),
  };
}

/** Of every mapping and shard: the position, and those of the lanes. */
async function checkpointsIn(
  directory: string,
  uuids: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const stores = sourceStorage(directory).open();
  const found = new Map<string, readonly string[]>();
  for (const [functionName, uuid] of uuids) {
    for (const [shardId, { after, lanes }] of stores.mappings.load(uuid)) {
      found.set(`${functionName} ${shardId}`, [after, ...lanes]);
    }
  }
  await stores.close();
  return found;
}

function lost(seen: ReadonlyMap<string, ReadonlySet<string>>, records: number): string[] {
  return [...seen].flatMap(([functionName, handled]) => {
    const missing = Array.from({ length: records }, (_, record) => String(record)).filter((each) => !handled.has(each));
    return missing.length === 0 ? [] : [`${functionName} never got ${missing.length} records: ${missing.slice(0, 5)}`];
  });
}

/** First sights of a lane's records come in order: of all records of a shard, or of all of a key. */
function disorder(handled: readonly Handled[]): string[] {
  const last = new Map<string, number>();
  const sights = new Set<string>();
  const broken: string[] = [];
  for (const { functionName, shardId, position, partitionKey } of handled) {
    const sight = `${functionName} ${shardId} ${position}`;
    if (sights.has(sight)) continue;
    sights.add(sight);
    const line = `${functionName} ${shardId} ${functionName === 'ordered' ? '' : partitionKey}`;
    if (position < (last.get(line) ?? 0)) broken.push(`${line}: ${position} came after ${last.get(line)}`);
    last.set(line, Math.max(position, last.get(line) ?? 0));
  }
  return broken;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [records = 20_000, kills = 20, seed = Date.now() % 1_000_000] = process.argv.slice(2).map(Number);
  console.log({ records, kills, seed, ...(await streamDrill({ records, kills, seed })) });
}
