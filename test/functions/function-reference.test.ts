import test, { type ExecutionContext } from 'ava';
import {
  functionNotFound,
  parseFunctionReference,
  parseNewFunctionName,
} from '../../src/functions/function-reference.ts';
import { EngineError, type EngineErrorCode } from '../../src/model/errors.ts';

const readPattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?';
const createPattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?';
const arn = 'arn:aws:lambda:us-east-1:000000000000:function:my-function';

function refused(t: ExecutionContext, run: () => unknown, code: EngineErrorCode, message: string): void {
  const error = t.throws(run, { instanceOf: EngineError });
  t.is(error?.code, code);
  t.is(error?.message, message);
}

const oneViolation = (value: string, path: string, rule: string) =>
  `1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: ${rule}`;

test('every form names the same function', (t) => {
  for (const form of [
    'my-function',
    'function:my-function',
    '000000000000:function:my-function',
    '000000000000:my-function',
    'us-east-1:000000000000:function:my-function',
    arn,
    arn.replace('aws', 'aws-cn'),
  ]) {
    t.deepEqual(
      parseFunctionReference(form),
      { functionName: 'my-function', qualifier: '$LATEST', qualified: false },
      form,
    );
    t.deepEqual(
      parseFunctionReference(`${form}:7`),
      { functionName: 'my-function', qualifier: '7', qualified: true },
      form,
    );
    t.deepEqual(
      parseFunctionReference(`${form}:$LATEST`),
      { functionName: 'my-function', qualifier: '$LATEST', qualified: true },
      form,
    );
    t.deepEqual(
      parseFunctionReference(form, 'live'),
      { functionName: 'my-function', qualifier: 'live', qualified: true },
      form,
    );
  }
  t.deepEqual(parseFunctionReference('my-function:live', 'live'), {
    functionName: 'my-function',
    qualifier: 'live',
    qualified: true,
  });
  t.is(parseFunctionReference('function').functionName, 'function');
});

test('two different qualifiers contradict each other', (t) => {
  refused(
    t,
    () => parseFunctionReference(`${arn}:1`, '2'),
    'InvalidParameterValueException',
    'The derived qualifier from the function name does not match the specified qualifier.',
  );
});

test('what AWS refuses by pattern is refused by pattern', (t) => {
  for (const name of [
    '*',
    'my-function!',
    `${arn}:1:2`,
    'invalid-account:function:my-function',
    'arn:aws:lambda:invalid-region:000000000000:function:my-function',
    'arn:aws:lambda:us-east-1::function:my-function',
    'arn:aws:lambda::000000000000:function:my-function',
    `${arn}:$LATES`,
    'arn:aws:ec2:us-east-1:000000000000:instance:i-1',
    'function:my-function:$LATEST:extra',
    '',
  ]) {
    refused(
      t,
      () => parseFunctionReference(name),
      'ValidationException',
      oneViolation(name, 'functionName', `Member must satisfy regular expression pattern: ${readPattern}`),
    );
    refused(
      t,
      () => parseNewFunctionName(name),
      'ValidationException',
      oneViolation(name, 'functionName', `Member must satisfy regular expression pattern: ${createPattern}`),
    );
  }
  refused(
    t,
    () => parseNewFunctionName('my.function'),
    'ValidationException',
    oneViolation('my.function', 'functionName', `Member must satisfy regular expression pattern: ${createPattern}`),
  );
});

test('a qualifier has a pattern and a length', (t) => {
  refused(
    t,
    () => parseFunctionReference('f', 'invalid!'),
    'ValidationException',
    oneViolation(
      'invalid!',
      'qualifier',
      'Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+',
    ),
  );
  refused(
    t,
    () => parseFunctionReference('f', 'a'.repeat(129)),
    'ValidationException',
    oneViolation('a'.repeat(129), 'qualifier', 'Member must have length less than or equal to 128'),
  );
});

test('a wrong qualifier and a wrong name are told together, in the order that AWS tells them', (t) => {
  const error = t.throws(() => parseFunctionReference('*', 'a'.repeat(129)), { instanceOf: EngineError });
  t.regex(
    error?.message ?? '',
    /^2 validation errors detected: Value 'a{129}' at 'qualifier' .*; Value '\*' at 'functionName' /,
  );
});

test('a bare name of 65 characters cannot be created, and is simply not found', (t) => {
  const name = 'a'.repeat(65);
  refused(
    t,
    () => parseNewFunctionName(name),
    'InvalidParameterValueException',
    oneViolation(name, 'functionName', 'Member must have length less than or equal to 64'),
  );
  t.is(parseFunctionReference(name).functionName, name);
  t.is(parseNewFunctionName('a'.repeat(64)).length, 64);
});

test('a whole reference has a length: 140 to create, 170 to read', (t) => {
  const long = (length: number) =>
    `${arn.replace('my-function', '')}${'a'.repeat(length - arn.length + 'my-function'.length)}`;
  refused(
    t,
    () => parseNewFunctionName(long(141)),
    'ValidationException',
    oneViolation(long(141), 'functionName', 'Member must have length less than or equal to 140'),
  );
  t.notThrows(() => parseFunctionReference(long(170)));
  refused(
    t,
    () => parseFunctionReference(long(171)),
    'ValidationException',
    oneViolation(long(171), 'functionName', 'Member must have length less than or equal to 170'),
  );
});

test('other regions and other accounts cannot be reached', (t) => {
  refused(
    t,
    () => parseFunctionReference(arn.replace('us-east-1', 'ap-southeast-1')),
    'ResourceNotFoundException',
    "Functions from 'ap-southeast-1' are not reachable in this region ('us-east-1')",
  );
  const error = t.throws(() => parseFunctionReference(arn.replace('000000000000', '123456789012')), {
    instanceOf: EngineError,
  });
  t.is(error?.code, 'AccessDeniedException');
});

test('a function is created without a qualifier', (t) => {
  t.is(parseNewFunctionName(`${arn}:$LATEST`), 'my-function');
  refused(
    t,
    () => parseNewFunctionName('my-function:7'),
    'InvalidParameterValueException',
    "A function is created without a qualifier; functionName ends in ':7'.",
  );
});

test('a function that is not there is named by its ARN', (t) => {
  t.is(functionNotFound('f').message, 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:f');
  t.is(
    functionNotFound('f', '$LATEST').message,
    'Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST',
  );
});
