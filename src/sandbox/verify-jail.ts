/**
 * A program: runs in the jail as a sandbox does, locks itself and then makes an isolate. Exits with 0 when that works; which layers
 * this machine has is no part of it. It runs before a jail is used for the first time.
 *
 *     launcher ... -- node verify-jail.ts <lock module>
 */
import { Isolate } from './ivm.ts';
import { loadLock, lockSandbox } from './lock.ts';

const [lockPath] = process.argv.slice(2);
if (lockPath === undefined) throw new Error('usage: verify-jail.ts <lock module>');

const before = new Isolate({ memoryLimit: 16 });
before.createContextSync().evalSync('1');
const { layers, selfTest } = lockSandbox(loadLock(lockPath), 0, process.env);
// The launcher sets the first, the lock the second, on any machine.
for (const name of ['resource-limits', 'undumpable']) {
  if (layers.find((layer) => layer.name === name)?.state !== 'on') throw new Error(`the jail lacks ${name}`);
}
if (selfTest.length === 0) throw new Error('the lock tried nothing');
const after = new Isolate({ memoryLimit: 16 });
const context = after.createContextSync();
// On a thread that is started after the lock.
const sum: unknown = await context.eval('1 + 1');
if (sum !== 2) throw new Error(`an isolate of a locked process answered ${String(sum)}`);
before.dispose();
after.dispose();
