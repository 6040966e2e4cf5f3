import test from 'ava';
import { limitText } from '../../src/cli/limit-text.ts';
import { type LimitReason, limitHit, limitReasons } from '../../src/model/limit-reason.ts';
import { limits } from '../../src/model/limits.ts';

const said = (...hit: Parameters<typeof limitHit>) => limitText({ functionName: 'f', ...limitHit(...hit) });

test('a limit says what it did to what, how much was found, and what sets it', (t) => {
  t.is(
    said('heap', 100, 120),
    'limit heap ended an invocation of f: 120 of 100 bytes; see memorySize in docs/limits.md',
  );
  t.is(
    said('log-lines', 2, 3),
    'limit log-lines cut the log of f: 3 of 2 lines; see limits.logLines in docs/limits.md',
  );
  t.is(
    said('error-size', 9, 10),
    'limit error-size cut an error of f: 10 of 9 characters; see limits.errorChars in docs/limits.md',
  );
  t.is(said('timers', 5, 6), 'limit timers refused an operation of f: 6 of 5; see limits.timers in docs/limits.md');
  t.is(
    said('tmp-bytes', 5, 6.2),
    'limit tmp-bytes refused an operation of f: 6 of 5 bytes; see ephemeralStorage in docs/limits.md',
  );
});

test('one that is at its default already cannot be raised, and says so', (t) => {
  t.is(
    said('open-files', limits.openFilesMax, limits.openFilesMax + 1),
    `limit open-files refused an operation of f: ${limits.openFilesMax + 1} of ${limits.openFilesMax}; limits.openFiles cannot be larger`,
  );
});

test('each limit names its option', (t) => {
  for (const limit of Object.keys(limitReasons) as LimitReason[]) {
    t.true(said(limit, 1, 2).endsWith(`; see ${limitReasons[limit].option} in docs/limits.md`), limit);
  }
});
