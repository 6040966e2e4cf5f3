/**
 * Gathers what changes in one turn of the event loop, writes it as one transaction, and lets those wait for the disk who promised somebody
 * that their event is on it. While the disk works the next group gathers, so the more there is to do the larger groups are.
 */
import type { Clock } from '../base/clock.ts';
import { limits } from '../model/limits.ts';
import type { EndedEvent, EventChanges, EventStore, NewEvent, NewRecord, PostponedEvent } from './event-store.ts';

interface Acceptance {
  readonly event: NewEvent;
  accepted(): void;
  refused(error: unknown): void;
}

type Changes = { -readonly [Part in Exclude<keyof EventChanges, 'accepted'>]: EventChanges[Part][number][] };

export interface CommitGroupOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  /** Changes were written, and what waits may be another. */
  readonly onWritten: (changes: Pick<EventChanges, 'accepted' | 'postponed' | 'ended' | 'recordsNew'>) => void;
  /** The store does not take changes for now; they are kept and tried again. */
  readonly onRefused: (error: unknown) => void;
}

export class CommitGroup {
  readonly #options: CommitGroupOptions;
  #acceptances: Acceptance[] = [];
  #changes: Changes = noChanges();
  #phase: 'idle' | 'gathering' | 'writing' = 'idle';
  #retry: Disposable | undefined;
  #nextWrite = Promise.withResolvers<boolean>();

  constructor(options: CommitGroupOptions) {
    this.#options = options;
  }

  /** Resolves when the event outlives a power cut. @throws EngineError DataDirectoryUnusable */
  accept(event: NewEvent): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#acceptances.push({ event, accepted: resolve, refused: reject });
    this.#gather();
    return promise;
  }

  end(event: EndedEvent): void {
    this.#changes.ended.push(event);
    this.#gather();
  }

  postpone(event: PostponedEvent): void {
    this.#changes.postponed.push(event);
    this.#gather();
  }

  recordDone(recordId: number): void {
    this.#changes.recordsDone.push(recordId);
    this.#gather();
  }

  /** Of what is no event. `written` tells when it is kept. */
  tell(record: NewRecord): void {
    this.#changes.recordsNew.push(record);
    this.#gather();
  }

  postponeRecord(record: EventChanges['recordsPostponed'][number]): void {
    this.#changes.recordsPostponed.push(record);
    this.#gather();
  }

  /** Resolves when what was given so far was written; to false when the store did not take it, and it is tried again. */
  written(): Promise<boolean> {
    this.#gather();
    return this.#nextWrite.promise;
  }

  /** At the end: everything that was given, as far as the store takes it. */
  async settled(): Promise<void> {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    while (this.#phase !== 'idle') await nextTurn();
    if (this.#hasWork()) await this.#commit();
  }

  #gather(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'gathering';
    // What else this turn brings belongs to the same group.
    setImmediate(() => void this.#commit());
  }

  async #commit(): Promise<void> {
    this.#phase = 'writing';
    const { onWritten } = this.#options;
    const acceptances = this.#acceptances;
    const changes = this.#changes;
    this.#acceptances = [];
    this.#changes = noChanges();
    const isWritten = this.#write(acceptances, changes);
    this.#nextWrite.resolve(isWritten);
    this.#nextWrite = Promise.withResolvers();
    if (isWritten) {
      onWritten({ accepted: acceptances.map(({ event }) => event), ...changes });
      // Nobody waits for an end: what is lost with the power is delivered once more.
      if (acceptances.length > 0) await this.#durable(acceptances);
    }
    this.#phase = 'idle';
    if (this.#acceptances.length > 0 || (this.#retry === undefined && this.#hasWork())) this.#gather();
  }

  #write(acceptances: readonly Acceptance[], changes: Changes): boolean {
    const { store, onRefused } = this.#options;
    try {
      store.write({ accepted: acceptances.map(({ event }) => event), ...changes });
      return true;
    } catch (error) {
      for (const { refused } of acceptances) refused(error);
      if (changeCount(changes) > 0) this.#keep(changes);
      onRefused(error);
      return false;
    }
  }

  async #durable(acceptances: readonly Acceptance[]): Promise<void> {
    const { store, onRefused } = this.#options;
    try {
      await store.synced();
      for (const { accepted } of acceptances) accepted();
    } catch (error) {
      // They may be delivered all the same; whoever sent them was told nothing else.
      for (const { refused } of acceptances) refused(error);
      onRefused(error);
    }
  }

  /** What ended has ended, whether or not it could be written. Until it is, a restart would deliver it again. */
  #keep({ postponed, ended, recordsPostponed, recordsDone, recordsNew }: Changes): void {
    const later = this.#changes;
    this.#changes = {
      postponed: [...postponed, ...later.postponed],
      ended: [...ended, ...later.ended],
      recordsPostponed: [...recordsPostponed, ...later.recordsPostponed],
      recordsDone: [...recordsDone, ...later.recordsDone],
      recordsNew: [...recordsNew, ...later.recordsNew],
    };
    this.#retry ??= this.#options.clock.after(limits.queueWriteRetryMs, () => {
      this.#retry = undefined;
      this.#gather();
    });
  }

  #hasWork(): boolean {
    return this.#acceptances.length > 0 || changeCount(this.#changes) > 0;
  }
}

function noChanges(): Changes {
  return { postponed: [], ended: [], recordsPostponed: [], recordsDone: [], recordsNew: [] };
}

function changeCount({ postponed, ended, recordsPostponed, recordsDone, recordsNew }: Changes): number {
  return postponed.length + ended.length + recordsPostponed.length + recordsDone.length + recordsNew.length;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
