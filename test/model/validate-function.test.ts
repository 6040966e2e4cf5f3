import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { EngineError, type EngineErrorCode } from '../../src/model/errors.ts';
import { guestLimitsDefault } from '../../src/model/guest-limits.ts';
import { changedConfiguration, type FunctionSettings, newConfiguration } from '../../src/model/validate-function.ts';

const defaults = { handler: 'index.handler', isolation: 'domain' } as const;
const make = (settings: FunctionSettings) => newConfiguration('f', settings, defaults);
const untyped = (settings: object) => make(settings as FunctionSettings);

function refused(t: ExecutionContext, settings: object, code: EngineErrorCode, message: string): void {
  const error = t.throws(() => untyped(settings), { instanceOf: EngineError });
  t.is(error?.code, code);
  t.is(error?.message, message);
}

const violation = (value: string, path: string, rule: string) =>
  `1 validation error detected: Value ${value} at '${path}' failed to satisfy constraint: ${rule}`;

test("a function that names nothing gets Lambda's defaults", (t) => {
  t.deepEqual(make({}), {
    functionName: 'f',
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    role: '',
    description: '',
    memorySize: 128,
    timeout: 3,
    ephemeralStorage: 512,
    logging: { logFormat: 'Text', logGroup: '/aws/lambda/f' },
    architectures: ['x86_64'],
    tracingMode: 'PassThrough',
    tags: {},
    trustDomain: 'default',
    isolation: 'domain',
    network: { allow: [] },
  });
});

test('a configuration cannot be changed afterwards, nor through what it was made of', (t) => {
  const environment = { A1: 'x' };
  const configuration = make({ environment });
  environment.A1 = 'y';
  t.deepEqual(configuration.environment, { A1: 'x' });
  for (const part of [
    configuration,
    configuration.environment,
    configuration.logging,
    configuration.tags,
    configuration.architectures,
  ]) {
    t.true(Object.isFrozen(part));
  }
  t.false(Object.isFrozen(environment));
});

test('a clock is one of three, and real is what is not said', (t) => {
  t.false('clock' in make({ clock: 'real' }));
  t.is(make({ clock: 'frozen' }).clock, 'frozen');
  const frozen = make({ clock: 'frozen' });
  t.is(changedConfiguration(frozen, { timeout: 5 }).clock, 'frozen');
  t.false('clock' in changedConfiguration(frozen, { clock: 'real' }));
  const error = t.throws(() => make({ clock: 'slow' }), { instanceOf: EngineError });
  t.regex(error?.message ?? '', /'slow' at 'clock' .*\[real, coarse, frozen\]/);
});

test('an environment is absent when not given and empty when given empty', (t) => {
  t.false('environment' in make({}));
  t.deepEqual(make({ environment: {} }).environment, {});
});

test('numbers have ranges and are whole', (t) => {
  for (const [name, path, min, max] of [
    ['timeout', 'timeout', 1, 900],
    ['memorySize', 'memorySize', 128, 10240],
    ['ephemeralStorage', 'ephemeralStorage.size', 512, 10240],
  ] as const) {
    t.is(make({ [name]: min })[name], min);
    t.is(make({ [name]: max })[name], max);
    refused(
      t,
      { [name]: min - 1 },
      'ValidationException',
      violation(`'${min - 1}'`, path, `Member must have value greater than or equal to ${min}`),
    );
    refused(
      t,
      { [name]: max + 1 },
      'ValidationException',
      violation(`'${max + 1}'`, path, `Member must have value less than or equal to ${max}`),
    );
    refused(
      t,
      { [name]: min + 0.5 },
      'ValidationException',
      violation(`'${min + 0.5}'`, path, 'Member must be an integer'),
    );
    refused(
      t,
      { [name]: String(min) },
      'ValidationException',
      violation(`'${min}'`, path, 'Member must be an integer'),
    );
  }
});

