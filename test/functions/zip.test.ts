import test, { type ExecutionContext } from 'ava';
import yazl from 'yazl';
import { zipEntries } from '../../src/functions/zip.ts';
import { EngineError, type EngineErrorCode } from '../../src/model/errors.ts';
import { forgedZip, unixType } from '../fixtures/forged-zip.ts';

const sentence = 'Could not unzip uploaded file. Please check your file, then try to upload again.';

async function read(bytes: Uint8Array): Promise<Record<string, { mode: number; text: string }>> {
  const files: Record<string, { mode: number; text: string }> = {};
  for await (const { path, mode, content } of zipEntries(bytes)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    files[path] = { mode, text: Buffer.concat(chunks).toString() };
  }
  return files;
}

async function refused(
  t: ExecutionContext,
  bytes: Uint8Array,
  message: string,
  code: EngineErrorCode = 'InvalidParameterValueException',
) {
  const error = await t.throwsAsync(read(bytes), { instanceOf: EngineError });
  t.is(error?.code, code);
  t.is(error?.message, message);
}

async function zip(fill: (zip: yazl.ZipFile) => void): Promise<Buffer> {
  const file = new yazl.ZipFile();
  fill(file);
  file.end();
  const chunks: Buffer[] = [];
  for await (const chunk of file.outputStream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

test('a plain zip gives its files, stored and deflated', async (t) => {
  const bytes = await zip((file) => {
    file.addBuffer(Buffer.from('one'), 'index.js');
    file.addBuffer(Buffer.from('two'), 'lib/ü.sh', { compress: false, mode: 0o100755 });
    file.addEmptyDirectory('empty');
  });
  t.deepEqual(await read(bytes), {
    'index.js': { mode: 0o644, text: 'one' },
    'lib/ü.sh': { mode: 0o755, text: 'two' },
  });
});

test('the forger makes valid zips unless told otherwise', async (t) => {
  t.deepEqual(await read(forgedZip([{ name: 'a.js', content: Buffer.from('abc') }])), {
    'a.js': { mode: 0o644, text: 'abc' },
  });
});

test('what is no zip is refused in the words of AWS', async (t) => {
  await refused(t, Buffer.from('this is no zip'), sentence);
  await refused(t, Buffer.alloc(0), sentence);
  const good = await zip((file) => file.addBuffer(Buffer.from('one'), 'index.js'));
  await refused(t, good.subarray(0, good.length - 10), sentence);
});

test('a zip without files is refused', async (t) => {
  await refused(t, await zip((file) => file.addEmptyDirectory('a')), 'Uploaded file must be a non-empty zip');
});

test('a zip of 50 MiB is refused before it is read', async (t) => {
  await refused(
    t,
    Buffer.alloc(52_428_800),
    'Zipped size must be smaller than 52428800 bytes',
    'RequestEntityTooLargeException',
  );
});

test('names that leave the package are refused', async (t) => {
  for (const name of [
    '../evil.js',
    'a/../../evil.js',
    '/etc/cron.d/evil',
    'C:/evil.js',
    'a\\..\\evil.js',
    'a\0.js',
    'a//b.js',
  ]) {
    const error = await t.throwsAsync(read(forgedZip([{ name }])), { instanceOf: EngineError }, name);
    t.is(error?.code, 'InvalidParameterValueException');
    t.true(error?.message.startsWith(`${sentence} (`), `${name}: ${error?.message}`);
  }
  await refused(t, forgedZip([{ name: 'a\0.js' }]), `${sentence} (the name "a\\u0000.js" contains a NUL character)`);
  await refused(
    t,
    forgedZip([{ name: `${'a/'.repeat(40)}b` }]),
    `${sentence} (the name "${'a/'.repeat(40)}b" is deeper than 40 folders)`,
  );
});

test('a name in a message is short and on one line', async (t) => {
  const error = await t.throwsAsync(read(forgedZip([{ name: `\u001b[31m\n${'x'.repeat(600)}` }])));
  t.true((error?.message.length ?? 0) < 300);
  t.notRegex(error?.message ?? '', /[\n\u001b]/);
});

test('symbolic links and special files are refused', async (t) => {
  await refused(
    t,
    forgedZip([{ name: 'link', content: Buffer.from('/etc/passwd'), externalAttributes: unixType(0o120000) }]),
    `${sentence} ("link" is a symbolic link)`,
  );
  for (const type of [0o010000, 0o020000, 0o060000, 0o140000]) {
    await refused(
      t,
      forgedZip([{ name: 'special', externalAttributes: unixType(type) }]),
      `${sentence} ("special" is a special file)`,
    );
  }
  await refused(
    t,
    forgedZip([{ name: 'folder', externalAttributes: unixType(0o040000) }]),
    `${sentence} ("folder" is a file by its name and not by its type)`,
  );
});

test('encrypted entries and unknown compressions are refused', async (t) => {
  await refused(t, forgedZip([{ name: 'a.js', flags: 1 }]), `${sentence} ("a.js" is encrypted)`);
  await refused(
    t,
    forgedZip([{ name: 'a.js', method: 12 }]),
    `${sentence} ("a.js" is compressed with method 12; only stored and deflated entries are read)`,
  );
});

test('the same name twice is refused, also as file and folder', async (t) => {
  await refused(t, forgedZip([{ name: 'a.js' }, { name: 'a.js' }]), `${sentence} (the name "a.js" occurs twice)`);
  await refused(t, forgedZip([{ name: 'a.js' }, { name: './a.js' }]), `${sentence} (the name "./a.js" occurs twice)`);
  await refused(t, forgedZip([{ name: 'a' }, { name: 'a/b' }]), `${sentence} (the name "a/b" lies below a file)`);
});

test('a declared size over the limit is refused before anything is unpacked', async (t) => {
  const entries = Array.from({ length: 300 }, (_, index) => ({
    name: `f${index}`,
    content: Buffer.alloc(900_000),
    declaredSize: 900_000,
  }));
  await refused(t, forgedZip(entries), 'Unzipped size must be smaller than 262144000 bytes');
});

test('an entry that unpacks to far more than deflate can is refused', async (t) => {
  await refused(
    t,
    forgedZip([{ name: 'bomb', declaredSize: 200_000_000 }]),
    `${sentence} ("bomb" unpacks to 66666667 times its size)`,
  );
});

test('an entry that unpacks to more than it declares is stopped', async (t) => {
  await refused(t, forgedZip([{ name: 'liar', content: Buffer.alloc(1_000_000), declaredSize: 10 }]), sentence);
  await refused(t, forgedZip([{ name: 'liar', content: Buffer.from('short'), declaredSize: 10 }]), sentence);
});

test('entries that share their data are refused', async (t) => {
  // Two names for the same bytes: every further name would add to the unpacked size and nothing to the zip.
  const shared = { content: Buffer.from('same'.repeat(100)), method: 0, offset: 0 };
  const one = forgedZip([{ name: 'a', ...shared }]);
  const two = forgedZip([
    { name: 'a', ...shared },
    { name: 'a', ...shared },
    { name: 'a', ...shared },
  ]);
  const directory = two.subarray(two.indexOf('PK\x01\x02', 0, 'latin1'));
  const end = directory.length - 22;
  const overlapping = Buffer.concat([one.subarray(0, one.indexOf('PK\x01\x02', 0, 'latin1')), directory]);
  overlapping.writeUInt32LE(overlapping.length - directory.length, overlapping.length - directory.length + end + 16);
  await refused(t, rename(overlapping), `${sentence} (entries overlap)`);
});

/** Gives the entries of the central directory different names of the same length. */
function rename(bytes: Buffer): Buffer {
  let count = 0;
  for (
    let at = bytes.indexOf('PK\x01\x02', 0, 'latin1');
    at !== -1;
    at = bytes.indexOf('PK\x01\x02', at + 1, 'latin1')
  ) {
    bytes.write('abc'[count] ?? 'z', at + 46);
    count += 1;
  }
  return bytes;
}

test('a wrong checksum is found', async (t) => {
  await refused(t, forgedZip([{ name: 'a.js', checksum: 1 }]), `${sentence} ("a.js" has a wrong checksum)`);
});

test('damaged data is refused in the words of AWS', async (t) => {
  const bytes = forgedZip([{ name: 'a.js', content: Buffer.from('hello hello hello hello hello') }]);
  bytes.fill(0xff, 34, 44);
  await refused(t, bytes, sentence);
});

test('more entries than any program has are refused by their number', async (t) => {
  const entries = Array.from({ length: 50_001 }, (_, index) => ({
    name: `${index}`,
    content: Buffer.alloc(0),
    method: 0,
  }));
  await refused(t, forgedZip(entries), `${sentence} (50001 entries; at most 50000 are allowed)`);
});

test('no zip with flipped bytes does more than be refused', async (t) => {
  const good = forgedZip([{ name: 'a.js', content: Buffer.from('hello'.repeat(20)) }, { name: 'lib/b.js' }]);
  for (let at = 0; at < good.length; at += 1) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 0xff;
    try {
      await read(bad);
    } catch (error) {
      t.true(error instanceof EngineError, `byte ${at}: ${error}`);
    }
  }
});
