/**
 * A real sandbox process, started as the supervisor starts it, with the real runtime in it, and a small client for the
 * protocol. Functions are given as the body of a CommonJS module.
 */
import { systemClock } from '../../src/base/clock.ts';
import type { GuestSettings } from '../../src/bridge/contract.ts';
import { limits } from '../../src/model/limits.ts';
import { type Channel, openChannel } from '../../src/protocol/channel.ts';
import {
  decodeCreateReply,
  decodeEmptyReply,
  decodeHello,
  decodeInvokeReply,
  decodeLog,
  decodePingReply,
} from '../../src/protocol/decode.ts';
import {
  type CreateReply,
  type DefineHead,
  frameTypes,
  type HelloHead,
  type InvokeReply,
  type PingReply,
  type StoreRange,
} from '../../src/protocol/messages.ts';
import { type Launch, type LaunchOptions, launch } from '../../src/supervisor/launch.ts';
import { ensureRuntime } from '../../src/supervisor/runtime-cache.ts';
import { testCacheDirectory, testJail } from '../fixtures/jail.ts';
import { testProgram } from '../fixtures/sandbox-program.ts';

export interface FunctionSource {
  /** Body of a CommonJS module. Absent: the entry point could not be resolved. */
  readonly source?: string;
  readonly sourceMap?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly memorySize?: number;
  readonly settings?: Partial<GuestSettings>;
}

export interface Printed {
  readonly requestId: string | undefined;
  readonly kind: 'line' | 'raw';
  readonly text: string;
}

export interface Invoked extends InvokeReply {
  readonly payload: string;
}

export interface InvokeOptions {
  readonly timeoutMs?: number;
  readonly requestId?: string;
}

export class TestEnvironment {
  readonly environmentId: string;
  readonly created: Promise<CreateReply & { readonly payload: string }>;
  readonly #sandbox: TestSandbox;

  constructor(sandbox: TestSandbox, environmentId: string, created: TestEnvironment['created']) {
    this.#sandbox = sandbox;
    this.environmentId = environmentId;
    this.created = created;
  }

  /** Sent right behind `create`: nothing waits for the environment to exist. */
  async invoke(
    event: unknown = {},
    { timeoutMs = 20_000, requestId = 'request' }: InvokeOptions = {},
  ): Promise<Invoked> {
    const { head, body } = await this.#sandbox.channel.call(
      frameTypes.invoke,
      { environmentId: this.environmentId, requestId, timeoutMs, invokedFunctionArn: 'arn:test' },
      decodeInvokeReply,
      JSON.stringify(event),
    );
    return { ...head, payload: Buffer.from(body).toString() };
  }

  async destroy(keepVolume: 'keep-volume' | 'drop-volume' = 'drop-volume'): Promise<void> {
    const head = { environmentId: this.environmentId, keepVolume: keepVolume === 'keep-volume' };
    await this.#sandbox.channel.call(frameTypes.destroy, head, decodeEmptyReply);
  }

  get printed(): readonly Printed[] {
    return this.#sandbox.printed.get(this.environmentId) ?? [];
  }

  /** All lines, in order. */
  get text(): string {
    return this.printed.map((printed) => printed.text).join('');
  }
}

export interface CreateOptions {
  readonly init?: 'now' | 'deferred';
  readonly initTimeoutMs?: number;
  readonly inheritsFrom?: TestEnvironment;
}

export interface TestSandbox extends AsyncDisposable {
  readonly channel: Channel;
  readonly pid: number;
  readonly printed: ReadonlyMap<string, readonly Printed[]>;
  readonly exited: Promise<unknown>;
  readonly hello: Promise<HelloHead>;
  readonly stderr: string;
  define(source: FunctionSource): Promise<string>;
  create(versionKey: string, options?: CreateOptions): TestEnvironment;
  /** A new environment of a new version. */
  run(source: string | FunctionSource, options?: CreateOptions): Promise<TestEnvironment>;
  ping(): Promise<PingReply>;
}

