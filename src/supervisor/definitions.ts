/** Which versions one sandbox knows. A version is put into its store and told to it once, when it is first needed. */
import type { DeployedVersion } from '../functions/registry.ts';
import { EngineError } from '../model/errors.ts';
import type { GuestLimits } from '../model/guest-limits.ts';
import type { DefineHead } from '../protocol/messages.ts';
import { definition } from './definition.ts';
import type { PackageStore } from './package-store.ts';

export interface DefinitionsOptions {
  readonly store: PackageStore;
  readonly guestLimits: Partial<GuestLimits>;
  /** Sends `define`. Rejects when the sandbox refuses or is gone. */
  readonly send: (head: DefineHead) => Promise<unknown>;
  /** @throws SandboxGoneError */
  readonly requireAlive: () => void;
}

export class Definitions {
  readonly #options: DefinitionsOptions;
  /** While a version is being prepared, the promise of it. */
  readonly #versions = new Map<string, 'sent' | Promise<void>>();

  constructor(options: DefinitionsOptions) {
    this.#options = options;
  }

  /** Undefined when the sandbox was told already. Otherwise resolves when it was. @throws EngineError, SandboxGoneError */
  define(version: DeployedVersion): Promise<void> | undefined {
    const { versionKey } = version.code;
    const known = this.#versions.get(versionKey);
    if (known === 'sent') return undefined;
    if (known !== undefined) return known;
    const defining = this.#define(version).catch((error: unknown) => {
      this.#versions.delete(versionKey);
      throw error;
    });
    this.#versions.set(versionKey, defining);
    return defining;
  }

  async #define(version: DeployedVersion): Promise<void> {
    const { store, guestLimits, send, requireAlive } = this.#options;
    const { versionKey } = version.code;
    const stored = await store.put(version.code).catch((error: unknown) => {
      // The disk is full, the pack is gone, or the store was closed because the sandbox ended meanwhile.
      requireAlive();
      throw new EngineError('ServiceException', `the code of ${versionKey} could not be given to a sandbox`, {
        cause: error,
      });
    });
    requireAlive();
    // Not awaited: what follows on the same stream finds it defined. If it fails, so does the `create` behind it.
    send(definition(version, stored, guestLimits)).catch(() => this.#versions.delete(versionKey));
    this.#versions.set(versionKey, 'sent');
  }
}
