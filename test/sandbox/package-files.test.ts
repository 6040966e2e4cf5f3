/** The read-only tree of a version: files, directories and links of the package store, by position. */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fsOperations } from '../../src/bridge/fs.ts';
import { createPackageFiles, type PackageFiles } from '../../src/sandbox/package-files.ts';
import { createBackingFile } from '../../src/sandbox/volume/backing-file.ts';
import { createFileSystem } from '../../src/sandbox/volume/file-system.ts';
import { createVolume } from '../../src/sandbox/volume/volume.ts';

const clock = { epochMs: () => 1_700_000_000_000 };

/** Writes contents and indexes into a store, as the host does. */
function store() {
  const directory = mkdtempSync(join(tmpdir(), 'isotherm-store-'));
  const fd = openSync(join(directory, 'store'), 'w+');
  rmSync(directory, { recursive: true });
  let offset = 0;
  const put = (text: string) => {
    const range = { offset, bytes: Buffer.byteLength(text) };
    writeSync(fd, text);
    offset += range.bytes;
    return range;
  };
  const entry = (path: string, mode: number, text = ''): unknown[] => {
    const range = put(text);
    return [path, mode, range.offset, range.bytes];
  };
  return { fd, put, entry };
}

function calls(packageFiles: PackageFiles) {
  const backing = createBackingFile({ fd: openSync('/dev/null', 'r') });
  const fs = createFileSystem({ volume: createVolume({ backing, quotaBytes: 0, clock }), packageFiles });
  const content = (path: string) => {
    const reply = fs.call(fsOperations.readFile, path, 0);
    return reply instanceof ArrayBuffer ? new TextDecoder().decode(reply) : reply;
  };
  return { fs, content };
}

test('files, empty directories, links and layers are where the index says', (t) => {
  const { fd, put, entry } = store();
  const task = [
    entry('index.js', 0o100644, 'code'),
    entry('bin/tool', 0o100755, '#!tool'),
    entry('empty/', 0o040755),
    entry('current', 0o120777, 'bin/tool'),
    entry('./a//b', 0o600, 'untidy'),
  ];
  const opt = [entry('nodejs/node_modules/layer/index.js', 0o644, 'layer')];
  const fileIndex = put(JSON.stringify(task));
  const { fs, content } = calls(createPackageFiles({ fd, fileIndex, optIndex: put(JSON.stringify(opt)), clock }));

  t.deepEqual(fs.call(fsOperations.readdir, '/var/task'), ['a', 2, 'bin', 2, 'current', 3, 'empty', 2, 'index.js', 1]);
  t.is(content('/var/task/index.js'), 'code');
  t.is(content('/var/task/current'), '#!tool');
  t.is(content('/var/task/a/b'), 'untidy', 'a package can be read whatever its modes are');
  t.is(content('/opt/nodejs/node_modules/layer/index.js'), 'layer');
  t.deepEqual(fs.call(fsOperations.readdir, '/var/task/empty'), []);
  const stat = fs.call(fsOperations.stat, '/var/task/bin/tool');
  t.is(Array.isArray(stat) && stat[1], 0o100755);
});

test('nothing is read from the store before a function looks', (t) => {
  const packageFiles = createPackageFiles({ fd: -1, fileIndex: { offset: 0, bytes: 10 }, clock });
  const { fs } = calls(packageFiles);
  t.is(fs.call(fsOperations.close, 3) !== 0, true);
  t.throws(() => packageFiles.root, { code: 'ERR_OUT_OF_RANGE' });
});

test('an index that leaves its directory, or contradicts itself, is refused', (t) => {
  for (const paths of [['../x'], ['a/../../x'], ['a', 'a/b']]) {
    const { fd, put, entry } = store();
    const fileIndex = put(JSON.stringify(paths.map((path) => entry(path, 0o644, 'x'))));
    t.throws(() => createPackageFiles({ fd, fileIndex, clock }).root, { name: 'InvariantError' }, paths.join());
  }
});

test('environments of a version share one tree', (t) => {
  const { fd, put, entry } = store();
  const packageFiles = createPackageFiles({ fd, fileIndex: put(JSON.stringify([entry('f', 0o644, 'x')])), clock });
  t.is(packageFiles.root, packageFiles.root);
  t.is(calls(packageFiles).content('/var/task/f'), 'x');
  t.is(calls(packageFiles).content('/var/task/f'), 'x');
});
