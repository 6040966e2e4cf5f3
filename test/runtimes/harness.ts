/**
 * Real guests for tests, with and without a snapshot, and Node itself to compare them with. The runtime is built once and kept
 * in the system's temporary directory by its key, so that the next run finds it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { sandboxNodeFlags } from '../../src/supervisor/node-flags.ts';
import { type CachedRuntime, ensureRuntime } from '../../src/supervisor/runtime-cache.ts';
import { testCacheDirectory } from '../fixtures/jail.ts';
import type { GuestRequest, GuestRun } from './guest-runner.ts';

export type ImageKind = CachedRuntime['kind'];

/** `needed`: a test that is about the native module fails, with the reason, where it cannot be built. */
export type NativeModuleUse = 'auto' | 'needed' | 'off';

export async function testRuntime(kind: ImageKind, nativeModule: NativeModuleUse = 'auto'): Promise<CachedRuntime> {
  const runtime = await ensureRuntime({
    cacheDirectory: testCacheDirectory,
    nodePath: process.execPath,
    observe: () => {},
    clock: systemClock,
    snapshot: kind === 'snapshot' ? 'on' : 'off',
    nativeModule: nativeModule === 'off' ? 'off' : 'auto',
  });
  if (nativeModule === 'needed' && runtime.nativeModule.kind === 'absent') {
    throw new Error(`this test needs a C++ compiler and Node's headers: ${runtime.nativeModule.reason}`);
  }
  return runtime;
}

/** One child that runs requests one after the other, each in a guest of its own. */
export class GuestRunner implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting: PromiseWithResolvers<GuestRun>[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    let errors = '';
    child.stderr?.on('data', (chunk) => {
      errors += String(chunk);
    });
    child.once('close', (code, signal) => {
      for (const waiting of this.#waiting)
        waiting.reject(new Error(`guest-runner ended (${signal ?? code}): ${errors}`));
    });
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    }
  }

  static async start(kind: ImageKind = 'snapshot', nativeModule?: NativeModuleUse): Promise<GuestRunner> {
    const { directory } = await testRuntime(kind, nativeModule);
    const program = fileURLToPath(new URL('./guest-runner.ts', import.meta.url));
    return new GuestRunner(spawn(process.execPath, [...sandboxNodeFlags, program, directory]));
  }

  run(request: GuestRequest): Promise<GuestRun> {
    const waiting = Promise.withResolvers<GuestRun>();
    this.#waiting.push(waiting);
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    return waiting.promise;
  }

  /** The handler's answer, parsed. @throws Error with what was settled when it was none */
  async answer(source: string, options: Omit<GuestRequest, 'source'> = {}): Promise<unknown> {
    const run = await this.run({ source, ...options });
    const last = run.settled.at(-1);
    if (last?.kind !== 2) throw new Error(`no answer: ${JSON.stringify(run)}`);
    return JSON.parse(last.text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }
}

/** What a program requires: what an isolate is prepared with for one like it. */
export function modulesIn(source: string): readonly string[] {
  return [...source.matchAll(/\brequire\('(?:node:)?([\w/]+)'\)/g)].map(([, name = '']) => name);
}

/** The same module, evaluated by the Node that runs the tests. */
export async function nodeAnswer(source: string, event: unknown = {}): Promise<unknown> {
  const exports: { handler?: (event: unknown) => unknown } = {};
  const module = { exports };
  const evaluate = new Function('exports', 'require', 'module', '__filename', '__dirname', source);
  evaluate(exports, createRequire(import.meta.url), module, '/var/task/index.js', '/var/task');
  // An event reaches a guest in the loop's poll phase, so here too the handler is called by something that was polled.
  const answer = await new Promise((resolve) => stat('/', () => resolve(module.exports.handler?.(event))));
  return JSON.parse(JSON.stringify(answer));
}
