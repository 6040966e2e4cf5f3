/**
 * A queue whose order cannot be touched: an array would go through setters that user code may put on `Object.prototype`.
 */
interface Node<Item> {
  readonly item: Item;
  next: Node<Item> | undefined;
}

export class Fifo<Item> {
  #first: Node<Item> | undefined;
  #last: Node<Item> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get first(): Item | undefined {
    return this.#first?.item;
  }

  push(item: Item): void {
    const node: Node<Item> = { item, next: undefined };
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#length++;
  }

  shift(): Item | undefined {
    const node = this.#first;
    if (node === undefined) return undefined;
    this.#first = node.next;
    if (this.#first === undefined) this.#last = undefined;
    this.#length--;
    return node.item;
  }
}
