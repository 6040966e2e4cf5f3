/** What a volume may hold: exactly its quota, a maximum of inodes, names and descriptors, and nothing of anybody else's. */
import { fstatSync, openSync } from 'node:fs';
import test from 'ava';
import { limits } from '../../../src/model/limits.ts';
import { createBackingFile } from '../../../src/sandbox/volume/backing-file.ts';
import { createFileSystem } from '../../../src/sandbox/volume/file-system.ts';
import { bytes, createFixture, type Fixture, MiB, temporaryFile, text } from './fixture.ts';

const O = { create: 0o100, write: 0o1, readWrite: 0o2, truncate: 0o1000 } as const;

function opened({ run }: Fixture, path: string): number {
  const fd = run('open', path, O.readWrite | O.create, 0o644);
  if (typeof fd !== 'number') throw new Error(`open ${path}: ${String(fd)}`);
  return fd;
}

function freeBlocks({ run }: Fixture): number {
  const fields = run('statfs', '/tmp');
  return Array.isArray(fields) ? Number(fields[3]) : Number.NaN;
}

test('the quota is exact: its last byte fits, one more does not', (t) => {
  const fixture = createFixture({ quotaBytes: 4 * MiB });
  const { run } = fixture;
  const fd = opened(fixture, '/tmp/full');
  t.is(run('write', fd, new ArrayBuffer(4 * MiB), -1), 4 * MiB);
  t.is(freeBlocks(fixture), 0);
  t.is(run('write', fd, bytes('x'), -1), 'ENOSPC');
  t.is(run('writeFile', '/tmp/other', O.write | O.create, 0o644, bytes('x')), 'ENOSPC');
  t.is(run('write', fd, bytes('over'), 0), 4, 'what is there can be written again');
  t.is(run('ftruncate', fd, 4 * MiB - 4096), 0);
  t.is(run('writeFile', '/tmp/other', O.write | O.create, 0o644, bytes('x')), 0);
});

test('what a call brought is given back with its end, whatever that is', (t) => {
  const fixture = createFixture({ quotaBytes: 2 * MiB });
  const fd = opened(fixture, '/tmp/file');
  const brought = Array.from({ length: 4 }, () => new ArrayBuffer(MiB));
  t.is(fixture.run('write', fd, brought[0], -1), MiB);
  t.is(fixture.run('writeFile', '/tmp/other', O.write | O.create, 0o644, brought[1]), 0);
  t.is(fixture.run('write', fd, brought[2], -1), 'ENOSPC');
  t.is(fixture.run('write', 12_345, brought[3], -1), 'EBADF');
  t.deepEqual(
    brought.map(({ detached }) => detached),
    [true, true, true, true],
  );
});

test('a write across the quota is short, as on a full disk', (t) => {
  const fixture = createFixture({ quotaBytes: MiB });
  const fd = opened(fixture, '/tmp/file');
  t.is(fixture.run('write', fd, new ArrayBuffer(MiB - 4096), -1), MiB - 4096);
  t.is(fixture.run('write', fd, new ArrayBuffer(8192), -1), 4096);
  t.is(fixture.run('write', fd, bytes('x'), -1), 'ENOSPC');
});

test('many small files fill the quota by whole blocks, in memory and beyond', (t) => {
  const quotaBytes = limits.tmpMemoryBytesMax * 4;
  const fixture = createFixture({ quotaBytes });
  const content = new Uint8Array(5000).fill(7).buffer;
  let files = 0;
  while (fixture.run('writeFile', `/tmp/${files}`, O.write | O.create, 0o644, content) === 0) files++;
  t.is(files, Math.floor(quotaBytes / 8192));
  for (const at of [0, 1, files >> 1, files - 1]) {
    t.deepEqual(fixture.run('readFile', `/tmp/${at}`, 0), content);
  }
});

