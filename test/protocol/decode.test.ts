import test from 'ava';
import fc from 'fast-check';
import { hardeningReport } from '../../src/model/hardening.ts';
import { limits } from '../../src/model/limits.ts';
import {
  decodeCreate,
  decodeCreateReply,
  decodeDefine,
  decodeDestroy,
  decodeEmptyReply,
  decodeFailedReply,
  decodeGuestEvent,
  decodeGuestRequest,
  decodeHello,
  decodeInvoke,
  decodeInvokeReply,
  decodeLog,
  decodePing,
  decodePingReply,
} from '../../src/protocol/decode.ts';
import { ProtocolError } from '../../src/protocol/protocol-error.ts';

const define = {
  versionKey: 'version',
  settings: {
    programmingModel: 'promise',
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    functionName: 'greet',
    functionVersion: '1',
    memorySize: 128,
    logGroupName: 'group',
    logFormat: 'Text',
    logLevel: 'TRACE',
    environment: { KEY: 'value', constructor: 'a name like any other' },
    entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
  },
  bundle: { offset: 0, bytes: 10 },
  sourceMap: { offset: 10, bytes: 20 },
  fileIndex: { offset: 30, bytes: 40 },
  ephemeralStorageMiB: 512,
};

/** Each head in full; all fields are required but those listed as optional. */
const heads: Record<string, { decode: (head: unknown) => unknown; head: object; optional?: readonly string[] }> = {
  hello: {
    decode: decodeHello,
    head: {
      protocol: 1,
      pid: 7,
      node: '26.0.0',
      v8: '14',
      isolatedVm: '7.0.1',
      runtimeKey: 'key',
      runtimeKind: 'snapshot',
      hardening: hardeningReport([], [{ attempt: 'open a file', isRefused: false }], 'a test'),
    },
  },
  log: {
    decode: decodeLog,
    head: { environmentId: 'environment', requestId: 'request', kind: 'line' },
    optional: ['requestId'],
  },
  guestRequest: {
    decode: decodeGuestRequest,
    head: { environmentId: 'environment', incarnation: 1, service: 'network', request: {} },
  },
  guestEvent: {
    decode: decodeGuestEvent,
    head: { environmentId: 'environment', incarnation: 1, service: 'bindings', event: {} },
  },
  createReply: {
    decode: decodeCreateReply,
    head: { init: { status: 'exit', durationMs: 1.5, code: 3 }, isolateMs: 0.25, logBytesDropped: 8 },
    optional: ['logBytesDropped'],
  },
  invokeReply: {
    decode: decodeInvokeReply,
    head: {
      outcome: { kind: 'error', errorType: 'TypeError' },
      durationMs: 12.5,
      freezeMs: 0,
      init: { status: 'error', durationMs: 1, errorType: 'Error' },
      memoryPeakBytes: 1_000,
      longestSliceMs: 2.5,
      logBytesDropped: 8,
    },
    optional: ['init', 'logBytesDropped'],
  },
  pingReply: { decode: decodePingReply, head: { environments: 3, rssBytes: 4 } },
  define: { decode: decodeDefine, head: define, optional: ['bundle', 'sourceMap'] },
  create: {
    decode: decodeCreate,
    head: {
      environmentId: 'environment',
      versionKey: 'version',
      logStreamName: 'stream',
      init: 'now',
      initializationType: 'on-demand',
      initTimeoutMs: 10_000,
      inheritsFrom: 'another',
    },
    optional: ['inheritsFrom'],
  },
  invoke: {
    decode: decodeInvoke,
    head: {
      environmentId: 'environment',
      requestId: 'request',
      timeoutMs: 3_000,
      invokedFunctionArn: 'arn',
      traceId: 'trace',
      clientContextJson: '{}',
      cognitoIdentityJson: '{}',
    },
    optional: ['traceId', 'clientContextJson', 'cognitoIdentityJson'],
  },
  destroy: { decode: decodeDestroy, head: { environmentId: 'environment', keepVolume: true } },
  ping: { decode: decodePing, head: { sentMs: 1.5 } },
};

/** Every way to a value inside `head`, but for what lies inside a list: lists have tests of their own. */
function paths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...path, key]))];
}

function changed(
  head: object,
  path: readonly string[],
  change: (parent: Record<string, unknown>, key: string) => void,
) {
  const copy = { head: structuredClone(head) };
  const parent = path.slice(0, -1).reduce<Record<string, unknown>>((at, key) => at[key] as never, copy.head as never);
  if (path.length === 0) change(copy, 'head');
  else change(parent, path.at(-1) ?? '');
  return copy.head;
}

