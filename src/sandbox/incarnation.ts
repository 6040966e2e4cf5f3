/**
 * One isolate of an environment, from opening to disposal: what Lambda calls the runtime process. When it ends, whatever the
 * reason, it ends once and at once; the guest can still be running then, and finds no host call that answers any more.
 */
import { domainToASCII } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { type FsReply, type GuestSettings, type LoopState, runtimeLimits, settleKinds } from '../bridge/contract.ts';
import { type LimitHit, limitHit } from '../model/limit-reason.ts';
import type { AnswerWriter } from './answer-writer.ts';
import type { SandboxCalls } from './door.ts';
import { EventGate } from './event-gate.ts';
import type { Guest } from './guest.ts';
import type { GuestBounds } from './limit-book.ts';
import type { Output } from './output.ts';
import { Services, type ServicesOptions } from './services.ts';
import type { PositionMap } from './source-map.ts';

/** Why it ended. The first reason counts. */
export type IncarnationEnd =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'out-of-memory'; readonly limit?: LimitHit }
  /** Used too much CPU time. */
  | { readonly kind: 'killed'; readonly limit: LimitHit }
  /** Its environment was destroyed or starts over. */
  | { readonly kind: 'discarded' };

/** How a guest ended an init or an invocation. */
export interface Settled {
  readonly kind: number;
  readonly text: string;
  readonly errorType: string;
}

/** The part of `FileSystem` that is needed here. */
export interface FileCalls {
  call(operation: number, a: unknown, b: unknown, c: unknown, d: unknown): FsReply;
  close(): void;
}

export type OpenGuest = (settings: GuestSettings, host: SandboxCalls) => Guest;

export interface IncarnationOptions {
  readonly openGuest: OpenGuest;
  readonly settings: Omit<GuestSettings, 'clockOriginEpochMs'>;
  readonly files: FileCalls;
  readonly output: Output;
  readonly bounds: GuestBounds;
  readonly positions: PositionMap;
  readonly clock: Clock;
  /** Exact-size random bytes. */
  readonly random: (byteCount: number) => ArrayBuffer;
  /** Resident bytes of the sandbox: an upper bound for each of its environments. */
  readonly residentBytes: () => number;
  readonly openers: ServicesOptions['openers'];
  /** To the host, for this incarnation. */
  readonly request: ServicesOptions['request'];
  /** Of the invocation that it runs. */
  readonly answer: () => AnswerWriter | undefined;
}

export class Incarnation {
  readonly guest: Guest;
  readonly gate: EventGate;
  readonly services: Services;
  /** Its code runs now, on a thread of the pool. */
  isRunning = false;
  /** Invocations that it has begun. */
  invocations = 0;
  /** Memory that V8 does not count, as the guest said last. */
  uncountedBytes = 0;

  readonly #options: IncarnationOptions;
  readonly #originMs: number;
  #phase: 'init' | 'invoke' | undefined;
  #settled: Settled | undefined;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #end: IncarnationEnd | undefined;
  /** Whoever waits for something else than the guest. */
  #onEnd: (() => void) | undefined;
  /** Infinity when isolated-vm ended the isolate: what it used is not known then, and was not little. */
  #cpuMsAtEnd = Number.POSITIVE_INFINITY;
  #cpuMsTaken = 0;

  constructor(options: IncarnationOptions) {
    this.#options = options;
    this.#originMs = options.clock.nowMs();
    // A guest that has so many events under way got around the bounds of a service.
    this.gate = new EventGate(options.clock, (limit) => this.end({ kind: 'out-of-memory', limit }));
    const { clock, openers, bounds, request } = options;
    this.services = new Services({
      openers,
      clock,
      bounds,
      inbox: this.gate.inbox,
      request,
      // What a guest writes behind its end belongs to nobody.
      answer: () => (this.#phase === 'invoke' && this.#settled === undefined ? options.answer() : undefined),
    });
    this.guest = options.openGuest(
      { ...options.settings, clockOriginEpochMs: options.clock.epochMs() },
      this.#hostCalls(),
    );
  }

  /** The running phase's settlement. */
  get settled(): Settled | undefined {
    return this.#settled;
  }

  get ended(): IncarnationEnd | undefined {
    return this.#end;
  }

  /** Until `endPhase`, one settlement of this kind counts, and host calls after the deadline end the guest. */
  beginPhase(phase: 'init' | 'invoke', deadlineMs: number): void {
    this.#phase = phase;
    this.#settled = undefined;
    this.#deadlineMs = deadlineMs;
    this.services.thaw();
  }

  endPhase(): void {
    this.#phase = undefined;
    this.services.freeze();
  }

  /** The guest's loop said so. */
  settleInit(): void {
    this.#settle({ kind: settleKinds.initDone, text: '', errorType: '' });
  }

  /** Nothing that the guest still says can change how its invocation ends. */
  settleAnswer(): void {
    this.#settle({ kind: settleKinds.answer, text: '', errorType: '' });
  }

  /** Calls back when this ends, until it is replaced. */
  set onEnd(callback: (() => void) | undefined) {
    this.#onEnd = callback;
  }

  /** Harmless the second time. Also inside a host call: the guest is then terminated when the call returns. */
  end(because: IncarnationEnd): void {
    if (this.#end !== undefined) return;
    this.#end = because;
    this.#noteLimit(because);
    if (!this.guest.isDisposed) this.#cpuMsAtEnd = this.guest.cpuTimeMicros() / 1_000;
    this.guest.dispose();
    this.services.close();
    this.gate.inbox.clear();
    this.#options.files.close();
    this.gate.interrupt();
    this.#onEnd?.();
  }

  #noteLimit(because: IncarnationEnd): void {
    if (because.kind === 'killed' || because.kind === 'out-of-memory') {
      const hit = because.limit ?? this.#heapHit();
      this.#options.bounds.note(hit.limit, hit.value, hit.found, hit.effect);
    }
  }

  /** isolated-vm ended it, and what it held cannot be asked any more: at least what it may have. */
  #heapHit(): LimitHit {
    const value = this.#options.settings.memorySize * 1024 * 1024;
    const { heapUsedBytes, externalBytes } = this.guest.memory();
    return limitHit('heap', value, Math.max(value, heapUsedBytes + externalBytes));
  }