test('a runtime that never was is refused with those that are', (t) => {
  refused(
    t,
    { runtime: 'nodejs99.x' },
    'InvalidParameterValueException',
    "Value nodejs99.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [nodejs, nodejs18.x, nodejs20.x, nodejs22.x, nodejs24.x, nodejs26.x] or be a valid ARN",
  );
});

test('a runtime that was once is refused as no longer supported', (t) => {
  for (const runtime of ['nodejs14.x', 'nodejs16.x', 'python3.7', 'go1.x', 'ruby2.7', 'java8']) {
    refused(
      t,
      { runtime },
      'InvalidParameterValueException',
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
    );
  }
});

test('a role is checked when it is given', (t) => {
  t.is(
    make({ role: 'arn:aws:iam::123456789012:role/service-role/x' }).role,
    'arn:aws:iam::123456789012:role/service-role/x',
  );
  t.is(make({ role: '' }).role, '');
  refused(
    t,
    { role: 'r1' },
    'ValidationException',
    violation(
      "'r1'",
      'role',
      'Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+',
    ),
  );
});

test('a handler has no spaces and at most 128 characters', (t) => {
  t.is(make({ handler: 'x'.repeat(128) }).handler.length, 128);
  refused(
    t,
    { handler: 'x'.repeat(129) },
    'ValidationException',
    violation(`'${'x'.repeat(129)}'`, 'handler', 'Member must have length less than or equal to 128'),
  );
  refused(
    t,
    { handler: 'a b' },
    'ValidationException',
    violation("'a b'", 'handler', 'Member must satisfy regular expression pattern: [^\\s]+'),
  );
  refused(
    t,
    { handler: '' },
    'ValidationException',
    violation("''", 'handler', 'Member must satisfy regular expression pattern: [^\\s]+'),
  );
});

test('a description has at most 256 characters', (t) => {
  t.is(make({ description: 'x'.repeat(256) }).description.length, 256);
  refused(
    t,
    { description: 'x'.repeat(257) },
    'ValidationException',
    violation(`'${'x'.repeat(257)}'`, 'description', 'Member must have length less than or equal to 256'),
  );
});

test('architectures are one, and one that is known', (t) => {
  t.deepEqual(make({ architectures: ['arm64'] }).architectures, ['arm64']);
  refused(
    t,
    { architectures: ['x86_64', 'arm64'] },
    'ValidationException',
    violation("'[x86_64, arm64]'", 'architectures', 'Member must have length less than or equal to 1'),
  );
  refused(
    t,
    { architectures: ['X86_64'] },
    'ValidationException',
    violation(
      "'[X86_64]'",
      'architectures',
      'Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]',
    ),
  );
  refused(
    t,
    { architectures: [] },
    'ValidationException',
    violation("'[]'", 'architectures', 'Member must have length greater than or equal to 1'),
  );
});

test('names of environment variables follow the pattern, and a message shows no values', (t) => {
  t.deepEqual(make({ environment: { AB: '1', a_2: '' } }).environment, { AB: '1', a_2: '' });
  refused(
    t,
    { environment: { '1A': 'secret', A: 'secret' } },
    'ValidationException',
    violation(
      "'{1A=***, A=***}'",
      'environment.variables',
      'Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]',
    ),
  );
  refused(
    t,
    { environment: { AB: 7 } },
    'ValidationException',
    violation("'(number)'", 'environment.variables.AB', 'Member must be a string'),
  );
  refused(
    t,
    { environment: ['x'] },
    'ValidationException',
    violation("'[x]'", 'environment.variables', 'Member must be a map of strings'),
  );
});

test('names that the platform sets itself are reserved', (t) => {
  refused(
    t,
    { environment: { AWS_REGION: 'x', FINE: 'y', _HANDLER: 'z' } },
    'InvalidParameterValueException',
    'Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, _HANDLER',
  );
  t.deepEqual(make({ environment: { TZ: 'x', NODE_OPTIONS: 'y', PATH: 'z', LANG: 'w' } }).environment?.TZ, 'x');
});

