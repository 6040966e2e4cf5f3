/** What a client may say of an event source mapping (LAMBDA.md D2.4, C8.4), with AWS's texts. Which streams and functions exist is not known here. */
import { EngineError } from './errors.ts';
import type { EventSourceMapping } from './event-source-mapping.ts';
import { limits } from './limits.ts';
import { Constraints, constraintMessage, memberNotNull, memberRule } from './validation.ts';

/** Members as Lambda calls them, in camel case. All of them may be absent. */
export interface MappingSettings {
  readonly enabled?: boolean;
  readonly batchSize?: number;
  readonly maximumBatchingWindowInSeconds?: number;
  readonly parallelizationFactor?: number;
  readonly maximumRetryAttempts?: number;
  readonly maximumRecordAgeInSeconds?: number;
  readonly bisectBatchOnFunctionError?: boolean;
  readonly tumblingWindowInSeconds?: number;
  readonly functionResponseTypes?: readonly string[];
  /** ARN; '' for none. */
  readonly onFailureDestination?: string;
  /** Texts of patterns; an empty list removes them. */
  readonly filters?: readonly string[];
}

export interface MappingStart {
  readonly startingPosition?: string;
  /** Seconds since the epoch. */
  readonly startingPositionTimestamp?: number;
}

type Settings = Pick<
  EventSourceMapping,
  | 'enabled'
  | 'batchSize'
  | 'batchingWindowSeconds'
  | 'parallelizationFactor'
  | 'retryAttemptsMax'
  | 'recordAgeSecondsMax'
  | 'bisectsOnError'
  | 'reportsItemFailures'
  | 'onFailure'
  | 'filters'
>;

const defaults: Settings = {
  enabled: true,
  batchSize: limits.streamBatchSizeDefault,
  batchingWindowSeconds: 0,
  parallelizationFactor: 1,
  retryAttemptsMax: -1,
  recordAgeSecondsMax: -1,
  bisectsOnError: false,
  reportsItemFailures: false,
  filters: [],
};

/** As AWS prints them. */
const startingPositions = ['LATEST', 'AT_TIMESTAMP', 'TRIM_HORIZON'] as const;

/**
 * The settings of a mapping after a request; `before`: those that it had. Filter patterns are not parsed here.
 * @throws EngineError ValidationException, InvalidParameterValueException
 */
export function mappingSettings(given: MappingSettings, before: Settings = defaults): Settings {
  assertInRange(given);
  const { maximumRecordAgeInSeconds: age, tumblingWindowInSeconds: window = 0, onFailureDestination } = given;
  if (age !== undefined && age !== -1 && age < limits.sourceRecordAgeSecondsMin) {
    throw new EngineError(
      'InvalidParameterValueException',
      `MaximumRecordAgeInSeconds must be -1 or from ${limits.sourceRecordAgeSecondsMin} to ${limits.sourceRecordAgeSecondsMax}, received ${age}.`,
    );
  }
  if (window > 0) {
    throw new EngineError(
      'InvalidParameterValueException',
      `TumblingWindowInSeconds must be 0, received ${window}: isotherm does not offer tumbling windows.`,
    );
  }
  const { onFailure: onFailureBefore, ...kept } = before;
  const onFailure = onFailureDestination ?? onFailureBefore ?? '';
  return {
    enabled: given.enabled ?? kept.enabled,
    batchSize: given.batchSize ?? kept.batchSize,
    batchingWindowSeconds: given.maximumBatchingWindowInSeconds ?? kept.batchingWindowSeconds,
    parallelizationFactor: given.parallelizationFactor ?? kept.parallelizationFactor,
    retryAttemptsMax: given.maximumRetryAttempts ?? kept.retryAttemptsMax,
    recordAgeSecondsMax: age ?? kept.recordAgeSecondsMax,
    bisectsOnError: given.bisectBatchOnFunctionError ?? kept.bisectsOnError,
    reportsItemFailures:
      given.functionResponseTypes === undefined ? kept.reportsItemFailures : given.functionResponseTypes.length > 0,
    ...(onFailure !== '' && { onFailure }),
    filters: given.filters ?? kept.filters,
  };
}

function assertInRange(given: MappingSettings): void {
  const constraints = new Constraints();
  const integer = (value: number | undefined, path: string, min: number, max: number): void => {
    if (value !== undefined) constraints.integer(value, path, { min, max });
  };
  integer(given.batchSize, 'batchSize', 1, limits.streamBatchSizeMax);
  integer(given.maximumBatchingWindowInSeconds, 'maximumBatchingWindowInSeconds', 0, limits.batchingWindowSecondsMax);
  integer(given.parallelizationFactor, 'parallelizationFactor', 1, limits.parallelizationFactorMax);
  integer(given.maximumRetryAttempts, 'maximumRetryAttempts', -1, limits.sourceRetryAttemptsMax);
  integer(given.maximumRecordAgeInSeconds, 'maximumRecordAgeInSeconds', -1, limits.sourceRecordAgeSecondsMax);
  integer(given.tumblingWindowInSeconds, 'tumblingWindowInSeconds', 0, limits.tumblingWindowSecondsMax);
  const types = given.functionResponseTypes ?? [];
  if (types.some((type) => type !== 'ReportBatchItemFailures')) {
    const rule = memberRule(['Member must satisfy enum value set: [ReportBatchItemFailures]']);
    constraints.violate(types, 'functionResponseTypes', rule);
  }
  if (given.onFailureDestination !== undefined) {
    const lengthMax = limits.eventSourceArnLengthMax;
    constraints.text(given.onFailureDestination, 'destinationConfig.onFailure.destination', { lengthMax });
  }
  const { filters = [] } = given;
  for (const [index, filter] of filters.entries()) {
    const path = `filterCriteria.filters.${index + 1}.member.pattern`;
    constraints.text(filter, path, { lengthMax: limits.filterPatternLengthMax });
  }
  constraints.throwIfViolated();
  if (filters.length > limits.filtersMax) {
    const { filtersMax: value } = limits;
    throw new EngineError(
      'InvalidParameterValueException',
      `A mapping has at most ${value} filters (filtersMax), received ${filters.length}.`,
      { limit: { name: 'filtersMax', value, asked: filters.length } },
    );
  }
}

/** Where to begin. @throws EngineError ValidationException, InvalidParameterValueException */
export function mappingStart({
  startingPosition,
  startingPositionTimestamp,
}: MappingStart): Pick<EventSourceMapping, 'startingPosition' | 'startingPositionTimestamp'> {
  if (startingPosition === undefined) {
    // Recorded under this class, although it reads like the other one (C8.4).
    const message = constraintMessage(undefined, 'startingPosition', memberNotNull);
    throw new EngineError('InvalidParameterValueException', `${message}.`);
  }
  const constraints = new Constraints();
  if (!constraints.oneOf(startingPosition, 'startingPosition', startingPositions)) throw constraints.error();
  if (startingPosition !== 'AT_TIMESTAMP') return { startingPosition };
  if (startingPositionTimestamp === undefined || !Number.isFinite(startingPositionTimestamp)) {
    throw new EngineError(
      'InvalidParameterValueException',
      'StartingPositionTimestamp must be given with StartingPosition AT_TIMESTAMP.',
    );
  }
  return { startingPosition, startingPositionTimestamp };
}
