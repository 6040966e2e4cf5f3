/**
 * Watches one sandbox: sends pings, reads its memory and what its volumes hold, keeps an eye on deadlines, and tells its owner when it
 * must die. What counts as ill is decided in `health.ts`. One timer does it all: slow while no guest runs, fast while one does.
 */
import { Alarm } from '../base/alarm.ts';
import type { Clock } from '../base/clock.ts';
import type { ResidentMemory } from '../base/resident-memory.ts';
import { limits } from '../model/limits.ts';
import type { ExertionWatch } from './exertion.ts';
import { findIllness, type GuestCall, groupIllness, type HealthView, type Illness, isHeld } from './health.ts';
import type { MemoryAllowance } from './memory-allowance.ts';
import { MemoryGrowth } from './memory-growth.ts';

export interface VitalSignsOptions {
  readonly clock: Clock;
  readonly memory: Pick<ResidentMemory, 'readBytes' | 'isStopped'>;
  readonly allowance: MemoryAllowance;
  /** The file of its volumes. Absent: nobody looks at it. */
  readonly volumes?: VolumesView;
  /** Absent: nobody looks what else it does. */
  readonly exertion?: ExertionWatch;
  /** Calls in flight that run guest code. */
  readonly guestCalls: () => Iterable<GuestCall>;
  readonly sendPing: (sentMs: number) => void;
  readonly onIllness: (illness: Illness) => void;
  /** Calls back once all that lies in sockets was read; tests read at once. */
  readonly afterReading?: (callback: () => void) => void;
  /** The allowance counts from a new reading. */
  readonly onSettled?: () => void;
}

export interface VolumesView {
  /** Costs a system call. Undefined: it cannot be told. */
  heldBytes(): number | undefined;
  allowedBytes(): number;
}

/** Older than this, what the sandbox said of who runs says nothing about now: its main thread is held, or this process was. */
const runnersAgeMsMax = 2 * limits.watchIntervalMs;

export class VitalSigns {
  readonly #options: VitalSignsOptions;
  readonly #alarm: Alarm;
  #ping: { readonly sentMs: number; lagMs: number } | undefined;
  #heardMs = Number.NEGATIVE_INFINITY;
  #readMs = Number.NEGATIVE_INFINITY;
  #residentBytes = 0;
  #heldBytes = 0;
  /** Where that is from: our own reading is never replaced by what the sandbox says of itself. */
  #source: 'reported' | 'read' = 'reported';
  readonly #growth = new MemoryGrowth();
  /** Whose code ran when the last answered ping was answered. */
  #runners: { readonly atMs: number; readonly environmentIds: readonly string[] } | undefined;
  /** Not undefined while nothing is judged because answers may lie in the socket. */
  #unread: symbol | undefined;
  /** The lag for which judgement is put off; 0 when it is not. */
  #forgivenMs = 0;
  /** Until when nothing of it is read, because it sent too fast; and whether an illness was put off for that. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #isPutOff = false;

  constructor(options: VitalSignsOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, (lateMs) => this.#look(lateMs));
  }

  /** The sandbox is blank and answers from now on. */
  start(): void {
    this.#look(0);
  }

  stop(): void {
    this.#alarm.cancel();
    this.#ping = undefined;
    this.#unread = undefined;
  }

  /** Guest code is about to run, or a deadline became known. Called for each invocation: it must cost nothing. */
  expect(deadlineMs: number, nowMs: number): void {
    this.#options.exertion?.asked();
    this.#alarm.ensure(Math.min(deadlineMs, nowMs + limits.watchIntervalMs), nowMs);
  }

