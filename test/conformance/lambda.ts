/**
 * What a conformance test needs: one engine for the tests of a file, functions made of small sources, and each invocation with its
 * payload, its log and what the engine reported. Everything goes through the public library.
 *
 * The engine has one sandbox and the tests of a file run one after the other, because reuse is promised by nobody (LAMBDA.md B1.5):
 * with a second sandbox the scheduler would rather open a new environment there than wait for one that seems busy.
 */
import { buffer } from 'node:stream/consumers';
import type { TestFn } from 'ava';
import { ZipFile } from 'yazl';
import {
  type CreateFunctionInput,
  createEngine,
  type Engine,
  type EngineOptions,
  type InvocationReport,
  type InvokeInput,
  type PlatformEvent,
} from '../../src/index.ts';
import { slowClock } from '../fixtures/slow-clock.ts';

/** A runtime of each programming model: the one of 2014, callbacks (RIC3), promises (RIC4). */
export const first = 'nodejs';
export const ric3 = 'nodejs22.x';
export const ric4 = 'nodejs24.x';

export type FunctionOptions = Partial<Omit<CreateFunctionInput, 'functionName' | 'code'>>;
type Files = Readonly<Record<string, string>>;

export interface Invoked {
  readonly statusCode: number;
  readonly functionError: string | undefined;
  readonly payload: string;
  /** The payload, parsed. */
  readonly json: unknown;
  /** From START to REPORT, as `LogType: Tail` returns it. */
  readonly tail: string;
  readonly requestId: string;
  readonly executedVersion: string | undefined;
  readonly report: InvocationReport;
}

export class Deployed {
  readonly functionName: string;
  /** All that was observed of this function. */
  readonly events: PlatformEvent[] = [];
  readonly #engine: Engine;

  constructor(engine: Engine, functionName: string) {
    this.#engine = engine;
    this.functionName = functionName;
  }

  async invoke(event: unknown = {}, options: Partial<InvokeInput> = {}): Promise<Invoked> {
    const { functionName } = this;
    const payload = JSON.stringify(event);
    const result = await this.#engine.invoke({ functionName, payload, logType: 'Tail', ...options });
    const text = Buffer.from(result.payload).toString('utf8');
    if (result.report === undefined) throw new Error('an invocation that ran has a report');
    return {
      statusCode: result.statusCode,
      functionError: result.functionError,
      payload: text,
      get json(): unknown {
        return JSON.parse(text);
      },
      tail: Buffer.from(result.logResult ?? '', 'base64').toString('utf8'),
      requestId: result.requestId,
      executedVersion: result.executedVersion,
      report: result.report,
    };
  }

  /** What the function wrote so far, init included. */
  get log(): string {
    return this.events.map((event) => (event.type === 'function' ? event.text : '')).join('');
  }

  eventsOf<Type extends PlatformEvent['type']>(type: Type): Extract<PlatformEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<PlatformEvent, { type: Type }> => event.type === type);
  }
}

export class Lambda {
  #engine: Engine | undefined;
  readonly #deployed = new Map<string, Deployed>();

  constructor(test: TestFn, options: EngineOptions = {}) {
    test.before(async () => {
      this.#engine = await createEngine({
        limits: { sandboxesMax: 1 },
        clock: slowClock,
        ...options,
        observe: (event) => this.#note(event),
      });
    });
    test.after.always(async () => {
      await this.#engine?.close();
    });
  }

  get engine(): Engine {
    if (this.#engine === undefined) throw new Error('the engine is there once the tests run');
    return this.#engine;
  }

  /** A function of one module. `fileName` decides how it is loaded. */
  async deploy(
    source: string,
    runtime: string,
    options: FunctionOptions & { fileName?: string } = {},
  ): Promise<Deployed> {
    const { fileName = 'index.js', ...configuration } = options;
    return this.#create({ source, sourceFile: fileName }, runtime, configuration);
  }

  /** A function of several files. */
  async deployFiles(files: Files, runtime: string, options: FunctionOptions = {}): Promise<Deployed> {
    return this.#create({ zipFile: await zipOf(files) }, runtime, options);
  }

  async #create(code: CreateFunctionInput['code'], runtime: string, options: FunctionOptions): Promise<Deployed> {
    const functionName = `f${this.#deployed.size + 1}`;
    const deployed = new Deployed(this.engine, functionName);
    this.#deployed.set(functionName, deployed);
    await this.engine.createFunction({
      functionName,
      runtime,
      handler: 'index.handler',
      timeout: 20,
      ...options,
      code,
    });
    return deployed;
  }

  #note(event: PlatformEvent): void {
    if ('functionName' in event) this.#deployed.get(event.functionName)?.events.push(event);
  }
}

export async function zipOf(files: Files): Promise<Uint8Array> {
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), name);
  zip.end();
  return buffer(zip.outputStream);
}

/** `{errorType, errorMessage}` of a failed invocation. */
export function errorOf({ json }: Invoked): { errorType?: unknown; errorMessage?: unknown; trace?: unknown } {
  return typeof json === 'object' && json !== null ? json : {};
}

/** Lines of a log without their time: the part of a record that can be compared. */
export function linesOf(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z\t/, ''));
}
