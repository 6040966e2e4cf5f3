import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Schedule } from '../../src/queue/schedules/schedule.ts';
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { Database } from '../../src/store/database.ts';
import { migrations } from '../../src/store/migrations.ts';
import { ownTemporaryDirectory } from '../fixtures/own-temporary-directory.ts';

ownTemporaryDirectory();

const scratch = (): string => join(mkdtempSync(join(tmpdir(), 'isotherm-store-')), 'data');

function schedule(name: string, more: Partial<Schedule> = {}): Schedule {
  return {
    name,
    expression: 'rate(1 minute)',
    timeZone: 'UTC',
    state: 'ENABLED',
    tags: Object.fromEntries([
      ['team', 'a'],
      ['__proto__', 'b'],
    ]),
    targets: [{ id: '1', functionArn: 'arn', input: '{}', maximumEventAge: 60, maximumRetryAttempts: 0 }],
    anchorMs: 1_767_225_600_000,
    ...more,
  };
}

test('a schedule comes back whole after closing and reopening, with the instant that it is done with', (t) => {
  const directory = scratch();
  const first = openDataDirectory(directory);
  first.schedules.save(schedule('b', { description: 'text', roleArn: 'role' }));
  first.schedules.save(schedule('a'));
  first.schedules.fired(
    new Map([
      ['a', 1_767_225_660_000],
      ['gone', 5],
    ]),
  );
  first.functions.close();

  const second = openDataDirectory(directory);
  t.deepEqual(second.schedules.load(), [
    { schedule: schedule('a'), firedMs: 1_767_225_660_000 },
    { schedule: schedule('b', { description: 'text', roleArn: 'role' }) },
  ]);
  second.functions.close();
});

test('saving again keeps the instant, removing forgets it', (t) => {
  const { schedules, functions } = openDataDirectory(scratch());
  schedules.save(schedule('a'));
  schedules.fired(new Map([['a', 7]]));
  schedules.save(schedule('a', { state: 'DISABLED' }));
  t.deepEqual(schedules.load(), [{ schedule: schedule('a', { state: 'DISABLED' }), firedMs: 7 }]);
  schedules.remove('a');
  schedules.save(schedule('a'));
  t.deepEqual(schedules.load(), [{ schedule: schedule('a') }]);
  functions.close();
});

test('a row that isotherm did not write is refused by name', (t) => {
  const directory = scratch();
  openDataDirectory(directory).functions.close();
  const database = new Database(join(directory, 'isotherm.db'), migrations);
  database.run("INSERT INTO schedules (name, record) VALUES ('odd', '{}')");
  database.close();
  const { schedules, functions } = openDataDirectory(directory);
  t.throws(() => schedules.load(), { code: 'DataDirectoryUnusable', message: /the row of schedule odd is not one/ });
  functions.close();
});
