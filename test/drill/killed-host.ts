/**
 * Asynchronous events across the death of their host: clients send events to `isotherm serve`, which is killed with SIGKILL at random points
 * and started again, and in the end each accepted event is accounted for. What ran is read off the host's log (START lines), what had ended
 * off its queue, between a kill and the next start; what was told off the file that is the function's destination.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { randomNumbers } from '../fixtures/random-numbers.ts';

export interface DrillOptions {
  readonly events: number;
  /** At most; there are fewer when all events have ended before. */
  readonly kills: number;
  readonly clients: number;
  readonly seed: number;
}

export interface DrillResult {
  readonly accepted: number;
  readonly kills: number;
  /** Accepted, and nobody was ever told of their end. */
  readonly lost: readonly string[];
  /** Run by a host whose queue did not have them when it started. */
  readonly ranAfterTheirEnd: readonly string[];
  /** Run more than once, as those are that were under way at a kill. */
  readonly ranTwice: number;
  readonly starts: number;
  /** Records of an end that were told more than once. */
  readonly toldTwice: number;
  /** From starting the process to its ready line. */
  readonly readyMs: readonly number[];
  readonly acceptedPerSecond: number;
  readonly elapsedMs: number;
}

const projectRoot = fileURLToPath(new URL('../..', import.meta.url));
const destination = 'arn:aws:sqs:us-east-1:000000000000:ended';

/** Every second one waits, so that kills meet events that are under way. */
const source = `export const handler = async (event) => {
  if (event.n % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  return event.n;
};`;

export async function drill({ events, kills, clients, seed }: DrillOptions): Promise<DrillResult> {
  const random = randomNumbers(seed);
  const places = makePlaces();
  const ledger = new Ledger();
  const startedMs = performance.now();
  let host = await Host.start(places, ledger);
  await host.configure();
  const readyMs = [host.readyMs];
  const sending = send({ events, clients, url: () => host.url, ledger });
  let killed = 0;
  while (killed < kills && !isDone(places, ledger, events)) {
    await delay(random.between(50, 1_500));
    await host.kill();
    killed += 1;
    ledger.restarted(queuedIn(places));
    host = await Host.start(places, ledger);
    readyMs.push(host.readyMs);
  }
  const sendingMs = await sending;
  while (!isDone(places, ledger, events)) await delay(50);
  await host.kill();
  const told = toldIn(places);
  const starts = [...ledger.starts.values()];
  return {
    accepted: ledger.accepted.size,
    kills: killed,
    lost: [...ledger.accepted].filter((requestId) => !told.has(requestId)),
    ranAfterTheirEnd: ledger.ranAfterTheirEnd,
    ranTwice: starts.filter((count) => count > 1).length,
    starts: starts.reduce((sum, count) => sum + count, 0),
    toldTwice: [...told.values()].filter((count) => count > 1).length,
    readyMs,
    acceptedPerSecond: Math.round(ledger.accepted.size / (sendingMs / 1_000)),
    elapsedMs: performance.now() - startedMs,
  };
}

interface Places {
  readonly functions: string;
  readonly data: string;
  readonly records: string;
}

function makePlaces(): Places {
  const root = mkdtempSync(join(tmpdir(), 'isotherm-test-drill-'));
  const places = { functions: join(root, 'functions'), data: join(root, 'data'), records: join(root, 'records') };
  for (const path of Object.values(places)) mkdirSync(path);
  writeFileSync(join(places.functions, 'work.mjs'), source);
  return places;
}

/** What is known of each event, by its request id. */
class Ledger {
  readonly accepted = new Set<string>();
  readonly starts = new Map<string, number>();
  readonly ranAfterTheirEnd: string[] = [];
  /** Accepted before the host that runs now began, and not in its queue then. */
  readonly #ended = new Set<string>();

  started(requestId: string): void {
    this.starts.set(requestId, (this.starts.get(requestId) ?? 0) + 1);
    if (this.#ended.has(requestId)) this.ranAfterTheirEnd.push(requestId);
  }

  /** Whatever was accepted or began and is not queued any more has ended. */
  restarted(queued: ReadonlySet<string>): void {
    for (const requestId of [...this.accepted, ...this.starts.keys()]) {
      if (!queued.has(requestId)) this.#ended.add(requestId);
    }
  }
}

class Host {
  readonly url: string;
  readonly readyMs: number;
  readonly #process: ChildProcess;
  readonly #logEnded: Promise<unknown>;

