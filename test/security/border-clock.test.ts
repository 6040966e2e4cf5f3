/** The clocks of a function: what each tells with each policy, by every way there is to ask for the time. */
import test from 'ava';
import { startSandbox } from '../sandbox/harness.ts';

const sandbox = startSandbox();
test.after.always(async () => (await sandbox)[Symbol.asyncDispose]());

/** Milliseconds by every clock, `unit` being how fine it is; and a way to spend time without one. */
const clocks = `
const { performance: perf } = require('perf_hooks');
const format = new Intl.DateTimeFormat('en', { timeZone: 'UTC', minute: 'numeric', second: 'numeric', fractionalSecondDigits: 3 });
const ofText = (text) => { const [minutes, rest] = text.split(':'); return (Number(minutes) * 60 + Number(rest)) * 1000; };
const clocks = {
  now: () => Date.now(), date: () => new Date().getTime(), subclass: () => new (class extends Date {})().getTime(), built: () => Reflect.construct(Date, []).getTime(), round: () => new Date.prototype.constructor().getTime(),
  format: () => ofText(format.format()), parts: () => ofText(format.formatToParts().map(({ value }) => value).join('')),
  instant: () => Temporal.Now.instant().epochMilliseconds, nanoseconds: () => Number(Temporal.Now.instant().epochNanoseconds) / 1e6, zoned: () => Temporal.Now.zonedDateTimeISO('UTC').epochMilliseconds, time: () => Temporal.Now.plainTimeISO('UTC').microsecond,
  plain: () => Temporal.Now.plainDateTimeISO('UTC').microsecond, perf: () => perf.now(), event: () => new Event('x').timeStamp, hrtime: () => { const [seconds, rest] = process.hrtime(); return seconds * 1e3 + rest / 1e6; }, bigint: () => Number(process.hrtime.bigint()) / 1e6,
  uptime: () => process.uptime() * 1e3, machine: () => require('os').uptime() * 1e3, timer: () => { const timer = setTimeout(() => {}, 1); clearTimeout(timer); return timer._idleStart; }, cpu: () => process.cpuUsage().user / 1e3, mark: () => perf.mark('x').startTime,
};
const spend = () => { let sum = 0; for (let at = 0; at < 4e7; at++) sum += at % 7; return sum; };
const read = () => Object.fromEntries(Object.entries(clocks).map(([name, clock]) => [name, clock()]));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`;

async function environmentWith(clock: 'coarse' | 'frozen' | 'real', handler: string) {
  const settings = clock === 'real' ? {} : { clock };
  return (await sandbox).run({
    source: `${clocks}\nexports.handler = async (event, context) => {${handler}};`,
    settings,
  });
}

test('a frozen clock stands still while code runs, whomever it is asked', async (t) => {
  const environment = await environmentWith(
    'frozen',
    `read(); await sleep(1); const before = read(), left = context.getRemainingTimeInMillis(); spend(); await null; const after = read();
     return { moved: Object.keys(before).filter((name) => before[name] !== after[name]), isLeftStill: left === context.getRemainingTimeInMillis() };`,
  );
  const { outcome, payload } = await environment.invoke({}, { timeoutMs: 20_000 });
  t.deepEqual(outcome, { kind: 'success' });
  t.deepEqual(JSON.parse(payload), { moved: [], isLeftStill: true });
});

test('a frozen clock goes on with what a function waited for, and from one invocation to the next', async (t) => {
  const environment = await environmentWith(
    'frozen',
    `const first = Date.now(), begin = perf.now(); spend(); await sleep(20); const waited = Date.now() - first;
     return { first, waited, slept: perf.now() - begin, remaining: context.getRemainingTimeInMillis() };`,
  );
  const before = Date.now();
  const [one, two] = [
    JSON.parse((await environment.invoke({}, { timeoutMs: 20_000 })).payload),
    JSON.parse((await environment.invoke({}, { timeoutMs: 20_000 })).payload),
  ];
  t.true(one.waited >= 19 && one.slept >= 19, JSON.stringify(one));
  t.true(one.first >= before - 2 && two.first >= one.first + one.waited, JSON.stringify([before, one, two]));
  t.true(one.remaining > 0 && one.remaining <= 20_000);
});

test('a coarse clock has steps of ten milliseconds, and timers keep to it', async (t) => {
  const environment = await environmentWith(
    'coarse',
    `const begin = process.hrtime.bigint(); await sleep(15); const slept = Number(process.hrtime.bigint() - begin) / 1e6;
     const found = read(); delete found.event; delete found.perf; delete found.mark; found.time %= 1; found.plain %= 1;
     return { odd: Object.entries(found).filter(([, value]) => Math.abs(value / 10 - Math.round(value / 10)) > 1e-3), perf: perf.now(), slept, before: Date.now(), after: (spend(), Date.now()) };`,
  );
  const { payload } = await environment.invoke({}, { timeoutMs: 20_000 });
  const { odd, perf, slept, before, after } = JSON.parse(payload);
  t.deepEqual(odd, []);
  t.true(Math.abs(perf / 10 - Math.round(perf / 10)) < 1e-6, `${perf}`);
  t.true(slept >= 10, `${slept}`);
  t.true(after >= before);
});

test('clocks are real where nothing else was asked for', async (t) => {
  const environment = await environmentWith(
    'real',
    `const before = read(); spend(); await sleep(2); const after = read();
     return { still: Object.keys(before).filter((name) => before[name] === after[name] && name !== 'time' && name !== 'plain'), text: String(Date) };`,
  );
  const before = Date.now();
  const { payload } = await environment.invoke({}, { timeoutMs: 20_000 });
  t.deepEqual(JSON.parse(payload), { still: [], text: 'function Date() { [native code] }' });
  t.true(Date.now() >= before);
});

test('what stands in for Date is Date', async (t) => {
  const environment = await environmentWith(
    'frozen',
    `const type = globalThis.Date; return [typeof Date(), Date() === new Date().toString(), new Date(5).getTime(), new Date(2020, 1, 2).getDate(), Date.UTC(2020, 0), Date.name, Date.length, new Date() instanceof Date, Object.prototype.toString.call(new Date()), new Date('x').getTime(), Date.now.name,
       structuredClone(new Date(7)).getTime(), Temporal.Now.plainDateISO('UTC').toString() === new Date().toISOString().slice(0, 10), format.format(0) === format.format(new Date(0)), format.format.length];`,
  );
  const { payload } = await environment.invoke();
  t.deepEqual(JSON.parse(payload), [
    'string',
    true,
    5,
    2,
    1577836800000,
    'Date',
    7,
    true,
    '[object Date]',
    null,
    'now',
    7,
    true,
    true,
    1,
  ]);
});
