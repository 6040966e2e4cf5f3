/**
 * Keeps as many environments initialised ahead as was asked for aliases and published versions (LAMBDA.md C7.4, C7.7, F4.3): makes what is
 * missing, a few at a time; makes it again when it is lost; takes it back when it is not wanted any more. What fails is tried again, ever
 * more seldom. It places nothing itself and makes nothing itself.
 */
import { Alarm } from '../base/alarm.ts';
import { backoffMs } from '../base/backoff.ts';
import { errorMessage } from '../base/error-text.ts';
import type { FunctionRegistry, ProvisionedConfig } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { keyOfVersion } from '../scheduler/fleet-view.ts';
import type { AttemptParts } from './attempt.ts';
import { type Provision, provision } from './provision.ts';
import type { Target } from './target.ts';

export interface ProvisionerParts extends AttemptParts {
  readonly registry: Pick<FunctionRegistry, 'provisioned' | 'resolve'>;
}

interface Setback {
  readonly kind: Exclude<Provision['kind'], 'made'>;
  readonly reason: string;
  /** One behind the other. */
  readonly count: number;
  readonly retryAtMs: number;
}

/** One published version of which some are wanted, or still there. */
class Share {
  readonly functionName: string;
  readonly functionKey: string;
  readonly version: string;
  wanted = 0;
  /** Attempts that have begun and not ended; of them, those that have no place yet. */
  attempts = 0;
  unplaced = 0;
  /** All that is wanted was there once: from then on it is set aside, also while one of them is made anew. */
  wasComplete = false;
  setback: Setback | undefined;

  constructor(functionName: string, version: string) {
    this.functionName = functionName;
    this.functionKey = keyOfVersion(functionName, version);
    this.version = version;
  }
}

export class Provisioner implements Disposable {
  readonly #parts: ProvisionerParts;
  readonly #alarm: Alarm;
  /** Function -> version -> its share. */
  readonly #shares = new Map<string, Map<string, Share>>();
  /** Functions to be looked at. */
  readonly #due = new Set<string>();
  #attempts = 0;
  #phase: 'open' | 'closed' = 'open';

  constructor(parts: ProvisionerParts) {
    this.#parts = parts;
    this.#alarm = new Alarm(parts.clock, () => this.#run());
  }

