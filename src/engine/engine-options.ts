/**
 * The options of an engine: validated once at the door, with every default filled in, frozen. A message names the option, the
 * rule and the value received. It opens nothing.
 */
import { isAbsolute, resolve } from 'node:path';
import { type Clock, systemClock } from '../base/clock.ts';
import { shownValue } from '../base/shown-value.ts';
import { type Bucket, validBuckets } from '../model/bucket.ts';
import { EngineError } from '../model/errors.ts';
import { engineGuestLimits, type GuestLimits, guestLimitNames } from '../model/guest-limits.ts';
import { hardeningLevels } from '../model/hardening.ts';
import { type HardeningDemand, type HardeningOption, hardeningDemand } from '../model/hardening-demand.ts';
import { limits } from '../model/limits.ts';
import { type RedisStream, validRedisStreams } from '../model/redis-stream.ts';
import { type SandboxUserOption, sandboxUserMax } from '../model/sandbox-user.ts';
import { type DestinationMap, mappingProblem } from '../queue/target.ts';
import type { SchedulerLimits } from '../scheduler/fleet-view.ts';
import type { EngineLimits, EngineOptions, LogsOption } from './engine.ts';

export interface ValidOptions {
  readonly dataDirectory: string | undefined;
  readonly cacheDirectory: string | undefined;
  readonly nodePath: string | undefined;
  readonly nativeModule: 'auto' | 'off';
  readonly hardening: HardeningDemand;
  readonly sandboxUser: SandboxUserOption;
  readonly templates: 'auto' | 'off';
  readonly isolation: 'domain' | 'function';
  readonly logger: EngineOptions['logger'];
  readonly observe: EngineOptions['observe'];
  readonly logs: LogsOption;
  readonly limits: SchedulerLimits &
    AsyncLimits & { readonly sparesMax: number; readonly responseStreamBytesPerSecond: number };
  readonly asyncDelayScale: number;
  readonly destinations: DestinationMap;
  readonly destinationDirectory: string | undefined;
  /** Those that are stricter than the defaults. */
  readonly guestLimits: Partial<GuestLimits>;
  readonly buckets: readonly Bucket[];
  readonly redisStreams: readonly RedisStream[];
  readonly clock: Clock;
}

/** What may wait of asynchronous events. */
export type AsyncLimits = Readonly<
  Record<'asyncEvents' | 'asyncEventsPerFunction' | 'asyncBytes' | 'asyncBytesPerFunction', number>
>;

export const engineLimitsDefault: Readonly<Required<Omit<EngineLimits, keyof GuestLimits>>> = Object.freeze({
  concurrency: limits.concurrencyDefault,
  memoryBudgetMiB: limits.memoryBudgetMiBDefault,
  environmentIdleMs: limits.environmentIdleMsDefault,
  environmentsMax: limits.environmentsMaxDefault,
  sandboxesMax: limits.sandboxesMaxDefault,
  sparesMax: limits.sparesMaxDefault,
  environmentsPerSandbox: limits.environmentsPerSandboxMax,
  environmentsPerDomain: limits.environmentsMaxDefault,
  sandboxesPerDomain: limits.sandboxesMaxDefault,
  responseStreamBytesPerSecond: 0,
  environmentsPer10s: limits.environmentsPer10sDefault,
  requestsPerConcurrency: 0,
  asyncEvents: limits.asyncEventsDefault,
  asyncEventsPerFunction: limits.asyncEventsPerFunctionDefault,
  asyncBytes: limits.asyncBytesDefault,
  asyncBytesPerFunction: limits.asyncBytesPerFunctionDefault,
  queueMs: 0,
});

