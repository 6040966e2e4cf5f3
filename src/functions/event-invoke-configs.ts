/** What becomes of asynchronous invocations, by function, version and alias: checked with Lambda's texts, and kept (LAMBDA.md C8.1, C8.2). */

import { withoutUndefined } from '../base/without-undefined.ts';
import { EngineError } from '../model/errors.ts';
import type { EventInvokeConfig } from '../model/event-invoke-config.ts';
import { functionArn } from '../model/function-configuration.ts';
import { limits } from '../model/limits.ts';
import { Constraints, pattern } from '../model/validation.ts';
import type { DeployedFunction } from './deployed-function.ts';
import type { FunctionTable } from './function-table.ts';
import { page } from './page.ts';
import type {
  EventInvokeConfigInput,
  FunctionEventInvokeConfigs,
  FunctionReference,
  QualifiedEventInvokeConfig,
} from './registry.ts';

const destinationPattern = pattern(
  '$|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)',
);
const successServices = ['sqs', 'sns', 'events', 'lambda'];
const failureServices = [...successServices, 's3'];

export class EventInvokeConfigs implements FunctionEventInvokeConfigs {
  readonly #table: FunctionTable;
  readonly #hasTarget: (arn: string) => boolean;
  readonly #epochMs: () => number;

  constructor(table: FunctionTable, hasTarget: (arn: string) => boolean, epochMs: () => number) {
    this.#table = table;
    this.#hasTarget = hasTarget;
    this.#epochMs = epochMs;
  }

  async put(input: EventInvokeConfigInput): Promise<QualifiedEventInvokeConfig> {
    const given = checked(input);
    const found = this.#found(input.reference);
    return this.#keep(found, input.reference, this.#settled(found, given, input));
  }

  async update(input: EventInvokeConfigInput): Promise<QualifiedEventInvokeConfig> {
    const given = checked(input);
    const found = this.#found(input.reference);
    const { config } = this.get(input.reference);
    const { onSuccess, onFailure, lastModifiedMs: _, ...rest } = config;
    // Destinations are given together or not at all.
    const destinations = input.destinations === undefined ? withoutUndefined({ onSuccess, onFailure }) : {};
    const merged = { ...rest, ...destinations, ...given };
    return this.#keep(found, input.reference, this.#settled(found, merged, input));
  }

  get(reference: FunctionReference): QualifiedEventInvokeConfig {
    const { functionName, qualifier } = reference;
    const config = this.find(functionName, qualifier);
    if (config !== undefined) return { functionName, qualifier, config };
    throw notConfigured(reference);
  }

  find(functionName: string, qualifier: string): EventInvokeConfig | undefined {
    const configs = this.#table.get(functionName)?.facts.eventInvokeConfigs;
    return configs !== undefined && Object.hasOwn(configs, qualifier) ? configs[qualifier] : undefined;
  }

