/**
 * The name under which environments of a function version are kept: whatever an environment can tell apart makes another
 * name, so that none is ever reused for code or settings that it was not made with.
 */
import { createHash } from 'node:crypto';
import type { FunctionConfiguration } from '../model/function-configuration.ts';

/** `creationId`: a function that was deleted and made again is another one, even if everything else is the same. `credentialsId`: so are other credentials. */
export function versionKey(
  configuration: FunctionConfiguration,
  version: string,
  codeSha256: string,
  creationId: string,
  credentialsId?: string,
  layersSha256?: string,
): string {
  const { functionName, runtime, handler, memorySize, timeout, ephemeralStorage, environment, logging } = configuration;
  const { trustDomain, isolation, clock, limits, network } = configuration;
  const seen = [
    [creationId, functionName, version, codeSha256, runtime, handler, memorySize, timeout, ephemeralStorage],
    // The order of the names is seen as well, by whoever lists them.
    Object.entries(environment ?? {}),
    [logging.logFormat, logging.applicationLogLevel, logging.systemLogLevel, logging.logGroup],
    [layersSha256 ?? ''],
    Object.entries(limits ?? {}),
    [trustDomain, isolation, clock, network.allow, network.connectionsMax, network.bytesPerSecondMax, credentialsId],
  ];
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 32);
}
