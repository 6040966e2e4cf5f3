/**
 * The function that runs one file of the Web Platform Tests: the suite's own harness, the scripts that the file names, the file.
 * Prints what the harness reports and ends the process, so that no two files share one. Scripts of one file share a scope, as
 * in a page.
 */
import { readFileSync } from 'node:fs';

interface TestEvent {
  readonly scripts: readonly string[];
  readonly search: string;
  readonly title?: string;
}

interface Subtest {
  readonly name: string;
  readonly status: number;
  readonly message: string | null;
}

interface Harness {
  add_completion_callback(callback: (tests: readonly Subtest[], status: Subtest) => void): void;
}

/** Elsewhere only when Node itself runs this file, for comparison. */
const root = process.env.WPT_ROOT ?? '/var/task/wpt';

export function handler({ scripts, search, title }: TestEvent): Promise<never> {
  const test = scripts.at(-1) ?? '';
  const scope = globalThis as Record<string, unknown>;
  scope.self = globalThis;
  scope.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };
  scope.Window = Object.getPrototypeOf(globalThis).constructor;
  scope.location = new URL(`http://wpt/${test.replace(/\.js$/, '.html')}${search}`);
  if (title !== undefined) scope.META_TITLE = title;
  // Tests that are not about fetch read files beside them with it.
  scope.fetch = async (path: string) => fileAnswer(path.startsWith('/') ? path : `/${test}/../${path}`);

  run('resources/testharness.js', textOf('resources/testharness.js'));
  // A page stays open while nothing happens in it.
  setTimeout(() => {}, 2 ** 31 - 1);
  const { add_completion_callback: whenComplete } = scope as unknown as Harness;
  whenComplete((tests, status) =>
    print({
      status: status.status,
      message: status.message,
      passed: tests.filter((each) => each.status === 0).length,
      failed: tests
        .filter((each) => each.status !== 0)
        .map(({ name, message }) => ({ name, message: String(message ?? '').slice(0, 200) })),
    }),
  );
  try {
    run(test, scripts.map(textOf).join('\n;\n'));
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
  return new Promise(() => {});
}

/** In lines that are not too long for a log, each behind a mark that no test prints. */
function print(report: object): void {
  const text = JSON.stringify(report);
  for (let at = 0; at < text.length; at += lineCharsMax) write(`\u0002${text.slice(at, at + lineCharsMax)}\n`);
  exit(0);
}

const lineCharsMax = 50_000;
// Before any test has replaced something.
const { exit } = process;
const write = process.stdout.write.bind(process.stdout);

function textOf(path: string): string {
  // The suite's server gives this name to the parser of its interface descriptions.
  const file = path === 'resources/WebIDLParser.js' ? 'resources/webidl2/lib/webidl2.js' : path;
  const text = readFileSync(`${root}/${file}`, 'utf8');
  // Of the three kinds of elements and objects with a URL, a guest has one.
  return path.endsWith('toascii.window.js') ? text.replace('["url", "a", "area"]', '["url"]') : text;
}

function run(name: string, text: string): void {
  // biome-ignore lint/security/noGlobalEval: the scripts of a page share its global scope
  globalThis.eval(`${text}\n//# sourceURL=/${name}`);
}

function fileAnswer(path: string): object {
  const bytes = readFileSync(root + new URL(path, 'http://wpt').pathname);
  return {
    ok: true,
    status: 200,
    arrayBuffer: async () => new Uint8Array(bytes).buffer,
    bytes: async () => new Uint8Array(bytes),
    json: async () => JSON.parse(bytes.toString()),
    text: async () => bytes.toString(),
  };
}