  private constructor(process: ChildProcess, logEnded: Promise<unknown>, url: string, readyMs: number) {
    this.#process = process;
    this.#logEnded = logEnded;
    this.url = url;
    this.readyMs = readyMs;
  }

  static async start(places: Places, ledger: Ledger): Promise<Host> {
    const beganMs = performance.now();
    const args = ['serve', places.functions, '--port', '0', '--data-dir', places.data];
    const more = [
      '--async-delay-scale',
      '0.01',
      '--destination',
      'sqs=file:ended',
      '--destination-dir',
      places.records,
    ];
    const child = spawn(process.execPath, [`${projectRoot}bin/isotherm.js`, ...args, ...more], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createInterface({ input: child.stderr });
    const last: string[] = [];
    log.on('line', (line) => {
      const [, requestId] = /^START RequestId: (\S+) /.exec(line) ?? [];
      if (requestId !== undefined) ledger.started(requestId);
      else if (line.startsWith('isotherm:') && last.push(line) > 20) last.shift();
    });
    const [line] = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`serve ended with ${code}: ${last.join('\n')}`))),
    ]);
    const [, url] = /listening on (\S+)/.exec(String(line)) ?? [];
    if (url === undefined) throw new Error(`serve said ${line}`);
    return new Host(child, once(log, 'close'), url, performance.now() - beganMs);
  }

  async configure(): Promise<void> {
    const body = JSON.stringify({ DestinationConfig: { OnSuccess: { Destination: destination } } });
    const response = await fetch(`${this.url}/2019-09-25/functions/work/event-invoke-config`, { method: 'PUT', body });
    if (!response.ok) throw new Error(await response.text());
  }

  /** With SIGKILL; resolves when all that it had written to its log was read. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#logEnded;
  }
}

/** Sends all events, each until it was accepted; resolves to how long that took, without the time that no host was there. */
async function send(options: {
  readonly events: number;
  readonly clients: number;
  readonly url: () => string;
  readonly ledger: Ledger;
}): Promise<number> {
  const { events, clients, url, ledger } = options;
  let next = 0;
  let awayMs = 0;
  const startedMs = performance.now();
  const client = async (): Promise<void> => {
    while (next < events) {
      const n = next;
      next += 1;
      let requestId: string | undefined;
      while (requestId === undefined) {
        requestId = await accept(url(), n);
        if (requestId !== undefined) break;
        // No answer, so nothing is known of it: it is sent again, as another event.
        await delay(20);
        awayMs += 20 / clients;
      }
      ledger.accepted.add(requestId);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return performance.now() - startedMs - awayMs;
}

/** Undefined: the host did not answer. */
async function accept(url: string, n: number): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/2015-03-31/functions/work/invocations`, {
      method: 'POST',
      headers: { 'x-amz-invocation-type': 'Event' },
      body: JSON.stringify({ n }),
    });
    await response.arrayBuffer();
    // While it starts the function may not be Active yet.
    return response.status === 202 ? (response.headers.get('x-amzn-requestid') ?? undefined) : undefined;
  } catch {
    // It was killed meanwhile, or the next one does not listen yet.
    return undefined;
  }
}

/** Only while no host has it. */
function queuedIn({ data }: Places): ReadonlySet<string> {
  const database = new DatabaseSync(join(data, 'queue.db'));
  try {
    const rows = database.prepare('SELECT request_id FROM events').all();
    return new Set(rows.map(({ request_id }) => String(request_id)));
  } finally {
    database.close();
  }
}

/** Request id -> how often its end was told. */
function toldIn({ records }: Places): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (const line of linesOf(join(records, 'ended'))) {
    const [, requestId] = /"requestId":"([^"]+)"/.exec(line) ?? [];
    if (requestId !== undefined) told.set(requestId, (told.get(requestId) ?? 0) + 1);
  }
  return told;
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    // Nothing has ended yet.
    return [];
  }
}

function isDone(places: Places, { accepted }: Ledger, events: number): boolean {
  if (accepted.size < events) return false;
  const told = toldIn(places);
  return [...accepted].every((requestId) => told.has(requestId));
}
