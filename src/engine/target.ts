/**
 * A deployed version with everything that each invocation of it needs, worked out once: what it demands of the scheduler, and
 * the values that frames and events carry. It knows no request.
 */
import type { BindingSet } from '../bindings/binding-set.ts';
import type { DeployedVersion } from '../functions/registry.ts';
import { functionArn } from '../model/function-configuration.ts';
import { type GuestLimits, guestLimitsDefault, strictest } from '../model/guest-limits.ts';
import { type Demand, keyOfVersion } from '../scheduler/fleet-view.ts';

export interface Target {
  readonly version: DeployedVersion;
  readonly demand: Demand;
  readonly timeoutMs: number;
  readonly memorySizeMB: number;
  /** A longer event is refused. */
  readonly eventBytesMax: number;
  readonly unqualifiedArn: string;
  /** The host functions that its environments may call. */
  readonly bindings: BindingSet | undefined;
  /** Whether no other function may live in its sandboxes. */
  readonly isAlone: boolean;
}

/** Turns versions into targets, and remembers which functions must not share a sandbox any more, and what each may call. */
export class Targets {
  readonly #guestLimits: Partial<GuestLimits>;
  #targets = new WeakMap<DeployedVersion, Target>();
  readonly #secluded = new Set<string>();
  readonly #bindings = new Map<string, Bound>();
  #boundCount = 0;

  /** `guestLimits`: what the engine holds every function to. */
  constructor(guestLimits: Partial<GuestLimits>) {
    this.#guestLimits = guestLimits;
  }

  of(version: DeployedVersion): Target {
    const known = this.#targets.get(version);
    if (known !== undefined) return known;
    const target = this.#make(version);
    this.#targets.set(version, target);
    return target;
  }

  /** From now on the function has sandboxes of its own (DESIGN.md section 1). False when that was so already. */
  seclude(functionName: string): boolean {
    if (this.#secluded.has(functionName)) return false;
    this.#secluded.add(functionName);
    // Rare enough: the others are made again at their next invocation.
    this.#targets = new WeakMap();
    return true;
  }

  /** What environments of the function that are made from now on may call. */
  bind(functionName: string, set: BindingSet): void {
    this.#boundCount += 1;
    this.#bindings.set(functionName, { set, number: this.#boundCount });
    this.#targets = new WeakMap();
  }

  /** A deleted function's name may come back as another function. */
  forget(functionName: string): void {
    const wasBound = this.#bindings.delete(functionName);
    if (this.#secluded.delete(functionName) || wasBound) this.#targets = new WeakMap();
  }

  #make(version: DeployedVersion): Target {
    const { functionName, memorySize, timeout, trustDomain, isolation } = version.configuration;
    const functionKey = keyOfVersion(functionName, version.version);
    const isAlone = isolation === 'function' || this.#secluded.has(functionName);
    const domain = isAlone ? ownDomain(functionName) : `domain:${trustDomain}`;
    const bound = this.#bindings.get(functionName);
    const { eventBytes } = { ...guestLimitsDefault, ...strictest(this.#guestLimits, version.configuration.limits) };
    return {
      version,
      demand: {
        functionName,
        functionKey,
        // With the domain: environments in sandboxes that the function may not use any more are outdated.
        // So are those that were told of other bindings.
        versionKey: `${functionKey} ${version.code.versionKey} ${domain}${bound ? ` ${bound.number}` : ''}`,
        domain,
        // Who was secluded gets no share of its own by that, nor leaves the quota of its trust domain.
        owner: isolation === 'function' ? domain : `domain:${trustDomain}`,
        memoryMiB: memorySize,
      },
      timeoutMs: timeout * 1000,
      memorySizeMB: memorySize,
      eventBytesMax: eventBytes,
      unqualifiedArn: functionArn(functionName),
      bindings: bound?.set,
      isAlone,
    };
  }
}

interface Bound {
  readonly set: BindingSet;
  readonly number: number;
}

/** Prefixed, so that no label that a client chooses can name it. */
function ownDomain(functionName: string): string {
  return `function:${functionName}`;
}
