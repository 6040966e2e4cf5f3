import type { EventSourceMapping } from '../../../src/model/event-source-mapping.ts';

export function mappingOf(eventSourceArn: string, more: Partial<EventSourceMapping> = {}): EventSourceMapping {
  return {
    uuid: '00000000-0000-4000-8000-000000000000',
    eventSourceArn,
    functionName: 'f',
    enabled: true,
    startingPosition: 'TRIM_HORIZON',
    batchSize: 10,
    batchingWindowSeconds: 0,
    parallelizationFactor: 1,
    retryAttemptsMax: -1,
    recordAgeSecondsMax: -1,
    bisectsOnError: false,
    reportsItemFailures: false,
    filters: [],
    tags: {},
    lastModifiedMs: 0,
    ...more,
  };
}
