/** docs/security.md tells users which attacks are tried: it and the catalogue's data must name the same. */
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { allPrograms } from './catalogue/all-programs.ts';
import { waysOf } from './catalogue/program.ts';

const folder = new URL('catalogue/', import.meta.url);
const text = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');

/** Class letter to the file that its line links. */
const told = new Map(
  [...text.matchAll(/^\| ([A-Z]) \| .+ \| .+ \| \[(.+)\]\(\.\.\/test\/security\/catalogue\/\2\) \|$/gm)].map(
    ([, letter = '', file = '']) => [letter, file],
  ),
);

/** File to the ids in it. */
const tried = new Map<string, readonly string[]>();
for (const file of readdirSync(folder)) {
  if (file.endsWith('.test.ts')) continue;
  const ids = [...readFileSync(new URL(file, folder), 'utf8').matchAll(/'([A-Z]\d\d)'/g)];
  if (ids.length > 0)
    tried.set(
      file,
      ids.map(([, id = '']) => id),
    );
}

test('each class of the catalogue has a line that links its file, and each line has a class', (t) => {
  const classes = new Map([...tried].flatMap(([file, ids]) => ids.map((id) => [id.slice(0, 1), file])));
  t.deepEqual(
    [...told].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [...classes].toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)) as [string, string][],
  );
});

test('the page says of how many hundred runs the catalogue is', (t) => {
  const runs = allPrograms.reduce((count, program) => count + waysOf(program, false).length, 0);
  t.regex(text, new RegExp(`^npm run catalogue .*: more than ${Math.floor(runs / 100)}00 runs,`, 'm'));
});

test('ids of a class are numbered without gaps', (t) => {
  for (const [file, ids] of tried) {
    const letter = ids[0]?.slice(0, 1) ?? '';
    t.deepEqual(
      ids,
      ids.map((_, at) => `${letter}${String(at + 1).padStart(2, '0')}`),
      file,
    );
  }
});

test('files that the page links are there', (t) => {
  for (const [, path = ''] of text.matchAll(/\]\((?!http)([^)#]+)/g)) {
    t.notThrows(() => readFileSync(new URL(path, new URL('../../docs/', import.meta.url))), path);
  }
});
