/** docs/limits.md says what holds: its table against the code, row by row. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { engineLimitsDefault } from '../../src/engine/engine-options.ts';
import { type GuestLimits, guestLimitNames, guestLimitsDefault } from '../../src/model/guest-limits.ts';
import { type LimitReason, limitReasons } from '../../src/model/limit-reason.ts';
import { limits } from '../../src/model/limits.ts';

const MiB = 1024 * 1024;
const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
const rows = page
  .slice(page.indexOf('<!-- limits:begin -->'), page.indexOf('<!-- limits:end -->'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .map(([, name = '', value = '', option = '', unit = '', effect = '', text = '']) => ({
    name,
    value: Number(value),
    option,
    unit,
    effect,
    text,
  }));

const settings: Readonly<Record<string, number>> = {
  timeout: limits.timeoutSecondsDefault * 1000,
  memorySize: limits.memoryMiBDefault * MiB,
  ephemeralStorage: limits.ephemeralStorageMiBDefault * MiB,
};

/** Where the option is not the limit itself, or there is none. */
const others: Partial<Record<LimitReason, number>> = {
  'resident-memory': limits.sandboxMemorySlackMiB * MiB,
  'volume-bytes': limits.volumeSlackMiB * MiB,
};

test('every limit has its row, and no row is about something else', (t) => {
  t.deepEqual(
    rows.map(({ name }) => name),
    Object.keys(limitReasons),
  );
});

for (const { name, value, option, unit, effect } of rows) {
  test(`${name}: unit, effect, option and default are those of the code`, (t) => {
    t.deepEqual({ unit, effect, option } as object, limitReasons[name as LimitReason]);
    const limit = option.replace('limits.', '') as keyof GuestLimits;
    const known: Readonly<Record<string, number>> = { ...guestLimitsDefault, ...engineLimitsDefault, ...settings };
    t.true(limit in known, 'there is such an option');
    t.is(value, others[name as LimitReason] ?? known[limit] ?? Number.NaN);
  });
}

test('every option that makes a guest’s limit stricter is in the table', (t) => {
  const shown = rows.map(({ option }) => option.replace('limits.', ''));
  t.deepEqual(
    guestLimitNames.filter((name) => !shown.includes(name)),
    [],
  );
});

test('numbers in the text are those of the code', (t) => {
  const texts = new Map(rows.map(({ name, text }) => [name, text]));
  const said: readonly (readonly [LimitReason, number | string])[] = [
    ['wall-time', `${limits.initTimeoutMs / 1000} s`],
    ['resident-memory', limits.environmentMemoryFactor],
    ['open-connections', limits.networkConnectionsDefault],
    ['open-streams', limits.tlsSessionsMax],
    ['open-streams', limits.textStreamsMax],
    ['bridge-calls', limits.bindingCallsMax],
    ['bridge-calls', limits.eventsWaitingMax],
    ['bridge-bytes', `${limits.cryptoBytesStartedMax / MiB} MiB`],
    ['log-line-bytes', limits.logLineBytesMax],
    ['bridge-bytes', `${limits.bindingArgumentBytesAtOnceMax / MiB} MiB`],
    ['bridge-bytes', `${limits.eventBytesWaitingMax / MiB} MiB`],
    ['environments', limits.environmentsPerSandboxMax],
  ];
  for (const [name, number] of said) t.true(texts.get(name)?.includes(String(number)), `${name}: ${number}`);
  t.true(page.includes(`(${limits.sandboxReservationMsMax / 1000} s)`));
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  t.true(readme.includes(`SIGKILL ${limits.killGraceMs} ms after the timeout`));
  for (const number of [
    limits.watchIntervalMs,
    limits.memoryNearIntervalMs,
    limits.killGraceMs,
    limits.sandboxMemorySlackMiB,
  ]) {
    t.regex(page, new RegExp(`\\b${number} (ms|MiB)`), String(number));
  }
});

test('limits of cryptography are those of the code', (t) => {
  const table = page.slice(page.indexOf('<!-- cryptography:begin -->'), page.indexOf('<!-- cryptography:end -->'));
  const said = [...table.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, name = '', value]) => [name, Number(value)]);
  t.true(said.length > 10);
  for (const [name, value] of said) t.is(value, Reflect.get(limits, name as string), String(name));
  t.true(table.includes(`${limits.cryptoSafePrimeBitsMax} where it must be a safe one`));
});