/** The least each limit may be. */
const engineLimitsMin: typeof engineLimitsDefault = Object.freeze({
  concurrency: 0,
  memoryBudgetMiB: limits.memoryMiBMin,
  environmentIdleMs: 0,
  environmentsMax: 1,
  sandboxesMax: 1,
  sparesMax: 1,
  environmentsPerSandbox: 1,
  environmentsPerDomain: 1,
  sandboxesPerDomain: 1,
  responseStreamBytesPerSecond: 0,
  environmentsPer10s: 1,
  requestsPerConcurrency: 0,
  asyncEvents: 0,
  asyncEventsPerFunction: 0,
  asyncBytes: 0,
  asyncBytesPerFunction: 0,
  queueMs: 0,
});

/** What one trust domain may have is all there may be, unless something else is said. */
const wholes: Partial<Record<keyof typeof engineLimitsDefault, keyof typeof engineLimitsDefault>> = {
  environmentsPerDomain: 'environmentsMax',
  sandboxesPerDomain: 'sandboxesMax',
};

const optionNames: readonly string[] = [
  'dataDirectory',
  'cacheDirectory',
  'nodePath',
  'nativeModule',
  'hardening',
  'sandboxUser',
  'templates',
  'isolation',
  'logger',
  'observe',
  'logs',
  'limits',
  'asyncDelayScale',
  'buckets',
  'destinations',
  'destinationDirectory',
  'redisStreams',
  'clock',
] satisfies readonly (keyof EngineOptions)[];

/** @throws EngineError InvalidParameterValueException */
export function validOptions(options: EngineOptions): ValidOptions {
  assertObject('options', options);
  assertKnown('option', Object.keys(options), optionNames);
  const { hardening = 'auto', isolation = 'domain', logger, observe, clock = systemClock } = options;
  const { nativeModule = 'auto', templates = 'auto' } = options;
  assertOneOf('nativeModule', nativeModule, ['auto', 'off']);
  assertOneOf('templates', templates, ['auto', 'off']);
  assertOneOf('isolation', isolation, ['domain', 'function']);
  if (observe !== undefined && typeof observe !== 'function') throw invalid('observe', 'a function', observe);
  if (logger !== undefined && typeof logger?.info !== 'function') throw invalid('logger', 'a pino logger', logger);
  return Object.freeze({
    dataDirectory: directory('dataDirectory', options.dataDirectory),
    cacheDirectory: directory('cacheDirectory', options.cacheDirectory),
    nodePath: directory('nodePath', options.nodePath),
    nativeModule,
    hardening: demand(hardening),
    sandboxUser: sandboxUser(options.sandboxUser ?? 'own'),
    templates,
    isolation,
    logger,
    observe,
    logs: logsOption(options.logs ?? {}),
    limits: validLimits(options.limits ?? {}, options.dataDirectory === undefined ? inMemory : {}),
    asyncDelayScale: delayScale(options.asyncDelayScale ?? 1),
    destinations: destinations(options.destinations ?? {}, options.destinationDirectory),
    destinationDirectory: directory('destinationDirectory', options.destinationDirectory),
    guestLimits: engineGuestLimits({ ...options.limits }),
    buckets: validBuckets(options.buckets ?? {}),
    redisStreams: validRedisStreams(options.redisStreams ?? {}),
    clock,
  });
}

function demand(hardening: HardeningOption): HardeningDemand {
  if (typeof hardening !== 'object' || hardening === null) {
    if (hardeningModes.includes(hardening)) return hardeningDemand(hardening);
    throw invalid('hardening', `one of ${hardeningModes.join(', ')} or { minimumLevel }`, hardening);
  }
  assertKnown('member of hardening', Object.keys(hardening), ['minimumLevel']);
  assertOneOf('hardening.minimumLevel', hardening.minimumLevel, hardeningLevels);
  return hardeningDemand(hardening);
}

function sandboxUser(given: SandboxUserOption): SandboxUserOption {
  if (given === 'own' || given === 'host') return given;
  if (Number.isSafeInteger(given) && given >= 1 && given <= sandboxUserMax) return given;
  throw invalid('sandboxUser', `own, host or a user id from 1 to ${sandboxUserMax}`, given);
}

