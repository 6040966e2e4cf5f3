/**
 * What ends at the deadline without its process, because the native module terminates it: arithmetic of BigInt, which asks V8 only
 * whether to end. Short built-ins over huge lengths ask nothing at all; those stay the business of the host's SIGKILL.
 */
import test from 'ava';
import { testRuntime } from '../runtimes/harness.ts';
import { startSandbox } from '../sandbox/harness.ts';

/** For a machine that is busy: what never ends is what this finds. */
const graceMs = 10_000;

for (const lane of ['pool', 'main'] as const) {
  for (const [name, body] of [
    ['a product that grows for ever', 'let product = 3n; for (;;) product *= product;'],
    ['one enormous power', '3n ** 100000000n;'],
  ] as const) {
    test(`${name} ends at the deadline on the ${lane} lane, and the sandbox lives on`, async (t) => {
      await testRuntime('snapshot', 'needed');
      await using sandbox = await startSandbox();
      const environment = await sandbox.run(
        `exports.handler = async ({ go }) => { if (go) { ${body} } return 'idle'; };`,
      );
      // Versions earn the main lane by short slices, and its watchdog knows an isolate that stays.
      if (lane === 'main') for (let at = 0; at < 40; at++) await environment.invoke();
      const beganMs = performance.now();
      const { outcome } = await environment.invoke({ go: true }, { timeoutMs: 300 });
      t.deepEqual(outcome, { kind: 'timeout' });
      t.true(performance.now() - beganMs < 300 + graceMs);
      const neighbour = await sandbox.run(`exports.handler = async () => 'here';`);
      t.is((await neighbour.invoke()).payload, '"here"');
      t.is((await environment.invoke()).payload, '"idle"');
    });
  }
}
