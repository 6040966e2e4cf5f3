/**
 * Which of Node's test files can say something about a guest, decided by rules with names. Each rule looks at the text of the
 * file only, so the same tree always gives the same answer. What no rule excludes is run and counts.
 */
import { refusedModules } from '../../../src/bridge/node-modules.ts';
import type { TestFile } from './corpus.ts';
import { moduleOf, programName } from './modules.ts';

export type Applicability =
  | { readonly kind: 'applicable' }
  /** `rule` is the name under which the page lists the file. */
  | { readonly kind: 'inapplicable'; readonly rule: string };

interface Rule {
  readonly name: string;
  readonly fits: (file: TestFile) => boolean | string;
}

/** They can be loaded, and each of their functions throws; of http2 there are names and numbers. */
const refused: readonly string[] = [...refusedModules, 'http2'];

/** Command line options without which a test checks the same. */
const harmlessFlags: ReadonlySet<string> = new Set(['--no-warnings', '--stack-trace-limit=0', '--no-deprecation']);

const rules: readonly Rule[] = [
  { name: 'tests the program node, not a module', fits: ({ name }) => moduleOf(name) === programName },
  {
    name: 'is about the Node test runner, linter or release tools',
    fits: ({ name }) => /^test-(runner|eslint|release|npm)/.test(name),
  },
  {
    name: "uses Node's internals",
    fits: ({ text }) =>
      /--expose[-_]internals|internalBinding|require\('internal\/|process\.binding\(|from 'internal\/|primordials/.test(
        text,
      ),
  },
  { name: 'needs a command line option', fits: needsFlag },
  { name: 'needs an environment variable at start', fits: ({ text }) => /^\/\/ Env:/m.test(text) },
  {
    name: 'starts other processes',
    fits: ({ text }) =>
      /child_process|common\/(child_process|debugger|inspector-helper|assertSnapshot|watch|snapshot|sea|shared-lib-util|prof|proxy-server)|spawnPromisified|pwdCommand|childShouldThrow|process\.execPath\b.*(spawn|exec|fork)/.test(
        text,
      ),
  },
  { name: 'starts threads', fits: ({ text }) => /\bnew Worker\(/.test(text) },
  {
    name: 'uses other contexts of vm',
    fits: ({ text }) => /\b(createContext|run\w*In(New)?Context)\b/.test(text),
  },
  { name: 'uses a module that is refused', fits: usesMissingModule },
  { name: 'is about a module that is refused', fits: aboutMissingModule },
  {
    name: 'sends or receives signals',
    fits: ({ text }) => /process\.kill\(|process\.(on|once|emit)\('SIG|skipIfWorker\(.*[Ss]ignal/.test(text),
  },
  { name: 'loads native add-ons', fits: ({ text }) => /\.node['"`]|process\.dlopen|_linkedBinding/.test(text) },
  {
    name: 'needs garbage collection on demand',
    fits: ({ text }) => /common\/gc|globalThis\.gc\b|global\.gc\b/.test(text),
  },
  { name: 'needs a terminal', fits: ({ text }) => /getTTYfd|\bttyFd\b|isTTY = true/.test(text) },
  { name: 'needs the internet', fits: ({ text }) => /common\/internet/.test(text) },
  {
    name: 'tests the inspector',
    fits: ({ text }) => /common\.skipIfInspectorDisabled|common\.hasInspector\b.*skip/.test(text),
  },
  {
    name: 'is for another system',
    fits: ({ text }) =>
      /if \(!common\.is(Windows|MacOS|AIX|IBMi|FreeBSD|SunOS)\)?\s*\{?\s*\)?\s*\n?\s*common\.skip/.test(text),
  },
];

export function applicability(file: TestFile): Applicability {
  for (const { name, fits } of rules) {
    const found = fits(file);
    if (found === false) continue;
    return { kind: 'inapplicable', rule: found === true ? name : `${name}: ${found}` };
  }
  return { kind: 'applicable' };
}

/** Tests that end themselves with `common.skip()`, for reasons that lie in the machine or in the platform. */
const ownSkips: readonly RegExp[] = [
  /[Ww]indows|macOS|AIX|IBMi|IBM i|FreeBSD|Solaris|SunOS|ppc|arm|linux only|32-bit|platform/,
  /root|superuser|privileges/,
  /memory requirements|[Ii]nsufficient memory|enough memory/,
  /inspector|ESLint|OpenSSL CLI|openssl-cli|OpenSSL >=|OpenSSL 3|FIPS|QUIC|NODE_OPTIONS|dumb terminal|trace events|Amaro|Temporal/,
];

export function ownSkipRule(reason: string): string | undefined {
  return ownSkips.some((pattern) => pattern.test(reason)) ? `skips itself: ${reason}` : undefined;
}

function needsFlag({ text }: TestFile): false | string {
  const flags = /^\/\/ Flags:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  return flags.find((flag) => flag.startsWith('-') && !harmlessFlags.has(flag)) ?? false;
}

function aboutMissingModule({ name }: TestFile): false | string {
  const missing: readonly string[] = refused;
  const module = moduleOf(name);
  const source = { webcrypto: 'crypto', fetch: 'http' }[module] ?? module;
  return missing.includes(source) && source;
}

/** By statement; a test that asks for a module on some branch only is about that branch as well. */
function usesMissingModule({ text }: TestFile): false | string {
  const missing: readonly string[] = refused;
  for (const match of text.matchAll(/\b(?:require\(|from |import\()\s*['"](?:node:)?([\w/]+)['"]/g)) {
    const id = match[1] ?? '';
    // The harness has its own.
    if (missing.includes(id) && id !== 'test') return id;
  }
  return false;
}
