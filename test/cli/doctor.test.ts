/** The real command. What holds differs from machine to machine; that it is told, and told alike, does not. */
import test from 'ava';
import { hardeningLayers, isAtLeast } from '../../src/model/hardening.ts';
import { runCommand } from './run-command.ts';

test.serial('doctor says what it tried, what holds, and what is absent and why', async (t) => {
  const { status, stdout, stderr } = await runCommand(['doctor']);
  t.regex(stdout, /^ {2}✔ host +Node v\d+/m);
  t.regex(stdout, /^ {2}✔ Node for sandboxes +v26\.\d+/m);
  t.regex(stdout, /^ {2}✔ isolated-vm +\d+\./m);
  for (const tool of ['C\\+\\+ compiler', 'headers of Node', 'C compiler']) {
    t.regex(stdout, new RegExp(`^ {2}[✔!] ${tool} +`, 'm'));
  }
  t.regex(stdout, /^ {2}[✔!] runtime +(V8 snapshot|code cache)/m);
  t.regex(stdout, /^ {2}✔ sandbox +process \d+; a function answered "v\d+/m);
  t.regex(stdout, /^ {2}✔ timeout /m);
  for (const layer of hardeningLayers) t.regex(stdout, new RegExp(`^ {2}[✔!✘] ${layer} +(on|absent: .+)`, 'm'));
  t.regex(stdout, /^ {2}· kernel +\d+\./m);
  t.regex(stdout, /^ {2}[✔!] open files +at most \d+/m);
  const [, level = ''] = /^isotherm runs here(?: at level|, at level) (S\d)/m.exec(stdout) ?? [];
  t.is(status, isAtLeast(level as 'S2', 'S2') ? 0 : 3, stderr);
});

test.serial('doctor --json is the same for machines, and nothing else on stdout', async (t) => {
  const { status, stdout } = await runCommand(['doctor', '--json']);
  const answer = JSON.parse(stdout);
  t.like(answer, { status, isUsable: true, level: answer.hardening.level });
  t.deepEqual(
    answer.hardening.layers.map(({ name }: { name: string }) => name),
    hardeningLayers,
  );
  for (const { group, state, name, detail } of answer.findings) {
    for (const text of [group, state, name, detail]) t.is(typeof text, 'string');
  }
  t.is(typeof answer.machine.kernel, 'string');
});

test.serial('where isotherm cannot run doctor says why and ends with status 1', async (t) => {
  const { status, stdout } = await runCommand(['doctor'], { env: { XDG_CACHE_HOME: '/dev/null' } });
  t.is(status, 1);
  t.regex(stdout, /^ {2}✘ sandbox +RuntimeBuildFailed: cacheDirectory .*\/dev\/null/m);
  t.regex(stdout, /^isotherm does not run here/m);
});

test.serial('doctor takes no arguments that it does not know', async (t) => {
  t.is((await runCommand(['doctor', '--fix'])).status, 2);
});
