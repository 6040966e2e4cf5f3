/** Rows for people: columns in line on a terminal, with tabs between them elsewhere. */
import { visibleText } from './visible-text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  kind: 'aligned' | 'tabs',
): string {
  const all = [columns.map(({ title }) => title), ...rows];
  if (kind === 'tabs') return all.map((row) => `${row.join('\t')}\n`).join('');
  const seen = all.map((row) => row.map(visibleText));
  const widths = columns.map((_, at) => Math.max(...seen.map((row) => row[at]?.length ?? 0)));
  const cell = (text: string, at: number): string =>
    columns[at]?.align === 'right' ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  return seen.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('');
}
