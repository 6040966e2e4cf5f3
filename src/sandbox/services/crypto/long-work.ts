/**
 * Long operations that a guest waits for without giving up its slice. They run on a thread of their own, because the main thread
 * belongs to all guests, and the answer is fetched without the event loop, because the guest may be running on the main thread
 * itself. Meanwhile the guest asks and sleeps in turn, so that its deadline holds.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { limits } from '../../../model/limits.ts';
import { CryptoLimitExceeded } from './mistake.ts';

export interface LongTask {
  readonly operation: number;
  readonly head: string;
  readonly bytes: ArrayBuffer;
}

/** As it crosses the bridge afterwards. */
export type LongAnswer =
  | { readonly kind: 'done'; readonly head: string; readonly bytes: ArrayBuffer }
  | { readonly kind: 'failed'; readonly failure: string };

/** One task on one thread. A guest waits for its task, so it never has two. */
export class LongWork {
  readonly #thread: Thread;

  /** @throws CryptoLimitExceeded when all threads are taken, perhaps by tasks whose guests are gone: those cannot be stopped */
  static begin(task: LongTask): LongWork {
    return new LongWork(task);
  }

  private constructor(task: LongTask) {
    this.#thread = idle ?? new Thread();
    idle = undefined;
    this.#thread.begin(task);
  }

  /** Once. */
  answer(): LongAnswer | undefined {
    const answer = this.#thread.answer();
    // Starting a thread takes as long as most tasks, so one is kept for the next.
    if (answer !== undefined && idle === undefined) idle = this.#thread;
    else if (answer !== undefined) this.#thread.end();
    return answer;
  }

  /** A thread in the middle of OpenSSL goes on to the end of it, which limits keep near. */
  abandon(): void {
    this.#thread.end();
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #port: MessagePort;

  constructor() {
    const { cryptoLongTasksMax } = limits;
    if (threads >= cryptoLongTasksMax) {
      throw new CryptoLimitExceeded('long operations at once', threads + 1, 'cryptoLongTasksMax', cryptoLongTasksMax);
    }
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(program, {
      eval: typeof program === 'string',
      workerData: port2,
      transferList: [port2],
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 32 },
    });
    threads += 1;
    this.#worker.once('exit', () => {
      threads -= 1;
      if (idle === this) idle = undefined;
    });
    // It ends without an answer then, and the guest waits until its deadline. There is no such error that we know of.
    this.#worker.once('error', (error) => process.emitWarning(error instanceof Error ? error : String(error)));
    this.#worker.unref();
  }

  begin(task: LongTask): void {
    this.#port.postMessage(task, [task.bytes]);
  }

  answer(): LongAnswer | undefined {
    const received: { readonly message: LongAnswer } | undefined = receiveMessageOnPort(this.#port);
    return received?.message;
  }

  end(): void {
    this.#port.close();
    this.#worker.terminate().catch(() => {
      // It ended by itself in the meantime.
    });
  }
}

let threads = 0;
let idle: Thread | undefined;
/** Beside this file, in the same form: as written here, or compiled when published. */
let program: URL | string = new URL(`./long-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** The same, bundled: a sandbox that is locked can load no file by the time a thread is needed. */
export function setLongWorkProgram(text: string): void {
  program = text;
}
