import test from 'ava';
import { LinkedList, listNode } from '../../src/base/linked-list.ts';

test('a list keeps its order through removals from either end and the middle', (t) => {
  const list = new LinkedList<number>();
  const nodes = [1, 2, 3, 4].map(listNode);
  for (const node of nodes) list.append(node);
  const [first, second, , last] = nodes;
  if (!first || !second || !last) return t.fail();
  list.remove(second);
  t.deepEqual([...list], [1, 3, 4]);
  list.remove(first);
  list.remove(last);
  t.deepEqual([...list], [3]);
  t.is(list.oldest, list.newest);
  list.prepend(last);
  t.deepEqual([...list], [4, 3]);
  t.is(list.size, 2);
  return undefined;
});

test('appending a node that is listed moves it to the end', (t) => {
  const list = new LinkedList<string>();
  const nodes = ['a', 'b'].map(listNode);
  for (const node of nodes) list.append(node);
  for (const node of nodes.slice(0, 1)) list.append(node);
  t.deepEqual([...list], ['b', 'a']);
  t.is(list.size, 2);
});

test('removing a node that another list holds, or none, changes nothing', (t) => {
  const one = new LinkedList<number>();
  const other = new LinkedList<number>();
  const node = listNode(1);
  one.append(node);
  other.remove(node);
  t.deepEqual([one.size, other.size], [1, 0]);
  one.remove(node);
  one.remove(node);
  t.is(one.size, 0);
});

test('values may be removed while iterating', (t) => {
  const list = new LinkedList<number>();
  const nodes = new Map([1, 2, 3].map((value) => [value, listNode(value)]));
  for (const node of nodes.values()) list.append(node);
  const seen: number[] = [];
  for (const value of list) {
    seen.push(value);
    const node = nodes.get(value);
    if (node) list.remove(node);
  }
  t.deepEqual(seen, [1, 2, 3]);
  t.is(list.size, 0);
});
