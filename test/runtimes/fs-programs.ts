/**
 * Programs that use `fs` in a directory and return what they saw, for `fs.test.ts`. Each is sent to a guest as its own text,
 * so it may use nothing but its parameters and globals. Nothing in a result may depend on the time or on the user.
 */
type Fs = typeof import('node:fs');
export type FsProgram = (fs: Fs, root: string) => unknown;

export const programs: Readonly<Record<string, FsProgram>> = {
  'copies that contain themselves, and positions behind the end': (fs, root) => {
    fs.mkdirSync(`${root}/from/inner`, { recursive: true });
    fs.mkdirSync(`${root}/to`);
    fs.symlinkSync(`${root}/to`, `${root}/from/link`);
    fs.symlinkSync(`${root}/from`, `${root}/to/back`);
    fs.writeFileSync(`${root}/file`, 'text');
    const code = (call: () => unknown): unknown => {
      try {
        return call();
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    };
    const descriptor = fs.openSync(`${root}/file`, 'r');
    return [
      code(() => fs.cpSync(`${root}/from`, `${root}/from/inner`)),
      code(() => fs.cpSync(`${root}/from`, `${root}/to/back/below`)),
      code(() => fs.cpSync(`${root}/from`, `${root}/plain`)),
      code(() => fs.cpSync(`${root}/from`, `${root}/copy`, { recursive: true })),
      code(() => fs.cpSync(`${root}/from`, `${root}/copy`, { recursive: true })),
      code(() => fs.readSync(descriptor, Buffer.alloc(4), 0, 4, 2n ** 62n)),
    ];
  },
  'text with its encoding where a position would be': (fs, root) => {
    const descriptor = fs.openSync(`${root}/file`, 'w');
    const write = fs.writeSync as unknown as (fd: number, text: string, encoding: string) => number;
    return [write(descriptor, 'é', 'utf8'), write(descriptor, 'ab', 'hex'), fs.readFileSync(`${root}/file`, 'hex')];
  },
  'blobs of files': async (fs, root) => {
    const file = `${root}/file`;
    fs.writeFileSync(file, 'a'.repeat(70_000) + 'b'.repeat(2_000));
    const blob = await fs.openAsBlob(file, { type: 'text/plain' });
    const joined = new Blob(['<', blob.slice(69_999, 70_001), '>']);
    const read = [blob.size, blob.type, (await blob.text()).length, await joined.text(), await blob.slice(-3).text()];
    fs.writeFileSync(file, 'changed');
    const failure = (error: Error) => [error.name, error.message];
    return [read, await blob.text().catch(failure)];
  },
  'synchronous errors': (fs, root) => {
    const seen = [];
    const missing = `${root}/missing`;
    const file = `${root}/file`;
    fs.writeFileSync(file, 'text');
    fs.mkdirSync(`${root}/directory/inner`, { recursive: true });
    const calls: (() => unknown)[] = [
      () => fs.accessSync(missing),
      () => fs.openSync(missing, 'r'),
      () => fs.openSync(file, 'wx'),
      () => fs.openSync(`${root}/directory`, 'w'),
      () => fs.readFileSync(missing),
      () => fs.readFileSync(missing, 'utf8'),
      () => fs.readFileSync(root),
      () => fs.readFileSync(root, 'utf8'),
      () => fs.readFileSync(`${file}/below`),
      () => fs.writeFileSync(`${missing}/below`, 'text'),
      () => fs.writeFileSync(`${missing}/below`, new Uint8Array(3)),
      () => fs.writeFileSync(root, 'text'),
      () => fs.appendFileSync(root, 'text'),
      () => fs.copyFileSync(missing, file),
      () => fs.copyFileSync(file, file + file),
      () => fs.copyFileSync(file, file, fs.constants.COPYFILE_EXCL),
      () => fs.statSync(missing),
      () => fs.lstatSync(missing),
      () => fs.statSync(missing, { throwIfNoEntry: false }),
      () => fs.lstatSync(`${file}/below`, { throwIfNoEntry: false }),
      () => fs.fstatSync(987),
      () => fs.readdirSync(missing),
      () => fs.readdirSync(file),
      () => fs.readdirSync(missing, { recursive: true }),
      () => fs.opendirSync(missing),
      () => fs.mkdirSync(file),
      () => fs.mkdirSync(`${missing}/below`),
      () => fs.mkdirSync(file, { recursive: true }),
      () => fs.mkdirSync(`${file}/below`, { recursive: true }),
      () => fs.mkdtempSync(`${missing}/below`),
      () => fs.rmdirSync(missing),
      () => fs.rmdirSync(file),
      () => fs.rmdirSync(`${root}/directory`),
      () => fs.rmSync(missing),
      () => fs.rmSync(missing, { force: true }),
      () => fs.rmSync(`${root}/directory`),
      () => fs.unlinkSync(missing),
      () => fs.unlinkSync(`${root}/directory`),
      () => fs.renameSync(missing, file),
      () => fs.renameSync(file, `${missing}/below`),
      () => fs.renameSync(`${root}/directory`, `${root}/directory/inner/deep`),
      () => fs.linkSync(missing, file),
      () => fs.linkSync(file, file),
      () => fs.symlinkSync('target', file),
      () => fs.readlinkSync(file),
      () => fs.readlinkSync(missing),
      () => fs.realpathSync(missing),
      () => fs.realpathSync.native(missing),
      () => fs.truncateSync(missing),
      () => fs.ftruncateSync(987),
      () => fs.chmodSync(missing, 0o600),
      () => fs.fchmodSync(987, 0o600),
      () => fs.chownSync(missing, 1, 1),
      () => fs.lchownSync(missing, 1, 1),
      () => fs.fchownSync(987, 1, 1),
      () => fs.utimesSync(missing, 1, 1),
      () => fs.lutimesSync(missing, 1, 1),
      () => fs.futimesSync(987, 1, 1),
      () => fs.closeSync(987),
      () => fs.fsyncSync(987),
      () => fs.fdatasyncSync(987),
      () => fs.readSync(987, new Uint8Array(1)),
      () => fs.readvSync(987, [new Uint8Array(1)]),
      () => fs.writeSync(987, 'text'),
      () => fs.writeSync(987, new Uint8Array(1)),
      () => fs.writevSync(987, [new Uint8Array(1)]),
      () => fs.statfsSync(missing),
      () => fs.cpSync(missing, file),
      () => fs.cpSync(`${root}/directory`, `${root}/copy`),
      () => fs.cpSync(`${root}/directory`, file, { recursive: true }),
      () => fs.cpSync(file, `${root}/directory`),
      () => fs.cpSync(file, file),
      () => fs.readFileSync('a\0b'),
      () => fs.openSync(file, 'nonsense'),
      () => fs.readFileSync(12.5 as never),
      () => fs.closeSync('x' as never),
      () => fs.fstatSync(-1),
      () => fs.fsyncSync(1.5),
      () => fs.writeSync(2 ** 31, 'text'),
      () => fs.readSync(undefined as never, new Uint8Array(1)),
      () => fs.accessSync(file, 'r' as never),
      () => fs.accessSync(file, 8),
      () => fs.copyFileSync(file, file, -1),
      () => fs.readSync(987, new Uint8Array(1), { offset: 5 }),
      () => fs.existsSync(missing),
      () => fs.existsSync(`${file}/below`),
      () => fs.existsSync('a\0b'),
    ];
    for (const call of calls) {
      try {
        seen.push([String(call), call() ?? 'undefined']);
      } catch (error) {
        const { message, name, ...fields } = error as Error;
        seen.push([String(call), name, message, fields]);
      }
    }
    return seen;
  },

  'errors of callbacks and promises': async (fs, root) => {
    const missing = `${root}/missing`;
    const file = `${root}/file`;
    fs.writeFileSync(file, 'text');
    const told = (error: unknown) => {
      if (!(error instanceof Error)) return error === null ? 'null' : (error ?? 'undefined');
      const { message, name, ...fields } = error;
      // A random name that was tried is part of the message.
      const steady = (text: string) => text.replace(/below[A-Za-z0-9]{6}/g, 'below');
      return JSON.parse(steady(JSON.stringify([name, message, fields])));
    };
    type Callback = (error: Error | null) => void;
    const viaCallback = (start: (done: Callback) => unknown) =>
      new Promise((resolve) => start((error) => resolve(told(error))));
    const viaPromise = (promise: Promise<unknown>) => promise.then(() => 'resolved', told);
    return [
      await viaCallback((done) => fs.access(missing, done)),
      await viaCallback((done) => fs.open(missing, 'r', done)),
      await viaCallback((done) => fs.readFile(missing, done)),
      await viaCallback((done) => fs.readFile(root, done)),
      await viaCallback((done) => fs.readFile(987, done)),
      await viaCallback((done) => fs.writeFile(`${missing}/below`, 'text', done)),
      await viaCallback((done) => fs.appendFile(`${missing}/below`, 'text', done)),
      await viaCallback((done) => fs.stat(missing, done)),
      await viaCallback((done) => fs.lstat(missing, { bigint: true }, done)),
      await viaCallback((done) => fs.fstat(987, done)),
      await viaCallback((done) => fs.readdir(missing, done)),
      await viaCallback((done) => fs.readdir(missing, { recursive: true }, done)),
      await viaCallback((done) => fs.opendir(missing, done)),
      await viaCallback((done) => fs.mkdir(file, done)),
      await viaCallback((done) => fs.mkdir(`${file}/below`, { recursive: true }, done)),
      await viaCallback((done) => fs.mkdtemp(`${missing}/below`, done)),
      await viaCallback((done) => fs.rename(missing, file, done)),
      await viaCallback((done) => fs.copyFile(missing, file, done)),
      await viaCallback((done) => fs.rm(missing, done)),
      await viaCallback((done) => fs.rm(root, done)),
      await viaCallback((done) => fs.unlink(missing, done)),
      await viaCallback((done) => fs.symlink('target', file, done)),
      await viaCallback((done) => fs.realpath(missing, done)),
      await viaCallback((done) => fs.realpath.native(missing, done)),
      await viaCallback((done) => fs.truncate(missing, done)),
      await viaCallback((done) => fs.write(987, 'text', done)),
      await viaCallback((done) => fs.read(987, new Uint8Array(1), 0, 1, 0, done)),
      await viaCallback((done) => fs.close(987, done)),
      await viaCallback((done) => fs.utimes(missing, 1, 1, done)),
      await viaCallback((done) => fs.cp(missing, `${root}/copy`, done)),
      await viaPromise(fs.promises.access(missing)),
      await viaPromise(fs.promises.open(missing)),
      await viaPromise(fs.promises.readFile(missing)),
      await viaPromise(fs.promises.readFile(root)),
      await viaPromise(fs.promises.writeFile(`${missing}/below`, 'text')),
      await viaPromise(fs.promises.stat(missing)),
      await viaPromise(fs.promises.readdir(missing)),
      await viaPromise(fs.promises.opendir(missing)),
      await viaPromise(fs.promises.mkdir(file)),
      await viaPromise(fs.promises.mkdtemp(`${missing}/below`)),
      await viaPromise(fs.promises.rm(missing)),
      await viaPromise(fs.promises.rename(missing, file)),
      await viaPromise(fs.promises.link(missing, file)),
      await viaPromise(fs.promises.readlink(file)),
      await viaPromise(fs.promises.realpath(missing)),
      await viaPromise(fs.promises.truncate(missing)),
      await viaPromise(fs.promises.cp(missing, `${root}/copy`)),
      await viaPromise(fs.promises.cp(root, `${root}/copy`, { recursive: true })),
      await viaPromise(fs.promises.statfs(missing)),
    ];
  },

  'files in all forms and encodings': async (fs, root) => {
    const path = `${root}/file`;
    const text = 'héllo wörld ✓ 🎉';
    fs.writeFileSync(path, text);
    const seen: unknown[] = [fs.readFileSync(path, 'utf8'), [...fs.readFileSync(path)]];
    for (const encoding of ['utf16le', 'latin1', 'base64', 'hex', 'ascii', 'base64url'] as const) {
      seen.push(fs.readFileSync(path, encoding));
      fs.writeFileSync(`${path}-${encoding}`, encoding === 'hex' ? 'c3a9' : 'abcd', encoding);
      seen.push([...fs.readFileSync(`${path}-${encoding}`)]);
    }
    fs.appendFileSync(path, ' more');
    await fs.promises.appendFile(path, ' and more');
    seen.push(await fs.promises.readFile(path, { encoding: 'utf8' }));
    seen.push(await new Promise((resolve) => fs.readFile(path, 'utf8', (_, data) => resolve(data))));
    await new Promise((resolve) => fs.writeFile(path, Buffer.from([1, 2, 3]), resolve));
    seen.push([...fs.readFileSync(path)]);
    await fs.promises.writeFile(path, ['one', 'two'], { flag: 'a' });
    await fs.promises.writeFile(
      path,
      (async function* () {
        yield 'three';
        yield Buffer.from('four');
      })(),
      { flag: 'a' },
    );
    seen.push(fs.readFileSync(path, 'latin1'));
    fs.writeFileSync(path, new Uint16Array([1, 256]));
    seen.push([...fs.readFileSync(path)], fs.readFileSync(path).equals(fs.readFileSync(path)));
    fs.writeFileSync(path, '');
    seen.push(fs.readFileSync(path).length, fs.readFileSync(path, 'utf8'), await fs.promises.readFile(path, 'utf8'));
    seen.push(fs.readFileSync(Buffer.from(path), 'utf8'), fs.existsSync(new URL(`file://${path}`)));
    return seen;
  },

  'descriptors, positions and vectors': (fs, root) => {
    const path = `${root}/file`;
    const fd = fs.openSync(path, 'w+');
    const seen: unknown[] = [
      fs.writeSync(fd, 'abcdef'),
      fs.writeSync(fd, 'XY', 2),
      fs.writeSync(fd, Buffer.from('--ghi--'), 2, 3),
    ];
    seen.push(
      fs.writevSync(fd, [Buffer.from('one'), new Uint8Array([65, 66])]),
      fs.writevSync(fd, [Buffer.from('at')], 1),
    );
    const target = Buffer.alloc(8, '.');
    seen.push(fs.readSync(fd, target, 1, 4, 0), target.toString(), fs.readSync(fd, target), target.toString());
    seen.push(fs.readSync(fd, target, { position: 5n }), target.toString());
    const parts = [Buffer.alloc(2), Buffer.alloc(3), Buffer.alloc(20)];
    seen.push(
      fs.readvSync(fd, parts, 0),
      parts.map((part) => part.toString()),
    );
    fs.ftruncateSync(fd, 4);
    seen.push(fs.readFileSync(path, 'utf8'), fs.fstatSync(fd).size);
    fs.ftruncateSync(fd, 10);
    seen.push([...fs.readFileSync(path)]);
    fs.writeSync(fd, 'z', 5000);
    seen.push(fs.fstatSync(fd).size, fs.readFileSync(path).subarray(9, 12).toString('hex'));
    fs.unlinkSync(path);
    seen.push(fs.existsSync(path), fs.fstatSync(fd).nlink, fs.readSync(fd, target, 0, 4, 0));
    fs.closeSync(fd);
    const appending = fs.openSync(path, 'a+');
    fs.writeSync(appending, 'first');
    fs.writeSync(appending, 'second', 0);
    seen.push(fs.readFileSync(path, 'utf8'));
    fs.closeSync(appending);
    return seen;
  },

  'file handles': async (fs, root) => {
    const path = `${root}/file`;
    const handle = await fs.promises.open(path, 'w+');
    const seen: unknown[] = [];
    await handle.writeFile('line one\nline two\nline three');
    seen.push(await handle.write('LINE', 0), (await handle.stat()).size);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    seen.push(bytesRead, buffer.toString());
    await handle.truncate(17);
    await handle.sync();
    await handle.datasync();
    await handle.appendFile('\nend');
    await handle.chmod(0o640);
    await handle.utimes(1, 2);
    seen.push((await handle.stat()).mtimeMs, ((await handle.stat({ bigint: true })).mode & 0o777n).toString());
    seen.push((await handle.readv([Buffer.alloc(4), Buffer.alloc(4)], 0)).bytesRead);
    seen.push((await handle.writev([Buffer.from('1'), Buffer.from('2')], 0)).bytesWritten);
    await handle.close();
    seen.push(handle.fd);
    const lines = [];
    const again = await fs.promises.open(path);
    for await (const line of again.readLines()) lines.push(line);
    seen.push(lines);
    await using last = await fs.promises.open(path, 'r');
    seen.push(await last.readFile('utf8'));
    seen.push(await last.write('x').catch((error: NodeJS.ErrnoException) => [error.code, error.message]));
    return seen;
  },

  streams: async (fs, root) => {
    const path = `${root}/file`;
    const collect = async (stream: AsyncIterable<string | Buffer>) => {
      let text = '';
      for await (const chunk of stream) text += chunk;
      return text;
    };
    const done = (stream: NodeJS.WritableStream) =>
      new Promise((resolve) => stream.on('close', () => resolve('closed')));
    const writer = fs.createWriteStream(path);
    for (let count = 0; count < 2000; count++) writer.write(`line ${count}\n`);
    writer.end('the end');
    const seen: unknown[] = [await done(writer), writer.bytesWritten, writer.path];
    seen.push((await collect(fs.createReadStream(path))).length);
    seen.push(await collect(fs.createReadStream(path, { start: 5, end: 30, encoding: 'utf8', highWaterMark: 7 })));
    const appending = fs.createWriteStream(path, { flags: 'a' });
    appending.end('!');
    await done(appending);
    const patching = fs.createWriteStream(path, { flags: 'r+', start: 2 });
    patching.end('##');
    await done(patching);
    seen.push((await collect(fs.createReadStream(path))).slice(0, 10), fs.statSync(path).size);
    const missing = fs.createReadStream(`${path}/missing`);
    seen.push(await new Promise((resolve) => missing.on('error', (error) => resolve(error.message))));
    return seen;
  },

  directories: async (fs, root) => {
    const seen: unknown[] = [];
    seen.push(
      fs.mkdirSync(`${root}/a/b/c`, { recursive: true }),
      fs.mkdirSync(`${root}/a/b`, { recursive: true }) ?? 'nothing',
    );
    seen.push(await fs.promises.mkdir(`${root}/d/../e/./f/`, { recursive: true }).catch((error) => error.code));
    for (const name of ['a/one', 'a/b/two', 'a/b/c/three', 'zz', 'Zz', 'é']) fs.writeFileSync(`${root}/${name}`, name);
    fs.symlinkSync('../zz', `${root}/a/link`);
    fs.symlinkSync('b', `${root}/a/loop`);
    const kind = (entry: import('node:fs').Dirent) =>
      [entry.parentPath, entry.name, entry.isFile(), entry.isDirectory(), entry.isSymbolicLink()].join();
    seen.push(fs.readdirSync(root), fs.readdirSync(root, { withFileTypes: true }).map(kind));
    seen.push(fs.readdirSync(root, { recursive: true }), await fs.promises.readdir(root, { recursive: true }));
    seen.push(fs.readdirSync(root, { recursive: true, withFileTypes: true }).map(kind));
    seen.push((await fs.promises.readdir(root, { recursive: true, withFileTypes: true })).map(kind));
    seen.push(fs.readdirSync(root, 'buffer').map((name) => [...name]));
    seen.push(fs.readdirSync(root, { encoding: 'hex' }));
    const names = [];
    for await (const entry of await fs.promises.opendir(root, { bufferSize: 2 })) names.push(kind(entry));
    const directory = fs.opendirSync(root, { recursive: true });
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) names.push(kind(entry));
    directory.closeSync();
    seen.push(names.sort());
    fs.renameSync(`${root}/a/b`, `${root}/moved`);
    fs.rmSync(`${root}/a`, { recursive: true });
    await fs.promises.rm(`${root}/moved`, { recursive: true });
    fs.rmdirSync(`${root}/e/f`);
    seen.push(fs.readdirSync(root, { recursive: true }));
    return seen;
  },

  'links and real paths': async (fs, root) => {
    fs.mkdirSync(`${root}/a/b`, { recursive: true });
    fs.writeFileSync(`${root}/a/b/file`, 'text');
    fs.symlinkSync('b/file', `${root}/a/relative`);
    fs.symlinkSync(`${root}/a`, `${root}/absolute`);
    fs.symlinkSync('loop', `${root}/loop`);
    fs.symlinkSync('nowhere', `${root}/dangling`);
    fs.linkSync(`${root}/a/b/file`, `${root}/hard`);
    const code = (call: () => unknown) => {
      try {
        return call();
      } catch (error) {
        return [(error as NodeJS.ErrnoException).code, (error as Error).message];
      }
    };
    return [
      fs.readFileSync(`${root}/absolute/relative`, 'utf8'),
      fs.readlinkSync(`${root}/absolute`),
      fs.readlinkSync(`${root}/a/relative`, 'buffer').toString('hex'),
      fs.realpathSync(`${root}/absolute/relative`),
      fs.realpathSync.native(`${root}/absolute/../a/./b//file`),
      await fs.promises.realpath(`${root}/absolute/b/..`),
      fs.lstatSync(`${root}/absolute`).isSymbolicLink(),
      fs.statSync(`${root}/hard`).nlink,
      code(() => fs.readFileSync(`${root}/loop`)),
      code(() => fs.realpathSync(`${root}/loop`)),
      code(() => fs.readFileSync(`${root}/dangling`)),
      code(() => fs.writeFileSync(`${root}/dangling`, 'made through it')),
      code(() => fs.readFileSync(`${root}/nowhere`, 'utf8')),
      code(() => fs.openSync(`${root}/absolute`, fs.constants.O_NOFOLLOW)),
      code(() => fs.unlinkSync(`${root}/a/b/file`)),
      code(() => fs.readFileSync(`${root}/hard`, 'utf8')),
      code(() => fs.readFileSync(`${root}/a/relative`, 'utf8')),
      code(() => fs.rmSync(`${root}/absolute`)),
      fs.readdirSync(root, { recursive: true }),
    ];
  },

  'status and times': async (fs, root) => {
    const path = `${root}/file`;
    fs.writeFileSync(path, 'x'.repeat(5000));
    fs.utimesSync(path, 1_500_000_000.25, new Date(1_600_000_000_500));
    const stats = fs.statSync(path);
    const big = fs.statSync(path, { bigint: true });
    const seen: unknown[] = [
      stats.atimeMs,
      stats.mtimeMs,
      stats.mtime.toISOString(),
      String(big.mtimeNs),
      String(big.size),
    ];
    seen.push(stats.isFile(), stats.isDirectory(), stats.size, stats.blksize, (stats.mode & 0o7777).toString(8));
    fs.chmodSync(path, 0o751);
    seen.push((fs.statSync(path).mode & 0o7777).toString(8));
    fs.symlinkSync('file', `${path}-link`);
    fs.lutimesSync(`${path}-link`, 10, 20);
    seen.push(fs.lstatSync(`${path}-link`).mtimeMs, fs.statSync(`${path}-link`).mtimeMs);
    const fd = fs.openSync(path, 'r');
    fs.futimesSync(fd, 0, 1.5);
    seen.push(fs.fstatSync(fd).mtimeMs, fs.fstatSync(fd).atimeMs);
    fs.closeSync(fd);
    fs.mkdirSync(`${root}/directory`);
    seen.push(
      fs.statSync(`${root}/directory`).isDirectory(),
      (fs.statSync(`${root}/directory`).mode & 0o777).toString(8),
    );
    const before = fs.statSync(path).ctimeMs;
    seen.push(before > 1_700_000_000_000, fs.statSync(path).birthtimeMs <= before);
    seen.push(Object.keys(await fs.promises.statfs(root)), Object.keys(stats));
    seen.push(fs.statSync(`${path}/x`, { throwIfNoEntry: false }) ?? 'nothing');
    return seen;
  },

  'copies of trees': async (fs, root) => {
    fs.mkdirSync(`${root}/from/inner/empty`, { recursive: true });
    fs.writeFileSync(`${root}/from/file`, 'file');
    fs.writeFileSync(`${root}/from/inner/deep`, 'deep', { mode: 0o600 });
    fs.symlinkSync('inner/deep', `${root}/from/link`);
    fs.utimesSync(`${root}/from/file`, 100, 200);
    fs.cpSync(`${root}/from`, `${root}/sync`, { recursive: true, preserveTimestamps: true });
    await fs.promises.cp(`${root}/from`, `${root}/promised`, { recursive: true, verbatimSymlinks: true });
    await new Promise((resolve) => fs.cp(`${root}/from/file`, `${root}/single`, resolve));
    fs.cpSync(`${root}/from`, `${root}/filtered`, { recursive: true, filter: (path) => !path.endsWith('deep') });
    fs.writeFileSync(`${root}/from/file`, 'changed');
    fs.cpSync(`${root}/from`, `${root}/sync`, { recursive: true, force: false });
    const told = (call: () => unknown) => {
      try {
        return call() ?? 'done';
      } catch (error) {
        return [(error as NodeJS.ErrnoException).code, (error as Error).message];
      }
    };
    return [
      fs.readdirSync(root, { recursive: true }),
      fs.readFileSync(`${root}/sync/file`, 'utf8'),
      fs.statSync(`${root}/sync/file`).mtimeMs,
      fs.readlinkSync(`${root}/sync/link`),
      fs.readlinkSync(`${root}/promised/link`),
      (fs.statSync(`${root}/promised/inner/deep`).mode & 0o777).toString(8),
      told(() => fs.cpSync(`${root}/from`, `${root}/from/inner/self`, { recursive: true })),
      told(() => fs.cpSync(`${root}/from`, `${root}/sync`, { recursive: true, errorOnExist: true, force: false })),
      told(() => fs.cpSync(`${root}/from`, `${root}/sync`, { recursive: true })),
      fs.readFileSync(`${root}/sync/file`, 'utf8'),
    ];
  },

  'content of many sizes': async (fs, root) => {
    const seen = [];
    for (const size of [1, 4095, 4096, 4097, 16_384, 16_385, 65_536, 1_048_577, 17_000_000]) {
      const path = `${root}/${size}`;
      const data = Buffer.alloc(size, 'abcdefg');
      fs.writeFileSync(path, data);
      const read = [
        fs.readFileSync(path),
        await fs.promises.readFile(path),
        Buffer.from(fs.readFileSync(path, 'utf8')),
      ];
      fs.copyFileSync(path, `${path}-copy`);
      read.push(fs.readFileSync(`${path}-copy`));
      seen.push([size, fs.statSync(path).size, ...read.map((bytes) => bytes.equals(data))]);
      fs.writeFileSync(path, data.toString());
      seen.push(fs.readFileSync(path).equals(data));
    }
    return seen;
  },

  'order of completions': async (fs, root) => {
    const order: string[] = [];
    fs.writeFileSync(`${root}/file`, 'text');
    await new Promise<void>((resolve) => {
      fs.stat(`${root}/file`, () => {
        order.push('stat');
        process.nextTick(() => order.push('tick in stat'));
        Promise.resolve().then(() => order.push('microtask in stat'));
        setImmediate(() => {
          order.push('immediate in stat');
          resolve();
        });
      });
      process.nextTick(() => order.push('tick'));
      Promise.resolve().then(() => order.push('microtask'));
      order.push('synchronous');
    });
    return order;
  },

  'context of callbacks': async (fs, root) => {
    const { AsyncLocalStorage } = process.getBuiltinModule('async_hooks');
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const inside = (name: string, start: (done: () => void) => void) =>
      new Promise<void>((resolve) => {
        storage.run(name, () =>
          start(() => {
            seen.push([name, storage.getStore()]);
            resolve();
          }),
        );
      });
    await Promise.all([
      inside('stat', (done) => fs.stat(root, done)),
      inside('readFile', (done) => fs.readFile(`${root}/missing`, done)),
      inside('writeFile', (done) => fs.writeFile(`${root}/file`, 'text', done)),
      inside('then', (done) => fs.promises.stat(root).then(done)),
      inside('rm', (done) => fs.rm(`${root}/nothing`, { force: true }, done)),
    ]);
    seen.push(storage.getStore() ?? 'nothing outside');
    return seen.map((entry) => JSON.stringify(entry)).sort();
  },
};
