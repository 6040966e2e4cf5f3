/**
 * The catalogue as a matrix: every program as root and as an unprivileged user, with and without user namespaces.
 *
 *     npm run catalogue                                                   the fast half, as who runs it
 *     npm run catalogue -- --full --as root,unprivileged --user-namespaces on,off
 *     npm run catalogue -- --only K04,B --as unprivileged --json report.json
 *
 * In each cell the level that sandboxes reach is held against what the kernel gives there, and the escape drill is run. Ends with status 1
 * when anything was found, or a cell cannot be had.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { allSurroundings, isRoot, type Surroundings } from '../../fixtures/surroundings.ts';
import type { CellLine, CellRow } from './cell.ts';
import { type CellReport, runCell } from './run-cell.ts';

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    as: { type: 'string', default: isRoot ? 'root' : 'unprivileged' },
    'user-namespaces': { type: 'string', default: 'on' },
    json: { type: 'string' },
  },
});

const list = (text: string): readonly string[] => text.split(',').filter(Boolean);
const users = list(values.as);
const namespaces = list(values['user-namespaces']);
const cells = allSurroundings.filter((cell) => users.includes(cell.user) && namespaces.includes(cell.userNamespaces));
if (cells.length !== users.length * namespaces.length) {
  throw new Error(
    `--as takes root and unprivileged, --user-namespaces takes on and off, not ${values.as}, ${values['user-namespaces']}`,
  );
}

const startedMs = performance.now();
const reports: CellReport[] = [];
for (const cell of cells) {
  console.log(`--- ${named(cell)}`);
  const report = await runCell(cell, { isFull: values.full, only: list(values.only) }, show);
  reports.push(report);
  for (const finding of report.found) console.log(`    ${finding}`);
}

console.log(summary());
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 1)}\n`);
process.exit(reports.some(isBroken) ? 1 : 0);

function named({ user, userNamespaces }: Surroundings): string {
  return `${user}, user namespaces ${userNamespaces}`;
}

function show(line: CellLine): void {
  const atSeconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  if (line.kind === 'hardening') console.log(`${atSeconds} s: user ${line.uid}, level ${line.hardening.level}`);
  if (line.kind === 'row') console.log(`${atSeconds} s: ${shown(line)}`);
}

function shown({ id, start, company, found, isSecondTry, endings }: CellRow): string {
  const ended = [...Map.groupBy(endings, ({ kind }) => kind)].map(([kind, those]) => {
    const longest = Math.max(...those.map(({ ranMs }) => ranMs));
    return `${those.length > 1 ? `${those.length} × ` : ''}${kind} after ${longest} ms`;
  });
  const what = found.length > 0 ? `FAILED: ${found.join('; ')}` : ended.join(', ') || 'as expected';
  return `${id} ${start}, ${company}${isSecondTry ? ', second try' : ''}: ${what}`;
}

function isBroken({ found, rows }: CellReport): boolean {
  return found.length > 0 || rows.length === 0 || rows.some((row) => row.found.length > 0);
}

function summary(): string {
  const lines = reports.map(({ surroundings, level, escapes, rows, found, tookMs }) => {
    const failed = rows.filter((row) => row.found.length > 0);
    return [
      named(surroundings).padEnd(36),
      (level ?? '-').padEnd(5),
      `${escapes} refused`.padEnd(13),
      `${rows.length - failed.length} of ${rows.length}`.padEnd(12),
      `${rows.filter(({ isSecondTry }) => isSecondTry).length}`.padEnd(5),
      `${(tookMs / 1_000).toFixed(0)} s`.padEnd(7),
      [...failed.map(({ id, start, company }) => `${id} ${start}, ${company}`), ...found].join('; '),
    ].join(' ');
  });
  const head = [
    'cell'.padEnd(36),
    'level',
    'escapes'.padEnd(13),
    'rows well'.padEnd(12),
    'again',
    'took'.padEnd(7),
    'broken',
  ];
  return ['', head.join(' '), ...lines].map((line) => line.trimEnd()).join('\n');
}
