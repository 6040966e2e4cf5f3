import test from 'ava';
import { runCommand } from './run-command.ts';

test('doctor says what it tried, what is enforced, and what is not', async (t) => {
  const { status, stdout, stderr } = await runCommand(['doctor']);
  t.is(status, 0, stderr);
  t.regex(stdout, /^ok +host +Node v\d+/m);
  t.regex(stdout, /^(ok|less) +runtime +(V8 snapshot|code cache)/m);
  t.regex(stdout, /^ok +sandbox +process \d+; a function answered "v\d+/m);
  t.regex(stdout, /^ok +timeout /m);
  t.regex(stdout, /^not yet +jail +seccomp, landlock/m);
});