export async function startSandbox(changes: Partial<LaunchOptions> = {}, start: Launch = launch): Promise<TestSandbox> {
  const runtime = await ensureRuntime({
    cacheDirectory: testCacheDirectory,
    nodePath: process.execPath,
    observe: () => {},
    clock: systemClock,
  });
  const options = {
    nodePath: process.execPath,
    jail: await testJail(),
    runtimeDirectory: runtime.directory,
    sandboxId: 'sandbox-test',
    mainPath: await testProgram(runtime.directory),
    ...changes,
  };
  return start(options, ({ child, socket, output, store, volumes, pid }) => {
    const printed = new Map<string, Printed[]>();
    const hello = Promise.withResolvers<HelloHead>();
    const exited = new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
    let stderr = '';
    for (const stream of output) stream.on('data', (chunk: Buffer) => (stderr += chunk));

    const limitsBoth = { frameBytesMax: limits.frameBytesToSandboxMax, headBytesMax: limits.frameHeadBytesMax };
    const channel = openChannel(socket, {
      incoming: limitsBoth,
      outgoing: limitsBoth,
      callsPendingMax: limits.callsPendingMax,
      onCall: () => {},
      onNotice({ type, head, body }) {
        if (type === frameTypes.hello) return hello.resolve(decodeHello(head));
        const { environmentId, requestId, kind } = decodeLog(head);
        const lines = printed.get(environmentId) ?? [];
        printed.set(environmentId, lines);
        lines.push({ requestId, kind, text: Buffer.from(body).toString() });
      },
      onProtocolError: (error) => channel.close(error),
      onEnd: () => {
        const cause = new Error(`the sandbox ended: ${stderr}`);
        hello.reject(cause);
        channel.close(cause);
      },
    });

    let stored = 0;
    const put = async (text: string): Promise<StoreRange> => {
      const bytes = Buffer.from(text);
      const offset = stored;
      stored += bytes.byteLength;
      if (bytes.byteLength > 0) await store.write(bytes, 0, bytes.byteLength, offset);
      return { offset, bytes: bytes.byteLength };
    };
    let versions = 0;
    let environments = 0;

    const sandbox: TestSandbox = {
      channel,
      pid,
      printed,
      exited,
      hello: hello.promise,
      get stderr() {
        return stderr;
      },

      async define({
        source,
        sourceMap,
        files = {},
        memorySize = 128,
        settings = {},
      }: FunctionSource): Promise<string> {
        versions += 1;
        const versionKey = `version-${versions}`;
        const index: unknown[] = [];
        for (const [path, text] of Object.entries(files)) {
          const { offset, bytes } = await put(text);
          index.push([path, 0o644, offset, bytes]);
        }
        const define: DefineHead = {
          versionKey,
          settings: { ...defaultSettings, memorySize, ...settings },
          ...(source === undefined ? {} : { bundle: await put(wrapped(source)) }),
          ...(sourceMap === undefined ? {} : { sourceMap: await put(sourceMap) }),
          fileIndex: await put(JSON.stringify(index)),
          ephemeralStorageMiB: 512,
        };
        await channel.call(frameTypes.define, define, decodeEmptyReply);
        return versionKey;
      },

      create(versionKey, { init = 'now', initTimeoutMs = 30_000, inheritsFrom } = {}) {
        environments += 1;
        const environmentId = `environment-${environments}`;
        const head = {
          environmentId,
          versionKey,
          logStreamName: 'stream',
          init,
          initializationType: 'on-demand',
          initTimeoutMs,
          ...(inheritsFrom === undefined ? {} : { inheritsFrom: inheritsFrom.environmentId }),
        };
        const created = channel
          .call(frameTypes.create, head, decodeCreateReply)
          .then((reply) => ({ ...reply.head, payload: Buffer.from(reply.body).toString() }));
        // A test that cares awaits it; a sandbox that dies fails the others' own calls too.
        created.catch(() => {});
        return new TestEnvironment(sandbox, environmentId, created);
      },

      async run(source, options) {
        return sandbox.create(await sandbox.define(typeof source === 'string' ? { source } : source), options);
      },

      async ping() {
        return (await channel.call(frameTypes.ping, { sentMs: 0 }, decodePingReply)).head;
      },

      async [Symbol.asyncDispose]() {
        child.kill('SIGKILL');
        await exited;
        channel.close(new Error('the test is over'));
        await Promise.all([store.close(), volumes.close()]);
      },
    };
    return hello.promise.then(
      () => sandbox,
      async (error) => {
        await sandbox[Symbol.asyncDispose]();
        throw error;
      },
    );
  });
}

/** As the bundler wraps it: the module's first line is the script's second. */
function wrapped(source: string): string {
  return `(function (exports, require, module, __filename, __dirname) {\n${source}\n})`;
}

const defaultSettings: DefineHead['settings'] = {
  programmingModel: 'promise',
  runtime: 'nodejs24.x',
  handler: 'index.handler',
  functionName: 'test',
  functionVersion: '$LATEST',
  memorySize: 128,
  logGroupName: '/aws/lambda/test',
  logFormat: 'Text',
  logLevel: 'TRACE',
  environment: {},
  entry: { kind: 'bundle', format: 'cjs', file: '/var/task/index.js', exportPath: 'handler' },
};
