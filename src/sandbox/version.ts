/**
 * One function version as this sandbox knows it: what its environments share. Texts stay in the package store until they are
 * needed; the code cache lives in this process's memory only and never leaves it (SECURITY.md 6.17).
 */
import type { Clock } from '../base/clock.ts';
import { type GuestLimits, guestLimitsDefault } from '../model/guest-limits.ts';
import type { DefineHead } from '../protocol/messages.ts';
import type { ExternalCopy } from './ivm.ts';
import {
  afterPhase,
  type Lane,
  type LaneRecord,
  laneFor,
  newLaneRecord,
  type PhaseEffort,
  type PhaseKind,
} from './lane.ts';
import { createPackageFiles, type PackageFiles } from './package-files.ts';
import type { PackageStore } from './package-store.ts';
import { createPositionMap, type PositionMap } from './source-map.ts';

function rangesOf({ fileIndex, optIndex }: DefineHead): Pick<DefineHead, 'fileIndex' | 'optIndex'> {
  return { fileIndex, ...(optIndex !== undefined && { optIndex }) };
}

export class Version {
  readonly definition: DefineHead;
  readonly limits: GuestLimits;
  readonly files: PackageFiles;
  readonly positions: PositionMap;
  /** Made after the first environment of this version answered, then used by all others. */
  codeCache: ExternalCopy<ArrayBuffer> | undefined;
  codeCacheState: 'missing' | 'planned' | 'made' | 'unneeded' = 'missing';

  readonly #store: PackageStore;
  #lanes: LaneRecord;
  /** Ids of modules that its environments asked for while they ran. */
  readonly #asked = new Set<string>();

  constructor(definition: DefineHead, store: PackageStore, clock: Clock, lanes = newLaneRecord) {
    this.definition = definition;
    this.#lanes = lanes;
    this.limits = { ...guestLimitsDefault, ...definition.limits };
    this.#store = store;
    this.files = createPackageFiles({ fd: store.fd, clock, ...rangesOf(definition) });
    const { sourceMap } = definition;
    this.positions = createPositionMap(sourceMap === undefined ? undefined : () => store.text(sourceMap));
  }

  /** Undefined when the entry point could not be resolved. Read anew each time: kept, bundles would fill this heap. */
  bundle(): string | undefined {
    const { bundle } = this.definition;
    return bundle === undefined ? undefined : this.#store.text(bundle);
  }

  /** What is brought into an isolate before its code runs: modules that the bundle names, and others that were asked for. */
  get modules(): { readonly modules: readonly string[]; readonly ids: ReadonlySet<string> } {
    const { entry } = this.definition.settings;
    return { modules: (entry.kind === 'bundle' && entry.builtins) || [], ids: this.#asked };
  }

  noteModules(ids: Iterable<string>): void {
    for (const id of ids) this.#asked.add(id);
  }

  laneFor(kind: PhaseKind): Lane {
    return laneFor(this.#lanes, kind);
  }

  record(effort: PhaseEffort): void {
    this.#lanes = afterPhase(this.#lanes, effort);
  }
}
