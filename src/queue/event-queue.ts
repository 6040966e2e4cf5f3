/**
 * Asynchronous invocations: takes an event once it is on disk, has it delivered at least once, and again after a failure, until it ended
 * or is too old. Functions take turns, and what runs for them all leaves room for callers that wait. It knows no sandbox and no
 * registry; what happens after a delivery is decided in after-attempt.
 */
import { randomUUID } from 'node:crypto';
import { Alarm } from '../base/alarm.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { EngineError } from '../model/errors.ts';
import { functionArn } from '../model/function-configuration.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import { afterAttempt, type Delivery, type EventPolicy, instead, setbackMs } from './after-attempt.ts';
import { CommitGroup } from './commit-group.ts';
import { Courier } from './courier.ts';
import type { EventAnswer, EventDelivery, EventFunctions, EventSettings } from './delivery.ts';
import type { Condition, EventChanges, EventStore, NewRecord, WaitingEvent, WaitingRecord } from './event-store.ts';
import { FunctionQueue } from './function-queue.ts';
import { recordsOf } from './invocation-record.ts';
import type { Target, Targets } from './target.ts';

/** What may wait, and what may be delivered at once. */
export interface EventQueueLimits {
  readonly asyncEvents: number;
  readonly asyncEventsPerFunction: number;
  readonly asyncBytes: number;
  readonly asyncBytesPerFunction: number;
  readonly deliveriesMax: number;
  readonly memoryMiBMax: number;
  /** Processors, for the decision how many deliveries at once are of use. */
  readonly cores: number;
}

export interface EventQueueOptions {
  readonly store: EventStore;
  readonly functions: EventFunctions;
  readonly targets: Targets;
  readonly clock: Clock;
  readonly observe: Observe | undefined;
  readonly limits: EventQueueLimits;
  /** Shrinks every time of the queue alike. 1: as Lambda. */
  readonly delayScale: number;
}

export type AcceptInput = EventDelivery;

export interface EventQueueStats {
  /** With those under way. */
  readonly queued: number;
  readonly queuedBytes: number;
  readonly underWay: number;
  /** Of the oldest one that is queued; 0 without any. */
  readonly oldestAgeMs: number;
  readonly accepted: number;
  readonly succeeded: number;
  /** Ended without success, whatever the condition. */
  readonly failed: number;
  readonly retried: number;
  readonly throttled: number;
  /** With a function or version that was deleted. */
  readonly dropped: number;
  /** Records of destinations and dead-letter targets that were taken, and that nobody took in six hours or ever will. */
  readonly recordsDelivered: number;
  readonly recordsFailed: number;
}

interface Begun {
  readonly queue: FunctionQueue;
  readonly event: WaitingEvent;
  readonly settings: EventSettings | undefined;
}

