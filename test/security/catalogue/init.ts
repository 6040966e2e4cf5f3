/**
 * Class H: functions that do harm before they are called: as they are deployed, as their modules load, as their handler is looked for.
 * Nobody but they waits for that, and other code makes them well again.
 */
import { answered, anyOf, exited, failed, outOfMemory, type Program, refused, timedOut } from './program.ts';
import { zipOf } from './zip.ts';

const benign = 'exports.handler = async () => "benign";';
const index = { path: 'index.js', text: benign };
/** Made before anything runs: it takes longer than the host may be held. */
const manyFiles = zipOf([index, ...Array.from({ length: 50_001 }, (_, i) => ({ path: `f/${i}`, text: '' }))]);
const refusedCode = refused('InvalidParameterValueException');

export const init: readonly Program[] = [
  {
    id: 'H01',
    title: 'an endless loop while the module loads',
    source: `for (;;);\n${benign}`,
    harmAt: 'init',
    expect: timedOut,
  },
  {
    id: 'H02',
    title: 'a built-in that nothing stops, while the module loads',
    source: `Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);\n${benign}`,
    harmAt: 'init',
    expect: timedOut,
  },
  {
    id: 'H03',
    title: 'an await at the top that never ends',
    source: `export const handler = async () => 1;\nsetInterval(() => {}, 100);\nawait new Promise(() => {});`,
    harmAt: 'init',
    expect: anyOf(timedOut, exited),
  },
  {
    id: 'H04',
    title: 'an error while the module loads',
    source: `throw new TypeError('not today');\n${benign}`,
    harmAt: 'init',
    expect: failed(/TypeError/),
  },
  {
    id: 'H05',
    title: 'a thrown object that loops when it is looked at, while the module loads',
    source: `throw new Proxy(new Error('x'), { get() { for (;;); } });\n${benign}`,
    harmAt: 'init',
    expect: anyOf(timedOut, failed(/./), exited),
  },
  {
    id: 'H06',
    title: 'modules that import each other',
    files: {
      'index.mjs': `import { b } from './b.mjs'; export const a = () => 1;
export const handler = async (event) => (event.benign ? 'benign' : b());`,
      'b.mjs': `import { a } from './index.mjs'; export const b = () => a();`,
    },
    expect: answered(1),
  },
  {
    id: 'H07',
    title: 'a package with a path out of its directory',
    code: async () => ({ zipFile: zipOf([index, { path: '../../evil.js', text: 'evil' }]) }),
    expect: refusedCode,
  },
  {
    id: 'H08',
    title: 'a module without its handler',
    files: { 'index.js': 'exports.other = 1;' },
    harmAt: 'init',
    expect: failed(/HandlerNotFound/),
  },
  {
    id: 'H09',
    title: 'text that is no program',
    files: { 'index.js': '%%% not JavaScript {{{' },
    harmAt: 'init',
    expect: failed(/UserCodeSyntaxError/),
  },
  {
    id: 'H10',
    title: 'a package with a link to a file of the host',
    code: async () => ({ zipFile: zipOf([index, { path: 'passwd.js', text: '/etc/passwd', mode: 0o120777 }]) }),
    expect: refusedCode,
  },
  {
    id: 'H11',
    title: 'a package of more files than any has',
    code: async () => ({ zipFile: manyFiles }),
    expect: refusedCode,
  },
  {
    id: 'H12',
    title: 'a handler that is a getter which loops',
    files: { 'index.js': `Object.defineProperty(exports, 'handler', { enumerable: true, get() { for (;;); } });` },
    harmAt: 'init',
    expect: anyOf(timedOut, failed(/./)),
  },
  {
    id: 'H13',
    title: 'more memory than it has, while the module loads',
    source: `const a = []; for (;;) a.push({ x: 1 });\n${benign}`,
    harmAt: 'init',
    expect: anyOf(outOfMemory, exited, failed(/./)),
    settings: { timeout: 30 },
  },
  {
    id: 'H14',
    title: 'process.exit while the module loads',
    source: `process.exit(3);\n${benign}`,
    harmAt: 'init',
    expect: exited,
  },
  {
    id: 'H15',
    title: 'an addon of machine code',
    files: {
      'index.js': `exports.handler = async (event) => (event.benign ? 'benign' : require('./evil.node'));`,
      'evil.node': '\u007fELF',
    },
    expect: anyOf(failed(/./), refusedCode),
  },
  {
    id: 'H16',
    title: 'a timer of the load that loops in the first call',
    source:
      'setTimeout(() => { for (;;); }, 0); exports.handler = async () => { await new Promise((done) => setTimeout(done, 50)); return 1; };',
    expect: anyOf(timedOut, answered(1), failed(/./), exited),
    harmAt: 'init',
  },
  {
    id: 'H17',
    title: 'text longer than is taken',
    code: async () => ({ source: `${benign}\n//${'x'.repeat(3 * 1024 * 1024)}` }),
    expect: anyOf(refused('RequestEntityTooLargeException'), refusedCode),
  },
  {
    id: 'H18',
    title: 'text that takes a parser apart: fifty thousand brackets',
    code: async () => ({ source: `${benign}\nvar a = ${'['.repeat(60_000)}${']'.repeat(60_000)};` }),
    harmAt: 'init',
    expect: anyOf(failed(/./), refusedCode),
  },
];