  /** Since the last question; undefined when it ended in a way that leaves it unknown. */
  takeCpuMs(): number | undefined {
    const { cpuMs } = this;
    if (cpuMs === Number.POSITIVE_INFINITY) return undefined;
    const sinceMs = cpuMs - this.#cpuMsTaken;
    this.#cpuMsTaken = cpuMs;
    return sinceMs;
  }

  /** CPU time of the guest, all slices. */
  get cpuMs(): number {
    if (this.#end !== undefined || this.guest.isDisposed) return this.#cpuMsAtEnd;
    return this.guest.cpuTimeMicros() / 1_000;
  }

  #hostCalls(): SandboxCalls {
    const { clock, output, files, positions, random, residentBytes } = this.#options;
    return {
      log: (stream, text) => {
        if (this.#isServed()) output.write(stream, text);
      },
      settle: (kind, text, errorType) => {
        if (this.#isServed()) this.#settle({ kind, text, errorType });
      },
      wake: (state: LoopState) => {
        if (this.#end === undefined) this.gate.wake(state);
      },
      uncounted: (bytes) => {
        this.uncountedBytes = bytes;
        const most = this.#options.settings.memorySize * 1024 * 1024;
        if (bytes > most) this.end({ kind: 'out-of-memory', limit: limitHit('external-memory', most, bytes) });
      },
      limit: (limit, found) => {
        if (this.#isServed()) this.#noteRuntimeLimit(limit, found);
      },
      exit: (code) => this.end({ kind: 'exit', code }),
      hrtime: () => (this.#isServed() ? (clock.nowMs() - this.#originMs) * 1e6 : 0),
      random: (byteCount) => random(this.#isServed() ? byteCount : 0),
      mapPosition: (line, column) => (this.#isServed() ? positions.map(line, column) : ''),
      domainToAscii: (domain) => (this.#isServed() ? domainToASCII(domain) : ''),
      memoryUsage: () => (this.#isServed() ? this.#memoryUsage(residentBytes()) : [0, 0, 0, 0, 0]),
      cpuTime: () => (this.#isServed() ? this.guest.cpuTimeMicros() : 0),
      fs: (operation, a, b, c, d) => (this.#isServed() ? files.call(operation, a, b, c, d) : 0),
      ask: (service, operation, ...values) =>
        this.#isServed() ? this.services.ask(service, operation, values) : undefined,
      start: (service, operation, id, ...values) => {
        if (this.#isServed()) this.services.start(service, operation, id, values);
      },
    };
  }

  /**
   * isolated-vm's timeout stands still while a host call runs, so a loop of host calls never meets it (SECURITY.md 2.2).
   * Therefore each call looks at the deadline.
   */
  #isServed(): boolean {
    if (this.#end !== undefined) return false;
    if (this.#options.clock.nowMs() <= this.#deadlineMs) return true;
    this.end({ kind: 'timeout' });
    return false;
  }

  /** Of its own runtime only: a guest that tampered with it can claim no other limit than these, and of nobody but itself. */
  #noteRuntimeLimit(limit: number, found: number): void {
    const { limits: most, note } = this.#options.bounds;
    const memoryBytes = this.#options.settings.memorySize * 1024 * 1024;
    if (limit === runtimeLimits.uncountedMemory) {
      note('external-memory', memoryBytes, Math.max(found, memoryBytes), 'refused');
    }
    if (limit === runtimeLimits.timers) note('timers', most.timers, Math.max(found, most.timers));
    if (limit === runtimeLimits.errorSize) note('error-size', most.errorChars, Math.max(found, most.errorChars));
  }

  #settle(settled: Settled): void {
    if (this.#settled !== undefined || this.#phase === undefined) return;
    const isOfInit = settled.kind === settleKinds.initDone || settled.kind === settleKinds.initError;
    if (isOfInit === (this.#phase === 'init')) this.#settled = settled;
  }

  #memoryUsage(residentBytes: number): number[] {
    const { heapUsedBytes, heapTotalBytes, externalBytes: countedBytes } = this.guest.memory();
    const externalBytes = countedBytes + this.uncountedBytes;
    // V8 counts array buffers as external and tells no more.
    return [
      heapUsedBytes,
      heapTotalBytes,
      externalBytes,
      externalBytes,
      Math.min(residentBytes, heapTotalBytes + externalBytes),
    ];
  }
}
