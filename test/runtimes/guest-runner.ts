/**
 * A program for tests: runs functions in real guests, as a sandbox would but without its borders, so that tests can compare
 * what a guest does with what Node does. Started with the sandboxes' Node flags; one JSON request a line, one JSON answer a line.
 *
 *     node <flags> guest-runner.ts <image directory>
 */
import { createInterface } from 'node:readline';
import { domainToASCII } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import type { GuestSettings } from '../../src/bridge/contract.ts';
import { decodeLoopState, loopBits } from '../../src/bridge/contract.ts';
import { fillAhead, type Guest, openGuest, type SliceOutcome } from '../../src/sandbox/guest.ts';
import { Inbox } from '../../src/sandbox/inbox.ts';
import { loadRuntimeImage, type RuntimeImage } from '../../src/sandbox/runtime-image.ts';
import { openers, Services } from '../../src/sandbox/services.ts';

export interface GuestRequest {
  /** Body of a CommonJS module that exports `handler`. */
  readonly source: string;
  readonly event?: unknown;
  readonly environment?: Readonly<Record<string, string>>;
  /** Public modules that are brought in and evaluated before the guest is booted, as in a prepared isolate. */
  readonly ahead?: readonly string[];
}

export interface GuestRun {
  readonly settled: readonly { readonly kind: number; readonly text: string; readonly errorType: string }[];
  readonly logs: readonly { readonly stream: number; readonly text: string }[];
  /** Modules that the host compiled. */
  readonly loaded: readonly string[];
  readonly exitCode: number | undefined;
  /** How the last slice ended, when it was no state. */
  readonly ended: SliceOutcome | undefined;
}

const sliceTimeoutMs = 30_000;
const turnsMax = 20_000;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

const noTable = 1_000_000;

function runGuest(image: RuntimeImage, { source, event, environment, ahead }: GuestRequest): GuestRun {
  const settled: GuestRun['settled'][number][] = [];
  const logs: GuestRun['logs'][number][] = [];
  const loaded: string[] = [];
  let exitCode: number | undefined;
  let ended: SliceOutcome | undefined;
  let state = 0;
  const began = process.hrtime.bigint();
  // With the functions of the native module and without its table, so that modules are asked of the image, which counts them.
  const watched: RuntimeImage = {
    ...image,
    native: image.native && { ...image.native, table: noTable },
    compileBuiltin(isolate, id) {
      loaded.push(id);
      return image.compileBuiltin(isolate, id);
    },
    open(...args) {
      const opened = { ...image.open(...args), received: new Set<string>() };
      for (const _step of fillAhead({ ...image, native: undefined }, opened, ahead ?? [], new Set()));
      return opened;
    },
  };
  const inbox = new Inbox(
    () => {},
    () => {},
  );
  const services = new Services({ openers, clock: systemClock, inbox, request: () => {} });
  const guest = openGuest(
    watched,
    { ...settings, environment: environment ?? {} },
    {
      log: (stream, text) => logs.push({ stream, text }),
      settle: (kind, text, errorType) => settled.push({ kind, text, errorType }),
      wake: (next) => {
        state = next;
      },
      exit: (code) => {
        exitCode = code;
      },
      uncounted: () => {},
      limit: () => {},
      hrtime: () => Number(process.hrtime.bigint() - began),
      random: (byteCount) => crypto.getRandomValues(new Uint8Array(byteCount)).buffer,
      mapPosition: () => '',
      domainToAscii: (domain) => domainToASCII(domain),
      memoryUsage: () => [1e6, 2e6, 3e5, 4e4, 5e7],
      cpuTime: () => 1_000,
      fs: () => ['!', -2, 'open'],
      ask: (service, operation, ...values) => services.ask(service, operation, values),
      start: (service, operation, id, ...values) => services.start(service, operation, id, values),
    },
    128,
    (message) => {
      throw new Error(message);
    },
  );

  const slice = (name: Parameters<Guest['call']>[0], args: Parameters<Guest['call']>[1]): void => {
    state = 0;
    const outcome = guest.call(name, args, { timeoutMs: sliceTimeoutMs, lane: 'main' });
    if (outcome.kind === 'state') {
      // A wake during the microtasks of the slice knows more than its result.
      if (state === 0) state = outcome.state;
    } else if (outcome.kind === 'rejection') {
      slice('unhandledRejection', [outcome.isError, outcome.name, outcome.message, outcome.stack]);
    } else if (outcome.kind === 'rejections') {
      slice('unhandledRejection', []);
    } else {
      ended = outcome;
    }
  };
  const untilSettled = (count: number): void => {
    for (
      let turns = 0;
      turns < turnsMax && settled.length < count && ended === undefined && exitCode === undefined;
      turns++
    ) {
      const event = inbox.shift();
      if (event !== undefined) {
        slice('event', [event.service, event.id, event.kind, ...event.values]);
        continue;
      }
      const { bits, delayMs } = decodeLoopState(state);
      if ((bits & (loopBits.ticks | loopBits.immediates)) === 0) {
        if ((bits & loopBits.alive) === 0) {
          slice('loopEmpty', []);
          continue;
        }
        if (delayMs !== undefined && delayMs > 0) Atomics.wait(sleeper, 0, 0, delayMs);
      }
      slice('turn', []);
    }
  };
  slice('init', [guest.load(`(function (exports, require, module, __filename, __dirname) {${source}\n})`)]);
  untilSettled(1);
  if (settled[0]?.kind === 0) {
    slice('invoke', [
      JSON.stringify(event ?? {}),
      JSON.stringify({ requestId: 'request', deadlineEpochMs: Date.now() + 3_000, invokedFunctionArn: 'arn:test' }),
      false,
    ]);
    untilSettled(2);
  }
  services.close();
  guest.dispose();
  return { settled, logs, loaded, exitCode, ended };
}

const settings: GuestSettings = {
  programmingModel: 'promise',
  runtime: 'nodejs24.x',
  handler: 'index.handler',
  functionName: 'test',
  functionVersion: '$LATEST',
  memorySize: 128,
  logGroupName: '/aws/lambda/test',
  logStreamName: 'test',
  logFormat: 'Text',
  logLevel: 'TRACE',
  environment: {},
  initializationType: 'on-demand',
  entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  clockOriginEpochMs: Date.now(),
};

if (import.meta.main) {
  const image = loadRuntimeImage(process.argv[2] ?? '');
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as GuestRequest;
    process.stdout.write(`${JSON.stringify(runGuest(image, request))}\n`);
  }
}
