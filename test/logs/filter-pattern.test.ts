/** Patterns as docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html describes them. */
import test from 'ava';
import { parseFilterPattern } from '../../src/logs/filter-pattern.ts';

const cases: readonly (readonly [
  pattern: string | undefined,
  matching: readonly string[],
  other: readonly string[],
])[] = [
  [undefined, ['anything'], []],
  ['  ', ['anything'], []],
  ['ERROR', ['[ERROR 400] bad'], ['error', 'WARN']],
  ['ERROR ARGUMENTS', ['[ERROR 419] MISSING ARGUMENTS', 'ARGUMENTS then ERROR'], ['ERROR']],
  ['"INTERNAL SERVER ERROR"', ['[ERROR 500] INTERNAL SERVER ERROR'], ['INTERNAL ERROR SERVER']],
  ['ERROR -ARGUMENTS', ['ERROR 1'], ['ERROR MISSING ARGUMENTS', 'fine']],
  ['-"health check"', ['other'], ['GET health check']],
  ['?ERROR ?WARN', ['ERROR', 'a WARN'], ['INFO']],
  ['?ERROR ?WARN INFO', ['INFO'], ['ERROR']],
  ['"a \\"quoted\\" word"', ['say a "quoted" word'], ['a quoted word']],
  [
    '{ $.level = "ERROR" }',
    ['{"level":"ERROR"}\n', ' {"level":"ERROR","n":1}'],
    ['{"level":"INFO"}', 'ERROR', '{"level":', '{"x":{"level":"ERROR"}}'],
  ],
  ['{$.level="ERR*R"}', ['{"level":"ERRXR"}', '{"level":"ERRR"}'], ['{"level":"ERR"}', '{"level":"xERRR"}']],
  ['{ $.level = E* }', ['{"level":"E"}'], ['{"level":"W"}']],
  ['{ $.ms > 100 && $.ms <= 200 }', ['{"ms":101}', '{"ms":200}'], ['{"ms":100}', '{"ms":"150"}', '{}']],
  ['{ $.a = 1 || ($.b = 2 && $.c != 3) }', ['{"a":1}', '{"b":2,"c":4}'], ['{"b":2,"c":3}', '{"b":2}']],
  ['{ $.users[1].name = "Ada" }', ['{"users":[0,{"name":"Ada"}]}'], ['{"users":[{"name":"Ada"}]}']],
  ['{ $.a IS NULL }', ['{"a":null}'], ['{"a":0}', '{}']],
  ['{ $.a IS TRUE }', ['{"a":true}'], ['{"a":"true"}']],
  ['{ $.a NOT EXISTS }', ['{}'], ['{"a":null}']],
  ['{ $.__proto__.x = 1 }', ['{"__proto__":{"x":1}}'], ['{}']],
  ['{ $.toString = "*" }', [], ['{}']],
];

for (const [pattern, matching, other] of cases) {
  test(`pattern ${pattern}`, (t) => {
    const { matches, needle } = parseFilterPattern(pattern);
    for (const message of matching) {
      t.true(matches(message), message);
      t.true(needle === undefined || message.includes(needle));
    }
    for (const message of other) t.false(matches(message), message);
  });
}

const refused = [
  '"open',
  '[a, b]',
  '%x+%',
  '{ $.a',
  '{ a = 1 }',
  '{ $.a ~ 1 }',
  '{ $.a > x }',
  '{ $.a = 1 } x',
  '-""',
  'x'.repeat(2_000),
  `{ ${'('.repeat(30)}$.a = 1 }`,
];
for (const pattern of refused) {
  test(`refused: ${pattern.slice(0, 20)}`, (t) => {
    t.like(
      t.throws(() => parseFilterPattern(pattern)),
      { code: 'InvalidParameterValueException' },
    );
  });
}

test('what every match has is known, where there is such a thing', (t) => {
  const needles = [
    '{ $.level = "ERROR" }',
    '{ $.ms > 3 }',
    '{ $.a = 1 || $.b = 2 }',
    '{ $.users[1].x1 = 7 }',
    '{ $.gone NOT EXISTS }',
    'a longer',
  ];
  t.deepEqual(
    needles.map((text) => parseFilterPattern(text).needle),
    ['ERROR', 'ms', undefined, 'users', undefined, 'longer'],
  );
});

test('wildcards cost no more than the text is long', (t) => {
  const { matches } = parseFilterPattern(`{ $.a = "${'*a'.repeat(300)}b" }`);
  const message = JSON.stringify({ a: 'a'.repeat(200_000) });
  const before = process.cpuUsage();
  t.false(matches(message));
  const { user } = process.cpuUsage(before);
  t.true(user < 1_000_000);
});
