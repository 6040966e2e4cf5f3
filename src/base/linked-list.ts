/**
 * A doubly linked list whose nodes are owned by their values: appending, removing from anywhere and looking at either end
 * are O(1) and allocate nothing. A value that is in several lists owns one node for each.
 */
export interface ListNode<Value> {
  readonly value: Value;
  /** The list that holds this node now. */
  list: LinkedList<Value> | undefined;
  older: ListNode<Value> | undefined;
  newer: ListNode<Value> | undefined;
}

export function listNode<Value>(value: Value): ListNode<Value> {
  return { value, list: undefined, older: undefined, newer: undefined };
}

/** What a pure decision may see of a list. */
export interface ListView<Value> {
  readonly size: number;
  readonly oldest: ListNodeView<Value> | undefined;
  readonly newest: ListNodeView<Value> | undefined;
}

export interface ListNodeView<Value> {
  readonly value: Value;
  readonly older: ListNodeView<Value> | undefined;
  readonly newer: ListNodeView<Value> | undefined;
}

export class LinkedList<Value> implements ListView<Value> {
  #oldest: ListNode<Value> | undefined;
  #newest: ListNode<Value> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): ListNode<Value> | undefined {
    return this.#oldest;
  }

  get newest(): ListNode<Value> | undefined {
    return this.#newest;
  }

  /** Adds a node as the newest. It leaves the list that held it. */
  append(node: ListNode<Value>): void {
    node.list?.remove(node);
    node.list = this;
    node.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
    this.#size += 1;
  }

  /** Adds a node as the oldest: it is next in line. It leaves the list that held it. */
  prepend(node: ListNode<Value>): void {
    node.list?.remove(node);
    node.list = this;
    node.newer = this.#oldest;
    if (this.#oldest === undefined) this.#newest = node;
    else this.#oldest.older = node;
    this.#oldest = node;
    this.#size += 1;
  }

  /** Takes a node out. Harmless for a node that is not in this list. */
  remove(node: ListNode<Value>): void {
    if (node.list !== this) return;
    if (node.older === undefined) this.#oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === undefined) this.#newest = node.older;
    else node.newer.older = node.older;
    node.list = undefined;
    node.older = undefined;
    node.newer = undefined;
    this.#size -= 1;
  }

  /** Oldest first. The value at hand may be removed while iterating. */
  *[Symbol.iterator](): Generator<Value, void, undefined> {
    let node = this.#oldest;
    while (node !== undefined) {
      const next: ListNode<Value> | undefined = node.newer;
      yield node.value;
      node = next;
    }
  }
}
