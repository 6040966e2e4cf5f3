/**
 * A program for `watchdog.test.ts`: what the watchdog does to isolates, without any timeout of isolated-vm beside it. It needs a
 * Node of its own, because isolated-vm does not work in one that was started from Node's snapshot. Prints one JSON object.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Context, Isolate } from '../../src/sandbox/ivm.ts';
import { Watchdog } from '../../src/sandbox/watchdog.ts';

const results: Record<string, unknown> = {};
let ends = 0;
const watchdog = new Watchdog(() => {
  ends += 1;
});

function openIsolate(): { isolate: Isolate; context: Context } {
  const isolate = new Isolate({ memoryLimit: 32 });
  return { isolate, context: isolate.createContextSync() };
}

async function watched() {
  const { isolate, context } = openIsolate();
  const watch = watchdog.watch(isolate);
  while (!watch.isReady) await delay(1);
  return { isolate, context, watch };
}

function run({ context, watch }: Awaited<ReturnType<typeof watched>>, code: string, timeoutMs: number) {
  const from = performance.now();
  watch.begin(timeoutMs);
  let thrown = '';
  try {
    context.evalSync(code);
  } catch (error) {
    thrown = error instanceof Error ? error.message : String(error);
  }
  return { isEnded: watch.end(), thrown, tookMs: performance.now() - from };
}

// Both ask before the thread has answered the first.
const [first, second] = await Promise.all([watched(), watched()]);
results.short = run(first, '1 + 1', 50);
results.loop = run(first, 'for (;;);', 100);
results.microtasks = run(second, 'const again = () => Promise.resolve().then(again); again();', 100);
results.disposed = [first.isolate.isDisposed, second.isolate.isDisposed];

// After so long the thread sleeps without looking.
const third = await watched();
await delay(1_500);
results.afterRest = run(third, 'for (;;);', 100);

// A slice's time starts anew with each slice.
const fourth = await watched();
let many = 0;
for (const from = performance.now(); performance.now() - from < 300; many++) {
  if (run(fourth, 'for (let i = 0; i < 1e5; i++);', 100).isEnded) break;
}
results.many = { isDisposed: fourth.isolate.isDisposed, many: many > 10 };

// Gone before the thread heard of it, and gone while its slice was on the books.
const { isolate } = openIsolate();
watchdog.watch(isolate).forget();
isolate.dispose();
const fifth = await watched();
fifth.watch.begin(10);
fifth.isolate.dispose();
await delay(100);
results.disposedByOthers = { isEnded: fifth.watch.end() };
fifth.watch.forget();

const sixth = await watched();
results.afterwards = run(sixth, 'for (;;);', 50);
console.log(JSON.stringify({ ...results, ends }));
process.kill(process.pid, 'SIGKILL');