for (const [name, { decode, head, optional = [] }] of Object.entries(heads)) {
  test(`${name}: a full head is decoded as it is, and nothing else comes with it`, (t) => {
    t.deepEqual(decode(head), head);
    t.deepEqual(decode({ ...head, extra: 1 }), head);
  });

  test(`${name}: a missing field is refused by its name, unless it is optional`, (t) => {
    for (const path of paths(head).filter((path) => path.length > 0 && !path.includes('environment'))) {
      const without = changed(head, path, (parent, key) => {
        delete parent[key];
      });
      if (path.length === 1 && optional.includes(path[0] ?? '')) t.notThrows(() => decode(without));
      else t.true(t.throws(() => decode(without), { instanceOf: ProtocolError }).message.includes(path.join('.')));
    }
  });

  test(`${name}: a value of another type is refused`, (t) => {
    for (const path of paths(head)) {
      for (const wrong of [null, Number.NaN, -1, [null], () => 1, 'x'.repeat(limits.frameHeadBytesMax + 1)]) {
        const other = changed(head, path, (parent, key) => {
          parent[key] = wrong;
        });
        t.throws(
          () => decode(other),
          { instanceOf: ProtocolError },
          `${path.join('.')} = ${String(wrong).slice(0, 20)}`,
        );
      }
    }
  });

  test(`${name}: anything at all is decoded or refused with a ProtocolError`, (t) => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          decode(value);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
    );
    t.pass();
  });
}

test('a number from which time would run backwards or stand still is refused', (t) => {
  for (const durationMs of [Number.NaN, Number.POSITIVE_INFINITY, -0.001]) {
    const reply = { init: { status: 'success', durationMs }, isolateMs: 1 };
    t.is(t.throws(() => decodeCreateReply(reply), { instanceOf: ProtocolError }).field, 'createReply.init.durationMs');
  }
});

test('each outcome and each init status has its own fields', (t) => {
  const base = { durationMs: 1, freezeMs: 0, memoryPeakBytes: 1, longestSliceMs: 1 };
  for (const outcome of [
    { kind: 'success' },
    { kind: 'error', errorType: 'E' },
    { kind: 'fatal', errorType: 'E' },
    { kind: 'init-error', errorType: 'E' },
    { kind: 'timeout' },
    { kind: 'exit', code: 255 },
    { kind: 'out-of-memory' },
    { kind: 'response-too-large', payloadBytes: 7_000_000 },
  ]) {
    t.deepEqual(decodeInvokeReply({ ...base, outcome }).outcome as object, outcome);
  }
  t.throws(() => decodeInvokeReply({ ...base, outcome: { kind: 'exit', code: 256 } }), { message: /0 to 255/ });
  t.throws(() => decodeInvokeReply({ ...base, outcome: { kind: 'other' } }), { message: /an outcome/ });
  for (const init of [
    { status: 'deferred' },
    { status: 'success', durationMs: 1 },
    { status: 'error', durationMs: 1, errorType: 'E' },
    { status: 'timeout', durationMs: 1 },
    { status: 'exit', durationMs: 1, code: 0 },
    { status: 'out-of-memory', durationMs: 1 },
  ]) {
    t.deepEqual(decodeCreateReply({ init, isolateMs: 0 }).init as object, init);
  }
});

test('an entry point can be an error', (t) => {
  const entry = { kind: 'error', errorType: 'Runtime.ImportModuleError', errorMessage: 'no', stack: ['line'] };
  t.deepEqual(decodeDefine({ ...define, settings: { ...define.settings, entry } }).settings.entry as object, entry);
});

test('a failed reply is told from any other', (t) => {
  t.deepEqual(decodeFailedReply({ failed: 'gone' }), { failed: 'gone' });
  t.is(decodeFailedReply({}), undefined);
  t.throws(() => decodeFailedReply({ failed: 1 }), { instanceOf: ProtocolError });
  t.throws(() => decodeFailedReply('failed'), { instanceOf: ProtocolError });
  t.deepEqual(decodeEmptyReply({ extra: 1 }), {});
});

test('an error says which field broke which rule with which value, and stays short', (t) => {
  const error = t.throws(() => decodePing({ sentMs: 'x'.repeat(10_000) }), { instanceOf: ProtocolError });
  t.is(error.field, 'ping.sentMs');
  t.regex(
    error.message,
    /^ping\.sentMs must be a number of milliseconds from 0, received "x+" and \d+ characters more$/,
  );
  t.true(error.message.length < 300);
});
