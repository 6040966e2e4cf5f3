/** Sandboxes that do what a test says: no processes, no guests. And a registry that holds what a test put in. */
import { composeEngine } from '../../src/engine/compose-engine.ts';
import type { EngineLimits } from '../../src/engine/engine.ts';
import { validOptions } from '../../src/engine/engine-options.ts';
import type { DeployedVersion, FunctionRegistry } from '../../src/functions/registry.ts';
import { EngineError } from '../../src/model/errors.ts';
import type { FunctionConfiguration, FunctionRecord } from '../../src/model/function-configuration.ts';
import type { PlatformEvent } from '../../src/model/platform-event.ts';
import type { InvokeReply } from '../../src/protocol/messages.ts';
import {
  type Created,
  type EnvironmentSpec,
  type ExitCause,
  type InvocationSpec,
  type Invoked,
  type SandboxFleet,
  SandboxGoneError,
  type SandboxHandle,
} from '../../src/supervisor/sandbox-port.ts';
import { linesOf } from '../../src/telemetry/lines.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';
import { unscriptedRegistry } from '../fixtures/unscripted-registry.ts';

export type OnCreate = (spec: EnvironmentSpec, sandbox: ScriptedSandbox) => Created | Promise<Created>;
export type OnInvoke = (spec: InvocationSpec, sandbox: ScriptedSandbox) => Invoked | Promise<Invoked>;

export function created(init: Created['reply']['init'] = { status: 'success', durationMs: 12.5 }): Created {
  return { reply: { init, isolateMs: 2 }, body: new Uint8Array(0) };
}

export function invoked(
  outcome: InvokeReply['outcome'] = { kind: 'success' },
  body = '"ok"',
  reply: Partial<InvokeReply> = {},
): Invoked {
  return {
    reply: {
      outcome,
      durationMs: 3.01,
      freezeMs: 0.01,
      memoryPeakBytes: 30 * 1024 * 1024,
      longestSliceMs: 1,
      ...reply,
    },
    body: Buffer.from(body),
  };
}

export const never = new Promise<never>(() => undefined);

export class ScriptedSandbox implements SandboxHandle {
  readonly sandboxId: string;
  readonly trustDomain: string;
  readonly pid: number;
  readonly unreachable: Promise<void>;
  readonly exited: Promise<ExitCause>;
  readonly creates: EnvironmentSpec[] = [];
  readonly invokes: InvocationSpec[] = [];
  readonly destroys: { readonly environmentId: string; readonly keepVolume: boolean }[] = [];
  busy = false;
  worn: string | undefined;
  readonly #fleet: ScriptedFleet;
  readonly #ended = Promise.withResolvers<ExitCause>();
  #cause: ExitCause | undefined;

  constructor(fleet: ScriptedFleet, number: number, trustDomain: string) {
    this.#fleet = fleet;
    this.sandboxId = `s${number}`;
    this.pid = 1000 + number;
    this.trustDomain = trustDomain;
    this.exited = this.#ended.promise;
    this.unreachable = this.exited.then(() => undefined);
  }

  get cause(): ExitCause | undefined {
    return this.#cause;
  }

  create(spec: EnvironmentSpec): Promise<Created> {
    this.creates.push(spec);
    return this.#whileAlive(async () => this.#fleet.onCreate(spec, this));
  }

  invoke(spec: InvocationSpec, made?: Promise<unknown>): Promise<Invoked> {
    this.invokes.push(spec);
    return this.#whileAlive(async () => {
      await made;
      return this.#fleet.onInvoke(spec, this);
    });
  }

  async destroy(environmentId: string, keepVolume: boolean): Promise<void> {
    this.destroys.push({ environmentId, keepVolume });
  }

  retirement(): string | undefined {
    return this.worn;
  }

  drain(): void {
    throw new Error('the engine drains sandboxes by itself');
  }

  async kill(cause: ExitCause): Promise<void> {
    this.die(cause);
  }

  /** Its process ends. */
  die(cause: ExitCause): void {
    this.#cause ??= cause;
    this.#ended.resolve(this.#cause);
  }

  isBusy(): boolean {
    return this.busy;
  }

  rssBytes(): number {
    return 50 * 1024 * 1024;
  }

  heldBackMs(): number {
    return 0;
  }

  async #whileAlive<Value>(work: () => Promise<Value>): Promise<Value> {
    const gone = this.exited.then((cause) => {
      throw new SandboxGoneError(cause);
    });
    gone.catch(() => undefined);
    return await Promise.race([gone, work()]);
  }
}

export class ScriptedFleet implements SandboxFleet {
  readonly runtime = { kind: 'snapshot', key: 'scripted' } as const;
  readonly hardening = undefined;
  readonly sandboxes: ScriptedSandbox[] = [];
  onCreate: OnCreate = (spec) => created(spec.init === 'deferred' ? { status: 'deferred' } : undefined);
  onInvoke: OnInvoke = () => invoked();
  /** Asked before each start. */
  onAcquire: (trustDomain: string) => Promise<void> = async () => undefined;
  warmed = 0;

