/**
 * Brings the records of ended invocations to their destinations, at least once: a record was written with the end that it tells of, and goes
 * when its target has taken it. A target that takes nothing waits by itself and keeps no other waiting.
 */
import { Alarm } from '../base/alarm.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import { setbackMs } from './after-attempt.ts';
import type { CommitGroup } from './commit-group.ts';
import type { EventStore, WaitingRecord } from './event-store.ts';
import { appendToFile, type SendResult, sendToUrl } from './send-record.ts';
import type { Target, Targets } from './target.ts';

export interface CourierOptions {
  readonly store: EventStore;
  readonly group: CommitGroup;
  readonly targets: Targets;
  readonly clock: Clock;
  /** As the queue tells the time. */
  readonly nowMs: () => number;
  readonly delayScale: number;
  readonly observe: Observe | undefined;
  /** Whether a function may be invoked in a row without end. */
  readonly mayRecur: (target: Extract<Target, { readonly kind: 'function' }>) => boolean;
  /** Invokes a function with a record. @throws EngineError */
  readonly invoke: (target: Extract<Target, { readonly kind: 'function' }>, record: WaitingRecord) => Promise<void>;
}

interface Route {
  readonly arn: string;
  dueMs: number;
  failures: number;
  isBusy: boolean;
}

export class Courier {
  readonly #options: CourierOptions;
  readonly #routes = new Map<string, Route>();
  readonly #alarm: Alarm;
  readonly #running = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  delivered = 0;
  failed = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, () => this.#go());
    for (const { target, dueMs } of options.store.targets()) this.expect(target, dueMs);
  }

  /** A record for it was written. */
  expect(arn: string, dueMs: number): void {
    const route = this.#routes.get(arn);
    if (route === undefined) this.#routes.set(arn, { arn, dueMs, failures: 0, isBusy: false });
    // A target that takes nothing is left alone until its time.
    else if (route.failures === 0) route.dueMs = Math.min(route.dueMs, dueMs);
    this.#wakeAt(this.#routes.get(arn)?.dueMs ?? dueMs);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#alarm.cancel();
    await Promise.all(this.#running);
  }

  #wakeAt(dueMs: number): void {
    if (this.#closing.signal.aborted || dueMs === Number.POSITIVE_INFINITY) return;
    const { clock, nowMs } = this.#options;
    this.#alarm.ensure(clock.nowMs() + Math.max(0, dueMs - nowMs()));
  }

  #go(): void {
    const nowMs = this.#options.nowMs();
    for (const route of this.#routes.values()) {
      if (route.isBusy) continue;
      if (route.dueMs > nowMs) {
        this.#wakeAt(route.dueMs);
        continue;
      }
      const running = this.#serve(route).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  /** A page of what is due for one target. Never rejects. */
  async #serve(route: Route): Promise<void> {
    const { store, group, nowMs, observe } = this.#options;
    route.isBusy = true;
    route.dueMs = Number.POSITIVE_INFINITY;
    try {
      const records = store.dueRecords(route.arn, nowMs(), limits.destinationPageRecords);
      const results = await this.#send(route.arn, records);
      const isDown = results.some((result) => result.kind === 'failed' && result.what === 'target');
      route.failures = isDown ? route.failures + 1 : 0;
      for (const [index, record] of records.entries()) this.#settle(record, results[index]);
      // What was taken would be found again until that is written.
      const isWritten = records.length === 0 || (await group.written());
      if (isDown) route.dueMs = nowMs() + setbackMs(route.failures - 1, this.#options.delayScale);
      else if (!isWritten) route.dueMs = nowMs() + limits.queueWriteRetryMs;
      else if (records.length === limits.destinationPageRecords) route.dueMs = nowMs();
      else route.dueMs = Math.min(route.dueMs, store.nextRecordMs(route.arn) ?? Number.POSITIVE_INFINITY);
    } catch (error) {
      observe?.({ type: 'async.fault', reason: errorMessage(error) });
      route.dueMs = nowMs() + limits.queueWriteRetryMs;
    }
    route.isBusy = false;
    this.#wakeAt(route.dueMs);
  }

  async #send(arn: string, records: readonly WaitingRecord[]): Promise<readonly SendResult[]> {
    const target = this.#options.targets.of(arn);
    if (target === undefined) {
      return records.map(() => failedAt('target', 'nothing is mapped to it, by destinations or --destination'));
    }
    if (target.kind !== 'file') return await Promise.all(records.map((record) => this.#sendOne(target, record)));
    try {
      if (records.length > 0) await appendToFile(target.path, records);
      return records.map(() => ({ kind: 'sent' }));
    } catch (error) {
      return records.map(() => failedAt('target', errorMessage(error)));
    }
  }

  async #sendOne(target: Exclude<Target, { kind: 'file' }>, record: WaitingRecord): Promise<SendResult> {
    const bytes = record.body.byteLength;
    if (target.kind !== 'post' && bytes > limits.asyncPayloadBytesMax) {
      return failedAt('for-good', `its ${bytes} bytes are more than ${limits.asyncPayloadBytesMax}`);
    }
    if (target.kind !== 'function') return sendToUrl(target, record, this.#closing.signal);
    if (record.head.hops >= limits.asyncHopsMax && !this.#options.mayRecur(target)) {
      return failedAt('for-good', `functions invoked each other ${limits.asyncHopsMax} times in a row`);
    }
    try {
      await this.#options.invoke(target, record);
      return { kind: 'sent' };
    } catch (error) {
      return failedAt('record', errorMessage(error));
    }
  }

  #settle(record: WaitingRecord, result: SendResult | undefined): void {
    const { group, nowMs, delayScale, observe } = this.#options;
    const { recordId, createdMs, functionName, requestId, target } = record;
    if (result === undefined || result.kind === 'sent') {
      this.delivered += 1;
      group.recordDone(recordId);
      return;
    }
    const { what, reason } = result;
    const isTooOld = nowMs() - createdMs > limits.destinationAgeMsMax * delayScale;
    const isGivenUp = what === 'for-good' || isTooOld;
    if (isGivenUp) {
      this.failed += 1;
      group.recordDone(recordId);
    } else if (what === 'record') {
      const failures = record.failures + 1;
      group.postponeRecord({ recordId, failures, dueMs: nowMs() + setbackMs(record.failures, delayScale) });
    }
    const kind = record.head.kind;
    observe?.({ type: 'destination.failed', functionName, requestId, kind, target, reason, isGivenUp });
  }
}

function failedAt(what: 'target' | 'record' | 'for-good', reason: string): SendResult {
  return { kind: 'failed', what, reason };
}
