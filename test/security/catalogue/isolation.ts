/** Class I: what belongs to one environment stays in it: memory, chance, variables and files. `/tmp` is bounded in bytes, files and names. */
import { answered, anyOf, failed, outOfMemory, type Program, timedOut } from './program.ts';

const cjs = (body: string): string => `exports.handler = async (event, context) => { ${body} };`;
/** Calls `run` and answers the code of its failure. */
const codeOf = `const codeOf = (run) => { try { const value = run(); return value === undefined ? 'done' : value; } catch (error) { return error.code ?? error.name; } };
const fs = require('node:fs');
`;

export const isolation: readonly Program[] = [
  {
    id: 'I01',
    title: 'what one environment leaves in globals, prototypes and registries is in no other',
    source: cjs(`
      const marks = [globalThis, Object.prototype, Array, Symbol.for('x').constructor, process.env, require('node:fs'), require('node:module')._cache ?? {}];
      const seen = marks.map((mark) => mark.isothermMark === undefined);
      if (event.wait) await new Promise((resolve) => setTimeout(resolve, 200));
      for (const mark of marks) try { mark.isothermMark = context.awsRequestId; } catch {}
      if (event.wait) await new Promise((resolve) => setTimeout(resolve, 200));
      const foreign = marks.some((mark) => mark.isothermMark !== undefined && mark.isothermMark !== context.awsRequestId);
      for (const mark of marks) try { delete mark.isothermMark; } catch {}
      return [seen.every(Boolean), foreign];`),
    calls: [{ event: { wait: true }, atOnce: 4, expect: answered([true, false]) }],
  },
  {
    id: 'I02',
    title: 'chance is fresh in every environment, although all come from one snapshot',
    source: `
      const early = [Math.random(), require('node:crypto').randomUUID()];
      const { mkdirSync } = require('node:fs');
      exports.handler = async () => {
        await new Promise((resolve) => setTimeout(resolve, 100));
        const later = [Math.random(), require('node:crypto').randomBytes(8).toString('hex'), crypto.randomUUID()];
        return new Set([...early, ...later]).size;
      };`,
    calls: [{ atOnce: 4, expect: answered(5) }],
  },
  {
    id: 'I03',
    title: 'variables of the host and of other functions are not in process.env',
    source: cjs(`
      return [Object.keys(process.env).filter((name) => /^(HOME|USER|SHELL|NODE_OPTIONS|TMPDIR|OLDPWD|HOSTNAME|SECRET|XDG_|ISOTHERM)/.test(name)), process.env.SECRET === undefined,
        Object.values(process.env).some((value) => /secret-/.test(value))];`),
    expect: answered([[], true, false]),
  },
  {
    id: 'I04',
    title: '/tmp is empty at first, private, and others’ files are in no place of it',
    source: `${codeOf}let own = 0;
      exports.handler = async (event, context) => {
        const before = fs.readdirSync('/tmp').length;
        fs.writeFileSync('/tmp/own-' + context.awsRequestId, 'x');
        own += 1;
        return [before === own - 1, fs.readdirSync('/tmp').length === own];
      };`,
    calls: [{ atOnce: 4, expect: answered([true, true]) }],
  },
  {
    id: 'I05',
    title: 'a file that fills /tmp',
    source: `${codeOf}exports.handler = async () => {
        const descriptor = fs.openSync('/tmp/full', 'w');
        const chunk = Buffer.alloc(8 * 1024 * 1024, 1);
        const code = codeOf(() => { for (;;) fs.writeSync(descriptor, chunk); });
        fs.closeSync(descriptor);
        const { size } = fs.statSync('/tmp/full');
        fs.rmSync('/tmp/full');
        return [code, size <= 512 * 1024 * 1024];
      };`,
    settings: { timeout: 20 },
    expect: answered(['ENOSPC', true]),
  },
  {
    id: 'I06',
    title: 'sparse files longer than any disk',
    source: `${codeOf}exports.handler = async () => {
        const codes = [codeOf(() => fs.truncateSync('/tmp/a', 2 ** 40)), codeOf(() => fs.writeFileSync('/tmp/a', '')), codeOf(() => fs.truncateSync('/tmp/a', 2 ** 53 - 1)), codeOf(() => fs.truncateSync('/tmp/a', 2 ** 40)),
          codeOf(() => fs.readFileSync('/tmp/a').length), codeOf(() => { const d = fs.openSync('/tmp/a', 'r+'); fs.writeSync(d, 'x', 2 ** 40 - 1); fs.closeSync(d); })];
        return codes.every((code) => typeof code === 'string');
      };`,
    expect: answered(true),
  },
  {
    id: 'I07',
    title: 'empty files without end',
    source: `${codeOf}exports.handler = async () => codeOf(() => { for (let i = 0; ; i++) fs.writeFileSync('/tmp/' + i, ''); });`,
    settings: { timeout: 60 },
    expect: answered('ENOSPC'),
  },
  {
    id: 'I08',
    title: 'folders inside folders without end',
    source: `${codeOf}exports.handler = async () => {
        let path = '/tmp';
        const deep = codeOf(() => { for (;;) { path += '/d'; fs.mkdirSync(path); } });
        process.chdir('/tmp');
        const relative = codeOf(() => { for (let i = 0; i < 100_000; i++) { fs.mkdirSync('e'); process.chdir('e'); } });
        return [deep, typeof relative];
      };`,
    settings: { timeout: 30 },
    expect: anyOf(answered(['ENAMETOOLONG', 'string']), answered(['ENOSPC', 'string'])),
  },
  {
    id: 'I09',
    title: 'links that lead to each other, up, out, and to themselves',
    source: `${codeOf}exports.handler = async () => {
        const codes = [];
        fs.symlinkSync('/tmp/b', '/tmp/a'); fs.symlinkSync('/tmp/a', '/tmp/b');
        codes.push(codeOf(() => fs.readFileSync('/tmp/a')));
        for (const [index, target] of ['/etc/passwd', '../../../etc/passwd', '/proc/self/environ', '/dev/mem', '/tmp/../etc/passwd'].entries()) {
          fs.symlinkSync(target, '/tmp/out' + index);
          codes.push(codeOf(() => String(fs.readFileSync('/tmp/out' + index))), codeOf(() => fs.writeFileSync('/tmp/out' + index, 'x')), codeOf(() => fs.chmodSync('/tmp/out' + index, 0o777)));
          codes.push(codeOf(() => fs.linkSync('/tmp/out' + index, '/tmp/hard' + index) ?? String(fs.readFileSync('/tmp/hard' + index))), codeOf(() => fs.realpathSync('/tmp/out' + index)));
        }
        return [codes[0], codes.some((code) => /root:|PATH=/.test(code))];
      };`,
    expect: answered(['ELOOP', false]),
  },
  {
    id: 'I10',
    title: 'writing anywhere but /tmp',
    source: `${codeOf}exports.handler = async () => {
        const written = [];
        for (const folder of ['/', '/var/task', '/var/runtime', '/etc', '/opt', '/dev', '/proc', '/proc/self', '/usr/lib', '/tmp/..', '/var/task/../../root', '.']) {
          for (const [name, run] of Object.entries({ write: () => fs.writeFileSync(folder + '/evil', 'x'), mkdir: () => fs.mkdirSync(folder + '/evil'), link: () => fs.symlinkSync('/tmp', folder + '/evil'), rename: () => { fs.writeFileSync('/tmp/x', ''); fs.renameSync('/tmp/x', folder + '/evil'); }, remove: () => fs.rmdirSync(folder) })) {
            if (codeOf(run) === 'done') written.push(name + ' ' + folder);
          }
        }
        return [written, codeOf(() => fs.writeFileSync('/var/task/index.js', 'x')) !== 'done', codeOf(() => fs.unlinkSync('/var/task/index.js')) !== 'done', codeOf(() => fs.chmodSync('/var/task/index.js', 0)) !== 'done'];
      };`,
    expect: answered([[], true, true, true]),
  },
  {
    id: 'I11',
    title: 'descriptors: too many, and those of somebody else',
    source: `${codeOf}exports.handler = async () => {
        const foreign = [];
        for (let descriptor = 3; descriptor < 300; descriptor++) {
          for (const run of [() => fs.readSync(descriptor, Buffer.alloc(1), 0, 1, 0), () => fs.writeSync(descriptor, 'x'), () => fs.fstatSync(descriptor).ino, () => fs.closeSync(descriptor)]) if (codeOf(run) !== 'EBADF') foreign.push(descriptor);
        }
        fs.writeFileSync('/tmp/f', '');
        let open = 0;
        const code = codeOf(() => { for (;;) { fs.openSync('/tmp/f'); open += 1; } });
        return [foreign, code, open <= 1024];
      };`,
    expect: answered([[], 'EMFILE', true]),
  },
  {
    id: 'I12',
    title: 'names with NUL, of 256 bytes, of no known characters, and none',
    source: `${codeOf}exports.handler = async () => {
        const names = ['/tmp/a\\0b', '/tmp/' + 'n'.repeat(256), '/tmp/' + 'd/'.repeat(3000) + 'x', '', '/tmp/' + '\\ud800', Buffer.from([0x2f, 0x74, 0x6d, 0x70, 0x2f, 0xff, 0xfe]), '/tmp/.', '/tmp/..', '/tmp//', '/tmp/\\u202e', '/tmp/' + '\\u00e9'.repeat(200)];
        return names.map((name) => String(codeOf(() => fs.writeFileSync(name, 'x')))).map((code) => code === 'done' || /^E[A-Z_]+$/.test(code)).every(Boolean);
      };`,
    expect: answered(true),
  },
  {
    id: 'I13',
    title: 'watchers, streams and directories that are opened and never closed',
    source: `${codeOf}exports.handler = async () => {
        fs.writeFileSync('/tmp/f', 'x'.repeat(1e6));
        const kept = [];
        const opened = { watch: 0, stream: 0, dir: 0 };
        for (let i = 0; i < 2000; i++) {
          if (codeOf(() => { kept.push(fs.watch('/tmp', () => {})); }) === 'done') opened.watch++;
          if (codeOf(() => { const s = fs.createReadStream('/tmp/f'); s.on('error', () => {}); s.read(0); kept.push(s); }) === 'done') opened.stream++;
          if (codeOf(() => { kept.push(fs.opendirSync('/tmp')); }) === 'done') opened.dir++;
        }
        globalThis.kept = kept;
        return kept.length >= 0;
      };`,
    settings: { timeout: 10 },
    expect: anyOf(answered(true), failed(/./), outOfMemory, timedOut),
    // What it keeps open may fill its memory while the next call runs.
    next: anyOf(answered('benign'), outOfMemory, timedOut),
  },
  {
    id: 'I14',
    title: 'one file with a million small holes and pieces',
    source: `${codeOf}exports.handler = async () => {
        const descriptor = fs.openSync('/tmp/holes', 'w');
        return codeOf(() => { for (let i = 0; i < 1e6; i++) fs.writeSync(descriptor, 'x', i * 8192); });
      };`,
    settings: { timeout: 20 },
    expect: anyOf(answered('ENOSPC'), answered('EFBIG'), timedOut),
  },
  {
    id: 'I15',
    title: 'long names in great number: what a volume remembers is bounded too',
    source: `${codeOf}exports.handler = async () => codeOf(() => { for (let i = 0; ; i++) fs.symlinkSync('/'.repeat(1) + 't'.repeat(4000), '/tmp/' + i + 'n'.repeat(240)); });`,
    settings: { timeout: 60 },
    expect: answered('ENOSPC'),
  },
  {
    id: 'I16',
    title: 'recursive copies, renames into oneself and removals while they are walked',
    source: `${codeOf}exports.handler = async () => {
        fs.mkdirSync('/tmp/a/b', { recursive: true });
        const codes = [codeOf(() => fs.renameSync('/tmp/a', '/tmp/a/b/c')), codeOf(() => fs.cpSync('/tmp/a', '/tmp/a/b', { recursive: true })), codeOf(() => fs.cpSync('/', '/tmp/all', { recursive: true })), codeOf(() => fs.rmSync('/', { recursive: true, force: true })), codeOf(() => fs.rmSync('/tmp', { recursive: true }))];
        return [codes[0] !== 'done', codes.length, fs.existsSync('/tmp')];
      };`,
    settings: { timeout: 20 },
    expect: anyOf(answered([true, 5, true]), timedOut, failed(/./)),
  },
];
