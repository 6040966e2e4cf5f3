/**
 * An engine whose functions are records in a map and whose invocations are a function of the test. It decides nothing: what
 * the server asked for is in `calls`.
 */
import { systemClock } from '../../src/base/clock.ts';
import type { Engine, EngineStats } from '../../src/engine/engine.ts';
import { functionNotFound } from '../../src/functions/function-reference.ts';
import type {
  CreateFunctionInput,
  FunctionReference,
  UpdateCodeInput,
  UpdateConfigurationInput,
} from '../../src/functions/registry.ts';
import { LogStore } from '../../src/logs/log-store.ts';
import type { FunctionConfiguration, FunctionRecord } from '../../src/model/function-configuration.ts';
import type { InvokeInput, InvokeResult, StreamedResult, StreamInput } from '../../src/model/invocation.ts';
import { unscriptedRegistry } from '../fixtures/unscripted-registry.ts';

export interface ScriptedEngine extends Engine {
  readonly calls: {
    readonly create: CreateFunctionInput[];
    readonly updateCode: UpdateCodeInput[];
    readonly updateConfiguration: UpdateConfigurationInput[];
    readonly delete: FunctionReference[];
    readonly list: object[];
    readonly invoke: InvokeInput[];
    readonly invokeStream: StreamInput[];
  };
  readonly records: Map<string, FunctionRecord>;
  /** What the next invocations answer. */
  onInvoke: (input: InvokeInput) => Promise<InvokeResult>;
  onInvokeStream: (input: StreamInput) => Promise<StreamedResult>;
}

export function scriptedEngine(...names: readonly string[]): ScriptedEngine {
  const calls: ScriptedEngine['calls'] = {
    create: [],
    updateCode: [],
    updateConfiguration: [],
    delete: [],
    list: [],
    invoke: [],
    invokeStream: [],
  };
  const records = new Map(names.map((name) => [name, record(name)]));
  const find = (reference: FunctionReference): FunctionRecord => {
    const found = records.get(reference.functionName);
    if (found === undefined) throw functionNotFound(reference.functionName, reference.qualifier);
    return found;
  };
  const unscripted = (): never => {
    throw new Error('the server has no business to call this');
  };
  return {
    calls,
    records,
    logs: new LogStore({ clock: systemClock }),
    onInvoke: async () => answer('null'),
    onInvokeStream: unscripted,
    functions: {
      ...unscriptedRegistry,
      concurrency: { ...unscriptedRegistry.concurrency, get: () => undefined },
      async create(input) {
        calls.create.push(input);
        const { lastUpdateStatus: _, ...pending } = record(input.functionName);
        return { ...pending, state: 'Pending', ...creating };
      },
      get: find,
      async updateCode(input) {
        calls.updateCode.push(input);
        return record(input.functionName, updating);
      },
      async updateConfiguration(input) {
        calls.updateConfiguration.push(input);
        return record(input.functionName, updating);
      },
      async delete(reference) {
        calls.delete.push(reference);
        records.delete(find(reference).configuration.functionName);
      },
      list(options) {
        calls.list.push(options);
        return { functions: [...records.values()], nextMarker: 'next' };
      },
      async codeZip(reference) {
        return Buffer.from(`zip of ${find(reference).configuration.functionName}`);
      },
      resolve: unscripted,
      settled: unscripted,
      close: unscripted,
    },
    invoke(input) {
      calls.invoke.push(input);
      return this.onInvoke(input);
    },
    get schedules() {
      return unscripted();
    },
    get streams() {
      return unscripted();
    },
    get eventSources() {
      return unscripted();
    },
    invokeStream(input) {
      calls.invokeStream.push(input);
      return this.onInvokeStream(input);
    },
    stats: () => stats,
    loads: () => [{ functionName: 'f', environments: 2, running: 1, memoryMiB: 256 }],
    createFunction: unscripted,
    updateFunctionCode: unscripted,
    updateFunctionConfiguration: unscripted,
    deleteFunction: unscripted,
    publishVersion: unscripted,
    bind: unscripted,
    function: unscripted,
    close: unscripted,
    [Symbol.asyncDispose]: unscripted,
  };
}

export const requestId = '8f1c1f7e-3a5b-4a52-9b55-0f3d7a1c2b3d';

export function answer(payload: string, more: Partial<InvokeResult> = {}): InvokeResult {
  return { statusCode: 200, payload: Buffer.from(payload), executedVersion: '$LATEST', requestId, ...more };
}

export function record(
  functionName: string,
  more: Partial<FunctionRecord> & { readonly configuration?: FunctionConfiguration } = {},
): FunctionRecord {
  return {
    configuration: {
      functionName,
      runtime: 'nodejs24.x',
      handler: 'index.handler',
      role: 'arn:aws:iam::000000000000:role/any',
      description: '',
      memorySize: 128,
      timeout: 3,
      ephemeralStorage: 512,
      logging: { logFormat: 'Text', logGroup: `/aws/lambda/${functionName}` },
      architectures: ['x86_64'],
      tracingMode: 'PassThrough',
      tags: {},
      trustDomain: 'default',
      isolation: 'domain',
      network: { allow: [] },
    },
    version: '$LATEST',
    codeSha256: 'c2hh',
    codeBytes: 42,
    revisionId: '0c0ad4ee-6f3b-4b6d-8f0c-1d2e3f405162',
    lastModified: '2025-11-25T02:26:54.123+0000',
    state: 'Active',
    lastUpdateStatus: 'Successful',
    ...more,
  };
}

/** Exactly what the real one says (LAMBDA.md C3.3, C3.8). */
const creating = { stateReason: 'The function is being created.', stateReasonCode: 'Creating' };
const updating: Partial<FunctionRecord> = {
  lastUpdateStatus: 'InProgress',
  lastUpdateStatusReason: 'The function is being created.',
  lastUpdateStatusReasonCode: 'Creating',
};

const stats: EngineStats = {
  functions: 2,
  environments: { total: 3, idle: 1, busy: 2, starting: 0, provisioned: 0 },
  sandboxes: [{ sandboxId: 's1', trustDomain: 'default', pid: 7, environments: 3, rssMB: 50, heldBackMs: 250 }],
  memoryReservedMiB: 384,
  invocations: { total: 10, running: 2, queued: 1, cold: 3, throttled: 4, failed: 5 },
  async: {
    queued: 6,
    queuedBytes: 600,
    underWay: 2,
    oldestAgeMs: 1_500,
    accepted: 20,
    succeeded: 10,
    failed: 3,
    retried: 4,
    throttled: 5,
    dropped: 1,
    recordsDelivered: 7,
    recordsFailed: 1,
  },
  cpuMs: 1_500,
  limits: { heap: 2 },
  runtime: { kind: 'snapshot' },
};