export class EventQueue {
  readonly #options: EventQueueOptions;
  readonly #group: CommitGroup;
  readonly #courier: Courier;
  readonly #alarm: Alarm;
  readonly #queues = new Map<string, FunctionQueue>();
  readonly #byId = new Map<number, FunctionQueue>();
  /** In the order of their turns. */
  readonly #ready = new Set<FunctionQueue>();
  readonly #sleeping = new Set<FunctionQueue>();
  readonly #retired = new Set<number>();
  readonly #counters = { accepted: 0, succeeded: 0, failed: 0, retried: 0, throttled: 0, dropped: 0 };
  readonly #startedMs: number;
  readonly #startedEpochMs: number;
  #events = 0;
  #bytes = 0;
  #underWay = 0;
  #memoryMiB = 0;
  #deliveryBytes = 0;
  #turn = 0;
  #isTurnComing = false;
  #isClosed = false;
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: EventQueueOptions) {
    this.#options = options;
    const { store, clock, functions } = options;
    this.#startedMs = clock.nowMs();
    this.#startedEpochMs = clock.epochMs();
    this.#alarm = new Alarm(clock, () => this.#wake());
    this.#group = new CommitGroup({
      store,
      clock,
      onWritten: (changes) => this.#written(changes),
      onRefused: (error) => this.#tellFault(error),
    });
    this.#courier = new Courier({
      store,
      group: this.#group,
      targets: options.targets,
      clock,
      nowMs: () => this.#nowMs(),
      delayScale: options.delayScale,
      observe: options.observe,
      mayRecur: ({ functionName, qualifier }) =>
        functions.settings(functionName, qualifier) !== undefined && functions.mayRecur(functionName),
      invoke: (target, record) => this.#invoke(target, record),
    });
    for (const { functionName, queueId, events, bytes } of store.queues()) {
      if (functions.has(functionName)) this.#add(new FunctionQueue(functionName, queueId, events, bytes));
      // It was deleted, and the host killed before it could be told here.
      else store.retire(queueId);
    }
    for (const queueId of store.retired()) this.#retired.add(queueId);
    if (this.#ready.size > 0 || this.#retired.size > 0) this.#turnComes();
  }

  /** Resolves when the event will be delivered, whatever happens to this process. @throws EngineError */
  async accept({ functionName, qualifier, requestId, details, payload, hops = 0 }: AcceptInput): Promise<void> {
    if (this.#isClosed) throw new EngineError('EngineClosed', 'The engine is closed.');
    const bytes = payload.byteLength;
    this.#requireRoom(functionName, bytes);
    const queue = this.#queues.get(functionName) ?? this.#open(functionName);
    this.#grow(queue, 1, bytes);
    try {
      await this.#group.accept({
        queueId: queue.queueId,
        requestId,
        qualifier,
        acceptedMs: this.#nowMs(),
        hops,
        details,
        payload,
      });
      this.#counters.accepted += 1;
    } catch (error) {
      this.#grow(queue, -1, -bytes);
      throw error;
    }
  }

  /** Its events end with it (docs/async.md). */
  deleted(functionName: string): void {
    const queue = this.#queues.get(functionName);
    if (queue === undefined || this.#isClosed) return;
    this.#options.store.retire(queue.queueId);
    queue.isRetired = true;
    this.#queues.delete(functionName);
    this.#ready.delete(queue);
    this.#sleeping.delete(queue);
    const dropped = queue.events - queue.underWay;
    this.#grow(queue, -dropped, 0);
    this.#bytes -= queue.bytes;
    queue.bytes = 0;
    this.#drop(functionName, dropped, 'the function was deleted');
    if (queue.underWay === 0) this.#retire(queue);
  }

  /** It has other code, settings or another reserve: what kept its events waiting may be gone. */
  changed(functionName: string): void {
    const queue = this.#queues.get(functionName);
    if (queue === undefined) return;
    queue.pausedUntilMs = 0;
    this.#sleeping.delete(queue);
    this.#ready.add(queue);
    this.#turnComes();
  }

  stats(): EventQueueStats {
    const oldestMs = this.#events === 0 || this.#isClosed ? undefined : this.#options.store.oldestMs();
    return {
      queued: this.#events,
      queuedBytes: this.#bytes,
      underWay: this.#underWay,
      oldestAgeMs: oldestMs === undefined ? 0 : Math.max(0, Math.round(this.#nowMs() - oldestMs)),
      ...this.#counters,
      recordsDelivered: this.#courier.delivered,
      recordsFailed: this.#courier.failed,
    };
  }

  /** Sends what is no event's own, at least once. Resolves when it is kept. @throws EngineError DataDirectoryUnusable */
  async tell(record: NewRecord): Promise<void> {
    this.#group.tell(record);
    if (!(await this.#group.written())) {
      throw new EngineError('DataDirectoryUnusable', 'the record for a destination cannot be written now');
    }
    await this.#options.store.synced();
  }

  /** Begins no delivery any more. What is under way may end, or is delivered again after the next start. */
  stop(): void {
    this.#isClosed = true;
    this.#alarm.cancel();
    if (this.#underWay === 0) this.#ended.resolve();
  }

  /** After `stop`, when what was under way has ended one way or the other. */
  async close(): Promise<void> {
    await this.#ended.promise;
    await this.#courier.close();
    await this.#group.settled();
    this.#options.store.close();
  }

  // Taking turns.

  #turnComes(): void {
    if (this.#isTurnComing || this.#isClosed) return;
    this.#isTurnComing = true;
    setImmediate(() => {
      this.#isTurnComing = false;
      if (!this.#isClosed) this.#takeTurns();
    });
  }

  #takeTurns(): void {
    this.#turn += 1;
    const nowMs = this.#nowMs();
    const begun: Begun[] = [];
    const waiting: FunctionQueue[] = [];
    for (const queue of this.#ready) {
      if (begun.length >= limits.asyncPageEvents) break;
      this.#ready.delete(queue);
      const taken = this.#take(queue, nowMs);
      if (taken === 'no-room') waiting.push(queue);
      if (typeof taken !== 'object') continue;
      begun.push(taken);
      this.#count(taken, 1);
      // A set that is walked shows what is added to it: the turn of this function comes again.
      this.#ready.add(queue);
    }
    // Any end brings the next turn.
    for (const queue of waiting) this.#ready.add(queue);
    if (begun.length > 0) this.#begin(begun);
    if (begun.length >= limits.asyncPageEvents) this.#turnComes();
    if (this.#retired.size > 0) this.#purge();
  }

  #take(queue: FunctionQueue, nowMs: number): Begun | 'no-room' | 'nothing' {
    const { store, functions } = this.#options;
    const reserved = functions.reserved(queue.functionName);
    const event = queue.hasTurn(nowMs, reserved) ? queue.take(store, nowMs, this.#turn) : undefined;
    if (event === undefined) {
      this.#sleep(queue, nowMs);
      return 'nothing';
    }
    const settings = functions.settings(queue.functionName, event.qualifier);
    if (settings !== undefined && !this.#hasRoom(queue, event, settings)) {
      queue.giveBack(event);
      return 'no-room';
    }
    return { queue, event, settings };
  }

  /** The first delivery of a function may use what the others leave, so that one with many events keeps nobody waiting. */
  #hasRoom({ underWay }: FunctionQueue, { bytes }: WaitingEvent, { memoryMiB }: EventSettings): boolean {
    if (this.#underWay === 0) return true;
    const { deliveriesMax, memoryMiBMax } = this.#options.limits;
    const share = underWay === 0 ? 1 : limits.asyncShareOfOne;
    return (
      this.#underWay < deliveriesMax * share &&
      this.#memoryMiB + memoryMiB <= memoryMiBMax * share &&
      this.#deliveryBytes + bytes <= limits.asyncDeliveryBytesMax * share
    );
  }

  #sleep(queue: FunctionQueue, nowMs: number): void {
    const wakesMs = queue.wakesMs(nowMs);
    if (queue.isRetired || wakesMs === undefined) return;
    if (wakesMs > nowMs) {
      this.#sleeping.add(queue);
      this.#wakeAt(wakesMs, nowMs);
    } else if (queue.hasTurn(nowMs, this.#options.functions.reserved(queue.functionName))) {
      // What was taken from its page is not marked yet. Where no more may be under way, an end brings its turn.
      this.#sleeping.add(queue);
      this.#wakeAt(nowMs, nowMs);
    }
  }

  #wakeAt(dueMs: number, nowMs: number): void {
    const monotonicMs = this.#options.clock.nowMs();
    this.#alarm.ensure(monotonicMs + Math.max(0, dueMs - nowMs), monotonicMs);
  }

  #wake(): void {
    const nowMs = this.#nowMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const queue of this.#sleeping) {
      const wakesMs = queue.wakesMs(nowMs) ?? nowMs;
      if (wakesMs > nowMs) {
        nextMs = Math.min(nextMs, wakesMs);
        continue;
      }
      this.#sleeping.delete(queue);
      this.#ready.add(queue);
    }
    if (nextMs !== Number.POSITIVE_INFINITY) this.#wakeAt(nextMs, nowMs);
    this.#turnComes();
  }

  // One delivery.

  #begin(begun: readonly Begun[]): void {
    try {
      this.#options.store.begin(begun.map(({ event }) => event.eventId));
    } catch (error) {
      this.#tellFault(error);
      const nowMs = this.#nowMs();
      for (const each of begun) {
        this.#count(each, -1);
        each.queue.giveBack(each.event);
        each.queue.pausedUntilMs = nowMs + limits.queueWriteRetryMs;
        this.#ready.delete(each.queue);
        this.#sleep(each.queue, nowMs);
      }
      return;
    }
    for (const each of begun) void this.#run(each);
  }

  /** Never rejects. */
  async #run(begun: Begun): Promise<void> {
    const { queue, event, settings } = begun;
    try {
      if (settings === undefined) {
        this.#drop(queue.functionName, 1, 'the version or alias that it was for was deleted', event.requestId);
        this.#forget(begun);
        return;
      }
      const policy = this.#policy(settings);
      const condition = instead(event, this.#nowMs(), policy, this.#options.functions.reserved(queue.functionName));
      if (condition === undefined) await this.#deliver(begun, settings, policy);
      else this.#end(begun, settings, condition, undefined, event.attempts);
    } finally {
      this.#count(begun, -1);
      if (queue.isRetired && queue.underWay === 0) this.#retire(queue);
      if (!queue.isRetired) this.#ready.add(queue);
      if (this.#isClosed && this.#underWay === 0) this.#ended.resolve();
      this.#turnComes();
    }
  }

  async #deliver(begun: Begun, settings: EventSettings, policy: EventPolicy): Promise<void> {
    const { queue, event } = begun;
    const { functionName } = queue;
    const { requestId, qualifier, hops } = event;
    try {
      const content = this.#options.store.content(event.eventId);
      const answer = await this.#options.functions.deliver({ functionName, qualifier, requestId, hops, ...content });
      queue.answered(answer, this.#options.limits.cores);
      this.#after(begun, { kind: answer.isError ? 'function-error' : 'success' }, settings, policy, answer);
    } catch (error) {
      const failure = this.#failure(queue, error);
      if (failure === 'gone') {
        this.#drop(functionName, 1, errorMessage(error), requestId);
        this.#forget(begun);
      } else if (failure !== 'closing') {
        this.#after(begun, failure, settings, policy, undefined, errorMessage(error));
      }
    }
  }

  #after(
    begun: Begun,
    delivery: Delivery,
    settings: EventSettings,
    policy: EventPolicy,
    answer: EventAnswer | undefined,
    reason = 'the function failed',
  ): void {
    const { queue, event } = begun;
    const nowMs = this.#nowMs();
    const isThrottle = delivery.kind === 'throttled';
    // Who was throttled has not been delivered.
    const attempts = isThrottle ? event.attempts : event.attempts + 1;
    const next = afterAttempt(event, delivery, nowMs, policy);
    if (next.kind === 'end') {
      this.#end(begun, settings, next.condition, answer, attempts);
      return;
    }
    const { failures, setbacks, dueMs } = next;
    const { eventId, requestId } = event;
    const { queueId, functionName } = queue;
    if (isThrottle) this.#counters.throttled += 1;
    else this.#counters.retried += 1;
    this.#group.postpone({
      queueId,
      eventId,
      attempts,
      failures,
      setbacks,
      // It is its function that waits, and it stays before those that came later.
      dueMs: isThrottle ? event.dueMs : dueMs,
    });
    if (isThrottle) return;
    this.#options.observe?.({
      type: 'async.retry',
      functionName,
      requestId,
      attempts,
      delayMs: Math.round(dueMs - nowMs),
      reason,
    });
  }

  /** What kept a delivery from coming to an answer. */
  #failure(queue: FunctionQueue, error: unknown): Delivery | 'gone' | 'closing' {
    if (!(error instanceof EngineError)) {
      this.#tellFault(error);
      return { kind: 'system-error' };
    }
    switch (error.code) {
      case 'EngineClosed':
        return 'closing';
      case 'ResourceNotFoundException':
        return 'gone';
      case 'TooManyRequestsException':
      case 'FunctionSuspended':
      case 'ResourceConflictException':
        return { kind: 'throttled', pauseMs: this.#pause(queue, error.retryAfterMs) };
      default:
        return { kind: 'system-error' };
    }
  }

  /** Where one event finds no room the next one would not either. */
  #pause(queue: FunctionQueue, retryAfterMs: number | undefined): number {
    const nowMs = this.#nowMs();
    // One of several that were under way: the function waits already.
    if (queue.pausedUntilMs > nowMs) return queue.pausedUntilMs - nowMs;
    const pauseMs = Math.max(retryAfterMs ?? 0, setbackMs(queue.throttles, this.#options.delayScale));
    queue.throttled();
    queue.pausedUntilMs = nowMs + pauseMs;
    return pauseMs;
  }

  #end(
    begun: Begun,
    settings: EventSettings,
    condition: Condition,
    answer: EventAnswer | undefined,
    attempts: number,
  ): void {
    const { queue, event } = begun;
    if (condition === 'Success') this.#counters.succeeded += 1;
    else this.#counters.failed += 1;
    this.#forget(begun, this.#records(begun, settings, condition, answer, attempts));
    if (condition === 'Success') return;
    const { functionName } = queue;
    this.#options.observe?.({ type: 'async.failed', functionName, requestId: event.requestId, condition, attempts });
  }

  #records(
    { queue, event }: Begun,
    settings: EventSettings,
    condition: Condition,
    answer: EventAnswer | undefined,
    attempts: number,
  ): readonly NewRecord[] {
    const { onSuccess, onFailure, deadLetter } = settings;
    // Nearly always nobody wants to be told.
    if (condition === 'Success' ? onSuccess === undefined : onFailure === undefined && deadLetter === undefined)
      return [];
    const { requestId, qualifier, hops, eventId } = event;
    const { functionName } = queue;
    const epochMs = this.#nowMs();
    try {
      const { payload } = this.#options.store.content(eventId);
      const about = { functionName, qualifier, requestId, condition, attempts, hops, epochMs, payload, answer };
      return recordsOf(about, settings);
    } catch (error) {
      // What cannot be read will not be readable later either.
      this.#tellFault(error);
      return [];
    }
  }

  /** The event leaves the queue, and these records come with that. */
  #forget({ queue, event }: Begun, records: readonly NewRecord[] = []): void {
    const { eventId, bytes } = event;
    this.#grow(queue, -1, queue.isRetired ? 0 : -bytes);
    this.#group.end({ queueId: queue.queueId, eventId, bytes, records });
  }

  /** A destination that is a function. */
  #invoke(
    { functionName, qualifier }: Extract<Target, { readonly kind: 'function' }>,
    { body, head }: WaitingRecord,
  ): Promise<void> {
    if (this.#options.functions.settings(functionName, qualifier) === undefined) {
      throw new EngineError('ResourceNotFoundException', `Function not found: ${functionArn(functionName, qualifier)}`);
    }
    return this.accept({
      functionName,
      qualifier,
      requestId: randomUUID(),
      details: {},
      payload: body,
      hops: head.hops + 1,
    });
  }

  #policy({ retriesMax, ageMsMax }: EventSettings): EventPolicy {
    return { retriesMax, ageMsMax, delayScale: this.#options.delayScale };
  }

  // What there is.

  #written({
    accepted,
    postponed,
    ended,
    recordsNew,
  }: Pick<EventChanges, 'accepted' | 'postponed' | 'ended' | 'recordsNew'>): void {
    for (const { records } of [...ended, { records: recordsNew }]) {
      for (const { target, createdMs } of records) this.#courier.expect(target, Math.round(createdMs));
    }
    for (const { queueId, acceptedMs } of accepted) this.#expect(queueId, Math.round(acceptedMs));
    for (const { queueId, dueMs } of postponed) this.#expect(queueId, Math.round(dueMs));
    this.#turnComes();
  }

  #expect(queueId: number, dueMs: number): void {
    const queue = this.#byId.get(queueId);
    if (queue === undefined || queue.isRetired) return;
    queue.expect(dueMs);
    this.#sleeping.delete(queue);
    this.#ready.add(queue);
  }

  #open(functionName: string): FunctionQueue {
    const queue = new FunctionQueue(functionName, this.#options.store.openQueue(functionName));
    this.#add(queue);
    return queue;
  }

  #add(queue: FunctionQueue): void {
    this.#queues.set(queue.functionName, queue);
    this.#byId.set(queue.queueId, queue);
    this.#events += queue.events;
    this.#bytes += queue.bytes;
    if (queue.events > 0) this.#ready.add(queue);
  }

  #retire({ queueId }: FunctionQueue): void {
    this.#byId.delete(queueId);
    // What was accepted or ended a moment ago is still to be written.
    void this.#group.written().then(() => {
      this.#retired.add(queueId);
      this.#turnComes();
    });
  }

  /** A part of it with each turn: there may be a million. */
  #purge(): void {
    const [queueId] = this.#retired;
    if (queueId === undefined) return;
    try {
      if (!this.#options.store.purge(queueId, limits.asyncPurgeEvents)) this.#retired.delete(queueId);
    } catch (error) {
      // The next start finds it again.
      this.#retired.delete(queueId);
      this.#tellFault(error);
    }
    this.#turnComes();
  }

  #grow(queue: FunctionQueue, events: number, bytes: number): void {
    queue.events += events;
    queue.bytes += bytes;
    this.#events += events;
    this.#bytes += bytes;
  }

  #count({ queue, event, settings }: Begun, direction: 1 | -1): void {
    queue.underWay += direction;
    this.#underWay += direction;
    this.#memoryMiB += direction * (settings?.memoryMiB ?? 0);
    this.#deliveryBytes += direction * event.bytes;
  }

  /** @throws EngineError TooManyRequestsException */
  #requireRoom(functionName: string, bytes: number): void {
    const { asyncEvents, asyncEventsPerFunction, asyncBytes, asyncBytesPerFunction } = this.#options.limits;
    const queue = this.#queues.get(functionName);
    const checks = [
      ['asyncEventsPerFunction', (queue?.events ?? 0) + 1, asyncEventsPerFunction],
      ['asyncBytesPerFunction', (queue?.bytes ?? 0) + bytes, asyncBytesPerFunction],
      ['asyncEvents', this.#events + 1, asyncEvents],
      ['asyncBytes', this.#bytes + bytes, asyncBytes],
    ] as const;
    for (const [name, asked, value] of checks) {
      if (asked <= value) continue;
      throw new EngineError(
        'TooManyRequestsException',
        `The queue of asynchronous events${name.endsWith('Function') ? ` of ${functionName}` : ''} is full: limits.${name} is ${value}.`,
        { throttleReason: 'CallerRateLimitExceeded', limit: { name, value, asked } },
      );
    }
  }

  #drop(functionName: string, events: number, reason: string, requestId?: string): void {
    if (events === 0) return;
    this.#counters.dropped += events;
    const about = requestId === undefined ? {} : { requestId };
    this.#options.observe?.({ type: 'async.dropped', functionName, events, reason, ...about });
  }

  #tellFault(error: unknown): void {
    this.#options.observe?.({ type: 'async.fault', reason: errorMessage(error) });
  }

  /** The wall clock at the start and the time since: a clock that is set back makes nobody wait. */
  #nowMs(): number {
    return this.#startedEpochMs + this.#options.clock.nowMs() - this.#startedMs;
  }
}
