import test from 'ava';
import { importsOf, violation } from '../scripts/check-imports.ts';

test('a folder may import what the table says and nothing else', (t) => {
  t.is(violation({ file: 'src/model/errors.ts', specifier: '../base/clock.ts', typeOnly: false }), undefined);
  t.regex(
    violation({ file: 'src/model/errors.ts', specifier: '../engine/engine.ts', typeOnly: true }) ?? '',
    /src\/model may not import src\/engine/,
  );
  t.regex(
    violation({ file: 'src/engine/invoke.ts', specifier: '../sandbox/main.ts', typeOnly: false }) ?? '',
    /src\/engine may not import src\/sandbox/,
  );
  t.is(violation({ file: 'src/sandbox/volume/volume.ts', specifier: '../ivm.ts', typeOnly: false }), undefined);
});

test('a package with one importer is refused everywhere else, but its types are free', (t) => {
  t.regex(
    violation({ file: 'src/engine/invoke.ts', specifier: 'isolated-vm', typeOnly: false }) ?? '',
    /only src\/sandbox\/ivm.ts may/,
  );
  t.is(violation({ file: 'src/sandbox/ivm.ts', specifier: 'isolated-vm', typeOnly: false }), undefined);
  t.is(violation({ file: 'src/engine/engine.ts', specifier: 'pino', typeOnly: true }), undefined);
});

test('imports are found in every form', (t) => {
  const text = `import type { A } from './a.ts';\nimport b, { c } from "./b.ts";\nexport * from './d.ts';\nimport './e.ts';\nconst f = await import('./f.ts');\nimport {\n  g,\n} from './g.ts';\n`;
  t.deepEqual(
    importsOf('src/model/x.ts', text).map((found) => found.specifier),
    ['./a.ts', './b.ts', './d.ts', './e.ts', './g.ts', './f.ts'],
  );
});
