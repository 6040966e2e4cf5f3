/** The host's end of one environment's bindings, with a fake clock, and a guest that is the test itself. */
import { createBindingSet } from '../../src/bindings/binding-set.ts';
import { EnvironmentBindings } from '../../src/bindings/environment-bindings.ts';
import { dataCodec, hostCodec, textOf } from '../../src/bindings/values.ts';
import { limits } from '../../src/model/limits.ts';
import type { BindingEvent } from '../../src/protocol/bindings.ts';
import { createFakeClock } from '../fixtures/fake-clock.ts';

export interface Told {
  readonly event: BindingEvent;
  readonly body: Uint8Array;
}

export function openBindings(bindings: object | undefined) {
  const told: Told[] = [];
  const waiting: (() => void)[] = [];
  const clock = createFakeClock();
  const environment = new EnvironmentBindings({
    set: bindings === undefined ? undefined : createBindingSet(bindings),
    clock,
    context: { functionName: 'f', trustDomain: 'd', environmentId: 'e' },
    hopsOf: () => 3,
    requestId: () => 'r',
    send(event, body = new Uint8Array(0)) {
      told.push({ event, body });
      for (const look of waiting.splice(0)) look();
    },
  });
  const send = (request: object, text = '', bytes: Uint8Array = new Uint8Array(0)): void => {
    const head = Buffer.from(text);
    environment.request({ ...request, textBytes: head.byteLength }, Buffer.concat([head, bytes]));
  };
  /** The first that fits, now or later. */
  const event = async (kind: BindingEvent['kind'], id: number): Promise<Told> => {
    for (;;) {
      const found = told.find((each) => each.event.kind === kind && 'id' in each.event && each.event.id === id);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return {
    environment,
    clock,
    told,
    send,
    /** Channels in `args` are written as `stream(index)` and `signal(index)`. */
    call(
      id: number,
      args: readonly unknown[],
      more: { readonly function?: number; readonly channels?: number } = {},
    ): void {
      const { text, bytes } = guestCodec.encode(args, 'arguments');
      send({ kind: 'call', id, function: 0, channels: 0, ...more }, text, bytes);
    },
    chunk(id: number, channel: number, value: unknown): void {
      if (value instanceof Uint8Array) send({ kind: 'chunk', id, channel }, '', value);
      else send({ kind: 'chunk', id, channel }, dataCodec.encode(value, 'value').text);
    },
    event,
    /** What the call came to: its value, or its error in a box. */
    async outcome(id: number): Promise<unknown> {
      const { event: settled, body } = await event('settled', id);
      const value = valueIn({ event: settled, body });
      return settled.kind === 'settled' && settled.isFailed ? { failed: value } : value;
    },
  };
}

class Mark {
  readonly kind: 'stream' | 'signal';
  readonly index: number;
  constructor(kind: Mark['kind'], index: number) {
    this.kind = kind;
    this.index = index;
  }
}

export const stream = (index: number): unknown => new Mark('stream', index);
export const signal = (index: number): unknown => new Mark('signal', index);

const guestCodec = hostCodec(
  {
    channelOf: (value) => (value instanceof Mark ? { kind: value.kind, index: value.index } : undefined),
    stream: (index) => ({ stream: index }),
    signal: (index) => ({ signal: index }),
  },
  limits.bindingMessageBytesMax,
);

export function valueIn({ event, body }: Told): unknown {
  const { text, bytes } = textOf(body, 'textBytes' in event ? event.textBytes : 0);
  return text === '' ? bytes : guestCodec.decode(text, bytes);
}
