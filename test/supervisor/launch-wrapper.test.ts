import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/base/clock.ts';
import { findLaunchWrapper } from '../../src/supervisor/launch-wrapper.ts';

/** A PATH with these programs only: shell scripts. */
function searchPath(t: ExecutionContext, programs: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'isotherm-path-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  symlinkSync('/bin/true', join(folder, 'true'));
  return folder;
}

/** Becomes what stands behind `--`. */
const becomes = 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"';

test('with both programs all three layers are set, in one command', async (t) => {
  const path = searchPath(t, { setpriv: becomes, prlimit: becomes });
  const wrapper = await findLaunchWrapper({ clock: systemClock, wanted: 'bounds', searchPath: path });
  t.deepEqual(wrapper?.layers, ['parent-death-signal', 'resource-limits', 'no-new-privileges']);
  t.is(wrapper?.command[0], join(path, 'prlimit'));
  t.is(wrapper?.command.at(-1), '--');
});

test('a leash is only a leash', async (t) => {
  const path = searchPath(t, { setpriv: becomes, prlimit: becomes });
  const wrapper = await findLaunchWrapper({ clock: systemClock, wanted: 'leash', searchPath: path });
  t.deepEqual(wrapper, {
    command: [join(path, 'setpriv'), '--pdeathsig', 'KILL', '--'],
    layers: ['parent-death-signal'],
  });
});

test('what does not work is left out', async (t) => {
  const path = searchPath(t, { setpriv: becomes, prlimit: 'exit 1' });
  const wrapper = await findLaunchWrapper({ clock: systemClock, wanted: 'bounds', searchPath: path });
  t.deepEqual(wrapper?.layers, ['parent-death-signal']);
});

test('without a program that knows how there is none', async (t) => {
  for (const programs of [{}, { prlimit: becomes }, { setpriv: 'echo unrecognized option >&2; exit 1' }]) {
    const path = searchPath(t, programs);
    t.is(await findLaunchWrapper({ clock: systemClock, wanted: 'bounds', searchPath: path }), undefined);
  }
});