test('an environment may have 4,096 bytes as JSON, not 4,097', (t) => {
  // As recorded from AWS: 4,097 characters of {"LARGE_VAR":"…"} were refused.
  const value = (bytes: number) => 'x'.repeat(bytes - '{"LARGE_VAR":""}'.length);
  t.is(make({ environment: { LARGE_VAR: value(4096) } }).environment?.LARGE_VAR?.length, 4080);
  refused(
    t,
    { environment: { LARGE_VAR: value(4097) } },
    'InvalidParameterValueException',
    `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {"LARGE_VAR":"${value(4097)}"}`,
  );
});

test('JSON logs have levels, text logs have none', (t) => {
  t.deepEqual(make({ logging: { logFormat: 'JSON' } }).logging, {
    logFormat: 'JSON',
    applicationLogLevel: 'INFO',
    systemLogLevel: 'INFO',
    logGroup: '/aws/lambda/f',
  });
  t.deepEqual(make({ logging: { logFormat: 'JSON', systemLogLevel: 'DEBUG' } }).logging.systemLogLevel, 'DEBUG');
  t.deepEqual(make({ logging: { logGroup: 'cool_lambda' } }).logging, { logFormat: 'Text', logGroup: 'cool_lambda' });
  const back = changedConfiguration(make({ logging: { logFormat: 'JSON' } }), { logging: { logFormat: 'Text' } });
  t.deepEqual(back.logging, { logFormat: 'Text', logGroup: '/aws/lambda/f' });
  refused(
    t,
    { logging: { applicationLogLevel: 'DEBUG' } },
    'InvalidParameterValueException',
    'Log levels need the log format JSON: applicationLogLevel and systemLogLevel cannot be set with LogFormat Text.',
  );
  refused(
    t,
    { logging: { logFormat: 'json' } },
    'ValidationException',
    violation("'json'", 'loggingConfig.logFormat', 'Member must satisfy enum value set: [JSON, Text]'),
  );
  refused(
    t,
    { logging: { logFormat: 'JSON', applicationLogLevel: 'LOUD' } },
    'ValidationException',
    violation(
      "'LOUD'",
      'loggingConfig.applicationLogLevel',
      'Member must satisfy enum value set: [TRACE, DEBUG, INFO, WARN, ERROR, FATAL]',
    ),
  );
  refused(
    t,
    { logging: { logFormat: 'JSON', systemLogLevel: 'ERROR' } },
    'ValidationException',
    violation("'ERROR'", 'loggingConfig.systemLogLevel', 'Member must satisfy enum value set: [DEBUG, INFO, WARN]'),
  );
  refused(
    t,
    { logging: { logGroup: 'a b' } },
    'ValidationException',
    violation(
      "'a b'",
      'loggingConfig.logGroup',
      'Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+',
    ),
  );
});

test('there may be 50 tags', (t) => {
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
  t.is(Object.keys(make({ tags: tags(50) }).tags).length, 50);
  refused(t, { tags: tags(51) }, 'InvalidParameterValueException', 'Number of tags exceeds resource tag limit.');
});

test('a trust domain is a short label, also as a tag', (t) => {
  t.is(make({ trustDomain: 'customer-42' }).trustDomain, 'customer-42');
  t.is(make({ tags: { 'isotherm:trust-domain': 'by-tag' } }).trustDomain, 'by-tag');
  t.is(make({ trustDomain: 'set', tags: { 'isotherm:trust-domain': 'by-tag' } }).trustDomain, 'set');
  const rule = 'Member must satisfy regular expression pattern: [a-zA-Z0-9-_.:/@+=]+';
  refused(t, { trustDomain: 'a b' }, 'ValidationException', violation("'a b'", 'trustDomain', rule));
  refused(t, { tags: { 'isotherm:trust-domain': '' } }, 'ValidationException', violation("''", 'trustDomain', rule));
  refused(
    t,
    { isolation: 'none' },
    'ValidationException',
    violation("'none'", 'isolation', 'Member must satisfy enum value set: [domain, function]'),
  );
});

