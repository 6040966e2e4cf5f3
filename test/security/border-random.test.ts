/** Chance in environments that come of one snapshot, prepared ahead or not: no two ever draw the same (SECURITY.md rule 15). */
import test from 'ava';
import { startSandbox } from '../sandbox/harness.ts';

test('environments of one image share no sequence, whichever way they draw', async (t) => {
  await using sandbox = await startSandbox();
  const versionKey = await sandbox.define({
    source: `const { randomBytes, randomUUID, randomInt } = require('crypto'), early = Math.random();
      exports.handler = async () => ({ early, math: Array.from({ length: 8 }, Math.random), bytes: randomBytes(16).toString('hex'), uuid: randomUUID(), web: crypto.randomUUID(),
        int: randomInt(2 ** 40), values: String(crypto.getRandomValues(new Uint32Array(4))) });`,
  });
  const drawn = new Map<string, number>();
  const environments = 8;
  for (let at = 0; at < environments; at++) {
    const { payload } = await sandbox.create(versionKey).invoke();
    const values: Record<string, unknown> = JSON.parse(payload);
    for (const value of Object.values(values).flat()) drawn.set(String(value), (drawn.get(String(value)) ?? 0) + 1);
  }
  t.deepEqual(
    [...drawn].filter(([, times]) => times > 1),
    [],
  );
  t.is(drawn.size, environments * 14);
});
