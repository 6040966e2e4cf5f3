/**
 * Asynchronous events while their host is killed again and again:
 *
 *     npm run drill:async -- --events 10000 --kills 20 --clients 16
 *
 * Ends with status 1 when an accepted event was lost, or ran again after its end was recorded.
 */
import { parseArgs } from 'node:util';
import { drill } from './killed-host.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000' },
    kills: { type: 'string', default: '20' },
    clients: { type: 'string', default: '16' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
console.log(`seed ${values.seed}`);
const { lost, ranAfterTheirEnd, readyMs, ...figures } = await drill({
  events: Number(values.events),
  kills: Number(values.kills),
  clients: Number(values.clients),
  seed: Number(values.seed),
});
const rising = readyMs.toSorted((a, b) => a - b);
console.log({
  ...figures,
  lost: lost.length,
  ranAfterTheirEnd: ranAfterTheirEnd.length,
  readyMsMedian: Math.round(rising[Math.floor(rising.length / 2)] ?? 0),
  readyMsMost: Math.round(rising.at(-1) ?? 0),
});
if (lost.length > 0 || ranAfterTheirEnd.length > 0) process.exitCode = 1;
