/** The page that lists the operations says what the server does. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { notOffered, offered } from '../../src/http/operation-table.ts';
import { invokeRoute } from '../../src/http/operations/invoke.ts';
import { invokeStreamRoute } from '../../src/http/operations/invoke-with-response-stream.ts';

const page = readFileSync(new URL('../../docs/lambda-api.md', import.meta.url), 'utf8');
const [, table = ''] = page.split(/^## Operations$/m);
const [section = ''] = table.split(/^## /m);
const rows = section.split('\n').filter((line) => /^\| [A-Z]/.test(line));
const named = rows.flatMap((row) => (row.split('|')[1] ?? '').split(',').map((name) => name.trim()));

test('every operation that is offered is in the table, and no other', (t) => {
  const names = [...offered.map(({ name }) => name), invokeRoute.name, invokeStreamRoute.name];
  t.deepEqual(named.toSorted(), names.toSorted());
});

test('no operation is both offered and not', (t) => {
  const names = [...offered.map(({ name }) => name), ...notOffered.map(([name]) => name)];
  t.is(new Set(names).size, names.length);
});