test('removing gives back everything, also after holes, links, renames and descriptors', (t) => {
  const fixture = createFixture({ quotaBytes: 8 * MiB });
  const { run, backing } = fixture;
  const all = freeBlocks(fixture);
  const fd = opened(fixture, '/tmp/sparse');
  for (const position of [0, 100_000, 3_000_000, 20_000_000]) run('write', fd, new ArrayBuffer(40_000), position);
  run('link', '/tmp/sparse', '/tmp/second-name');
  run('writeFile', '/tmp/replaced', O.write | O.create, 0o644, new ArrayBuffer(300_000));
  run('rename', '/tmp/second-name', '/tmp/replaced');
  run('unlink', '/tmp/sparse');
  t.true(freeBlocks(fixture) < all, 'a name is left');
  run('unlink', '/tmp/replaced');
  t.true(freeBlocks(fixture) < all, 'a descriptor is left');
  t.is(run('write', fd, bytes('still open'), 0), 10);
  run('close', fd);
  t.is(freeBlocks(fixture), all);
  t.is(backing.chunksHeld, 0);
});

test('a hole takes no room, and truncating upwards makes one', (t) => {
  const fixture = createFixture({ quotaBytes: MiB });
  const fd = opened(fixture, '/tmp/sparse');
  t.is(fixture.run('ftruncate', fd, 1024 * MiB), 0);
  t.is(freeBlocks(fixture), 256);
  t.is(fixture.run('write', fd, bytes('end'), 1024 * MiB - 3), 3);
  t.is(freeBlocks(fixture), 255);
  t.is(text(fixture.run('read', fd, 5, 1024 * MiB - 5)), '\0\0end');
});

test('inodes have a maximum, hard links and names a share of memory', (t) => {
  const fixture = createFixture();
  const { run } = fixture;
  let made = 0;
  while (run('mkdir', `/tmp/${made}`, 0o777, 0) === '') made++;
  t.is(run('mkdir', '/tmp/one-more', 0o777, 0), 'ENOSPC');
  t.is(made, limits.tmpInodesMax);
  t.is(run('rmdir', '/tmp/0'), 0);
  t.is(run('mkdir', '/tmp/one-more', 0o777, 0), '');

  const linked = createFixture();
  linked.run('writeFile', '/tmp/file', O.write | O.create, 0o644, bytes(''));
  const name = 'n'.repeat(240);
  let links = 0;
  while (linked.run('link', '/tmp/file', `/tmp/${name}${links}`) === 0) links++;
  t.true(links < 65_000, 'names end before the link count does');
  t.is(linked.run('symlink', 't'.repeat(4000), '/tmp/link'), 'ENOSPC');
  t.is(linked.run('rm', '/tmp/file', 1), 0);
});

test('descriptors have a maximum and are given out lowest first', (t) => {
  const fixture = createFixture({ files: { 'index.js': 'x' } });
  const { run } = fixture;
  const fds: unknown[] = [];
  for (let fd = run('open', '/var/task/index.js', 0, 0); fd !== 'EMFILE'; fd = run('open', '/var/task/index.js', 0, 0))
    fds.push(fd);
  t.is(fds.length, limits.openFilesMax - 3);
  t.is(run('close', 100), 0);
  t.is(run('close', 50), 0);
  t.is(run('open', '/tmp', 0, 0), 50);
  t.is(run('open', '/tmp', 0, 0), 100);
  t.is(run('open', '/tmp', 0, 0), 'EMFILE');
});

