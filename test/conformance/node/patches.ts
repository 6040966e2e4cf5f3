/**
 * Changes to the text of Node's test tree as it is packed for the guests, each with its reason. They touch what the tests stand
 * on, never what a test checks; the tree itself stays as it is.
 */
import { offeredModules } from '../../../src/bridge/node-modules.ts';

interface Patch {
  /** Path in the tree. */
  readonly file: RegExp;
  readonly find: RegExp;
  readonly replace: string;
  readonly reason: string;
}

const offered: readonly string[] = offeredModules;

const patches: readonly Patch[] = [
  {
    file: /^common\/(index|tmpdir)\.js$/,
    find: /^const \{ isMainThread \} = require\('worker_threads'\);$/m,
    replace: 'const isMainThread = true;',
    reason: 'asks only whether this is a worker, and a guest has none',
  },
  {
    file: /^common\/index\.js$/,
    find: /^const \{ Worker \} = require\('node:worker_threads'\);$/m,
    replace: 'class Worker {}',
    reason: 'names the class as a known global only',
  },
  {
    file: /^common\/(index|tmpdir)\.js$/,
    find: /^const \{ (?:exec, execSync, spawn, )?spawnSync \} = require\('child_process'\);$/m,
    replace:
      "const spawnSync = () => { throw new Error('a guest starts no processes'); }, exec = spawnSync, execSync = spawnSync, spawn = spawnSync;",
    reason: 'used only by tests that start processes, and these do not apply',
  },
  {
    file: /^common\/index\.js$/,
    find: /^const net = require\('net'\);$/m,
    replace: offered.includes('net')
      ? "const net = require('net');"
      : 'const net = { getDefaultAutoSelectFamilyAttemptTimeout: () => 250, setDefaultAutoSelectFamilyAttemptTimeout() {} };',
    reason: 'sets a default of connections, also for tests that make none',
  },
  {
    file: /^common\/index\.js$/,
    find: /^ {4}const \{ execSync \} = require\('child_process'\);\n(?= {4}if \(inFreeBSDJail)/m,
    replace: '',
    reason: 'would be called on FreeBSD only',
  },
  {
    file: /^common\/wpt\.js$/,
    find: /^const \{ Worker \} = require\('worker_threads'\);$/m,
    replace: 'class Worker {}',
    reason: 'runs the Web Platform Tests in threads; tests that load it use its other functions',
  },
  {
    file: /^common\/index\.js$/,
    find: /^ {2}fetch,$/m,
    replace: '  globalThis.fetch,',
    reason: 'names it as a known global only',
  },
  {
    file: /^(parallel|common)\//,
    find: /(require\(|from )(['"])node:test\2/g,
    replace: '$1$2/var/task/node-test.js$2',
    reason: 'node:test is a tool of the test, not what it tests; the harness has a small one',
  },
];

export function patched(path: string, text: string): string {
  return patches.reduce(
    (result, { file, find, replace }) => (file.test(path) ? result.replace(find, replace) : result),
    text,
  );
}
