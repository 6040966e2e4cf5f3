import test from 'ava';
import { EngineError } from '../../src/model/errors.ts';
import {
  Constraints,
  constraintMessage,
  enumRule,
  lengthAtMost,
  memberRule,
  pattern,
} from '../../src/model/validation.ts';

function messageOf(check: (constraints: Constraints) => void): string | undefined {
  const constraints = new Constraints();
  check(constraints);
  try {
    constraints.throwIfViolated();
    return undefined;
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'ValidationException') throw error;
    return error.message;
  }
}

test('a request that breaks nothing passes', (t) => {
  t.is(
    messageOf((constraints) => {
      t.true(constraints.integer(3, 'timeout', { min: 1, max: 900 }));
      t.true(constraints.text('a', 'handler', { lengthMax: 128 }));
      t.true(constraints.oneOf('Text', 'loggingConfig.logFormat', ['JSON', 'Text']));
    }),
    undefined,
  );
});

test('one broken constraint is told in the singular', (t) => {
  t.is(
    messageOf((constraints) => constraints.integer(901, 'timeout', { min: 1, max: 900 })),
    "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
  );
});

test('several are told in one message, in the plural', (t) => {
  t.is(
    messageOf((constraints) => {
      constraints.integer(0, 'timeout', { min: 1, max: 900 });
      constraints.violate(['x', 'y'], 'architectures', lengthAtMost(1));
    }),
    "2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
      "Value '[x, y]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1",
  );
});

test('each kind of constraint has its words', (t) => {
  const rule = (check: (constraints: Constraints) => void) => messageOf(check)?.replace(/^.*constraint: /, '');
  t.is(
    rule((c) => c.text('', 'a', { lengthMin: 1, lengthMax: 2 })),
    'Member must have length greater than or equal to 1',
  );
  t.is(
    rule((c) => c.text('abc', 'a', { lengthMax: 2 })),
    'Member must have length less than or equal to 2',
  );
  t.is(
    rule((c) => c.text('a b', 'a', { lengthMax: 9, pattern: pattern('[^\\s]+') })),
    'Member must satisfy regular expression pattern: [^\\s]+',
  );
  t.is(
    rule((c) => c.text(undefined, 'a', { lengthMax: 9 })),
    'Member must not be null',
  );
  t.is(
    rule((c) => c.text(7, 'a', { lengthMax: 9 })),
    'Member must be a string',
  );
  t.is(
    rule((c) => c.oneOf('z', 'a', ['x', 'y'])),
    'Member must satisfy enum value set: [x, y]',
  );
  for (const value of [2.5, Number.NaN, Number.POSITIVE_INFINITY, '3', {}]) {
    t.is(
      rule((c) => c.integer(value, 'a', { min: 1, max: 9 })),
      'Member must be an integer',
    );
  }
  t.is(
    memberRule([enumRule(['x']), 'Member must not be null']),
    'Member must satisfy constraint: [Member must satisfy enum value set: [x], Member must not be null]',
  );
});

test('a value is printed as AWS prints it', (t) => {
  const value = (given: unknown) => messageOf((c) => c.violate(given, 'a', 'r'))?.match(/Value (.*) at/s)?.[1];
  t.is(value(null), 'null');
  t.is(value('x'), "'x'");
  t.is(value(['a', 'b']), "'[a, b]'");
  t.is(value({ toString: () => 'evil' }), "'(object)'");
  t.is(value(['a', { toString: '' }]), "'[a, (object)]'");
  t.is(value('x'.repeat(5000))?.length, 2048 + "'...'".length);
});

test('a pattern is anchored at both ends', (t) => {
  t.true(pattern('a|bc').expression.test('a'));
  t.false(pattern('a|bc').expression.test('abc'));
});

test('one constraint can be told under another exception', (t) => {
  t.is(
    constraintMessage('x', 'functionName', lengthAtMost(64)),
    "1 validation error detected: Value 'x' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64",
  );
});
