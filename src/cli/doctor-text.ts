/** The findings of `isotherm doctor` for people: marks, aligned columns, and below each what to do about it. Pure. */
import type { Finding } from './doctor-findings.ts';

const marks: Readonly<Record<Finding['state'], string>> = { ok: '✔', less: '!', missing: '✘', note: '·' };

export function doctorText(findings: readonly Finding[]): string {
  const nameWidth = Math.max(...findings.map(({ name }) => name.length));
  const indent = ' '.repeat(nameWidth + 6);
  const lines: string[] = [];
  let group: Finding['group'] | undefined;
  for (const { group: own, state, name, detail, advice } of findings) {
    if (own !== group) lines.push(...(group === undefined ? [] : ['']), own);
    group = own;
    lines.push(`  ${marks[state]} ${name.padEnd(nameWidth)}  ${detail}`);
    if (advice !== undefined) lines.push(`${indent}→ ${advice}`);
  }
  return `${lines.join('\n')}\n`;
}
