/** A first guess at why a file fails, for whoever updates the list of expected failures and looks at each. */
import type { Expectation, Expectations } from './expectations.ts';
import type { FileResult } from './run.ts';

const guesses: readonly (readonly [RegExp, Omit<Expectation, 'note'>, string?])[] = [
  [/getOwnPropertyDescriptor' on a proxy|null prototype\] \{\}/, { cause: 'native only' }],
  [/(\S+) is not a function/, { cause: 'not offered' }],
  [/The feature (\S+) is unavailable/, { cause: 'not offered' }],
  [/isotherm does not offer (.*?) yet/, { cause: 'not offered' }],
  [/(\S+) is not available in isotherm/, { cause: 'not offered' }],
  [/(Class|MessageChannel|BroadcastChannel|Response|CompressionStream) is not defined/, { cause: 'not offered' }],
  [/(import\(\)).*|Error: Not supported/, { cause: 'not offered' }, 'import() of files that are found at run time'],
  [/(\/var\/lang\/bin\/node|\/proc\/\S+)'/, { cause: 'as Lambda' }],
  [/^\[?Error \[(\w+)\]:|same structure but are not reference-equal/m, { cause: 'rejections are copies' }],
  [/Sandbox\.Timedout|OutOfMemory|allocation failed|skips itself/, { cause: 'limits' }],
];

/** `elsewhere`: the list of another version, whose files of the same name mostly fail for the same reason. */
export function explain({ name, outcome }: FileResult, passesNatively: boolean, elsewhere: Expectations): Expectation {
  if (!passesNatively) return { cause: 'fails in Node 26 too' };
  const known = elsewhere[name];
  if (known !== undefined && known.cause !== 'fails in Node 26 too') return known;
  const text = outcome.kind === 'failed' ? `${outcome.status}\n${outcome.output}` : '';
  for (const [pattern, expectation, note] of guesses) {
    const match = pattern.exec(text);
    if (match !== null) return { ...expectation, note: note ?? match[1] ?? firstLines(text) };
  }
  return { cause: 'bug', note: firstLines(text) };
}

function firstLines(text: string): string {
  return text
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v/.test(line))
    .slice(0, 4)
    .join(' | ')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z\t[\w-]+\t/g, '')
    .slice(0, 160);
}
