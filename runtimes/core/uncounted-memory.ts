/**
 * Memory that V8 gives a guest and isolated-vm does not count: of WebAssembly and of resizable buffers (SECURITY.md 0.2). The guest
 * keeps the books itself and is held to them by the constructors in front of V8's; what WebAssembly's own instructions grow is
 * found when a slice ends. Whoever gets past this meets the host, which watches the process.
 */
import { runtimeLimits } from '../../src/bridge/contract.ts';
import type { CoreContext } from './context.ts';

const {
  FinalizationRegistry,
  FinalizationRegistryPrototypeRegister,
  FinalizationRegistryPrototypeUnregister,
  RangeError,
  WeakRef,
  WeakRefPrototypeDeref,
} = primordials;

/** A list, because an array's elements could be taken by a setter that user code puts on `Object.prototype`. */
interface Growing {
  /** Undefined when what it measures is gone. */
  readonly measure: () => number | undefined;
  next: Growing | undefined;
}

export class UncountedMemory {
  readonly #context: CoreContext;
  #heldBytes = 0;
  #growing: Growing | undefined;
  #toldBytes = 0;
  #gone: FinalizationRegistry<number> | undefined;

  constructor(context: CoreContext) {
    this.#context = context;
  }

  /** What the function may have of it: its memory size, like everything else. */
  get limitBytes(): number {
    return this.#context.settings.memorySize * 1024 * 1024;
  }

  /** @throws RangeError */
  assertRoom(bytes: number, message: string): void {
    const wantedBytes = this.#total() + bytes;
    // What is no number is for V8 to refuse.
    if (!(wantedBytes > this.limitBytes)) return;
    this.#context.host.limit(runtimeLimits.uncountedMemory, wantedBytes);
    throw new RangeError(message);
  }

  /** Counts until `owner` is collected. */
  hold(owner: object, bytes: number): void {
    // Its callback is ours and only counts, so it may run whenever V8 likes.
    this.#gone ??= new FinalizationRegistry((freed: number) => {
      this.#heldBytes -= freed;
    });
    this.#heldBytes += bytes;
    FinalizationRegistryPrototypeRegister(this.#gone, owner, bytes, owner);
    this.#watch();
  }

  /** What `hold` counted for it has a new owner. */
  release(owner: object, bytes: number): void {
    if (this.#gone !== undefined && FinalizationRegistryPrototypeUnregister(this.#gone, owner))
      this.#heldBytes -= bytes;
  }

  /** Counts what `measure` says of `owner` at each look, until it is collected. */
  holdGrowing<Owner extends object>(owner: Owner, measure: (owner: Owner) => number): void {
    const reference = new WeakRef(owner);
    const look = (): number | undefined => {
      const found = WeakRefPrototypeDeref<Owner>(reference);
      return found === undefined ? undefined : measure(found);
    };
    this.#growing = { measure: look, next: this.#growing };
    this.#watch();
  }

  /** At the end of each slice from now on. */
  #watch(): void {
    this.#context.loop.onSliceEnd ??= () => this.#tell();
  }

  /** The sandbox ends a guest that has more than it may. */
  #tell(): void {
    const bytes = this.#total();
    if (bytes === this.#toldBytes) return;
    this.#toldBytes = bytes;
    this.#context.host.uncounted(bytes);
  }

  #total(): number {
    let bytes = this.#heldBytes;
    let before: Growing | undefined;
    for (let each = this.#growing; each !== undefined; each = each.next) {
      const measured = each.measure();
      if (measured !== undefined) {
        bytes += measured;
        before = each;
      } else if (before === undefined) this.#growing = each.next;
      else before.next = each.next;
    }
    return bytes;
  }
}