  /** After a restart: whatever was asked for is made again, behind the start of the engine. */
  begin(): void {
    for (const functionName of this.#parts.registry.provisioned.functionNames()) this.sync(functionName);
  }

  /** What is wanted of a function may have changed, or what there is of it. */
  sync(functionName: string): void {
    const { registry } = this.#parts;
    if (this.#phase === 'closed') return;
    if (!this.#shares.has(functionName) && registry.provisioned.wanted(functionName).size === 0) return;
    this.#due.add(functionName);
    this.#alarm.ensure(this.#parts.clock.nowMs());
  }

  /** A client asks anew: what failed before is tried at once. */
  retry(functionName: string): void {
    for (const share of this.#shares.get(functionName)?.values() ?? []) share.setback = undefined;
    this.sync(functionName);
  }

  /** Environments of the function are to be made in another way: those that nobody uses go, and others are made. */
  renew(functionName: string): void {
    const { registry, scheduler, targets } = this.#parts;
    for (const { version } of this.#shares.get(functionName)?.values() ?? []) {
      try {
        const resolved = registry.resolve({ functionName, qualifier: version, qualified: true });
        // One that is being prepared is not in use yet.
        if (!(resolved instanceof Promise)) scheduler.outdate(targets.of(resolved).demand);
      } catch (error) {
        // It was deleted meanwhile. Anything else is a bug.
        if (!(error instanceof EngineError)) throw error;
      }
    }
    this.retry(functionName);
  }

  /** The function is gone, and the scheduler was told. */
  forget(functionName: string): void {
    this.#shares.delete(functionName);
    this.#due.delete(functionName);
  }

  /** A setting, with what there is of it. */
  tell(config: ProvisionedConfig): ProvisionedConfig {
    const { functionName, qualifier, requested } = config;
    const shares = this.#shares.get(functionName);
    let { allocated, available } = config;
    let isComplete = true;
    let setback: Setback | undefined;
    for (const [version, wanted] of this.#parts.registry.provisioned.wantedBy(functionName, qualifier)) {
      const there = this.#there(functionName, version);
      allocated += Math.min(wanted, there.allocated);
      available += Math.min(wanted, there.available);
      if (there.available < wanted) isComplete = false;
      setback ??= shares?.get(version)?.setback;
    }
    // Those of the version that an alias stood for before, as long as they are kept for it.
    const all = this.#parts.registry.provisioned.wanted(functionName);
    for (const version of shares?.keys() ?? []) {
      if ((all.get(version) ?? 0) > 0) continue;
      const there = this.#there(functionName, version);
      allocated = Math.min(requested, allocated + there.allocated);
      available = Math.min(requested, available + there.available);
    }
    const status = isComplete ? 'READY' : setback === undefined ? 'IN_PROGRESS' : 'FAILED';
    const reason = status === 'FAILED' ? setback?.reason : undefined;
    return { ...config, allocated, available, status, ...(reason !== undefined && { statusReason: reason }) };
  }

  [Symbol.dispose](): void {
    this.#phase = 'closed';
    this.#alarm.cancel();
  }

  #there(functionName: string, version: string) {
    return this.#parts.scheduler.provisioned({ functionName, functionKey: keyOfVersion(functionName, version) });
  }

  #run(): void {
    if (this.#phase === 'closed') return;
    for (const functionName of [...this.#due]) {
      this.#due.delete(functionName);
      this.#look(functionName);
    }
  }

  #look(functionName: string): void {
    const shares = this.#shares.get(functionName) ?? new Map<string, Share>();
    this.#shares.set(functionName, shares);
    const wanted = this.#parts.registry.provisioned.wanted(functionName);
    for (const version of wanted.keys()) {
      if (!shares.has(version)) shares.set(version, new Share(functionName, version));
    }
    for (const share of shares.values()) {
      const now = wanted.get(share.version) ?? 0;
      if (now > share.wanted) share.wasComplete = false;
      share.wanted = now;
    }
    for (const share of shares.values()) this.#grow(share);
    const isGrowing = [...shares.values()].some((share) => this.#isGrowing(share));
    for (const share of shares.values()) {
      // What an alias stood for before serves until what it stands for now can.
      if (!isGrowing) this.#parts.scheduler.release(share, share.wanted);
      this.#setAside(share);
      const isOver = share.wanted === 0 && share.attempts === 0 && this.#thereOf(share).allocated === 0;
      if (isOver) shares.delete(share.version);
    }
    if (shares.size === 0) this.#shares.delete(functionName);
  }

  #grow(share: Share): void {
    const { clock } = this.#parts;
    const { provisionsAtOnceMax, provisionsOfVersionAtOnceMax } = limits;
    const { setback } = share;
    const waitsMs = (setback?.retryAtMs ?? 0) - clock.nowMs();
    for (;;) {
      const missing = share.wanted - this.#thereOf(share).allocated - share.unplaced;
      if (missing <= 0) return;
      // After a failure one try shows whether it is over; those that go on anyway say so, too.
      if (waitsMs > 0 || (setback !== undefined && share.attempts > 0)) break;
      if (share.attempts >= provisionsOfVersionAtOnceMax || this.#attempts >= provisionsAtOnceMax) break;
      void this.#attempt(share);
      if (share.setback !== setback) return;
    }
    this.#due.add(share.functionName);
    // Whoever waits for others is looked at when one of them has ended.
    if (waitsMs > 0) this.#alarm.ensure(clock.nowMs() + waitsMs);
  }

  async #attempt(share: Share): Promise<void> {
    share.attempts += 1;
    this.#attempts += 1;
    share.unplaced += 1;
    let result: Provision;
    try {
      const resolved = this.#target(share);
      const target = resolved instanceof Promise ? await resolved : resolved;
      const making = provision(this.#parts, target);
      share.unplaced -= 1;
      result = await making;
    } catch (error) {
      // Its code cannot be prepared, it is still pending, or it was deleted meanwhile.
      share.unplaced -= 1;
      result = { kind: 'failed', reason: errorMessage(error) };
    }
    share.attempts -= 1;
    this.#attempts -= 1;
    if (this.#phase === 'closed') return;
    if (result.kind === 'made') share.setback = undefined;
    else this.#setBack(share, result);
    this.#due.add(share.functionName);
    this.#alarm.ensure(this.#parts.clock.nowMs());
  }

  #target({ functionName, version }: Share): Target | Promise<Target> {
    const { registry, targets } = this.#parts;
    const resolved = registry.resolve({ functionName, qualifier: version, qualified: true });
    return resolved instanceof Promise ? resolved.then((each) => targets.of(each)) : targets.of(resolved);
  }

  #setBack(share: Share, result: Exclude<Provision, { kind: 'made' }>): void {
    const { clock, scheduler } = this.#parts;
    const before = share.setback;
    // Several that began together and failed are one failure.
    const isSame = before !== undefined && before.retryAtMs > clock.nowMs();
    const count = (before?.count ?? 0) + (isSame ? 0 : 1);
    const { provisionBackoffMsMin: minMs, provisionBackoffMsMax: maxMs, provisionRoomRetryMs } = limits;
    const waitMs =
      result.kind === 'no-room'
        ? provisionRoomRetryMs
        : Math.max(result.kind === 'failed' ? (result.retryAfterMs ?? 0) : 0, backoffMs(count - 1, { minMs, maxMs }));
    share.setback = { kind: result.kind, reason: result.reason, count, retryAtMs: clock.nowMs() + waitMs };
    // Room that is kept for what is not wanted any more is room.
    if (result.kind !== 'no-room') return;
    const unwanted = [...(this.#shares.get(share.functionName)?.values() ?? [])].filter(({ wanted }) => wanted === 0);
    for (const each of unwanted) scheduler.release(each, 0);
  }

  #isGrowing(share: Share): boolean {
    return share.setback === undefined && this.#thereOf(share).available < share.wanted;
  }

  /** While they are made for the first time, or cannot be made, what there is; then all of them, also while a lost one is made again. */
  #setAside(share: Share): void {
    const { available } = this.#thereOf(share);
    const { setback } = share;
    if (available >= share.wanted) share.wasComplete = true;
    const isAll = share.wasComplete && (setback === undefined || setback.kind === 'failed');
    this.#parts.scheduler.promise(share, isAll ? share.wanted : Math.min(share.wanted, available));
  }

  #thereOf(share: Share) {
    return this.#parts.scheduler.provisioned(share);
  }
}
