/**
 * A child that knows nothing of isotherm: isolated-vm alone. On each line `cold` it makes an isolate and a context and answers
 * the milliseconds; on `hold N` it makes N more and answers its resident bytes. All are kept, as environments are: one that is
 * made in the memory of another that was just disposed costs a third less.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import ivm from 'isolated-vm';

const held: ivm.Isolate[] = [];

function residentBytes(): number {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(' ');
  if (command === 'cold') {
    const from = performance.now();
    const isolate = new ivm.Isolate({ memoryLimit: 128 });
    isolate.createContextSync();
    held.push(isolate);
    console.log(performance.now() - from);
  } else {
    for (let i = 0; i < Number(count); i += 1) {
      const isolate = new ivm.Isolate({ memoryLimit: 128 });
      isolate.createContextSync();
      held.push(isolate);
    }
    console.log(residentBytes());
  }
}
