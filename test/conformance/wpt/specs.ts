/**
 * Which files of the Web Platform Tests are run, with what they say about themselves: `// META:` lines name further scripts and
 * variants. The tree is the one that Node carries under `test/fixtures/wpt`, with its own list of what cannot run
 * (`test/wpt/status`).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix, relative } from 'node:path';
import type { Corpus } from '../node/corpus.ts';

/** Folders of the tree that are about something that isotherm offers. */
export const areas = [
  'FileAPI',
  'WebCryptoAPI',
  'compression',
  'dom/abort',
  'dom/events',
  'encoding',
  'hr-time',
  'html/webappapis/atob',
  'html/webappapis/microtask-queuing',
  'html/webappapis/structured-clone',
  'html/webappapis/timers',
  'performance-timeline',
  'streams',
  'url',
  'urlpattern',
  'user-timing',
  'webidl/ecmascript-binding/es-exceptions',
  'webmessaging/broadcastchannel',
] as const;
export type Area = (typeof areas)[number];

export interface Spec {
  readonly area: Area;
  /** Path in the tree and variant: `url/url-constructor.any.js?include=file`. */
  readonly name: string;
  /** Paths in the tree, in the order they run; the last is the test. */
  readonly scripts: readonly string[];
  readonly search: string;
  readonly title: string | undefined;
  /** Why it is not run. */
  readonly skip: string | undefined;
}

interface Status {
  readonly skip?: string;
}

export function wptRoot({ directory }: Corpus): string {
  return join(directory, 'fixtures', 'wpt');
}

export function readSpecs(corpus: Corpus, wanted: readonly Area[]): Spec[] {
  return wanted.flatMap((area) => {
    const folder = join(wptRoot(corpus), area);
    const rules = Object.entries(readStatus(corpus, area)).map(
      ([pattern, status]) => [matcher(pattern), status] as const,
    );
    if (!existsSync(folder)) return [];
    return filesIn(folder)
      .map((file) => relative(folder, file))
      .filter((file) => /\.(any|window)\.js$/.test(file))
      .sort()
      .flatMap((file) =>
        specsOf(
          corpus,
          area,
          file,
          rules.flatMap(([matches, status]) => (matches(file) ? [status] : [])),
        ),
      );
  });
}

function specsOf(corpus: Corpus, area: Area, file: string, statuses: readonly Status[]): Spec[] {
  const path = posix.join(area, file);
  const text = readFileSync(join(wptRoot(corpus), path), 'utf8');
  const meta = [...text.matchAll(/^\/\/ META: ([^=\n]+?)=(.+)$/gm)].map(
    (match) => [match[1], match[2]?.trim()] as const,
  );
  const all = (key: string) => meta.flatMap(([name, value]) => (name === key && value !== undefined ? [value] : []));
  const scripts = all('script').map((script) =>
    script.startsWith('/') ? script.slice(1) : posix.join(posix.dirname(path), script),
  );
  const variants = all('variant');
  return (variants.length === 0 ? [''] : variants).map((search) => ({
    area,
    name: `${path}${search}`,
    scripts: [...scripts, path],
    search,
    title: all('title')[0],
    skip: skipReason(file, text, statuses),
  }));
}

/** By rules with names; the last are those of Node's own list. */
function skipReason(file: string, text: string, statuses: readonly Status[]): string | undefined {
  if (/\.https?\.window\.js$|\.sub\./.test(file)) return 'needs the server of the test suite';
  if (/new Worker\(|new SharedWorker\(|\biframe\b|\bwindow\.open\(/.test(text)) return 'needs other realms';
  if (/\bdocument\.(body|createElement|getElementById|domain)\b/.test(text) && /\.window\.js$/.test(file)) {
    return 'needs a document';
  }
  return statuses.find(({ skip }) => skip !== undefined)?.skip;
}

/** The list for `a/b` lies in `a.json`, `a/b.json` or, where it is computed, in `a.cjs`. */
function readStatus({ directory }: Corpus, area: Area): Record<string, Status> {
  const folder = join(directory, 'wpt', 'status');
  for (const extension of ['json', 'cjs']) {
    const file = join(folder, `${area}.${extension}`);
    if (existsSync(file)) return createRequire(import.meta.url)(file) as Record<string, Status>;
  }
  return {};
}

function matcher(pattern: string): (file: string) => boolean {
  const expression = pattern.replace(/[-/\\^$+?.()|[\]{}]/g, '\\$&').replace('*', '.*');
  const exact = new RegExp(pattern.includes('*') ? expression : `^${expression}$`);
  return (file) => exact.test(file);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('/resources'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What the guests need of the tree: tests, their scripts and what they read. */
export function isNeeded(path: string): boolean {
  return !/\.(html?|svg|xht|py|headers|worker\.js)$/.test(path) && dirname(path) !== 'media';
}