test('what another volume left in the backing file never shows', (t) => {
  const backing = createBackingFile({ fd: temporaryFile() });
  const first = createFixture({ backing, quotaBytes: 4 * MiB });
  first.run('writeFile', '/tmp/secret', O.write | O.create, 0o600, new Uint8Array(4 * MiB).fill(0x53).buffer);
  first.fs.close();
  first.volume[Symbol.dispose]();

  const second = createFixture({ backing, quotaBytes: 4 * MiB });
  const fd = opened(second, '/tmp/file');
  for (const position of [10_000, 20_001, 123_456, 1_000_000]) second.run('write', fd, bytes('mine'), position);
  second.run('ftruncate', fd, 50_000);
  second.run('ftruncate', fd, 3_000_000);
  second.run('write', fd, bytes('end'), 3_500_000);
  const content = second.run('read', fd, 4 * MiB, 0);
  t.true(content instanceof ArrayBuffer && !new Uint8Array(content).includes(0x53));
});

test('the backing file grows to the quotas and no further, whatever is written and removed', (t) => {
  const fd = temporaryFile();
  const fixture = createFixture({ backing: createBackingFile({ fd }), quotaBytes: 3 * MiB });
  for (let round = 0; round < 50; round++) {
    fixture.run('writeFile', `/tmp/${round}`, O.write | O.create, 0o600, new ArrayBuffer(300_000));
    if (round >= 5) fixture.run('truncate', `/tmp/${round - 5}`, 20_000 + round * 100);
    if (round >= 9) fixture.run('unlink', `/tmp/${round - 9}`);
  }
  t.true(fstatSync(fd).size <= 3 * MiB);
});

test('an heir takes over the content, not the descriptors', (t) => {
  const { fs, volume, run } = createFixture();
  run('writeFile', '/tmp/kept', O.write | O.create, 0o644, bytes('content'));
  const fd = run('open', '/tmp/kept', 0, 0);
  run('unlink', '/tmp/gone');
  fs.close();
  const heir = createFixture({ volume });
  t.is(text(heir.run('readFile', '/tmp/kept', 0)), 'content');
  t.is(heir.run('read', fd, 1, -1), 'EBADF');
  t.throws(() => createFileSystem({ volume, packageFiles: heir.packageFiles }), { message: /attached/ });
});

test('closing an environment ends files that only its descriptors held', (t) => {
  const fixture = createFixture({ quotaBytes: MiB });
  const fd = opened(fixture, '/tmp/file');
  fixture.run('write', fd, new ArrayBuffer(MiB), -1);
  fixture.run('unlink', '/tmp/file');
  t.is(fixture.volume.usedBytes, MiB);
  fixture.fs.close();
  t.is(fixture.volume.usedBytes, 0);
  t.is(fixture.backing.chunksHeld, 0);
});

test('a broken disk under the backing file is EIO, and what is in memory stays', (t) => {
  const backing = createBackingFile({ fd: openSync('/dev/null', 'r') });
  const fixture = createFixture({ backing, quotaBytes: MiB });
  const { run, volume } = fixture;
  const fd = opened(fixture, '/tmp/file');
  t.is(run('write', fd, bytes('in memory'), -1), 9);
  t.is(run('write', fd, new ArrayBuffer(100_000), -1), 'EIO');
  t.is(run('write', fd, bytes('x'), 50_000), 'EIO');
  t.is(text(run('readFile', '/tmp/file', 0)), 'in memory');
  t.is(volume.usedBytes, 4096);
  t.is(run('unlink', '/tmp/file'), 0);
  t.is(run('close', fd), 0);
  t.is(volume.usedBytes, 0);
  t.is(backing.chunksHeld, 0);
});

test('a full disk under the backing file is ENOSPC, and the volume stays usable', (t) => {
  const backing = createBackingFile({ fd: temporaryFile(), bytesMax: MiB });
  const fixture = createFixture({ backing, quotaBytes: 8 * MiB });
  const fd = opened(fixture, '/tmp/file');
  t.is(fixture.run('write', fd, new ArrayBuffer(2 * MiB), -1), MiB);
  t.is(fixture.run('write', fd, bytes('x'), -1), 'ENOSPC');
  t.is(fixture.run('ftruncate', fd, 0), 0);
  t.is(fixture.run('write', fd, new ArrayBuffer(MiB), 0), MiB);
});
