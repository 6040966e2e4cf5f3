/** Layers whole-way: what a function finds below /opt, how it gets there and stays there. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { ZipFile } from 'yazl';
import { createEngine } from '../../src/index.ts';
import { atExit } from '../fixtures/at-exit.ts';

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-layers-'));
  atExit(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

type Files = Readonly<Record<string, string>>;

function layerDirectory(files: Files): string {
  const directory = temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

function layerZip(files: Files): Promise<Uint8Array> {
  const zip = new ZipFile();
  for (const [path, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), path);
  zip.end();
  return buffer(zip.outputStream as never);
}

const source = `
const { readFileSync, readdirSync } = require('node:fs');
exports.handler = async () => ({
  files: readdirSync('/opt', { recursive: true }).sort(),
  shared: readFileSync('/opt/shared.txt', 'utf8'),
  greeting: require('greeting')('Ada'),
  versioned: (() => { try { return require('versioned'); } catch (error) { return error.code; } })(),
  written: (() => { try { require('node:fs').writeFileSync('/opt/x', ''); } catch (error) { return error.code; } })(),
});`;

const packages = {
  'nodejs/node_modules/greeting/package.json': '{"name":"greeting","exports":{"require":"./lib/hello.js"}}',
  'nodejs/node_modules/greeting/lib/hello.js': 'module.exports = (name) => `Hello ${name} from ${__filename}`;',
};

test('layers lie below /opt, the later over the earlier, and their packages are found', async (t) => {
  await using engine = await createEngine();
  await engine.createFunction({
    functionName: 'layered',
    timeout: 20,
    code: { source },
    layers: [
      layerDirectory({ ...packages, 'shared.txt': 'first' }),
      await layerZip({
        'shared.txt': 'second',
        'nodejs/node24/node_modules/versioned.js': "module.exports = 'for 24';",
      }),
    ],
  });
  const invoked = async () => {
    const { payload } = await engine.invoke({ functionName: 'layered', payload: '{}' });
    return JSON.parse(Buffer.from(payload).toString());
  };
  const answer = await invoked();
  t.is(answer.shared, 'second');
  t.is(answer.greeting, 'Hello Ada from /opt/nodejs/node_modules/greeting/lib/hello.js');
  t.is(answer.versioned, 'for 24');
  t.is(answer.written, 'EROFS');
  t.true(answer.files.includes('nodejs/node_modules/greeting/lib/hello.js'));

  await engine.updateFunctionConfiguration({
    functionName: 'layered',
    layers: [layerDirectory({ ...packages, 'shared.txt': 'third' })],
  });
  t.is((await invoked()).shared, 'third');
  t.is((await invoked()).versioned, 'MODULE_NOT_FOUND');

  await engine.updateFunctionCode({ functionName: 'layered', code: { source: `${source}// changed` } });
  t.is((await invoked()).shared, 'third');

  await engine.updateFunctionConfiguration({ functionName: 'layered', layers: [] });
  t.regex(JSON.stringify(await invoked()), /ENOENT/);
});

test('layers survive a restart with their function', async (t) => {
  const dataDirectory = temporaryDirectory();
  {
    await using engine = await createEngine({ dataDirectory });
    await engine.createFunction({
      functionName: 'layered',
      timeout: 20,
      code: { source },
      layers: [layerDirectory({ ...packages, 'shared.txt': 'kept' })],
    });
  }
  await using engine = await createEngine({ dataDirectory });
  const { payload } = await engine.invoke({ functionName: 'layered', payload: '{}' });
  t.is(JSON.parse(Buffer.from(payload).toString()).shared, 'kept');
});

test('too many layers, and layers that cannot be read, are refused', async (t) => {
  await using engine = await createEngine();
  const create = (layers: readonly string[]) =>
    engine.createFunction({ functionName: 'refused', timeout: 20, code: { source }, layers });
  const directory = layerDirectory({ a: '' });
  await t.throwsAsync(create(Array(6).fill(directory)), { message: 'Cannot reference more than 5 layers.' });
  await t.throwsAsync(create([join(directory, 'missing.zip')]), { message: /missing\.zip cannot be read/ });
  await t.throwsAsync(create([join(directory, 'missing')]), { code: 'InvalidParameterValueException' });
});
