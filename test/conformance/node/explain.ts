/**
 * Why a file fails, as far as its name and its last words tell: for whoever updates the list of expected failures. What no row
 * fits is a bug, with the first lines it printed, and wants a look.
 */
import type { Cause, Expectation, Expectations } from './expectations.ts';
import type { FileResult } from './run.ts';

/** What fits the name and the output, the cause, and a note; `$1` is the first group. The first row that fits counts. */
const rows: readonly (readonly [RegExp, Cause, string])[] = [
  [/The feature (\S+) is unavailable/, 'not offered', '$1'],
  [/Error: (\S+?)(?:\(\))? is not offered by isotherm/, 'not offered', '$1'],
  [/isotherm does not offer (?:the built-in module )?(.*?)(?: yet|$)/m, 'not offered', '$1'],
  [/(\S+) is not available in isotherm/, 'not offered', '$1'],
  [/Error: Not supported$/m, 'not offered', 'import() of files that are found at run time'],
  [/(\/var\/lang\/bin\/node|\/proc\/[^' ]+)'/, 'as Lambda', 'there is no $1'],
  [
    /^test-console-|^test-global-console-exists/,
    'as Lambda',
    'console writes records of the log, not lines to process.stdout',
  ],
  [/^test-process-env-allowed-flags/, 'as Lambda', 'there is no command line'],
  [/^test-os-process-priority/, 'as Lambda', 'a guest has no priority; it remembers what it asked for'],
  [/block_list/, 'not offered', 'net.BlockList'],
  [
    /_initPaths|_resolveLookupPaths|Module\._stat|^test-module-(multi-ext|nodemodulepaths|globalpaths)/,
    'not offered',
    'undocumented methods of Module',
  ],
  [/^test-diagnostics-channel-module/, 'not offered', 'channels of the module loader'],
  [/^test-(module-)?compile-cache/, 'not offered', 'the compile cache; the platform has its own'],
  [/set-?source-?maps/i, 'not offered', 'switching source maps: stacks are always mapped'],
  [/^test-process-getactive/, 'not offered', 'what keeps the loop alive, as a list'],
  [
    /^test-(fs-cp-.*socket|net-pipe|net-server-listen-path|net-better-error-messages-listen-path)/,
    'not offered',
    'sockets as files',
  ],
  [/No such built-in module: node:(internal\/\S+)/, 'not offered', 'what needs $1'],
  [/(?:TypeError: |message: '_?)(\w+) is not a constructor/, 'not offered', '$1'],
  [/ReferenceError: (\w+) is not defined/, 'not offered', '$1'],
  [/TypeError: (\S+) is not a function/, 'not offered', '$1'],
  [/^test-fs-cp-.*mode-flags/, 'message differs', 'the system call in the error'],
  [/^test-whatwg-url-custom-global|^test-global-setters/, 'bug', 'globals are accessors until their first use'],
  [/^test-fs-readdir-ucs2/, 'bug', 'file names that are no UTF-8 are not kept byte for byte'],
  [
    /getOwnPropertyDescriptor' on a proxy|null prototype\] \{\}/,
    'native only',
    'what V8 knows of a proxy, or of an object without its prototype',
  ],
  [
    /^\[?Error \[(\w+)\]:|same structure but are not reference-equal/m,
    'rejections are copies',
    'the reason of an unhandled rejection',
  ],
  [/^test-(net-autoselectfamily|dns-|c-ares)/, 'limits', 'names and addresses that the harness does not give'],
  [/Sandbox\.Timedout/, 'limits', 'does not end in the time that the harness gives it'],
  [/OutOfMemory|allocation failed/, 'limits', 'memory'],
  [/skips itself: (.*)/, 'limits', 'skips itself: $1'],
];

/** `elsewhere`: the list of another version, whose files of the same name mostly fail for the same reason. */
export function explain({ name, outcome }: FileResult, passesNatively: boolean, elsewhere: Expectations): Expectation {
  if (!passesNatively) return { cause: 'fails in Node 26 too' };
  const known = elsewhere[name];
  if (known !== undefined && known.cause !== 'fails in Node 26 too') return known;
  const said = outcome.kind === 'failed' ? `${outcome.status}\n${outcome.output}` : '';
  const text = `${name}\n${said}`;
  for (const [pattern, cause, note] of rows) {
    const match = pattern.exec(text);
    if (match !== null) return { cause, note: note.replace('$1', match[1] ?? '') };
  }
  return { cause: 'bug', note: firstLines(said) };
}

function firstLines(text: string): string {
  return text
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v|^\+ actual - expected/.test(line))
    .slice(0, 4)
    .join(' | ')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z\t[\w-]+\t/g, '')
    .replace(/AssertionError \[ERR_ASSERTION\]: |INFO\t/g, '')
    .slice(0, 120);
}
