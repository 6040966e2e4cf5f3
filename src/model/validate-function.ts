/**
 * From what a client sent to a FunctionConfiguration: every default filled in, every value checked, frozen. It knows the
 * settings of one function and nothing else: whether the function exists, and its code, is the registry's business.
 */
import { clockPolicies } from './clock-policy.ts';
import { EngineError } from './errors.ts';
import type { FunctionConfiguration, LoggingConfiguration } from './function-configuration.ts';
import { functionGuestLimits, type GuestLimits, guestLimitsDefault, splitGuestLimits } from './guest-limits.ts';
import { limits } from './limits.ts';
import { splitNetworkRules } from './network-rule.ts';
import {
  type NetworkConfiguration,
  type NetworkSettings,
  networkConfiguration,
  noNetwork,
} from './network-settings.ts';
import {
  isRuntimeIdentifier,
  type RuntimeIdentifier,
  runtimeDefault,
  runtimeIdentifiers,
} from './runtime-identifier.ts';
import { Constraints, enumRule, lengthAtMost, memberNotNull, memberRule, pattern } from './validation.ts';

/** Settings as a client names them. Types say what is meant; callers without types may send anything. */
export interface FunctionSettings {
  /** `nodejs`, `nodejs18.x` to `nodejs26.x`. Default: `nodejs24.x`. */
  readonly runtime?: string;
  /** `file.export`. Default: `index.handler`. */
  readonly handler?: string;
  /** ARN of an IAM role; echoed, grants nothing. */
  readonly role?: string;
  readonly description?: string;
  /** MiB, 128 to 10240, default 128: the limit of the guest's heap. */
  readonly memorySize?: number;
  /** Seconds, 1 to 900, default 3. */
  readonly timeout?: number;
  /** MiB of `/tmp`, 512 to 10240, default 512. */
  readonly ephemeralStorage?: number;
  /** Variables, together at most 4 KB of JSON. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly logging?: {
    /** `Text` (default) or `JSON`. */
    readonly logFormat?: string;
    /** With JSON: TRACE to FATAL, default INFO. */
    readonly applicationLogLevel?: string;
    /** With JSON: DEBUG, INFO or WARN, default INFO. */
    readonly systemLogLevel?: string;
    /** Default: `/aws/lambda/<name>`. */
    readonly logGroup?: string;
  };
  /** One of `x86_64` (default) and `arm64`; echoed. */
  readonly architectures?: readonly string[];
  /** `PassThrough` (default) or `Active`; echoed. */
  readonly tracingMode?: string;
  /** ARN of the queue or topic that gets asynchronous events which failed (docs/async.md). An empty text takes it away. */
  readonly deadLetter?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Functions of different labels never share a process. Default: `default`. */
  readonly trustDomain?: string;
  /** `function`: processes of its own. Default: the engine's. */
  readonly isolation?: string;
  /** What its clocks tell it: `real` (default), `coarse` or `frozen`. See `clock-policy.ts`. */
  readonly clock?: string;
  /** Limits of its own, each stricter than the engine's (docs/limits.md). Replaced as a whole; `{}` takes them away. */
  readonly limits?: Partial<GuestLimits>;
  /** What the function may reach. Default: nothing. */
  readonly network?: NetworkSettings;
}

/** What a function gets that names nothing else. */
export interface SettingDefaults {
  readonly handler: string;
  readonly isolation: 'domain' | 'function';
  /** What the engine holds every function to. Absent: the defaults. */
  readonly guestLimits?: GuestLimits;
}

const settingNames: ReadonlySet<string> = new Set([
  'functionName',
  'code',
  'layers',
  'revisionId',
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
  'deadLetter',
  'tags',
  'trustDomain',
  'isolation',
  'clock',
  'limits',
  'network',
]);

export const trustDomainDefault = 'default';
/** Tags that carry what Lambda's API has no field for; a setting of the same meaning wins over its tag. */
export const trustDomainTag = 'isotherm:trust-domain';
export const allowNetTag = 'isotherm:allow-net';
export const limitsTag = 'isotherm:limits';

const rolePattern = pattern('arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+');
const handlerPattern = pattern('[^\\s]+');
const logGroupPattern = pattern('[\\.\\-_/#A-Za-z0-9]+');
const trustDomainPattern = pattern('[a-zA-Z0-9-_.:/@+=]+');
const deadLetterPattern = pattern('(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()');
const environmentNamePattern = pattern('[a-zA-Z]([a-zA-Z0-9_])+');

