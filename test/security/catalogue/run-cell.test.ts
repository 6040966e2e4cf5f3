/**
 * The matrix in small: a few programs and the escape drill as an unprivileged user who may make no user namespaces, which is
 * where sandboxes have least; the others are run by `npm run catalogue`. Where that cannot be had, in the next that can.
 */
import test from 'ava';
import { hardeningLayers, hardeningReport } from '../../../src/model/hardening.ts';
import { allSurroundings, isRoot, type Surroundings, wrapperFor } from '../../fixtures/surroundings.ts';
import { levelFaults, runCell } from './run-cell.ts';

/** A built-in that nothing stops, an answer that loops, programs and threads, /tmp, sockets: short ones, in about 15 s. */
const sample = ['A13', 'D01', 'G06', 'I04', 'N05'];

const here: Surroundings = { user: isRoot ? 'root' : 'unprivileged', userNamespaces: 'on' };

test('a sample holds as an unprivileged user without user namespaces', async (t) => {
  t.timeout(290_000);
  const surroundings = allSurroundings.toReversed().find((each) => wrapperFor(each) !== undefined) ?? here;
  const { level, escapes, rows, found } = await runCell(surroundings, { isFull: false, only: sample }, () => {});
  t.log(
    `${surroundings.user}, user namespaces ${surroundings.userNamespaces}: ${level}, ${escapes} refused, ${rows.length} rows`,
  );
  t.deepEqual(found, []);
  t.deepEqual(
    rows.filter((row) => row.found.length > 0),
    [],
  );
  t.deepEqual([...new Set(rows.map(({ id }) => id))].toSorted(), sample);
});

const layers = (absent: readonly string[]) =>
  hardeningReport(
    hardeningLayers.map((name) => ({
      name,
      state: absent.includes(name) ? 'absent' : 'on',
      reason: absent.includes(name) ? 'not here' : '',
    })),
    [{ attempt: 'read a file', isRefused: true }],
    '',
  );

test('a level is held against what the kernel gives', (t) => {
  const [off, on] = [{ user: 'root', userNamespaces: 'off' } as const, here];
  t.deepEqual(levelFaults(layers(['control-group']), on, true), []);
  t.deepEqual(levelFaults(layers(['control-group', 'namespaces']), off, false), []);
  t.regex(levelFaults(layers(['namespaces']), on, true).join(), /gives namespaces.*level S2 instead of S3/);
  t.regex(levelFaults(layers([]), off, false).join(), /refuses namespaces, and the layer is on/);
  t.regex(
    levelFaults(layers(['namespaces', 'landlock']), off, false).join(),
    /level S1 instead of S2 .*landlock: not here/,
  );
  t.regex(levelFaults(layers([]), off, true).join(), /can be had although they are off/);
});