  async delete(reference: FunctionReference): Promise<void> {
    this.#table.assertOpen();
    const { functionName, qualifier } = reference;
    const found = this.#table.get(functionName);
    if (found === undefined || this.find(functionName, qualifier) === undefined) throw notConfigured(reference);
    const { eventInvokeConfigs: all = {}, ...facts } = found.facts;
    const { [qualifier]: _, ...others } = all;
    this.#table.recordFacts(found, {
      ...facts,
      ...(Object.keys(others).length > 0 && { eventInvokeConfigs: others }),
    });
  }

  list(input: Parameters<FunctionEventInvokeConfigs['list']>[0]): ReturnType<FunctionEventInvokeConfigs['list']> {
    const found = this.#table.get(input.functionName);
    if (found === undefined) throw noFunction();
    const { functionName } = found;
    const all = Object.entries(found.facts.eventInvokeConfigs ?? {})
      .map(([qualifier, config]) => ({ functionName, qualifier, config }))
      .sort((a, b) => (a.qualifier < b.qualifier ? -1 : 1));
    const { items, nextMarker } = page(
      input,
      all,
      ({ qualifier }) => qualifier,
      (qualifier, marked) => qualifier > marked,
    );
    return { configs: items, ...(nextMarker !== undefined && { nextMarker }) };
  }

  #found({ functionName, qualifier }: FunctionReference): DeployedFunction {
    const found = this.#table.get(functionName);
    if (found !== undefined && (qualifier === '$LATEST' || found.named.has(qualifier))) return found;
    throw noFunction();
  }

  #settled({ functionName }: DeployedFunction, config: Settings, input: EventInvokeConfigInput): Settings {
    const { maximumRetryAttempts: retries, maximumEventAgeInSeconds: age, destinations } = input;
    if (retries === undefined && age === undefined && destinations === undefined) {
      throw invalid('You must specify at least one of error handling or destination setting.');
    }
    if (destinations === undefined) return config;
    const { onSuccess, onFailure } = config;
    if (!isServed(onSuccess, successServices) || !isServed(onFailure, failureServices)) {
      const shown = `onSuccess=${shownAs('OnSuccess', onSuccess)}, onFailure=${shownAs('OnFailure', onFailure)}`;
      throw invalid(`The provided destination config DestinationConfig(${shown}) is invalid.`);
    }
    for (const arn of [onSuccess, onFailure]) {
      if (arn === undefined) continue;
      if (serviceOf(arn) === 'lambda') this.#checkFunction(functionName, arn);
      else if (!this.#hasTarget(arn)) {
        throw invalid(
          `The destination ARN ${arn} is invalid. Nothing is mapped to it, by destinations or --destination.`,
        );
      }
    }
    return config;
  }

  #checkFunction(functionName: string, arn: string): void {
    const [, name = '', qualifier = '$LATEST'] = functionPattern.exec(arn) ?? [];
    const target = this.#table.get(name);
    if (name === functionName) throw invalid("You can't specify the function as a destination for itself.");
    const isThere = target !== undefined && (qualifier === '$LATEST' || target.named.has(qualifier));
    if (!isThere) throw invalid(`The destination ARN ${arn} is invalid.`);
  }

  #keep(found: DeployedFunction, { qualifier }: FunctionReference, settings: Settings): QualifiedEventInvokeConfig {
    this.#table.assertOpen();
    const config: EventInvokeConfig = Object.freeze({ ...settings, lastModifiedMs: this.#epochMs() });
    const eventInvokeConfigs = { ...found.facts.eventInvokeConfigs, [qualifier]: config };
    this.#table.recordFacts(found, { ...found.facts, eventInvokeConfigs });
    return { functionName: found.functionName, qualifier, config };
  }
}

type Settings = Omit<EventInvokeConfig, 'lastModifiedMs'>;

const functionPattern = new RegExp(`^${functionArn('').replace(/:$/, '')}:([a-zA-Z0-9-_]+)(?::([$a-zA-Z0-9-_]+))?$`);

/** @throws EngineError ValidationException */
function checked(input: EventInvokeConfigInput): Settings {
  const { maximumRetryAttempts: retries, maximumEventAgeInSeconds: age, destinations = {} } = input;
  const constraints = new Constraints();
  if (retries !== undefined) {
    constraints.integer(retries, 'maximumRetryAttempts', { min: 0, max: limits.asyncRetriesMax });
  }
  if (age !== undefined) {
    const { asyncEventAgeSecondsMin: min, asyncEventAgeSecondsMax: max } = limits;
    constraints.integer(age, 'maximumEventAgeInSeconds', { min, max });
  }
  for (const name of ['onSuccess', 'onFailure'] as const) {
    const arn = destinations[name];
    const rule = { lengthMax: limits.destinationArnLengthMax, pattern: destinationPattern };
    if (arn !== undefined) constraints.text(arn, `destinationConfig.${name}.destination`, rule);
  }
  constraints.throwIfViolated();
  return withoutUndefined({
    maximumRetryAttempts: retries,
    maximumEventAgeInSeconds: age,
    // An empty one is none.
    onSuccess: destinations.onSuccess || undefined,
    onFailure: destinations.onFailure || undefined,
  });
}

function serviceOf(arn: string): string {
  return arn.split(':')[2] ?? '';
}

function isServed(arn: string | undefined, services: readonly string[]): boolean {
  return arn === undefined || services.includes(serviceOf(arn));
}

function shownAs(name: string, arn: string | undefined): string {
  return arn === undefined ? 'null' : `${name}(destination=${arn})`;
}

function noFunction(): EngineError {
  return new EngineError('ResourceNotFoundException', "The function doesn't exist.");
}

function notConfigured({ functionName, qualifier }: FunctionReference): EngineError {
  const arn = functionArn(functionName, qualifier);
  return new EngineError('ResourceNotFoundException', `The function ${arn} doesn't have an EventInvokeConfig`);
}

function invalid(message: string): EngineError {
  return new EngineError('InvalidParameterValueException', message);
}
