/**
 * Event source mappings as clients make, change and delete them (LAMBDA.md C8.4, C8.5, D2.2). Each mapping has a poller while it is
 * enabled; changes of one mapping take effect one after the other, behind the answers. A mapping outlives its function, as on AWS:
 * its records wait until there is one of that name again.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { EngineError } from '../../model/errors.ts';
import type { EventSourceMapping, MappingDescription, MappingState } from '../../model/event-source-mapping.ts';
import { limits } from '../../model/limits.ts';
import type { Observe } from '../../model/platform-event.ts';
import {
  type MappingSettings,
  type MappingStart,
  mappingSettings,
  mappingStart,
} from '../../model/validate-event-source-mapping.ts';
import { parseEventPattern } from './event-pattern.ts';
import { MappingPoller } from './mapping-poller.ts';
import { takesUpdates, transition } from './mapping-state.ts';
import type { MappingStore } from './mapping-store.ts';
import type { FailureDestinations, FunctionPort, MappedFunction } from './ports.ts';
import { SourceError, type SourceKind } from './source.ts';

export interface CreateMappingInput extends MappingSettings, MappingStart {
  readonly eventSourceArn?: string;
  readonly target: MappedFunction;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface UpdateMappingInput extends MappingSettings {
  readonly uuid: string;
  readonly target?: MappedFunction;
}

export interface ListMappingsInput {
  readonly eventSourceArn?: string;
  readonly target?: MappedFunction;
  readonly marker?: string;
  readonly maxItems?: number;
}

/** What embedders and the API get. */
export interface EventSourceMappings {
  create(input: CreateMappingInput): Promise<MappingDescription>;
  get(uuid: string): MappingDescription;
  /** In the order of their ids. */
  list(input: ListMappingsInput): { readonly mappings: readonly MappingDescription[]; readonly nextMarker?: string };
  update(input: UpdateMappingInput): Promise<MappingDescription>;
  delete(uuid: string): Promise<MappingDescription>;
  /** Resolves when the last change of the mapping has taken effect; at once for one that is gone. */
  settled(uuid: string): Promise<void>;
}

export interface MappingsParts {
  readonly clock: Clock;
  readonly store: MappingStore;
  readonly kinds: readonly SourceKind[];
  readonly functions: FunctionPort;
  readonly destinations: FailureDestinations;
  readonly observe: Observe | undefined;
  /** How much longer or shorter every back-off is. */
  readonly delayScale: number;
}

interface Known {
  mapping: EventSourceMapping;
  state: MappingState;
  lastProcessingResult: string;
  poller: MappingPoller | undefined;
  /** Ends when the last change has taken effect. */
  changing: Promise<void>;
}

export class Mappings implements EventSourceMappings {
  readonly #parts: MappingsParts;
  readonly #mappings = new Map<string, Known>();
  #isStopped = false;

  /** Begins to poll for those that are kept. */
  constructor(parts: MappingsParts) {
    this.#parts = parts;
    for (const mapping of parts.store.mappings()) {
      const known = this.#know(mapping, mapping.enabled ? 'Enabled' : 'Disabled');
      if (mapping.enabled) known.poller = this.#poller(known);
    }
  }

  async create(input: CreateMappingInput): Promise<MappingDescription> {
    this.#assertOpen();
    const { eventSourceArn, target } = input;
    const settings = this.#checkedSettings(mappingSettings(input));
    const kind = this.#kindOf(eventSourceArn);
    if (kind === undefined || eventSourceArn === undefined) throw unrecognized();
    const start = mappingStart(input);
    this.#assertFunction(target);
    this.#assertNew(eventSourceArn, target);
    await this.#assertStream(kind, eventSourceArn);
    // Another one may have been quicker while the stream was looked at.
    this.#assertNew(eventSourceArn, target);
    this.#assertOpen();
    const mapping: EventSourceMapping = {
      uuid: randomUUID(),
      eventSourceArn,
      ...target,
      ...settings,
      ...start,
      tags: input.tags ?? {},
      lastModifiedMs: this.#parts.clock.epochMs(),
    };
    // Known from here on, so that there cannot be two; it begins when it is kept.
    const known = this.#know(mapping, 'Creating');
    try {
      await this.#parts.store.saveMapping(mapping);
    } catch (error) {
      this.#mappings.delete(mapping.uuid);
      throw error;
    }
    const description = describe(known);
    this.#apply(known);
    return description;
  }

