/**
 * Images as the builder made them, and damaged ones.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { offeredModules } from '../../src/bridge/node-modules.ts';
import { loadRuntimeImage, RuntimeImageError } from '../../src/sandbox/runtime-image.ts';
import { sandboxNodeFlags } from '../../src/supervisor/node-flags.ts';
import { testRuntime } from '../runtimes/harness.ts';

const kinds = ['snapshot', 'code-cache'] as const;

async function copyOfImage(t: ExecutionContext, kind: (typeof kinds)[number]): Promise<string> {
  const { directory } = await testRuntime(kind);
  const copy = mkdtempSync(join(tmpdir(), 'isotherm-image-'));
  cpSync(directory, copy, { recursive: true });
  t.teardown(() => rmSync(copy, { recursive: true, force: true }));
  return copy;
}

/** By a new file: this process has the native module mapped, and writing into it would change what runs. */
function replaceFile(path: string, content: Uint8Array): void {
  rmSync(path);
  writeFileSync(path, content);
}

for (const kind of kinds) {
  test(`${kind}: a loaded image needs no file any more`, async (t) => {
    const directory = await copyOfImage(t, kind);
    const image = loadRuntimeImage(directory);
    rmSync(directory, { recursive: true });
    t.is(image.kind, kind);
    t.is(image.reason, kind === 'snapshot' ? undefined : 'snapshots are switched off');

    const { isolate, context } = image.open(64, t.fail);
    t.teardown(() => isolate.dispose());
    t.is(context.evalSync('typeof __isothermBoot + typeof __isothermPrimordials'), 'functionundefined');
    t.true(image.builtinIds.includes('events'));
    t.truthy(image.compileBuiltin(isolate, 'events'));
    t.is(image.compileBuiltin(isolate, 'no-such-module'), undefined);
    t.is(image.builtinText('events')?.filename, 'node:events');
  });

  test(`${kind}: one flipped bit in any file is found`, async (t) => {
    const directory = await copyOfImage(t, kind);
    for (const name of readdirSync(directory).filter((file) => file !== 'manifest.json')) {
      const intact = readFileSync(join(directory, name));
      const damaged = Buffer.from(intact);
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      replaceFile(join(directory, name), damaged);
      // The base script is only there to be looked at when there is a snapshot.
      const isUsed = !(kind === 'snapshot' && name.startsWith('base.'));
      if (isUsed)
        t.throws(() => loadRuntimeImage(directory), { instanceOf: RuntimeImageError, message: /has hash/ }, name);
      replaceFile(join(directory, name), intact);
    }
    t.is(loadRuntimeImage(directory).kind, kind);
  });
}

test('a missing file is named', async (t) => {
  const directory = await copyOfImage(t, 'snapshot');
  rmSync(join(directory, 'builtins.bin'));
  t.throws(() => loadRuntimeImage(directory), {
    instanceOf: RuntimeImageError,
    message: /builtins\.bin cannot be read/,
  });
});

test('an image is verified under the flags of the sandboxes, and V8 refuses its caches under others', async (t) => {
  const { directory } = await testRuntime('snapshot');
  const program = fileURLToPath(new URL('../../src/sandbox/verify-runtime.ts', import.meta.url));
  const verify = (flags: readonly string[]) => promisify(execFile)(process.execPath, [...flags, program, directory]);
  await t.notThrowsAsync(verify(sandboxNodeFlags));
  const error = await t.throwsAsync(verify([...sandboxNodeFlags, '--no-opt']));
  t.regex(error.message, /refuses the code cache/);
});

test('nearly every public module can be evaluated in an isolate that is not booted yet', async (t) => {
  const { directory } = await testRuntime('snapshot');
  const image = loadRuntimeImage(directory);
  // These read the environment or warn while they are evaluated, so they wait for a guest.
  const waiting = ['assert', 'assert/strict', 'sys'];
  t.deepEqual(
    offeredModules.filter((name) => image.aheadOf([name]).length === 0),
    waiting,
  );
});
