import test from 'ava';
import { createGuard } from '../../src/functions/guard-thread.ts';
import { limits } from '../../src/model/limits.ts';

function longText(chars: number): string {
  return `var x = [${'[],'.repeat(chars / 3)}];require(y);`;
}

test('a long text is guarded as a short one is, and not on the thread that all share', async (t) => {
  const guard = createGuard();
  const short = await guard({ code: 'require(y);', folder: undefined, system: 'cjs' });
  t.is(short, 'require(__isothermSame(y));');
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 1);
  const code = longText(2 * limits.parsedAtOnceCharsMax);
  const long = await guard({ code, folder: undefined, system: 'cjs' });
  clearInterval(counting);
  t.is(long, code.replace('require(y)', 'require(__isothermSame(y))'));
  t.true(turns > 3, `${turns} turns`);
});

test('a long text that is no program is refused as a short one is', async (t) => {
  const guard = createGuard();
  const end = ' '.repeat(limits.parsedAtOnceCharsMax);
  await t.throwsAsync(guard({ code: `let x = ;${end}`, folder: undefined, system: 'cjs' }), { name: 'SyntaxError' });
  const deep = `x = ${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  await t.throwsAsync(guard({ code: deep, folder: undefined, system: 'cjs' }), { message: /stack/ });
});

test('a text that takes too much memory to parse is refused, and names the limit', async (t) => {
  const task = { code: longText(3_000_000), folder: undefined, system: 'cjs' } as const;
  await t.throwsAsync(createGuard(undefined, 64)(task), {
    message: 'parsing a file took more than 64 MiB of memory (parserThreadMemoryMiBMax)',
  });
});

test('parsing ends when bundling is given up', async (t) => {
  const given = new AbortController();
  const parsing = createGuard(given.signal)({ code: longText(3_000_000), folder: undefined, system: 'cjs' });
  given.abort(new Error('given up'));
  await t.throwsAsync(parsing, { message: 'given up' });
});
