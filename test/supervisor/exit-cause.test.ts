import test from 'ava';
import { limits } from '../../src/model/limits.ts';
import { crashCause, describeCause, isWanted, type ProcessEnd } from '../../src/supervisor/exit-cause.ts';

const end = (changes: Partial<ProcessEnd>): ProcessEnd => ({
  code: null,
  signal: null,
  output: '',
  connection: 'kept',
  memoryKills: 'none',
  ...changes,
});

const crashes: [end: Partial<ProcessEnd>, text: string][] = [
  [{ code: 13 }, 'crashed: it ended with exit code 13'],
  [{ code: 1, output: 'Error: no' }, 'crashed: it ended with exit code 1: Error: no'],
  [{ signal: 'SIGTRAP', output: '# Fatal' }, 'crashed: it ended by SIGTRAP: # Fatal'],
  [{ signal: 'SIGKILL' }, 'crashed: it ended by SIGKILL (not sent by isotherm: an operator, or another program)'],
  [{ signal: 'SIGKILL', memoryKills: 'some' }, 'crashed: it ended by SIGKILL (sent by the kernel: memory ran out)'],
  [
    { signal: 'SIGKILL', memoryKills: 'unknown' },
    'crashed: it ended by SIGKILL (not sent by isotherm: an operator, or the kernel when memory ran out)',
  ],
  [{ signal: 'SIGKILL', connection: 'abandoned' }, 'crashed: it ended by SIGKILL (it had closed its connection)'],
  [{ signal: 'SIGKILL', output: 'protocol error: x' }, 'crashed: it ended by SIGKILL: protocol error: x'],
];
for (const [seen, text] of crashes) {
  test(`a process that ended with ${JSON.stringify(seen)} is described`, (t) => {
    const cause = crashCause(end(seen));
    t.is(describeCause(cause), text);
    t.false(isWanted(cause));
  });
}

test('of much output the end is kept', (t) => {
  const cause = crashCause(end({ code: 1, output: `${'x'.repeat(5_000)} the last words` }));
  const text = describeCause(cause);
  t.true(text.endsWith(' the last words'));
  t.true(text.length < limits.exitDetailCharsMax + 100);
});

test('only what isotherm did for its own reasons was wanted', (t) => {
  t.true(isWanted({ kind: 'retired', reason: 'old' }));
  t.true(isWanted({ kind: 'killed', reason: 'closing', detail: '' }));
  t.true(isWanted({ kind: 'killed', reason: 'hardening', detail: '' }));
  for (const reason of ['deadline', 'heartbeat', 'memory', 'protocol'] as const) {
    t.false(isWanted({ kind: 'killed', reason, detail: '' }));
  }
});

test('a silent SIGKILL is a stranger’s unless memory ran out, or may have', (t) => {
  t.like(crashCause(end({ signal: 'SIGKILL' })), { by: 'stranger' });
  for (const other of [
    { signal: 'SIGSEGV' },
    { signal: 'SIGKILL', output: 'out of memory' },
    { signal: 'SIGKILL', connection: 'abandoned' },
    { signal: 'SIGKILL', memoryKills: 'some' },
    { signal: 'SIGKILL', memoryKills: 'unknown' },
  ] as const) {
    t.false('by' in crashCause(end(other)), JSON.stringify(other));
  }
});