  get(uuid: string): MappingDescription {
    return describe(this.#named(uuid));
  }

  list({ eventSourceArn, target, marker, maxItems }: ListMappingsInput): ReturnType<EventSourceMappings['list']> {
    const most = Math.min(maxItems ?? limits.mappingsPageMax, limits.mappingsPageMax);
    const all = [...this.#mappings.values()]
      .filter(({ mapping }) => eventSourceArn === undefined || mapping.eventSourceArn === eventSourceArn)
      .filter(({ mapping }) => target === undefined || isSameFunction(mapping, target))
      .filter(({ mapping }) => marker === undefined || marker === '' || mapping.uuid > marker)
      .sort((one, other) => (one.mapping.uuid < other.mapping.uuid ? -1 : 1));
    const mappings = all.slice(0, most).map(describe);
    const last = mappings.at(-1);
    return { mappings, ...(all.length > most && last !== undefined && { nextMarker: last.mapping.uuid }) };
  }

  async update({ uuid, target, ...given }: UpdateMappingInput): Promise<MappingDescription> {
    this.#assertOpen();
    const known = this.#named(uuid);
    if (!takesUpdates(known.state)) throw inUse('update');
    const { qualifier, onFailure, ...before } = known.mapping;
    const settings = this.#checkedSettings(mappingSettings(given, known.mapping));
    if (target !== undefined) {
      this.#assertFunction(target);
      if (!isSameFunction(known.mapping, target)) this.#assertNew(before.eventSourceArn, target);
    }
    const { functionName } = before;
    const mapped = target ?? { functionName, ...(qualifier !== undefined && { qualifier }) };
    const mapping = { ...before, ...mapped, ...settings, lastModifiedMs: this.#parts.clock.epochMs() };
    const { state } = known;
    known.state = transition(state, { type: 'updated', enabled: mapping.enabled });
    try {
      await this.#parts.store.saveMapping(mapping);
    } catch (error) {
      if (!isGone(known)) known.state = state;
      throw error;
    }
    known.mapping = mapping;
    const description = describe(known);
    this.#apply(known);
    return description;
  }

  async delete(uuid: string): Promise<MappingDescription> {
    this.#assertOpen();
    const known = this.#named(uuid);
    const { state } = known;
    if (state === 'Deleting') throw inUse('delete');
    known.state = transition(state, { type: 'deleted' });
    try {
      // Gone from the store at once: a restart does not bring back what a client was told is being deleted.
      await this.#parts.store.removeMapping(uuid);
    } catch (error) {
      known.state = state;
      throw error;
    }
    const description = describe(known);
    // Also one whose stream cannot be read: then nothing else would end its waiting.
    void known.poller?.stop();
    this.#apply(known);
    return description;
  }

  async settled(uuid: string): Promise<void> {
    await this.#mappings.get(uuid)?.changing;
  }

  /** Begins nothing more. Resolves when what was under way has ended and is stored. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#mappings.values()].map((known) => known.poller?.stop()));
    await Promise.all([...this.#mappings.values()].map(({ changing }) => changing));
  }

  #know(mapping: EventSourceMapping, state: MappingState): Known {
    const known: Known = {
      mapping,
      state,
      lastProcessingResult: 'No records processed',
      poller: undefined,
      changing: Promise.resolve(),
    };
    this.#mappings.set(mapping.uuid, known);
    return known;
  }

  /** Has the mapping do what it should do now, after whatever it is told to do already. */
  #apply(known: Known): void {
    known.changing = known.changing.then(async () => {
      await known.poller?.stop();
      known.poller = undefined;
      if (this.#isStopped) return;
      if (isGone(known)) {
        this.#mappings.delete(known.mapping.uuid);
        return;
      }
      const { enabled } = known.mapping;
      if (enabled) {
        known.poller = this.#poller(known);
        await known.poller.positioned;
      }
      this.#settle(known, enabled);
    });
  }

  /** It may have been deleted while it was waited for. */
  #settle(known: Known, enabled: boolean): void {
    if (!isGone(known)) known.state = transition(known.state, { type: 'settled', enabled });
  }

  #poller(known: Known): MappingPoller {
    const { clock, store, functions, destinations, observe, delayScale } = this.#parts;
    const { mapping } = known;
    const kind = this.#kindOf(mapping.eventSourceArn);
    return new MappingPoller({
      clock,
      mapping,
      functions,
      destinations,
      checkpoints: store,
      observe,
      delayScale,
      open: async (signal) => {
        if (kind === undefined) throw new SourceError('final', `There is no source for ${mapping.eventSourceArn}.`);
        return kind.open(mapping.eventSourceArn, signal);
      },
      told: (result) => {
        known.lastProcessingResult = result === 'ok' ? 'OK' : `PROBLEM: ${result.problem}`;
      },
    });
  }

  #kindOf(eventSourceArn: string | undefined): SourceKind | undefined {
    if (eventSourceArn === undefined || eventSourceArn.length > limits.eventSourceArnLengthMax) return undefined;
    return this.#parts.kinds.find((kind) => kind.accepts(eventSourceArn));
  }