function logsOption(given: LogsOption): LogsOption {
  if (given === 'off') return given;
  assertObject('logs', given);
  assertKnown('member of logs', Object.keys(given), ['keepMiB', 'keepDays']);
  for (const [name, value] of Object.entries(given)) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`logs.${name}`, 'a whole number of at least 1', value);
  }
  return Object.freeze({ ...given });
}

function delayScale(given: number): number {
  const { asyncDelayScaleMin: least } = limits;
  if (typeof given === 'number' && given >= least && given <= 1) return given;
  throw invalid('asyncDelayScale', `a number from ${least} to 1`, given);
}

function destinations(given: DestinationMap, path: string | undefined): DestinationMap {
  assertObject('destinations', given);
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== 'string') throw invalid(`destinations[${JSON.stringify(key)}]`, 'a text', value);
    const problem = mappingProblem(key, value, path);
    if (problem !== undefined) throw invalid(`destinations[${JSON.stringify(key)}]`, problem, value);
  }
  return Object.freeze({ ...given });
}

/** Defaults of an engine without a data directory. */
const inMemory: Partial<typeof engineLimitsDefault> = { asyncBytes: limits.asyncBytesInMemoryDefault };

const hardeningModes: readonly unknown[] = ['auto', 'required', 'off'];

function validLimits(given: EngineLimits, defaults: Partial<typeof engineLimitsDefault>): ValidOptions['limits'] {
  assertObject('limits', given);
  assertKnown('limit', Object.keys(given), [...Object.keys(engineLimitsDefault), ...guestLimitNames]);
  const limit = (name: keyof typeof engineLimitsDefault): number => {
    const whole = wholes[name];
    const fallback = defaults[name] ?? engineLimitsDefault[name];
    const value = given[name] ?? (whole === undefined ? fallback : limit(whole));
    const least = engineLimitsMin[name];
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw invalid(`limits.${name}`, `a whole number of at least ${least}`, value);
  };
  return Object.freeze({
    concurrency: limit('concurrency'),
    memoryBudgetMiB: limit('memoryBudgetMiB'),
    environmentIdleMs: limit('environmentIdleMs'),
    environmentsMax: limit('environmentsMax'),
    sandboxesMax: limit('sandboxesMax'),
    sparesMax: limit('sparesMax'),
    environmentsPerSandbox: limit('environmentsPerSandbox'),
    environmentsPerDomain: limit('environmentsPerDomain'),
    sandboxesPerDomain: limit('sandboxesPerDomain'),
    responseStreamBytesPerSecond: limit('responseStreamBytesPerSecond'),
    environmentsPer10s: limit('environmentsPer10s'),
    requestsPerConcurrency: limit('requestsPerConcurrency'),
    asyncEvents: limit('asyncEvents'),
    asyncEventsPerFunction: limit('asyncEventsPerFunction'),
    asyncBytes: limit('asyncBytes'),
    asyncBytesPerFunction: limit('asyncBytesPerFunction'),
    queueMs: limit('queueMs'),
    invocationsQueuedMax: limits.invocationsQueuedMax,
  });
}

function directory(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw invalid(name, 'a path', value);
  // Made absolute at once: the process may change its directory later.
  return isAbsolute(value) ? value : resolve(value);
}

function assertObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, 'an object', value);
}

function assertKnown(what: string, given: readonly string[], known: readonly string[]): void {
  for (const name of given) {
    if (known.includes(name)) continue;
    const message = `There is no ${what} ${JSON.stringify(name)}; there are ${known.join(', ')}.`;
    throw new EngineError('InvalidParameterValueException', message);
  }
}

function assertOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw invalid(name, `one of ${allowed.join(', ')}`, value);
}

function invalid(name: string, rule: string, value: unknown): EngineError {
  return new EngineError('InvalidParameterValueException', `${name} must be ${rule}, received ${shownValue(value)}`);
}
