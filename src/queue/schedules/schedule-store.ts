import type { Schedule } from './schedule.ts';

export interface StoredSchedule {
  readonly schedule: Schedule;
  /** The last instant that is done with; milliseconds since the epoch. Absent: none yet. */
  readonly firedMs?: number;
}

/** Port to durable storage; `store/` has the one on SQLite. Every call is durable when it returns. */
export interface ScheduleStore {
  load(): readonly StoredSchedule[];
  save(schedule: Schedule): void;
  remove(name: string): void;
  /** All of them in one commit. A name that is not kept is passed over. */
  fired(instants: ReadonlyMap<string, number>): void;
}

/** For engines without a data directory: it ends with the process. */
export class MemoryScheduleStore implements ScheduleStore {
  readonly #stored = new Map<string, StoredSchedule>();

  load(): readonly StoredSchedule[] {
    return [...this.#stored.values()];
  }

  save(schedule: Schedule): void {
    this.#stored.set(schedule.name, { ...this.#stored.get(schedule.name), schedule });
  }

  remove(name: string): void {
    this.#stored.delete(name);
  }

  fired(instants: ReadonlyMap<string, number>): void {
    for (const [name, firedMs] of instants) {
      const stored = this.#stored.get(name);
      if (stored !== undefined) this.#stored.set(name, { ...stored, firedMs });
    }
  }
}