  async acquire(trustDomain: string): Promise<SandboxHandle> {
    await this.onAcquire(trustDomain);
    const sandbox = new ScriptedSandbox(this, this.sandboxes.length + 1, trustDomain);
    this.sandboxes.push(sandbox);
    return sandbox;
  }

  async ready(): Promise<void> {}

  warm(): void {
    this.warmed += 1;
  }

  async close(): Promise<void> {
    for (const sandbox of this.sandboxes) sandbox.die({ kind: 'killed', reason: 'closing', detail: 'closing' });
  }
}

export interface ScriptedFunction extends Partial<Omit<FunctionConfiguration, 'functionName'>> {
  readonly functionName: string;
  readonly revision?: number;
}

/** Only what the engine uses of a registry; the rest says so. */
export class ScriptedRegistry implements FunctionRegistry {
  readonly publishVersion = unscriptedRegistry.publishVersion;
  readonly listVersions = unscriptedRegistry.listVersions;
  readonly aliases = unscriptedRegistry.aliases;
  readonly concurrency = unscriptedRegistry.concurrency;
  readonly provisioned: FunctionRegistry['provisioned'] = unscriptedRegistry.provisioned;
  readonly recursion = unscriptedRegistry.recursion;
  readonly layerPolicies = unscriptedRegistry.layerPolicies;
  readonly policies = unscriptedRegistry.policies;
  readonly urls = unscriptedRegistry.urls;
  readonly eventInvokeConfigs = unscriptedRegistry.eventInvokeConfigs;
  readonly tags = unscriptedRegistry.tags;
  readonly layers = unscriptedRegistry.layers;
  readonly usage = unscriptedRegistry.usage;
  readonly #versions = new Map<string, DeployedVersion>();
  closed = false;

  put(options: ScriptedFunction): DeployedVersion {
    const { revision = 1, ...settings } = options;
    const { functionName } = settings;
    const version: DeployedVersion = {
      configuration: {
        runtime: 'nodejs22.x',
        handler: 'index.handler',
        role: '',
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
        ...settings,
      },
      version: '$LATEST',
      code: {
        versionKey: `${functionName}-${revision}`,
        entry: { kind: 'bundle', format: 'esm', file: '/var/task/index.mjs', exportPath: 'handler' },
        pack: { codeSha256: '', codeBytes: 0, packPath: '/nowhere', files: [] },
      },
    };
    this.#versions.set(functionName, version);
    return version;
  }

  resolve({ functionName, qualifier }: { functionName: string; qualifier: string }): DeployedVersion {
    const version = this.#versions.get(functionName);
    if (version !== undefined && qualifier === '$LATEST') return version;
    throw new EngineError(
      'ResourceNotFoundException',
      `Function not found: arn:aws:lambda:us-east-1:000000000000:function:${functionName}:${qualifier}`,
    );
  }

  get({ functionName }: { functionName: string }): FunctionRecord {
    const { configuration, version } = this.resolve({ functionName, qualifier: '$LATEST' });
    return {
      configuration,
      version,
      codeSha256: '',
      codeBytes: 0,
      revisionId: '',
      lastModified: '',
      state: 'Active',
      lastUpdateStatus: 'Successful',
    };
  }

  async create(): Promise<FunctionRecord> {
    throw new Error('not scripted');
  }

  async updateCode({ functionName }: { functionName: string }): Promise<FunctionRecord> {
    this.put({ functionName, revision: 2 });
    return this.get({ functionName });
  }

  async updateConfiguration({ functionName }: { functionName: string }): Promise<FunctionRecord> {
    this.put({ functionName, revision: 3 });
    return this.get({ functionName });
  }

  async delete({ functionName }: { functionName: string }): Promise<void> {
    this.#versions.delete(functionName);
  }

  list(): { readonly functions: readonly FunctionRecord[] } {
    return { functions: [...this.#versions.keys()].map((functionName) => this.get({ functionName })) };
  }

  async codeZip(): Promise<Uint8Array> {
    throw new Error('not scripted');
  }

  async settled(functionName: string): Promise<FunctionRecord> {
    return this.get({ functionName });
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

export function scriptedEngine(limits: EngineLimits = {}) {
  const clock = createFakeClock({ epochMs: Date.UTC(2026, 1, 3, 4, 5, 6, 789) });
  const fleet = new ScriptedFleet();
  const registry = new ScriptedRegistry();
  const events: PlatformEvent[] = [];
  const engine = composeEngine({
    options: validOptions({ clock, limits }),
    observe: (event) => events.push(event),
    fleet,
    registry,
    release: () => registry.close(),
  });
  return {
    clock,
    fleet,
    registry,
    events,
    engine,
    /** The log of all functions as Lambda would write it. */
    log: () => events.map(linesOf).join(''),
  };
}

export function text(payload: Uint8Array): string {
  return Buffer.from(payload).toString('utf8');
}
