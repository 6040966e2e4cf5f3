/**
 * Runs all tests, and those that failed once more, alone. Tests of real processes share two cores with each other: one that only failed
 * for want of time passes by itself, and is named as one that needs a quiet machine. One that fails twice has failed. Ends with ava's
 * status, and with the counts of both runs together.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { stripVTControlCharacters } from 'node:util';

export interface TestRun {
  readonly passed: number;
  /** As ava prints them: the file's folders and name, then the title, divided by ` › `. */
  readonly failed: readonly string[];
  /** Something went wrong that is no test's: an exception that nobody caught, a file that ended, the timeout of the whole run. */
  readonly isBroken: boolean;
}

/** So many failures are no want of time. */
export const againMax = 12;

const failure = '✘ [fail]: ';
const broken =
  /^(Uncaught exception|Unhandled rejection) in |^✘ (\[unexpected pass\]|Timed out|Internal error|Exiting due to|No tests found|Error in shared worker)|^✘ .*(exited with a non-zero exit code|exited due to)/;

export function readRun(output: string): TestRun {
  let passed = 0;
  const failed: string[] = [];
  let isBroken = false;
  for (const line of stripVTControlCharacters(output).split('\n')) {
    const text = line.trimStart();
    if (text.startsWith('✔ ')) passed += 1;
    else if (text.startsWith(failure)) failed.push(text.slice(failure.length));
    else if (broken.test(text)) isBroken = true;
  }
  return { passed, failed, isBroken };
}

/** The file of a test that ava named; `undefined` when there is none of that name. */
export function fileOf(name: string, isFile: (path: string) => boolean): string | undefined {
  const parts = name.split(' › ');
  for (let count = 1; count < parts.length; count++) {
    const path = `test/${parts.slice(0, count).join('/')}.test.ts`;
    if (isFile(path)) return path;
  }
  return undefined;
}

/** The files to run again; none when that could not tell anything. */
export function filesToRepeat({ failed, isBroken }: TestRun, isFile: (path: string) => boolean): readonly string[] {
  if (isBroken || failed.length === 0 || failed.length > againMax) return [];
  const files = new Set<string>();
  for (const name of failed) {
    const file = fileOf(name, isFile);
    if (file === undefined) return [];
    files.add(file);
  }
  return [...files];
}

interface Ended extends TestRun {
  readonly status: number;
}

function ava(args: readonly string[]): Promise<Ended> {
  const child = spawn('ava', args, { stdio: ['inherit', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      resolve({ status, ...readRun(output) });
    });
  });
}

async function main(): Promise<void> {
  const first = await ava(process.argv.slice(2));
  const files = first.status === 0 ? [] : filesToRepeat(first, existsSync);
  if (files.length === 0) {
    process.exitCode = first.status;
    console.log(`\n  ${first.passed} tests passed\n  ${first.failed.length} tests failed`);
    return;
  }
  console.log(`\n--- once more, alone: ${files.join(' ')}\n`);
  const again = await ava(['--concurrency=1', ...files]);
  // Ava names no file where it runs only one, so that the two lists cannot be compared by name.
  const isSteady = again.status === 0 ? 'passed alone' : 'see above for what failed alone';
  for (const name of first.failed) console.log(`  failed beside other files, ${isSteady}: ${name}`);
  // Tests of those files that passed the first time and fail now have failed.
  const failedTwice = again.failed.length;
  console.log(`\n  ${first.passed + first.failed.length - failedTwice} tests passed\n  ${failedTwice} tests failed`);
  process.exitCode = again.status;
}

if (import.meta.main) await main();
