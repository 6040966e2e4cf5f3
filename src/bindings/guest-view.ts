/** What host functions are for the guest that calls them: types only. */

/**
 * The guest's view of `bindings`: every function is asynchronous, streams arrive as ReadableStream, byte arrays as the plain
 * typed array. Declare the module of a TypeScript guest with it:
 *
 * @example
 * // host.ts
 * export const bindings = { kv: { async get(key: string) { return store.get(key) } } };
 * // guest.d.ts
 * declare module 'isotherm:bindings' {
 *   export const kv: import('isotherm').BindingsOf<typeof import('./host.ts').bindings>['kv'];
 * }
 */
export type BindingsOf<Offered> = { readonly [Name in keyof Offered]: GuestMember<Offered[Name]> };

type GuestMember<Member> = Member extends (...args: infer Args) => infer Result
  ? (...args: SentArguments<Args>) => Promise<Received<Awaited<Result>>>
  : Member extends Leaf | readonly unknown[]
    ? Received<Member>
    : Member extends object
      ? BindingsOf<Member>
      : Member;

/** A function that takes a stream can be given anything that is iterated asynchronously. */
type SentArguments<Args extends readonly unknown[]> = { [At in keyof Args]: Sent<Args[At]> };

type Sent<Value> = Value extends AsyncIterable<infer Item> ? AsyncIterable<Item> : Value;

type Leaf =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | Error
  | ArrayBufferLike
  | ArrayBufferView
  | AbortSignal
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/** `any` is what Node's own streams say they give. */
type Received<Value> = 0 extends 1 & Value ? unknown : ReceivedOf<Value>;

type ReceivedOf<Value> = Value extends Uint8Array
  ? Uint8Array
  : Value extends AsyncIterable<infer Item>
    ? ReadableStream<Received<Item>>
    : Value extends ReadonlyMap<infer Key, infer Member>
      ? Map<Received<Key>, Received<Member>>
      : Value extends ReadonlySet<infer Member>
        ? Set<Received<Member>>
        : Value extends Leaf
          ? Value
          : Value extends (...args: never[]) => unknown
            ? never
            : Value extends object
              ? { [Key in keyof Value]: Received<Value[Key]> }
              : Value;
