/**
 * A program: boots one guest from a runtime image and lets it answer once. Exits with 0 when that worked. It runs before an
 * image is used for the first time, because a bad one can end the process that loads it.
 *
 *     node verify-runtime.ts <image directory>
 */
import type { GuestSettings, HostCalls } from '../bridge/contract.ts';
import { decodeLoopState, loopBits, settleKinds } from '../bridge/contract.ts';
import { openGuest } from './guest.ts';
import { loadRuntimeImage } from './runtime-image.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: verify-runtime.ts <image directory>');

const settings: GuestSettings = {
  programmingModel: 'promise',
  runtime: 'nodejs24.x',
  handler: 'index.handler',
  functionName: 'verify',
  functionVersion: '$LATEST',
  memorySize: 128,
  logGroupName: '/aws/lambda/verify',
  logStreamName: 'verify',
  logFormat: 'Text',
  logLevel: 'TRACE',
  environment: { GREETING: 'hello' },
  initializationType: 'on-demand',
  entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  clockOriginEpochMs: Date.now(),
};

/** Uses a module that is loaded at first use, and the event loop. */
const bundle = `(function (exports, require) {
  const { once, EventEmitter } = require('events');
  exports.handler = async ({ name }) => {
    const emitter = new EventEmitter();
    setTimeout(() => emitter.emit('go', name), 1);
    const [greeted] = await once(emitter, 'go');
    return process.env.GREETING + ' ' + greeted + ' ' + Buffer.from('aGk=', 'base64');
  };
})`;
const expected = '"hello world hi"';
const sliceTimeoutMs = 10_000;
const turnsMax = 1_000;
const memoryLimitMiB = 128;
/** To wait for a timer without an event loop of our own. */
const sleeper = new Int32Array(new SharedArrayBuffer(4));

const settled: (readonly [kind: number, text: string])[] = [];
const startedNanoseconds = process.hrtime.bigint();
const host: HostCalls = {
  log: () => {},
  settle: (kind, text) => settled.push([kind, text]),
  wake: () => {},
  exit: (code) => fail(`the guest exited with ${code}`),
  loadBuiltin: () => false,
  nativeModule: () => undefined,
  uncounted: () => {},
  limit: () => {},
  hrtime: () => Number(process.hrtime.bigint() - startedNanoseconds),
  random: (byteCount) => new ArrayBuffer(byteCount),
  mapPosition: () => '',
  domainToAscii: () => '',
  memoryUsage: () => [0, 0, 0, 0, 0],
  cpuTime: () => 0,
  fs: () => ['!', -2, 'open'],
  ask: () => undefined,
  start: () => {},
};

/**
 * The isolates of a process share one read-only space, and each snapshot counts on finding its objects in it where they were. Node
 * is built so that no snapshot adds any (V8's own default is the other way round); otherwise Node's snapshot, V8's and the
 * runtime's would not go together (isolated-vm's issue 420).
 */
if (Reflect.get(process.config.variables, 'v8_enable_extensible_ro_snapshot') !== 0)
  fail('this Node was built so that its snapshot does not go with others; set nodePath to one of nodejs.org');

const image = loadRuntimeImage(directory);
const unbooted = image.open(memoryLimitMiB, fail);
if (!unbooted.isCacheAccepted) fail(`V8 refuses the code cache under the flags ${process.execArgv.join(' ')}`);
unbooted.isolate.dispose();

const guest = openGuest(image, settings, host, memoryLimitMiB, fail);
run('init', [guest.load(bundle)]);
expect(settled.shift(), settleKinds.initDone, '');
run('invoke', [
  '{"name":"world"}',
  JSON.stringify({
    requestId: 'verify',
    deadlineEpochMs: Date.now() + 3_000,
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:verify',
  }),
]);
expect(settled.shift(), settleKinds.answer, expected);
guest.dispose();

function fail(message: string): never {
  throw new Error(message);
}

function run(name: 'init' | 'invoke' | 'turn', args: Parameters<typeof guest.call>[1]): void {
  let outcome = guest.call(name, args, { timeoutMs: sliceTimeoutMs, lane: 'main' });
  for (let turns = 0; settled.length === 0; turns++) {
    if (outcome.kind !== 'state' || turns > turnsMax) throw new Error(`${name} ended with ${JSON.stringify(outcome)}`);
    const { bits, delayMs } = decodeLoopState(outcome.state);
    if ((bits & loopBits.alive) !== 0 && delayMs !== undefined) Atomics.wait(sleeper, 0, 0, delayMs);
    outcome = guest.call('turn', [], { timeoutMs: sliceTimeoutMs, lane: 'main' });
  }
}

function expect(settlement: readonly [kind: number, text: string] | undefined, kind: number, text: string): void {
  if (settlement?.[0] !== kind || settlement[1] !== text) {
    throw new Error(`expected ${JSON.stringify([kind, text])}, the guest settled with ${JSON.stringify(settlement)}`);
  }
}
