/**
 * Cryptography for guests, by this process's node:crypto. Only its public functions are used, which check what they are given:
 * a wrong argument there is an exception, whereas under them it would end the process.
 */
import { cryptoEvents, cryptoOperations } from '../../../bridge/crypto.ts';
import { type BridgeReply, type BridgeValue, failureMarker } from '../../../bridge/services.ts';
import { limits } from '../../../model/limits.ts';
import { defaultBounds, type GuestBounds } from '../../limit-book.ts';
import type { Service, ServiceLink } from '../../service.ts';
import { failureJson } from './failure.ts';
import { Input } from './input.ts';
import { type LongAnswer, LongWork } from './long-work.ts';
import { CryptoLimitExceeded, CryptoMistake } from './mistake.ts';
import { forgetErrors } from './openssl-errors.ts';
import type { CryptoOperation, CryptoState, Output } from './operation.ts';
import { operations } from './operations.ts';
import { pack } from './packed.ts';
import { createState } from './state.ts';
import { threadPoolTurns } from './turns.ts';

/** Guests get these warnings from their own library. Here they would tell whoever runs this process about code that is not theirs. */
process.noDeprecation = true;

type Link = Pick<ServiceLink, 'emit'> & Partial<Pick<ServiceLink, 'bounds'>>;

export function openCrypto(link: Link): Service {
  return new CryptoService(link);
}

class CryptoService implements Service {
  readonly #link: Link;
  readonly #bounds: GuestBounds;
  readonly #state: CryptoState;
  #isClosed = false;
  #started = 0;
  #startedBytes = 0;
  #longWork: LongWork | undefined;
  #ticket = 0;

  constructor(link: Link) {
    this.#link = link;
    this.#bounds = link.bounds ?? defaultBounds;
    this.#state = createState(this.#bounds);
  }

  ask(operation: number, values: readonly BridgeValue[]): BridgeReply {
    try {
      return this.#ask(operation, values);
    } catch (error) {
      forgetErrors();
      return failed(failureJson(error));
    }
  }

  #ask(number: number, values: readonly BridgeValue[]): BridgeReply {
    const [first, bytes] = values;
    if (number === cryptoOperations.wait) return this.#wait(first);
    if (number === cryptoOperations.streamUpdate) return this.#update(first, bytes);
    const operation = operationOf(number);
    const input = Input.read(first, bytes);
    if (operation.cost?.(input, this.#state).isLong !== true) return reply(operation.now(input, this.#state));
    if (typeof first !== 'string' || !(bytes instanceof ArrayBuffer)) throw new CryptoMistake('it has no head');
    // One that is left over belonged to a guest's slice that ended in the middle.
    this.#longWork?.abandon();
    this.#longWork = LongWork.begin({ operation: number, head: first, bytes });
    this.#ticket += 1;
    return this.#ticket;
  }

  #wait(ticket: BridgeValue): BridgeReply {
    if (ticket !== this.#ticket || this.#longWork === undefined) throw new CryptoMistake('there is no such ticket');
    const answer = this.#longWork.answer();
    if (answer === undefined) return ticket;
    this.#longWork = undefined;
    return longReply(answer);
  }

  #update(id: BridgeValue, bytes: BridgeValue): BridgeReply {
    const stream = this.#state.streams.find(id);
    if (!(bytes instanceof ArrayBuffer)) throw new CryptoMistake('it has no bytes');
    const output = stream.update(new Uint8Array(bytes));
    return output === undefined ? emptyBytes : exact(output);
  }

  start(number: number, id: number, values: readonly BridgeValue[]): void {
    try {
      this.#start(number, id, values);
    } catch (error) {
      this.#emit(id, cryptoEvents.failed, failureJson(error));
    }
  }

  #start(number: number, id: number, [head, bytes]: readonly BridgeValue[]): void {
    const operation = operationOf(number);
    const input = Input.read(head, bytes);
    const memoryBytes = operation.cost?.(input, this.#state).memoryBytes ?? 0;
    const inputBytes = bytes instanceof ArrayBuffer ? bytes.byteLength : 0;
    const { bridgeCalls, bridgeBytes } = this.#bounds.limits;
    const bytesMax = Math.min(limits.cryptoBytesStartedMax, bridgeBytes);
    this.#assertRoom('bridge-calls', this.#started + 1, bridgeCalls);
    this.#assertRoom('bridge-bytes', this.#startedBytes + inputBytes, bytesMax);
    this.#started += 1;
    this.#startedBytes += inputBytes;
    threadPoolTurns.wait(this, memoryBytes, async () => {
      try {
        const output = await (operation.later?.(input, this.#state) ?? operation.now(input, this.#state));
        this.#emit(id, cryptoEvents.done, JSON.stringify(output.head ?? {}), pack(output.parts ?? []));
      } catch (error) {
        // Whatever Node throws is the guest's.
        forgetErrors();
        this.#emit(id, cryptoEvents.failed, failureJson(error));
      }
      this.#started -= 1;
      this.#startedBytes -= inputBytes;
    });
  }

  #assertRoom(limit: 'bridge-calls' | 'bridge-bytes', asked: number, most: number): void {
    if (asked <= most) return;
    this.#bounds.note(limit, most, asked);
    const what = limit === 'bridge-calls' ? 'operations under way' : 'bytes of operations under way';
    throw new CryptoLimitExceeded(what, asked, limit === 'bridge-calls' ? 'bridgeCalls' : 'bridgeBytes', most);
  }

  #emit(id: number, kind: number, ...values: BridgeValue[]): void {
    if (!this.#isClosed) this.#link.emit(id, kind, ...values);
  }

  freeze(): void {
    threadPoolTurns.pause(this);
  }

  thaw(): void {
    threadPoolTurns.resume(this);
  }

  close(): void {
    this.#isClosed = true;
    threadPoolTurns.leave(this);
    this.#longWork?.abandon();
    this.#longWork = undefined;
    this.#state.streams.clear();
    this.#state.keys.clear();
  }
}

const emptyBytes = new ArrayBuffer(0);

function operationOf(number: number): CryptoOperation {
  const operation = operations.get(number);
  if (operation === undefined) throw new CryptoMistake(`there is no number ${number}`);
  return operation;
}

function reply({ head = {}, parts = [] }: Output): BridgeReply {
  return [JSON.stringify(head), pack(parts)];
}

function longReply(answer: LongAnswer): BridgeReply {
  return answer.kind === 'done' ? [answer.head, answer.bytes] : failed(answer.failure);
}

function failed(failure: string): BridgeReply {
  return [failureMarker, failure];
}

function exact(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