const architectures = ['x86_64', 'arm64'] as const;
const tracingModes = ['Active', 'PassThrough'] as const;
const isolations = ['domain', 'function'] as const;
const logFormats = ['JSON', 'Text'] as const;
const applicationLogLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
const systemLogLevels = ['DEBUG', 'INFO', 'WARN'] as const;

/** Names the platform sets itself (LAMBDA.md F1.2). */
const reservedEnvironmentNames: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
]);

/** Runtimes that Lambda had once and no longer takes (C3.21). What neither list has, it never knew or isotherm does not run. */
const deprecatedRuntimes: ReadonlySet<string> = new Set([
  'nodejs4.3',
  'nodejs4.3-edge',
  'nodejs6.10',
  'nodejs8.10',
  'nodejs10.x',
  'nodejs12.x',
  'nodejs14.x',
  'nodejs16.x',
  'python2.7',
  'python3.6',
  'python3.7',
  'ruby2.5',
  'ruby2.7',
  'java8',
  'go1.x',
  'dotnetcore1.0',
  'dotnetcore2.0',
  'dotnetcore2.1',
  'dotnetcore3.1',
  'dotnet5.0',
  'provided',
]);

/** @throws EngineError ValidationException, InvalidParameterValueException */
export function newConfiguration(
  functionName: string,
  settings: FunctionSettings,
  defaults: SettingDefaults,
): FunctionConfiguration {
  const base: FunctionConfiguration = {
    functionName,
    runtime: runtimeDefault,
    handler: defaults.handler,
    role: '',
    description: '',
    memorySize: limits.memoryMiBDefault,
    timeout: limits.timeoutSecondsDefault,
    ephemeralStorage: limits.ephemeralStorageMiBDefault,
    logging: { logFormat: 'Text', logGroup: `/aws/lambda/${functionName}` },
    architectures: ['x86_64'],
    tracingMode: 'PassThrough',
    tags: {},
    trustDomain: trustDomainDefault,
    isolation: defaults.isolation,
    network: noNetwork,
  };
  return changedConfiguration(base, settings, defaults.guestLimits);
}

/**
 * Fields that are not given stay; `environment` replaces the whole map (C3.13). `guestLimits`: the engine's.
 * @throws EngineError ValidationException, InvalidParameterValueException
 */
export function changedConfiguration(
  current: FunctionConfiguration,
  settings: FunctionSettings,
  guestLimits: GuestLimits = guestLimitsDefault,
): FunctionConfiguration {
  refuseUnknownSettings(settings);
  checkConstraints(settings);
  const tags = settings.tags === undefined ? current.tags : checkedTags(settings.tags);
  const environment =
    settings.environment === undefined ? current.environment : checkedEnvironment(settings.environment);

  const clock = clockPolicies.find((each) => each === settings.clock) ?? current.clock ?? 'real';
  const deadLetter = settings.deadLetter ?? current.deadLetter;
  const ownLimits = changedLimits(current.limits, settings, guestLimits);

  return freezeDeep({
    functionName: current.functionName,
    runtime: settings.runtime === undefined ? current.runtime : checkedRuntime(settings.runtime),
    handler: settings.handler ?? current.handler,
    role: settings.role ?? current.role,
    description: settings.description ?? current.description,
    memorySize: settings.memorySize ?? current.memorySize,
    timeout: settings.timeout ?? current.timeout,
    ephemeralStorage: settings.ephemeralStorage ?? current.ephemeralStorage,
    ...(environment === undefined ? {} : { environment }),
    logging: changedLogging(current.logging, settings.logging),
    architectures: architectures.filter((each) => (settings.architectures ?? current.architectures).includes(each)),
    tracingMode: tracingModes.find((each) => each === settings.tracingMode) ?? current.tracingMode,
    tags,
    trustDomain: settings.trustDomain ?? settings.tags?.[trustDomainTag] ?? current.trustDomain,
    isolation: isolations.find((each) => each === settings.isolation) ?? current.isolation,
    ...(current.layers !== undefined && { layers: current.layers }),
    ...(deadLetter !== undefined && deadLetter !== '' && { deadLetter }),
    ...(clock === 'real' ? {} : { clock }),
    ...(ownLimits !== undefined && { limits: ownLimits }),
    network: changedNetwork(current.network, settings),
  });
}

/** An option that nobody reads would be a wish silently not granted. */
function refuseUnknownSettings(settings: FunctionSettings): void {
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || settingNames.has(name)) continue;
    throw new EngineError(
      'InvalidParameterValueException',
      `Unknown setting '${name}'. The settings of a function are: ${[...settingNames].join(', ')}.`,
    );
  }
}

