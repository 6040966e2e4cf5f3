import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import test from 'ava';
import { createBackingFile } from '../../src/sandbox/volume/backing-file.ts';
import { blockBytes, VolumeBlocks } from '../../src/sandbox/volume/blocks.ts';
import { FileContent } from '../../src/sandbox/volume/file-content.ts';
import { heldBytes } from '../../src/supervisor/held-bytes.ts';
import { openScratchFile } from '../../src/supervisor/scratch-file.ts';

const MiB = 1024 * 1024;

test('what is written counts, a hole does not', async (t) => {
  await using file = await openScratchFile();
  t.is(heldBytes(file.readOnly.fd), 0);
  ftruncateSync(file.writable.fd, 64 * MiB);
  t.is(heldBytes(file.readOnly.fd), 0);
  writeSync(file.writable.fd, Buffer.alloc(MiB, 1), 0, MiB, 32 * MiB);
  const held = heldBytes(file.readOnly.fd) ?? 0;
  t.true(held >= MiB && held < 4 * MiB, `${held} bytes`);
});

test('of a file that is closed nobody can tell', async (t) => {
  const file = await openScratchFile();
  const { fd } = file.readOnly;
  t.is(heldBytes(fd), 0);
  t.is(heldBytes(-1), undefined);
  await file[Symbol.asyncDispose]();
  t.throws(() => closeSync(fd), { code: 'EBADF' });
});

test('volumes that are filled, emptied and filled again never hold more than their quotas together', async (t) => {
  await using file = await openScratchFile();
  const backing = createBackingFile({ fd: file.writable.fd });
  const quotaBytes = 4 * MiB;
  const most = 3 * quotaBytes;
  // One block more than quarters of the quota: chunks of the file are shared by what lies in them.
  const piece = Buffer.alloc(MiB + blockBytes, 1);
  for (let round = 0; round < 4; round += 1) {
    const volumes = [0, 1, 2].map(() => new VolumeBlocks({ backing, quotaBytes }));
    const contents = volumes.map((blocks) => [0, 1, 2, 3].map(() => new FileContent(blocks)));
    const fill = (content: FileContent): number => content.write(0, piece);
    const written = contents.flat().reduce((sum, content) => sum + fill(content), 0);
    t.is(written, most);
    t.true((heldBytes(file.readOnly.fd) ?? Number.NaN) <= most);
    // In the middle, and then something else there.
    for (const [, second] of contents) second?.free();
    for (const [, second] of contents) if (second !== undefined) fill(second);
    t.true((heldBytes(file.readOnly.fd) ?? Number.NaN) <= most);
    for (const blocks of volumes) blocks.dispose();
  }
});
