/**
 * A deployed version with everything that each invocation of it needs, worked out once: what it demands of the scheduler, and
 * the values that frames and events carry. It knows no request.
 */
import type { DeployedVersion } from '../functions/registry.ts';
import { functionArn } from '../model/function-configuration.ts';
import type { Demand } from '../scheduler/fleet-view.ts';

export interface Target {
  readonly version: DeployedVersion;
  readonly demand: Demand;
  readonly timeoutMs: number;
  readonly memorySizeMB: number;
  readonly unqualifiedArn: string;
}

/** Turns versions into targets, and remembers which functions must not share a sandbox any more. */
export class Targets {
  #targets = new WeakMap<DeployedVersion, Target>();
  readonly #secluded = new Set<string>();

  of(version: DeployedVersion): Target {
    const known = this.#targets.get(version);
    if (known !== undefined) return known;
    const target = this.#make(version);
    this.#targets.set(version, target);
    return target;
  }

  /** From now on the function has sandboxes of its own (DESIGN.md section 1). */
  seclude(functionName: string): void {
    if (this.#secluded.has(functionName)) return;
    this.#secluded.add(functionName);
    // Rare enough: the others are made again at their next invocation.
    this.#targets = new WeakMap();
  }

  /** A deleted function's name may come back as another function. */
  forget(functionName: string): void {
    if (this.#secluded.delete(functionName)) this.#targets = new WeakMap();
  }

  #make(version: DeployedVersion): Target {
    const { functionName, memorySize, timeout, trustDomain, isolation } = version.configuration;
    const functionKey = `${functionName}:${version.version}`;
    const isAlone = isolation === 'function' || this.#secluded.has(functionName);
    const domain = isAlone ? ownDomain(functionName) : `domain:${trustDomain}`;
    return {
      version,
      demand: {
        functionName,
        functionKey,
        // With the domain: environments in sandboxes that the function may not use any more are outdated.
        versionKey: `${functionKey} ${version.code.versionKey} ${domain}`,
        domain,
        memoryMiB: memorySize,
      },
      timeoutMs: timeout * 1000,
      memorySizeMB: memorySize,
      unqualifiedArn: functionArn(functionName),
    };
  }
}

/** Prefixed, so that no label that a client chooses can name it. */
function ownDomain(functionName: string): string {
  return `function:${functionName}`;
}