function checkConstraints(settings: FunctionSettings): void {
  const constraints = new Constraints();
  const { runtime, handler, role, description, memorySize, timeout, ephemeralStorage, trustDomain } = settings;
  if (runtime !== undefined && typeof runtime !== 'string')
    constraints.violate(runtime, 'runtime', 'Member must be a string');
  if (handler !== undefined) {
    constraints.text(handler, 'handler', { lengthMax: limits.handlerLengthMax, pattern: handlerPattern });
  }
  // The library and the command need no role; the HTTP API asks for one before it comes here.
  if (role !== undefined && role !== '') {
    constraints.text(role, 'role', { lengthMax: limits.roleLengthMax, pattern: rolePattern });
  }
  if (description !== undefined) {
    constraints.text(description, 'description', { lengthMax: limits.descriptionLengthMax });
  }
  if (timeout !== undefined) {
    constraints.integer(timeout, 'timeout', { min: limits.timeoutSecondsMin, max: limits.timeoutSecondsMax });
  }
  if (memorySize !== undefined) {
    constraints.integer(memorySize, 'memorySize', { min: limits.memoryMiBMin, max: limits.memoryMiBMax });
  }
  if (ephemeralStorage !== undefined) {
    constraints.integer(ephemeralStorage, 'ephemeralStorage.size', {
      min: limits.ephemeralStorageMiBMin,
      max: limits.ephemeralStorageMiBMax,
    });
  }
  if (settings.architectures !== undefined) checkArchitectures(constraints, settings.architectures);
  if (settings.deadLetter !== undefined) {
    const rule = { lengthMax: limits.destinationArnLengthMax, pattern: deadLetterPattern };
    constraints.text(settings.deadLetter, 'deadLetterConfig.targetArn', rule);
  }
  if (settings.tracingMode !== undefined) constraints.oneOf(settings.tracingMode, 'tracingConfig.mode', tracingModes);
  if (settings.isolation !== undefined) constraints.oneOf(settings.isolation, 'isolation', isolations);
  if (settings.clock !== undefined) constraints.oneOf(settings.clock, 'clock', clockPolicies);
  const domain = trustDomain ?? settings.tags?.[trustDomainTag];
  if (domain !== undefined) {
    constraints.text(domain, 'trustDomain', { lengthMax: limits.trustDomainLengthMax, pattern: trustDomainPattern });
  }
  if (settings.logging !== undefined) checkLogging(constraints, settings.logging);
  if (settings.environment !== undefined) checkEnvironmentNames(constraints, settings.environment);
  if (settings.tags !== undefined) checkTagTexts(constraints, settings.tags);
  constraints.throwIfViolated();
}

function checkArchitectures(constraints: Constraints, value: unknown): void {
  const path = 'architectures';
  if (!Array.isArray(value)) {
    constraints.violate(value, path, 'Member must be a list');
  } else if (value.length > 1) {
    constraints.violate(value, path, lengthAtMost(1));
  } else if (value.length === 0) {
    constraints.violate(value, path, 'Member must have length greater than or equal to 1');
  } else if (!architectures.some((each) => each === value[0])) {
    constraints.violate(value, path, memberRule([enumRule(architectures), memberNotNull]));
  }
}

function checkLogging(constraints: Constraints, logging: NonNullable<FunctionSettings['logging']>): void {
  if (!isPlainMap(logging)) {
    constraints.violate(logging, 'loggingConfig', 'Member must be a structure');
    return;
  }
  const { logFormat, applicationLogLevel, systemLogLevel, logGroup } = logging;
  if (logFormat !== undefined) constraints.oneOf(logFormat, 'loggingConfig.logFormat', logFormats);
  if (applicationLogLevel !== undefined) {
    constraints.oneOf(applicationLogLevel, 'loggingConfig.applicationLogLevel', applicationLogLevels);
  }
  if (systemLogLevel !== undefined) {
    constraints.oneOf(systemLogLevel, 'loggingConfig.systemLogLevel', systemLogLevels);
  }
  if (logGroup !== undefined) {
    const rule = { lengthMin: 1, lengthMax: limits.logGroupLengthMax, pattern: logGroupPattern };
    constraints.text(logGroup, 'loggingConfig.logGroup', rule);
  }
}

