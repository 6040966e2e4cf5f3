/** The environments of one sandbox as the host knows them: how much each may use, and where its output goes. */
import { invariant } from '../base/invariant.ts';
import { decodeAnswerChunk, decodeLog } from '../protocol/decode.ts';
import type { AnswerCreditHead, Frame } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';
import { GuestOutput } from './guest-output.ts';
import { IncomingAnswer } from './incoming-answer.ts';
import type { MemoryAllowance, MemoryShare } from './memory-allowance.ts';
import type { AnswerSink, EnvironmentSpec, InvocationSpec } from './sandbox-port.ts';

export interface Environment {
  readonly functionName: string;
  readonly share: MemoryShare;
  /** Output that belongs to no invocation. */
  readonly initOutput: GuestOutput;
  running:
    | {
        readonly requestId: string;
        readonly output: GuestOutput;
        readonly answer: IncomingAnswer | undefined;
      }
    | undefined;
  /** Settles when the sandbox may be told of it; until then nothing may be sent for it. */
  defined: Promise<void> | undefined;
}

export class Environments {
  readonly #allowance: MemoryAllowance;
  readonly #sendCredit: (head: AnswerCreditHead) => void;
  readonly #environments = new Map<string, Environment>();
  #served = 0;

  constructor(allowance: MemoryAllowance, sendCredit: (head: AnswerCreditHead) => void) {
    this.#allowance = allowance;
    this.#sendCredit = sendCredit;
  }

  get size(): number {
    return this.#environments.size;
  }

  /** How many there have ever been. */
  get served(): number {
    return this.#served;
  }

  add({ environmentId, version, onLog }: EnvironmentSpec): Environment {
    invariant(!this.#environments.has(environmentId), `environment ${environmentId} exists already`);
    const environment: Environment = {
      functionName: version.configuration.functionName,
      share: this.#allowance.add(version.configuration.memorySize),
      initOutput: new GuestOutput(onLog),
      running: undefined,
      defined: undefined,
    };
    this.#environments.set(environmentId, environment);
    this.#served += 1;
    return environment;
  }

  get(environmentId: string): Environment | undefined {
    return this.#environments.get(environmentId);
  }

  /** From here until the invocation is over its output goes there. */
  begin({ environmentId, requestId, onLog, answer: sink }: InvocationSpec): {
    environment: Environment;
    output: GuestOutput;
  } {
    const environment = this.#environments.get(environmentId);
    invariant(environment !== undefined, `there is no environment ${environmentId}`);
    invariant(environment.running === undefined, `environment ${environmentId} runs another invocation`);
    const output = new GuestOutput(onLog);
    environment.running = {
      requestId,
      output,
      answer: sink && this.#receive(environment, environmentId, requestId, sink),
    };
    return { environment, output };
  }

  /** What is taken of an answer whose invocation has ended gives nobody room. */
  #receive(environment: Environment, environmentId: string, requestId: string, sink: AnswerSink): IncomingAnswer {
    const answer: IncomingAnswer = new IncomingAnswer(sink, (bytes) => {
      if (environment.running?.answer === answer) this.#sendCredit({ environmentId, requestId, bytes });
    });
    return answer;
  }

  delete(environmentId: string): void {
    const environment = this.#environments.get(environmentId);
    if (environment === undefined) return;
    this.#environments.delete(environmentId);
    this.#allowance.remove(environment.share);
  }

  /**
   * Output is attributed only to the invocation that runs, never to an earlier or a foreign one. Without an id it is an init's, and
   * what was sent behind that init says nothing about it.
   * @throws ProtocolError
   */
  deliver(frame: Frame): void {
    const { environmentId, requestId, kind } = decodeLog(frame.head);
    const environment = this.#environments.get(environmentId);
    if (environment === undefined) {
      throw new ProtocolError('log.environmentId', 'that of an environment', environmentId);
    }
    const { running, initOutput } = environment;
    if (requestId === undefined) {
      initOutput.deliver(kind, frame.body);
      return;
    }
    if (requestId !== running?.requestId) {
      throw new ProtocolError('log.requestId', 'that of the running invocation', requestId);
    }
    running.output.deliver(kind, frame.body);
  }

  /** As output: of the invocation that runs, and only if it was asked for. @throws ProtocolError */
  deliverAnswer(frame: Frame): void {
    const { environmentId, requestId, contentType } = decodeAnswerChunk(frame.head);
    const running = this.#environments.get(environmentId)?.running;
    if (running === undefined || requestId !== running.requestId) {
      throw new ProtocolError('answerChunk.requestId', 'that of the running invocation', requestId);
    }
    if (running.answer === undefined) throw new ProtocolError('answerChunk', 'the reply of this invocation', requestId);
    running.answer.chunk(frame.body, contentType);
  }
}
