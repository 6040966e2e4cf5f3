/** Types only: this file is right when it compiles. */
import type { Readable } from 'node:stream';
import test from 'ava';
import type { BindingsOf } from '../../src/index.ts';

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

interface Offered {
  readonly region: string;
  readonly since: Date;
  readonly list: readonly number[];
  readonly kv: {
    get(key: string): string | undefined;
    put(key: string, value: { at: Date; bytes: Uint8Array }): Promise<void>;
    deep: { size(): Promise<bigint> };
  };
  rows(): AsyncGenerator<{ id: number }>;
  upload(name: string, body: ReadableStream<Uint8Array>): Promise<{ bytes: Buffer }>;
  file(): Promise<{ stream: Readable; tags: Map<string, Buffer> }>;
}
type View = BindingsOf<Offered>;

const proofs: readonly true[] = [
  true satisfies Same<View['region'], string>,
  true satisfies Same<View['since'], Date>,
  true satisfies Same<View['kv']['get'], (key: string) => Promise<string | undefined>>,
  true satisfies Same<ReturnType<View['kv']['put']>, Promise<void>>,
  true satisfies Same<View['kv']['deep']['size'], () => Promise<bigint>>,
  true satisfies Same<ReturnType<View['rows']>, Promise<ReadableStream<{ id: number }>>>,
  true satisfies Same<Parameters<View['upload']>, [name: string, body: AsyncIterable<Uint8Array>]>,
  true satisfies Same<ReturnType<View['upload']>, Promise<{ bytes: Uint8Array }>>,
  true satisfies Same<
    ReturnType<View['file']>,
    Promise<{ stream: ReadableStream<unknown>; tags: Map<string, Uint8Array> }>
  >,
];

test('a guest sees asynchronous functions, plain byte arrays and web streams', (t) => {
  t.is(proofs.length, 9);
});
