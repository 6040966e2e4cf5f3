/** The service `text` (see `bridge/text.ts`), by Node's own TextDecoder. */
import { domainToUnicode } from 'node:url';
import { TextDecoder } from 'node:util';
import type { BridgeReply, BridgeValue } from '../../bridge/services.ts';
import { failureMarker } from '../../bridge/services.ts';
import { textFlags, textOperations } from '../../bridge/text.ts';
import { limits } from '../../model/limits.ts';
import type { GuestBounds } from '../limit-book.ts';
import type { OpenService, Service } from '../service.ts';

export const openText: OpenService = ({ bounds }) => new TextService(bounds);

type Values = readonly BridgeValue[];

class TextService implements Service {
  /** In the middle of a stream. */
  readonly #decoders = new Map<number, TextDecoder>();
  readonly #bounds: GuestBounds;

  constructor(bounds: GuestBounds) {
    this.#bounds = bounds;
  }

  ask(operation: number, values: Values): BridgeReply {
    const [first] = values;
    switch (operation) {
      case textOperations.decode:
        return this.#decode(values);
      case textOperations.knows:
        return typeof first === 'string' && newDecoder(first, 0) !== undefined ? 1 : 0;
      case textOperations.domainToUnicode:
        return typeof first === 'string' && first.length <= limits.pathLengthMax ? domainToUnicode(first) : '';
      default:
        return undefined;
    }
  }

  start(): void {
    // Everything here is answered at once.
  }

  close(): void {
    this.#decoders.clear();
  }

  get #streamsMax(): number {
    return Math.min(limits.textStreamsMax, this.#bounds.limits.openStreams);
  }

  #decode([id, encoding, flags, bytes]: Values): BridgeReply {
    if (typeof id !== 'number' || typeof encoding !== 'string') return undefined;
    if (typeof flags !== 'number' || !(bytes instanceof ArrayBuffer)) return undefined;
    const decoder = this.#decoders.get(id) ?? newDecoder(encoding, flags);
    if (decoder === undefined) return undefined;
    const isStream = (flags & textFlags.stream) !== 0;
    if (!isStream) this.#decoders.delete(id);
    else if (this.#decoders.size >= this.#streamsMax && !this.#decoders.has(id)) {
      this.#bounds.note('open-streams', this.#streamsMax, this.#decoders.size + 1);
      return [failureMarker, `at most ${this.#streamsMax} texts may be decoded piece by piece at once`];
    }
    try {
      const text = decoder.decode(bytes, { stream: isStream });
      if (isStream) this.#decoders.set(id, decoder);
      return text;
    } catch {
      // A fatal decoder met what it cannot read; the next text begins anew.
      this.#decoders.delete(id);
      return [failureMarker, ''];
    }
  }
}

function newDecoder(encoding: string, flags: number): TextDecoder | undefined {
  try {
    return new TextDecoder(encoding, {
      fatal: (flags & textFlags.fatal) !== 0,
      ignoreBOM: (flags & textFlags.ignoreBOM) !== 0,
    });
  } catch {
    // No encoding of the Encoding Standard, or none that Node can read.
    return undefined;
  }
}