function checkEnvironmentNames(constraints: Constraints, environment: unknown): void {
  const path = 'environment.variables';
  if (!isPlainMap(environment)) {
    constraints.violate(environment, path, 'Member must be a map of strings');
    return;
  }
  // The values may be secrets: a message shows names only.
  const misnamed = Object.keys(environment).filter(
    (name) => !environmentNamePattern.expression.test(name) && !reservedEnvironmentNames.has(name),
  );
  if (misnamed.length > 0) {
    constraints.violate(
      `{${misnamed.map((name) => `${name}=***`).join(', ')}}`,
      path,
      `Map keys must satisfy constraint: [Member must satisfy regular expression pattern: ${environmentNamePattern.text}]`,
    );
  }
  for (const [name, value] of Object.entries(environment)) {
    if (typeof value !== 'string')
      constraints.violate(`(${typeof value})`, `${path}.${name}`, 'Member must be a string');
  }
}

function checkTagTexts(constraints: Constraints, tags: unknown): void {
  if (!isPlainMap(tags)) {
    constraints.violate(tags, 'tags', 'Member must be a map of strings');
    return;
  }
  for (const [key, value] of Object.entries(tags)) {
    constraints.text(key, 'tags', { lengthMin: 1, lengthMax: limits.tagKeyLengthMax });
    constraints.text(value, `tags.${key}`, { lengthMax: limits.tagValueLengthMax });
  }
}

function checkedRuntime(runtime: string): RuntimeIdentifier {
  if (isRuntimeIdentifier(runtime)) return runtime;
  throw new EngineError(
    'InvalidParameterValueException',
    deprecatedRuntimes.has(runtime)
      ? `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. ` +
          'We recommend you use a supported runtime while creating or updating functions.'
      : `Value ${runtime} at 'runtime' failed to satisfy constraint: ${enumRule(runtimeIdentifiers)} or be a valid ARN`,
  );
}

function checkedEnvironment(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const reserved = Object.keys(environment).filter((name) => reservedEnvironmentNames.has(name));
  if (reserved.length > 0) {
    throw new EngineError(
      'InvalidParameterValueException',
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const measured = JSON.stringify(environment);
  if (Buffer.byteLength(measured) > limits.environmentBytesMax) {
    throw new EngineError(
      'InvalidParameterValueException',
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `exceeded the 4KB limit. String measured: ${measured}`,
      { limit: { name: 'environmentBytesMax', value: limits.environmentBytesMax, asked: Buffer.byteLength(measured) } },
    );
  }
  return { ...environment };
}

function checkedTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const count = Object.keys(tags).length;
  if (count > limits.tagsMax) {
    throw new EngineError('InvalidParameterValueException', 'Number of tags exceeds resource tag limit.', {
      limit: { name: 'tagsMax', value: limits.tagsMax, asked: count },
    });
  }
  return { ...tags };
}

/** Replaced as a whole, so that no rule stays that nobody sees. A tag says what may be reached where the setting says nothing. */
function changedNetwork(current: NetworkConfiguration, settings: FunctionSettings): NetworkConfiguration {
  if (settings.network !== undefined) return networkConfiguration(settings.network);
  const tag = settings.tags?.[allowNetTag];
  return tag === undefined ? current : networkConfiguration({ allow: splitNetworkRules(tag) });
}

/** As `changedNetwork`. Undefined: none of its own. */
function changedLimits(
  current: Partial<GuestLimits> | undefined,
  { limits: given, tags }: FunctionSettings,
  engine: GuestLimits,
): Partial<GuestLimits> | undefined {
  const tag = tags?.[limitsTag];
  if (given === undefined && tag === undefined) return current;
  const chosen = functionGuestLimits(given ?? splitGuestLimits(tag ?? ''), engine);
  return Object.keys(chosen).length === 0 ? undefined : chosen;
}

function changedLogging(current: LoggingConfiguration, change: FunctionSettings['logging']): LoggingConfiguration {
  if (change === undefined) return current;
  const logFormat = logFormats.find((each) => each === change.logFormat) ?? current.logFormat;
  const logGroup = change.logGroup ?? current.logGroup;
  if (logFormat === 'Text') {
    if (change.applicationLogLevel !== undefined || change.systemLogLevel !== undefined) {
      throw new EngineError(
        'InvalidParameterValueException',
        `Log levels need the log format JSON: applicationLogLevel and systemLogLevel cannot be set with LogFormat Text.`,
      );
    }
    return { logFormat, logGroup };
  }
  return {
    logFormat,
    applicationLogLevel:
      applicationLogLevels.find((each) => each === change.applicationLogLevel) ?? current.applicationLogLevel ?? 'INFO',
    systemLogLevel: systemLogLevels.find((each) => each === change.systemLogLevel) ?? current.systemLogLevel ?? 'INFO',
    logGroup,
  };
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function freezeDeep<Value extends object>(value: Value): Value {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) freezeDeep(member);
  return Object.freeze(value);
}
