/** Class P: code packages made to harm who deploys them: names that leave, sizes that lie, files that no parser is made for. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { CodeInput, CreateFunctionInput } from '../../../src/index.ts';
import { limits } from '../../../src/model/limits.ts';
import { type Forged, forgedZip, unixType } from '../../fixtures/forged-zip.ts';
import { functionDirectory } from '../../fixtures/function-directory.ts';

export interface HostilePackage {
  readonly id: string;
  readonly title: string;
  readonly code: () => CodeInput;
  readonly settings?: Partial<CreateFunctionInput>;
  /** What the refusal says; or the answer of the function, where the package is odd and may be deployed. */
  readonly expect: RegExp | { readonly answer: unknown } | { readonly failure: RegExp };
}

const index = 'exports.handler = async () => "ran";';
const zip = (...entries: readonly Forged[]) => ({
  zipFile: forgedZip([{ name: 'index.js', content: Buffer.from(index) }, ...entries]),
});
const named = (name: string | Buffer) => zip({ name });
const files = (texts: Readonly<Record<string, string>>) => ({
  directory: functionDirectory({ files: { 'index.js': index, ...texts } }),
});
const module_ = (text: string) => files({ 'index.js': text });

export const packages: readonly HostilePackage[] = [
  {
    id: 'P01',
    title: 'an entry that goes up and out',
    code: () => named('../../../../tmp/evil.js'),
    expect: /contains '\.\.'|relative path/,
  },
  {
    id: 'P02',
    title: 'an entry with an absolute name',
    code: () => named('/tmp/evil.js'),
    expect: /is absolute|absolute path/,
  },
  {
    id: 'P03',
    title: 'an entry with backslashes',
    code: () => named('..\\..\\evil.js'),
    expect: /backslash|invalid characters/,
  },
  { id: 'P04', title: 'an entry with NUL in its name', code: () => named('evil.js\0.txt'), expect: /NUL/ },
  {
    id: 'P05',
    title: 'an entry with a drive letter',
    code: () => named('C:/evil.js'),
    expect: /is absolute|absolute path/,
  },
  {
    id: 'P06',
    title: 'a symbolic link to a file of the host',
    code: () => zip({ name: 'link', content: Buffer.from('/etc/passwd'), externalAttributes: unixType(0o120000) }),
    expect: /symbolic link/,
  },
  {
    id: 'P07',
    title: 'a link to a folder, and a file below it',
    code: () =>
      zip(
        { name: 'lib', content: Buffer.from('/tmp'), externalAttributes: unixType(0o120000) },
        { name: 'lib/evil.js' },
      ),
    expect: /symbolic link/,
  },
  {
    id: 'P08',
    title: 'a device and a pipe',
    code: () =>
      zip(
        { name: 'device', externalAttributes: unixType(0o020000) },
        { name: 'pipe', externalAttributes: unixType(0o010000) },
      ),
    expect: /special file/,
  },
  {
    id: 'P09',
    title: 'a gigabyte of nothing, honestly declared',
    code: () => zip({ name: 'zeros', content: Buffer.alloc(16), declaredSize: 2 ** 30 }),
    expect: /Unzipped size|times its size/,
  },
  {
    id: 'P10',
    title: 'a bomb that declares to be small',
    code: () => zip({ name: 'zeros', content: Buffer.alloc(50_000_000), declaredSize: 10 }),
    expect: /Could not unzip/,
  },
  {
    id: 'P11',
    title: 'entries that share their data',
    code: () =>
      zip(
        ...Array.from({ length: 2_000 }, (_, at) => ({
          name: `f${at}`,
          content: Buffer.from('same'.repeat(1_000)),
          method: 0,
          offset: 0,
        })),
      ),
    expect: /overlap|Could not unzip/,
  },
  {
    id: 'P12',
    title: 'one entry more than any program has',
    code: () => ({
      zipFile: forgedZip(
        Array.from({ length: limits.packageEntriesMax + 1 }, (_, at) => ({ name: `f${at}`, method: 0 })),
      ),
    }),
    expect: /at most 50000 are allowed/,
  },
  { id: 'P13', title: 'the same name twice', code: () => named('index.js'), expect: /occurs twice/ },
  {
    id: 'P14',
    title: 'a name that is a file and a folder',
    code: () => zip({ name: 'a/b' }, { name: 'a' }),
    expect: /file and a folder/,
  },
  {
    id: 'P15',
    title: 'a name of 10,000 characters, and folders a hundred deep',
    code: () => named(`${'d/'.repeat(100)}x`),
    expect: /deeper than|longer than/,
  },
  {
    id: 'P16',
    title: 'an archive that is encrypted',
    code: () => zip({ name: 'secret', flags: 1 }),
    expect: /encrypted/,
  },
  {
    id: 'P17',
    title: 'an archive that is random bytes',
    code: () => ({ zipFile: Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7919) % 251)) }),
    expect: /Could not unzip/,
  },
  { id: 'P18', title: 'an archive of nothing', code: () => ({ zipFile: Buffer.alloc(0) }), expect: /Could not unzip/ },
  {
    id: 'P19',
    title: 'a compression that nobody knows',
    code: () => zip({ name: 'x', method: 99 }),
    expect: /method 99/,
  },
  {
    id: 'P20',
    title: 'damaged data',
    code: () => zip({ name: 'x', content: Buffer.from('abc'), checksum: 1 }),
    expect: /checksum/,
  },
  {
    id: 'P21',
    title: 'names of prototypes as files',
    code: () => zip({ name: '__proto__' }, { name: 'constructor/prototype' }, { name: 'toString' }),
    expect: { answer: 'ran' },
  },
  {
    id: 'P22',
    title: 'a folder with a link that leaves it',
    code: () => linked('/etc/passwd'),
    expect: /link|outside/,
  },
  {
    id: 'P23',
    title: 'a folder with a link to its own parent',
    code: () => linked('.'),
    expect: /link|itself|loop|cycle/,
  },
  {
    id: 'P24',
    title: 'package.json of deep brackets',
    code: () => files({ 'package.json': `{"main":${'['.repeat(200_000)}` }),
    expect: { answer: 'ran' },
  },
  {
    id: 'P25',
    title: 'package.json of 60 MB of brackets, in a zip of 58 KB',
    code: () => zip({ name: 'package.json', content: Buffer.from(`{"exports":[${'[],'.repeat(20_000_000)}0]}`) }),
    expect: /packageJsonBytesMax/,
  },
  {
    id: 'P26',
    title: 'package.json with main, exports and imports that leave the package',
    code: () =>
      files({
        'index.js':
          'exports.handler = async () => { const found = []; for (const id of ["evil", "evil/x", "#up"]) try { found.push(String(require(id)).slice(0, 20)); } catch (error) { found.push(error.code); } return found.filter((text) => /root:/.test(text)); };',
        'package.json': '{"imports":{"#up":"../../../../etc/passwd"}}',
        'node_modules/evil/package.json':
          '{"main":"/etc/passwd","exports":{".":"../../../../../../etc/passwd","./x":"file:///etc/passwd"}}',
      }),
    expect: { answer: [] },
  },
  {
    id: 'P27',
    title: 'imports of files of the host, by every path',
    code: () =>
      module_(`exports.handler = async () => {
        const found = [];
        for (const load of [() => require('/etc/passwd'), () => require('../../../../etc/hostname'), () => require('/etc/hosts'), () => require('/proc/self/environ'), () => import('/etc/passwd'), () => import('file:///etc/passwd')]) {
          try { await load(); found.push(String(load)); } catch {}
        }
        return found;
      };`),
    expect: { answer: [] },
  },
  {
    id: 'P28',
    title: 'configuration of the bundler: tsconfig that extends files of the host, paths, plugins, JSX',
    code: () =>
      files({
        'tsconfig.json':
          '{"extends":"/etc/passwd","compilerOptions":{"paths":{"*":["/etc/*"]},"baseUrl":"/etc","jsxImportSource":"/etc/passwd"}}',
        'esbuild.config.js': 'throw new Error("ran")',
        'index.ts':
          'export const handler = async () => { try { return require("passwd"); } catch (error: any) { return error.code; } };',
        'index.js':
          'exports.handler = async () => { try { return String(require("passwd")); } catch (error) { return error.code; } };',
      }),
    expect: { answer: 'MODULE_NOT_FOUND' },
  },
  {
    id: 'P29',
    title: 'a source map that is a file of the host',
    code: () => module_(`${index}\n//# sourceMappingURL=/etc/passwd\n`),
    expect: { answer: 'ran' },
  },
  {
    id: 'P30',
    title: 'a source map of nonsense',
    code: () =>
      module_(
        `exports.handler = async () => { throw new Error('x'); };\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(`{"version":3,"sources":["/etc/passwd"],"mappings":"${'AAAA,'.repeat(100_000)};;;;zzzz"}`).toString('base64')}\n`,
      ),
    expect: { failure: /^Error$/ },
  },
  {
    id: 'P31',
    title: 'a module of 100,000 brackets',
    code: () => module_(`${index}${'['.repeat(100_000)}${']'.repeat(100_000)}`),
    expect: { failure: /SyntaxError/ },
  },
  {
    id: 'P32',
    title: 'a module that is not UTF-8',
    code: () => ({
      zipFile: forgedZip([
        {
          name: 'index.js',
          content: Buffer.concat([
            Buffer.from(`${index} // `),
            Buffer.from([0xff, 0xfe, 0x80, 0xc0]),
            Buffer.from('\n'),
          ]),
        },
      ]),
    }),
    expect: { answer: 'ran' },
  },
  {
    id: 'P33',
    title: 'a module of UTF-16',
    code: () => ({
      zipFile: forgedZip([
        { name: 'index.js', content: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(index, 'utf16le')]) },
      ]),
    }),
    expect: { failure: /SyntaxError|Runtime\./ },
  },
  { id: 'P34', title: 'an empty module', code: () => module_(''), expect: { failure: /HandlerNotFound/ } },
  {
    id: 'P35',
    title: '1,000 modules that import each other',
    code: () =>
      files(
        Object.fromEntries(
          Array.from({ length: 1_000 }, (_, at) => [
            `m${at}.js`,
            `exports.n = ${at}; exports.next = () => require('./m${(at + 1) % 1_000}.js');`,
          ]).concat([['index.js', 'const m = require("./m0.js"); exports.handler = async () => m.next().n;']]),
        ),
      ),
    expect: { answer: 1 },
  },
  {
    id: 'P36',
    title: 'handlers that name prototypes and parents',
    code: () => module_(index),
    settings: { handler: '../../../etc/passwd.x' },
    expect: { failure: /MalformedHandlerName/ },
  },
  {
    id: 'P37',
    title: 'a handler that names the prototype of all objects',
    code: () => module_(index),
    settings: { handler: 'index.__proto__.constructor' },
    expect: { answer: {} },
  },
  {
    id: 'P38',
    title: 'a native addon in place of the module',
    code: () =>
      zip(
        { name: 'addon.node', content: Buffer.from('7f454c46', 'hex') },
        {
          name: 'main.js',
          content: Buffer.from(
            'exports.handler = async () => { try { require("./addon.node"); return "loaded"; } catch (error) { return "refused"; } };',
          ),
        },
      ),
    settings: { handler: 'main.handler' },
    expect: { answer: 'refused' },
  },
  {
    id: 'P39',
    title: 'a layer that goes up and out',
    code: () => module_(index),
    settings: { layers: [forgedZip([{ name: '../evil' }])] },
    expect: /contains '\.\.'|relative path/,
  },
  {
    id: 'P40',
    title: 'a regular expression literal and a template of a megabyte',
    code: () =>
      module_(
        `exports.handler = async () => [/${'(a|'.repeat(20_000)}b${')'.repeat(20_000)}/.source.length > 0, \`${'x'.repeat(1_000_000)}\`.length];`,
      ),
    expect: { answer: [true, 1_000_000] },
  },
  {
    id: 'P41',
    title: 'stored and deflated data that disagree with their method',
    code: () =>
      zip(
        { name: 'x', method: 8, content: Buffer.from('a') },
        { name: 'y', method: 0, content: deflateRawSync(Buffer.alloc(100)), declaredSize: 100 },
      ),
    expect: /Could not unzip/,
  },
];

function linked(target: string): CodeInput {
  const directory = functionDirectory({ files: { 'index.js': index, 'lib/x.js': '' } });
  symlinkSync(target === '.' ? directory : target, join(directory, 'lib', 'link'));
  return { directory };
}
