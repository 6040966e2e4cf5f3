/**
 * The order in which a guest runs ticks, microtasks, timers and immediates: what it prints must be what Node prints for the
 * same program. Programs call `log` and end by calling `done`, long after the rest: a busy machine may take the thread away for some
 * time, and what is due then comes first.
 */
import test from 'ava';
import { GuestRunner, nodeAnswer } from './harness.ts';

const runner = GuestRunner.start();
test.after.always(async () => (await runner)[Symbol.asyncDispose]());

const programs: Readonly<Record<string, string>> = {
  'each kind once': `
    setTimeout(() => log('timeout'), 100); setImmediate(() => log('immediate')); process.nextTick(() => log('tick'));
    Promise.resolve().then(() => log('then')); queueMicrotask(() => log('microtask')); log('sync'); setTimeout(done, 200);`,
  'ticks and microtasks feed each other': `
    process.nextTick(() => { log('tick 1'); Promise.resolve().then(() => { log('then in tick'); process.nextTick(() => log('tick in then')); queueMicrotask(() => log('micro in then')); }); process.nextTick(() => log('tick in tick')); });
    Promise.resolve().then(() => { log('then 1'); process.nextTick(() => { log('tick in then 1'); queueMicrotask(() => log('micro in tick in then')); }); }).then(() => log('then 2'));
    process.nextTick(() => log('tick 2')); setTimeout(done, 150);`,
  'microtasks run between two timers of one list': `
    for (const name of ['a', 'b', 'c']) setTimeout(() => { log('timer ' + name); process.nextTick(() => log('tick ' + name)); Promise.resolve().then(() => log('then ' + name)); }, 1);
    setTimeout(done, 150);`,
  'microtasks run between timers of two lists': `
    setTimeout(() => { log('one'); Promise.resolve().then(() => log('then one')); }, 1);
    setTimeout(() => { log('two'); process.nextTick(() => log('tick two')); }, 2);
    const until = Date.now() + 5; while (Date.now() < until); setTimeout(done, 150);`,
  'microtasks run between immediates, new ones wait': `
    for (const name of ['a', 'b', 'c']) setImmediate(() => { log('immediate ' + name); setImmediate(() => log('next ' + name)); process.nextTick(() => log('tick ' + name)); queueMicrotask(() => log('micro ' + name)); });
    setTimeout(done, 150);`,
  'an immediate that clears the next one': `
    setImmediate(() => { log('first'); clearImmediate(second); process.nextTick(() => clearImmediate(third)); }); const second = setImmediate(() => log('second')); const third = setImmediate(() => log('third')); setImmediate(() => log('fourth'));
    setTimeout(done, 150);`,
  'timers set by timers, immediates by timers': `
    setTimeout(() => { log('outer'); setTimeout(() => log('inner timeout'), 0); setImmediate(() => log('inner immediate')); process.nextTick(() => log('inner tick')); }, 1);
    setTimeout(done, 150);`,
  'durations decide, then insertion': `
    for (const ms of [240, 80, 160, 80]) setTimeout(() => log(String(ms)), ms); setTimeout(done, 320);`,
  'timers that become due while one of them runs wait for the next round': `
    const spin = (ms) => { const until = Date.now() + ms; while (Date.now() < until); };
    setTimeout(() => { log('first'); Promise.resolve().then(() => log('then')); spin(1200); }, 800); setTimeout(() => log('with it'), 800); setTimeout(() => log('between'), 1040);
    spin(480); setTimeout(() => log('as long as the first'), 800); setTimeout(done, 3200);`,
  'intervals, refresh and clearing': `
    let n = 0; const i = setInterval(() => { log('interval ' + ++n); Promise.resolve().then(() => log('then ' + n)); if (n === 3) clearInterval(i); }, 5);
    const never = setTimeout(() => log('never'), 3); clearTimeout(never); const t = setTimeout(() => log('refreshed'), 250); t.refresh(); setTimeout(done, 400);`,
  'await takes its turns': `
    const f = async (name) => { log(name + ' 1'); await null; log(name + ' 2'); await new Promise((r) => setImmediate(r)); log(name + ' 3'); await new Promise((r) => process.nextTick(r)); log(name + ' 4'); };
    f('a'); f('b'); process.nextTick(() => log('tick')); setTimeout(done, 150);`,
  'thenables and async iteration': `
    (async () => { for await (const x of (async function* () { yield 1; log('between'); yield 2; })()) log('got ' + x); })();
    Promise.resolve({ then(r) { log('thenable'); r(); } }).then(() => log('resolved')); queueMicrotask(() => log('micro')); process.nextTick(() => log('tick')); setTimeout(done, 150);`,
  'events and streams': `
    const { EventEmitter } = require('events'); const { Readable } = require('stream'); const e = new EventEmitter();
    e.on('x', () => log('x')); process.nextTick(() => e.emit('x')); const r = Readable.from(['p', 'q']); r.on('data', (d) => log('data ' + d)); r.on('end', () => log('end')); r.on('close', () => log('close'));
    setImmediate(() => log('immediate')); Promise.resolve().then(() => log('then')); setTimeout(done, 150);`,
};

for (const [name, program] of Object.entries(programs)) {
  test(name, async (t) => {
    const source = `exports.handler = () => new Promise((resolve) => { const lines = []; const log = (line) => lines.push(line); const done = () => resolve(lines); ${program} });`;
    t.deepEqual(await (await runner).answer(source), await nodeAnswer(source));
  });
}

test('a program at the top of a module runs in the same order', async (t) => {
  const source = `const lines = []; const log = (line) => lines.push(line);
    setImmediate(() => log('immediate')); process.nextTick(() => log('tick')); Promise.resolve().then(() => log('then')); log('sync');
    exports.handler = () => new Promise((resolve) => setTimeout(() => resolve(lines), 150));`;
  t.deepEqual(await (await runner).answer(source), ['sync', 'tick', 'then', 'immediate']);
});

test('a timer that does not count keeps nothing alive', async (t) => {
  const run = await (await runner).run({
    source: `exports.handler = () => new Promise((resolve) => { setTimeout(() => resolve('late'), 20).unref(); });`,
  });
  // Node would end here: nothing is left to wait for.
  t.is(run.exitCode, 0);
  t.is(run.settled.length, 1);
});

test('an immediate that does not count is not reached when nothing else is left', async (t) => {
  const run = await (await runner).run({
    source: `exports.handler = () => new Promise((resolve) => { setImmediate(() => resolve('late')).unref(); });`,
  });
  t.is(run.exitCode, 0);
  t.is(run.settled.length, 1);
});

test('a timer that was cleared in a microtask keeps nothing alive', async (t) => {
  const run = await (await runner).run({
    source: `exports.handler = () => new Promise(() => { const t = setTimeout(() => {}, 60_000); Promise.resolve().then(() => clearTimeout(t)); });`,
  });
  t.is(run.exitCode, 0);
});

test('an error in one timer does not keep the others from running', async (t) => {
  const source = `const lines = []; process.on('uncaughtException', (error) => lines.push(error.message));
    exports.handler = () => new Promise((resolve) => { setTimeout(() => { throw new Error('first'); }, 100); setTimeout(() => lines.push('second'), 100); setImmediate(() => { process.nextTick(() => lines.push('tick')); throw new Error('immediate'); }); setImmediate(() => lines.push('other')); setTimeout(() => resolve(lines), 250); });`;
  t.deepEqual(await (await runner).answer(source), ['immediate', 'tick', 'other', 'first', 'second']);
});
