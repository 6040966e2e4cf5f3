import test from 'ava';
import { engineLimitsDefault, validOptions } from '../../src/engine/engine-options.ts';
import { guestLimitNames } from '../../src/model/guest-limits.ts';

test('every option is optional, and the result is frozen', (t) => {
  const options = validOptions({});
  t.like(options, { hardening: { jail: 'on', minimumLevel: 'S0' }, isolation: 'domain', dataDirectory: undefined });
  t.like(options.limits, { ...engineLimitsDefault, asyncBytes: 268_435_456 }, 'events are in memory');
  t.is(validOptions({ dataDirectory: 'data' }).limits.asyncBytes, engineLimitsDefault.asyncBytes);
  t.true(Object.isFrozen(options) && Object.isFrozen(options.limits));
});

test('a trust domain may have all there is, unless there is a quota', (t) => {
  const many = validOptions({ limits: { environmentsMax: 5_000, sandboxesMax: 3 } }).limits;
  t.like(many, { environmentsPerDomain: 5_000, sandboxesPerDomain: 3 });
  const few = validOptions({ limits: { environmentsPerDomain: 20, sandboxesPerDomain: 2 } }).limits;
  t.like(few, { environmentsPerDomain: 20, sandboxesPerDomain: 2, environmentsMax: 1_000, sandboxesMax: 16 });
});

test('paths are made absolute at once', (t) => {
  t.is(validOptions({ dataDirectory: 'data' }).dataDirectory, `${process.cwd()}/data`);
});

const wrong: readonly [unknown, string][] = [
  [null, 'options must be an object, received null'],
  [
    { limit: {} },
    'There is no option "limit"; there are dataDirectory, cacheDirectory, nodePath, nativeModule, hardening, sandboxUser, templates, isolation, logger, observe, logs, limits, asyncDelayScale, buckets, destinations, destinationDirectory, redisStreams, clock.',
  ],
  [{ hardening: 'on' }, 'hardening must be one of auto, required, off or { minimumLevel }, received "on"'],
  [{ hardening: null }, 'hardening must be one of auto, required, off or { minimumLevel }, received null'],
  [{ hardening: { minimumLevel: 's2' } }, 'hardening.minimumLevel must be one of S0, S1, S2, S3, S4, received "s2"'],
  [{ sandboxUser: 0 }, 'sandboxUser must be own, host or a user id from 1 to 4294967294, received 0'],
  [{ sandboxUser: 'nobody' }, 'sandboxUser must be own, host or a user id from 1 to 4294967294, received "nobody"'],
  [{ hardening: {} }, 'hardening.minimumLevel must be one of S0, S1, S2, S3, S4, received undefined'],
  [{ hardening: { level: 'S2' } }, 'There is no member of hardening "level"; there are minimumLevel.'],
  [{ templates: 'on' }, 'templates must be one of auto, off, received "on"'],
  [{ isolation: 1 }, 'isolation must be one of domain, function, received 1'],
  [{ observe: {} }, 'observe must be a function, received an object'],
  [{ logger: {} }, 'logger must be a pino logger, received an object'],
  [{ dataDirectory: '' }, 'dataDirectory must be a path, received ""'],
  [{ asyncDelayScale: 0 }, 'asyncDelayScale must be a number from 0.0001 to 1, received 0'],
  [
    { destinations: { lambda: 'http://a' } },
    'destinations["lambda"] must be named by an ARN of sqs, sns, events, s3, or by one of these, received "http://a"',
  ],
  [
    { destinations: { sqs: 'file:../x' }, destinationDirectory: '/tmp' },
    'destinations["sqs"] must be http://…, https://…, post+http(s)://… or file:NAME, a plain name, received "file:../x"',
  ],
  [
    { destinations: { sqs: 'file:x' } },
    'destinations["sqs"] must be in a directory, destinationDirectory, which is not given, received "file:x"',
  ],
  [{ limits: 3 }, 'limits must be an object, received 3'],
  [
    { limits: { queue: 1 } },
    `There is no limit "queue"; there are concurrency, memoryBudgetMiB, environmentIdleMs, environmentsMax, sandboxesMax, sparesMax, environmentsPerSandbox, environmentsPerDomain, sandboxesPerDomain, responseStreamBytesPerSecond, environmentsPer10s, requestsPerConcurrency, asyncEvents, asyncEventsPerFunction, asyncBytes, asyncBytesPerFunction, queueMs, ${guestLimitNames.join(', ')}.`,
  ],
  [{ limits: { concurrency: -1 } }, 'limits.concurrency must be a whole number of at least 0, received -1'],
  [{ limits: { concurrency: '5' } }, 'limits.concurrency must be a whole number of at least 0, received "5"'],
  [{ limits: { memoryBudgetMiB: 127 } }, 'limits.memoryBudgetMiB must be a whole number of at least 128, received 127'],
  [{ limits: { sparesMax: 0 } }, 'limits.sparesMax must be a whole number of at least 1, received 0'],
  [{ limits: { sandboxesMax: 1.5 } }, 'limits.sandboxesMax must be a whole number of at least 1, received 1.5'],
  [{ limits: { cpuTimeMs: 0 } }, 'limits.cpuTimeMs must be a whole number from 1 to 900000, received 0'],
  [{ limits: { openFiles: 2_000 } }, 'limits.openFiles must be a whole number from 1 to 1024, received 2000'],
  [{ limits: { queueMs: Number.NaN } }, 'limits.queueMs must be a whole number of at least 0, received NaN'],
];

for (const [options, message] of wrong) {
  test(`refused: ${message}`, (t) => {
    t.throws(() => validOptions(options as never), { code: 'InvalidParameterValueException', message });
  });
}