test('what a function may reach is a setting, or a tag where the setting says nothing', (t) => {
  const tags = { 'isotherm:allow-net': 'a.example:80,443 b.example,public:443' };
  t.deepEqual(make({}).network, { allow: [] });
  t.deepEqual(make({ network: { allow: ['A.example:443'] } }).network, { allow: ['a.example:443'] });
  t.deepEqual(make({ tags }).network, { allow: ['a.example:80,443', 'b.example', 'public:443'] });
  t.deepEqual(make({ tags, network: {} }).network, { allow: [] });
  refused(
    t,
    { tags: { 'isotherm:allow-net': '*' } },
    'InvalidParameterValueException',
    'network.allow[0] must be a host; every public address is called public, received "*"',
  );
});

test('limits of a function are a setting, or a tag where the setting says nothing, and at most the engine’s', (t) => {
  const tags = { 'isotherm:limits': 'logBytes=10000 timers=50' };
  t.is(make({}).limits, undefined);
  t.is(make({ limits: {} }).limits, undefined);
  t.deepEqual(make({ tags }).limits, { logBytes: 10_000, timers: 50 });
  t.deepEqual(make({ tags, limits: { timers: 5 } }).limits, { timers: 5 });
  refused(
    t,
    { tags: { 'isotherm:limits': 'logBytes: 5' } },
    'InvalidParameterValueException',
    'a limit must be NAME=NUMBER, such as logBytes=10000, received "logBytes:"',
  );
  const engine = { ...guestLimitsDefault, timers: 20 };
  const strict = newConfiguration('f', { limits: { timers: 20 } }, { ...defaults, guestLimits: engine });
  t.deepEqual(strict.limits, { timers: 20 });
  t.throws(() => changedConfiguration(strict, { limits: { timers: 21 } }, engine), {
    message: /which is 20; received 21$/,
  });
  t.deepEqual(changedConfiguration(strict, { timeout: 9 }, engine).limits, { timers: 20 });
  t.deepEqual(changedConfiguration(strict, { limits: { logLines: 3 } }, engine).limits, { logLines: 3 });
  t.is(changedConfiguration(strict, { limits: {} }, engine).limits, undefined);
});

test('a setting that nobody reads is refused by its name', (t) => {
  const error = t.throws(() => untyped({ memory: 256 }), { instanceOf: EngineError });
  t.regex(error?.message ?? '', /^Unknown setting 'memory'\. The settings of a function are: .*memorySize/);
  t.notThrows(() => untyped({ memory: undefined }));
});

test('everything that is wrong is told at once', (t) => {
  const error = t.throws(() => untyped({ timeout: 0, memorySize: 1, handler: ' ' }), { instanceOf: EngineError });
  t.regex(error?.message ?? '', /^3 validation errors detected: /);
});

test('an update changes what it names and replaces the whole environment', (t) => {
  const before = make({ timeout: 7, environment: { AB: '1', CD: '2' }, description: 'd' });
  const after = changedConfiguration(before, { memorySize: 256, environment: { EF: '3' } });
  t.deepEqual(after, { ...before, memorySize: 256, environment: { EF: '3' } });
  t.is(changedConfiguration(before, {}).environment?.AB, '1');
  t.is(before.memorySize, 128);
});

test('no value of any type gets past the checks', (t) => {
  const names = [
    'runtime',
    'handler',
    'role',
    'description',
    'memorySize',
    'timeout',
    'ephemeralStorage',
    'environment',
    'logging',
    'architectures',
    'tracingMode',
    'tags',
    'trustDomain',
    'isolation',
    'clock',
    'network',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.anything(), (name, value) => {
      try {
        const made = untyped({ [name]: value });
        t.true(Number.isInteger(made.timeout) && Number.isInteger(made.memorySize));
        t.true(Object.values(made.environment ?? {}).every((each) => typeof each === 'string'));
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
      }
    }),
    { numRuns: 3_000 },
  );
  t.pass();
});
