/**
 * Functions of a soak: good ones in trust domains of their own, whose answers must be right whatever happens elsewhere, and hostile
 * ones, one for each way of costing others something. What comes of a hostile call is its own affair, as long as it ends.
 */

export interface SoakFunction {
  readonly functionName: string;
  readonly trustDomain: string;
  readonly memorySize: number;
  readonly timeout: number;
  readonly source: string;
}

const goodSource = `
import { createHash } from 'node:crypto';
let calls = 0;
export const handler = async ({ n, do: what }) => {
  calls += 1;
  if (what === 'sleep') await new Promise((resolve) => setTimeout(resolve, 20));
  if (what === 'hash') createHash('sha256').update('x'.repeat(100_000)).digest('hex');
  return { n, calls };
};`;

export const goodFunctions: readonly SoakFunction[] = [0, 1, 2, 3].map((number) => ({
  functionName: `good${number}`,
  trustDomain: `good${number % 3}`,
  memorySize: 128,
  timeout: 5,
  source: goodSource,
}));

/** Bodies of handlers. Each ends by itself, is ended by its sandbox, or costs its sandbox its life. */
const bodies: Readonly<Record<string, string>> = {
  loop: 'for (;;);',
  microtasks: 'const again = () => Promise.resolve().then(again); await again();',
  regex: "/(a+)+$/.test('a'.repeat(40) + 'b');",
  // These two are stopped neither by isolated-vm's timeout nor by dispose (SECURITY.md 2.2).
  builtin: 'Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);',
  bigint: '3n ** 100000000n;',
  heap: 'const kept = []; for (;;) kept.push(new Array(10_000).fill(kept.length));',
  buffers: 'const kept = []; for (;;) kept.push(new Uint8Array(4 * 1024 * 1024).fill(1));',
  // V8 ends the process: "invalid size error".
  crash: "'a'.repeat(2 ** 26).replace(/a/g, '$&$&$&$&');",
  exit: 'process.exit(3);',
  throws: 'throw { get message() { for (;;); } };',
  rejects: "Promise.reject(new Error('later')); await new Promise((resolve) => setTimeout(resolve, 50));",
  logs: "for (let line = 0; line < 20_000; line += 1) console.log('x'.repeat(500));",
  answer: "return 'x'.repeat(7 * 1024 * 1024);",
  timers: 'for (let timer = 0; timer < 100_000; timer += 1) setTimeout(() => {}, 1e6); return 1;',
  disk: "const { appendFileSync } = await import('node:fs'); for (;;) appendFileSync('/tmp/full', Buffer.alloc(1 << 20));",
  // Takes seconds to dispose of.
  chain:
    'let link = null; for (let n = 0; n < 1e5; n += 1) link = Object.create(link); globalThis.kept = link; return 1;',
};

export const hostileFunctions: readonly SoakFunction[] = Object.entries(bodies).map(([name, body]) => ({
  functionName: `hostile-${name}`,
  // Together: what one of them costs may hit the others, and must not hit the good ones.
  trustDomain: 'hostile',
  memorySize: 128,
  timeout: 1,
  source: `export const handler = async (event) => { ${body} };`,
}));
