/**
 * Load for as long as wanted, and what is left of it:
 *
 *     npm run soak -- --seconds 60 --kills             good functions, a sandbox killed every 100 ms
 *     npm run soak -- --seconds 60 --kills --rate half  the same, of calls that come by chance, half as many as the machine serves
 *     npm run soak -- --seconds 60 --kills --kill-every sustained   as often as this machine sustains, and service is judged
 *     npm run soak -- --seconds 60 --kills --built --rate 10 --least-back 0.9   service is back so often, of all kills
 *     npm run soak -- --seconds 1800 --hostile --kills hostile functions too, a sandbox killed every second
 *     npm run soak -- ... --built                      the package that `npm run build` made: its sandboxes start faster
 *     npm run soak -- ... --json soak.json             the figures also as JSON
 *
 * Ends with status 1 when a call was not answered or a good one answered wrong, something was left, or, with
 * `--kill-every sustained`, service was worse than `verdict.ts` demands, or, with `--least-back`, than that.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runLoad } from './load.ts';
import { figures, slopePerMinute } from './resources.ts';
import { backMsMax, lacking, leastService, leftOver, percentile, recovered, serviceOf } from './verdict.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    kills: { type: 'boolean', default: false },
    hostile: { type: 'boolean', default: false },
    'kill-every': { type: 'string' },
    'least-back': { type: 'string' },
    clients: { type: 'string' },
    rate: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    built: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const entry = new URL(values.built ? '../../dist/index.js' : '../../src/index.ts', import.meta.url);
const { createEngine }: typeof import('../../src/index.ts') = await import(entry.href);
const seconds = Number(values.seconds);
const leastBack = Number(values['least-back'] ?? Number.NaN);
if (values['least-back'] !== undefined && !(leastBack >= 0 && leastBack <= 1))
  throw new RangeError(`--least-back: a share from 0 to 1, not ${values['least-back']}`);
// With hostile functions sandboxes die by themselves too, and one core is theirs.
const wished = values['kill-every'] ?? (values.hostile ? 1_000 : 100);
const killEveryMs = wished === 'sustained' ? wished : Number(wished);
console.log(`seed ${values.seed}, ${seconds} s`);
const startMs = performance.now();
const result = await runLoad({
  createEngine,
  seconds,
  seed: Number(values.seed),
  isHostile: values.hostile,
  clients: Number(values.clients ?? (values.rate === undefined ? 8 : 0)),
  rate: values.rate === 'half' ? 'half' : Number(values.rate ?? 0),
  sampleEveryMs: Math.max(1_000, Math.min(30_000, (seconds * 1_000) / 20)),
  ...(values.kills && { killEveryMs }),
  onSample({ accepted, answered, kills, sample }) {
    const { atMs, ...held } = sample;
    const shown = Object.entries(held).map(([name, value]) => `${name} ${value}`);
    console.log(
      `${((atMs - startMs) / 1_000).toFixed(0)} s: ${answered} of ${accepted} answered, ${kills} kills; ${shown.join(', ')}`,
    );
  },
});

const service = serviceOf(result);
const judged = killEveryMs === 'sustained' ? leastService : undefined;
const demanded = values['least-back'] === undefined ? judged : { ...leastService, backShare: leastBack };
const { before, after, samples, good, hostile, messages, wrong, goodMs, accepted, answered, kills } = result;
const back = recovered(result.recoveries);
const summary = {
  seed: Number(values.seed),
  seconds,
  ...{ accepted, answered, kills, killEveryMs: result.killEveryMs, good, hostile, messages, wrong },
  goodMs: { p50: percentile(goodMs, 0.5), p99: percentile(goodMs, 0.99), max: percentile(goodMs, 1) },
  ...{ rate: Math.round(result.rate), heldBack: result.heldBack },
  back,
  resources: Object.fromEntries(
    figures.map((figure) => [
      figure,
      {
        before: before[figure],
        first: samples[0]?.[figure],
        last: samples.at(-1)?.[figure],
        after: after[figure],
        slopePerMinute: Number(slopePerMinute(samples, figure).toFixed(3)),
      },
    ]),
  ),
  left: leftOver(result),
  service,
  lacking: demanded === undefined ? [] : lacking(service, demanded),
};
console.log(JSON.stringify(summary, undefined, 2));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(summary, undefined, 2)}\n`);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
console.log(
  `${percent(service.successShare)} of good calls succeeded; after ${back.within} of ${back.of} kills service was back within ${backMsMax} ms (${percent(service.backShare)} within that and one start of ${result.startMs.toFixed(0)} ms); ${back.hitAgain} others were hit again by a later kill, ${back.hitAgainWithin} of them back within ${backMsMax} ms of it; late were ${JSON.stringify(back.late)}`,
);
const isWhole =
  accepted === answered && wrong.length === 0 && summary.left.length === 0 && summary.lacking.length === 0;
console.log(isWhole ? 'nothing is wrong' : 'SOMETHING IS WRONG');
process.exitCode = isWhole ? 0 : 1;