  /** The outstanding ping was answered. `reportedBytes` is the sandbox's own figure, for where there is no /proc. */
  pong(reportedBytes: number, runners: readonly string[] = []): void {
    this.#runners = { atMs: this.#options.clock.nowMs(), environmentIds: runners };
    this.#heardMs = this.#ping?.sentMs ?? this.#heardMs;
    this.#ping = undefined;
    if (this.#source === 'reported') this.#residentBytes = reportedBytes;
  }

  /** Nothing of it is read for so long: that time is not its own silence. */
  heldBack(pauseMs: number): void {
    this.#heldUntilMs = this.#options.clock.nowMs() + pauseMs;
    if (this.#ping !== undefined) this.#ping.lagMs += pauseMs;
  }

  isHeld(): boolean {
    return this.#ping !== undefined && isHeld(this.#ping, this.#options.clock.nowMs());
  }

  get residentBytes(): number {
    return this.#residentBytes;
  }

  /** The kernel has ended it at `maxBytes`: who is to blame, as far as the last look tells. */
  illnessOfGroup(maxBytes: number): Illness {
    return groupIllness(maxBytes, [...this.#options.guestCalls()], this.#growers);
  }

  #look(lateMs: number): void {
    const { clock, memory, allowance, exertion, guestCalls, onIllness, onSettled } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#ping !== undefined) this.#ping.lagMs += lateMs;
    if (this.#unread !== undefined) return;
    if (lateMs > limits.ownLagMsMax && lateMs > 2 * this.#forgivenMs) {
      // This process was stuck, or stopped, perhaps together with the sandbox. Answers that lie in the socket or are about to come
      // are read before anything is judged. Stuck again meanwhile, and for much longer: the same once more, so a loop that is
      // always late puts nothing off for ever.
      this.#forgivenMs = lateMs;
      this.#lookAfterReading(Math.min(lateMs, limits.killGraceMs));
      return;
    }
    this.#forgivenMs = 0;

    const calls = [...guestCalls()];
    const isReading = calls.length > 0 || nowMs - this.#readMs >= limits.memoryIntervalMs;
    if (isReading) {
      this.#read(memory.readBytes());
      if (calls.length > 0) this.#growth.note(this.#residentBytes, this.#candidates(calls, nowMs));
      this.#readMs = nowMs;
    }
    if (calls.length > 0) exertion?.asked();
    const illness = findIllness({
      nowMs,
      excess: () => exertion?.look(nowMs),
      volumes: this.#volumes(),
      calls,
      ping: this.#ping,
      heardMs: this.#heardMs,
      memory: { residentBytes: this.#residentBytes, allowedBytes: allowance.allowedBytes, growers: this.#growers },
      isStopped: () => memory.isStopped(),
    });
    if (illness !== undefined) {
      const restMs = this.#heldUntilMs + limits.busyMarginMs - nowMs;
      if (restMs > 0 && !this.#isPutOff && isSilence(illness)) {
        // What it owes may lie in the socket. Once: it cannot put its end off by sending on.
        this.#isPutOff = true;
        this.#lookAfterReading(restMs);
        return;
      }
      onIllness(illness);
      return;
    }
    this.#isPutOff = false;
    if (isReading && calls.length === 0) {
      allowance.settle(this.#residentBytes);
      this.#growth.settle(this.#residentBytes);
      onSettled?.();
    }

    // Behind a call that has just been sent it would hide, from whoever asks when the sandbox ended, that the call had not been read.
    const isDue = nowMs - this.#heardMs >= limits.heartbeatIntervalMs;
    const isBehind = calls.some(({ sentMs }) => nowMs - sentMs < limits.watchIntervalMs);
    if (isDue || !isBehind) this.#ping ??= this.#sendPing(nowMs);
    const pauseMs = calls.length > 0 ? this.#watchIntervalMs() : limits.heartbeatIntervalMs;
    this.#alarm.ensure(
      calls.reduce((earliest, call) => Math.min(earliest, call.deadlineMs), nowMs + pauseMs),
      nowMs,
    );
  }

  /** Timers that are overdue all ring before anything is read, and on a busy machine they take longer than a grace. */
  #lookAfterReading(graceMs: number): void {
    const unread = Symbol('unread');
    this.#unread = unread;
    const { afterReading = (callback) => callback() } = this.#options;
    afterReading(() => {
      // It was stopped meanwhile.
      if (this.#unread !== unread) return;
      this.#unread = undefined;
      const nowMs = this.#options.clock.nowMs();
      this.#alarm.ensure(nowMs + graceMs, nowMs);
    });
  }

  #watchIntervalMs(): number {
    const roomBytes = this.#options.allowance.allowedBytes - this.#residentBytes;
    return roomBytes < limits.memoryNearMiB * 1024 * 1024 ? limits.memoryNearIntervalMs : limits.watchIntervalMs;
  }

  readonly #growers = (running: readonly string[]): readonly string[] => this.#growth.growers(running);

  /** Who may have run since the last reading: what the sandbox said a moment ago, and who came since. Else everybody. */
  *#candidates(calls: readonly GuestCall[], nowMs: number): Generator<string> {
    const known = this.#runners;
    const isFresh = known !== undefined && known.environmentIds.length > 0 && nowMs - known.atMs <= runnersAgeMsMax;
    for (const { environmentId, sentMs } of calls) {
      if (!isFresh || sentMs >= known.atMs || known.environmentIds.includes(environmentId)) yield environmentId;
    }
  }

  /** At each look: it costs 2 to 4 microseconds. */
  #volumes(): HealthView['volumes'] {
    const { volumes } = this.#options;
    if (volumes === undefined) return undefined;
    this.#heldBytes = volumes.heldBytes() ?? this.#heldBytes;
    return { heldBytes: this.#heldBytes, allowedBytes: volumes.allowedBytes() };
  }

  #read(bytes: number | undefined): void {
    if (bytes === undefined) return;
    this.#residentBytes = bytes;
    this.#source = 'read';
  }

  #sendPing(sentMs: number): { readonly sentMs: number; lagMs: number } {
    this.#options.sendPing(sentMs);
    return { sentMs, lagMs: 0 };
  }
}

function isSilence({ reason }: Illness): boolean {
  return reason === 'deadline' || reason === 'heartbeat';
}
