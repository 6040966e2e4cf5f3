/**
 * One engine with one function, which is invoked once for each test. A test ends as a process ends, so the next one has a new
 * environment. What a test does to its sandbox is no other test's failure.
 */
import type { CodePack } from '../../../src/functions/prepared-code.ts';
import { createEngine, type Engine, type PlatformEvent } from '../../../src/index.ts';

export const runtime = 'nodejs24.x';
const functionName = 'conformance';
const memorySizeMiB = 256;

export interface LaneOptions {
  /** The code package. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

export interface Invoked {
  /** The payload. */
  readonly answer: string;
  readonly output: string;
}

export class GuestLane implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #output: string[];

  private constructor(engine: Engine, output: string[]) {
    this.#engine = engine;
    this.#output = output;
  }

  static async open({ folder, environment, timeoutSeconds }: LaneOptions): Promise<GuestLane> {
    const output: string[] = [];
    const observe = (event: PlatformEvent): void => {
      if (event.type === 'function') output.push(event.text);
      if (event.type === 'sandbox.exited' && !event.wanted) output.push(`sandbox: ${event.cause}\n`);
    };
    const engine = await createEngine({ observe, limits: { queueMs: 30_000 } });
    await engine.createFunction({
      functionName,
      runtime,
      handler: 'index.handler',
      code: { directory: folder },
      memorySize: memorySizeMiB,
      timeout: timeoutSeconds,
      environment,
    });
    return new GuestLane(engine, output);
  }

  get pack(): CodePack {
    const version = this.#engine.functions.resolve({ functionName, qualifier: '$LATEST', qualified: false });
    if (version instanceof Promise) throw new Error('$LATEST never has to be waited for');
    return version.code.pack;
  }

  /** In a new environment. When nothing could be run, the answer says why. */
  async invoke(event: object): Promise<Invoked> {
    this.#output.length = 0;
    let answer: string;
    try {
      const { payload } = await this.#engine.invoke({ functionName, payload: JSON.stringify(event) });
      answer = Buffer.from(payload).toString();
    } catch (error) {
      // The sandbox is gone, or does not start for now.
      answer = JSON.stringify({
        errorType: 'not run',
        errorMessage: error instanceof Error ? error.message : String(error),
      });
    }
    return { answer, output: this.#output.join('') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close();
  }
}