  #checkedSettings(settings: ReturnType<typeof mappingSettings>): ReturnType<typeof mappingSettings> {
    for (const filter of settings.filters) parseEventPattern(filter);
    if (settings.onFailure !== undefined) this.#parts.destinations.check(settings.onFailure);
    return settings;
  }

  #assertFunction(target: MappedFunction): void {
    try {
      this.#parts.functions.describe(target);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'ResourceNotFoundException') throw error;
      // AWS has it under this class, with 400.
      throw new EngineError('InvalidParameterValueException', 'Function does not exist', { cause: error });
    }
  }

  #assertNew(eventSourceArn: string, target: MappedFunction): void {
    for (const { mapping } of this.#mappings.values()) {
      if (mapping.eventSourceArn !== eventSourceArn || !isSameFunction(mapping, target)) continue;
      throw new EngineError(
        'ResourceConflictException',
        `The event source arn (" ${eventSourceArn} ") and function (" ${target.functionName} ") provided mapping already exists. ` +
          `Please update or delete the existing mapping with UUID ${mapping.uuid}`,
      );
    }
    const { eventSourceMappingsMax: value } = limits;
    if (this.#mappings.size < value) return;
    throw new EngineError(
      'InvalidParameterValueException',
      `There are ${value} event source mappings already (eventSourceMappingsMax).`,
      { limit: { name: 'eventSourceMappingsMax', value, asked: value + 1 } },
    );
  }

  async #assertStream(kind: SourceKind, eventSourceArn: string): Promise<void> {
    const opening = new AbortController();
    using _timer = this.#parts.clock.after(limits.sourceReadWaitMs, () => {
      opening.abort(new SourceError('temporary', `${eventSourceArn} does not answer.`));
    });
    try {
      await using source = await kind.open(eventSourceArn, opening.signal);
      await source.shards(opening.signal);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      throw new EngineError('InvalidParameterValueException', error.message, { cause: error });
    }
  }

  #named(uuid: string): Known {
    const known = this.#mappings.get(uuid);
    if (known !== undefined) return known;
    throw new EngineError('ResourceNotFoundException', 'The resource you requested does not exist.');
  }

  #assertOpen(): void {
    if (this.#isStopped) throw new EngineError('EngineClosed', 'The engine is closed.');
  }
}

function describe({ mapping, state, lastProcessingResult }: Known): MappingDescription {
  return { mapping, state, lastProcessingResult };
}

function isGone({ state }: Known): boolean {
  return state === 'Deleting';
}

function isSameFunction(one: MappedFunction, other: MappedFunction): boolean {
  return one.functionName === other.functionName && one.qualifier === other.qualifier;
}

function unrecognized(): EngineError {
  return new EngineError('InvalidParameterValueException', 'Unrecognized event source.');
}

function inUse(verb: 'update' | 'delete'): EngineError {
  return new EngineError('ResourceInUseException', `Cannot ${verb} the event source mapping because it is in use.`);
}
