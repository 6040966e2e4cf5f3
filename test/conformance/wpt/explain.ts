/** A first guess at why subtests fail, for whoever updates the list and looks at each. */
import { type SpecResult, wholeFile } from './run.ts';

const guesses: readonly (readonly [RegExp, string])[] = [
  [/self's property|get expected false got true/, 'globals are accessors until their first use'],
  [/reading '(?:subtle|randomUUID|getRandomValues)'|NO_CRYPTO|OpenSSL crypto|getRandomValues/, 'not offered: crypto'],
  [/isotherm does not offer (.*?) yet/, 'not offered: $1'],
  [/self does not have own property "(\w+)"/, 'not offered: $1'],
  [/(\w+) is not defined|(\w+) is not a constructor/, 'not offered: $1'],
  [/timed out|Test timed out/i, 'does not end in the time of a function'],
  [/idlharness|WebIDL/i, 'the shape of interfaces differs'],
];

export function explain({ failed }: SpecResult, failsNatively: ReadonlySet<string>): string {
  const ours = failed.filter(({ name }) => !failsNatively.has(name));
  if (ours.length === 0) return 'fails in Node 26 too';
  const [first] = ours;
  const message = first?.message ?? '';
  for (const [pattern, cause] of guesses) {
    const match = pattern.exec(message);
    if (match !== null) return cause.replace('$1', match[1] ?? match[2] ?? '');
  }
  const subject = first === undefined || first.name === wholeFile ? '' : `${first.name}: `;
  return `bug: ${subject}${message}`.replace(/\s+/g, ' ').slice(0, 160);
}
