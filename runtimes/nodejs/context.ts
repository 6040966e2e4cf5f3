/**
 * The context object that a handler is called with (LAMBDA.md A5), in the key order of each runtime (A5.2). The object belongs to
 * the user from then on; nothing here is read back from it.
 */
import type { GuestContext, GuestSettings } from '../../src/bridge/contract.ts';
import { asString, assign, BuiltinError, now, parse } from './primordials.ts';

/** Node 18 to 22. `completion` is what the callback model offers: its getter comes first, functions drop out of JSON. */
export function callbackContext(settings: GuestSettings, request: GuestContext, completion: object): object {
  const { functionVersion, functionName, memorySize, logGroupName, logStreamName } = settings;
  const environmental = {
    functionVersion,
    functionName,
    memoryLimitInMB: `${memorySize}`,
    logGroupName,
    logStreamName,
  };
  // `completion` is added to, not copied: copying would read its getter.
  return assign(completion, environmental, requestData(request), { tenantId: undefined }, remainingTime(request));
}

/** From Node 24 on (A4.4). */
export function promiseContext(settings: GuestSettings, request: GuestContext): object {
  const { functionName, functionVersion, memorySize, logGroupName, logStreamName } = settings;
  return {
    ...requestData(request),
    tenantId: undefined,
    xRayTraceId: request.traceId,
    ...remainingTime(request),
    functionName,
    functionVersion,
    memoryLimitInMB: `${memorySize}`,
    logGroupName,
    logStreamName,
  };
}

/** Of 2014 (A1). */
export function context2014(settings: GuestSettings, request: GuestContext, completion: object): object {
  const { functionName, functionVersion, memorySize, logGroupName, logStreamName } = settings;
  const environmental = {
    functionName,
    functionVersion,
    memoryLimitInMB: `${memorySize}`,
    logGroupName,
    logStreamName,
  };
  return assign(completion, environmental, requestData(request), remainingTime(request));
}

function requestData({ clientContextJson, cognitoIdentityJson, invokedFunctionArn, requestId }: GuestContext): object {
  return {
    clientContext: parseHeader(clientContextJson, 'ClientContext'),
    identity: parseHeader(cognitoIdentityJson, 'CognitoIdentity'),
    invokedFunctionArn,
    awsRequestId: requestId,
  };
}

/** Not clamped: past the deadline it is negative (A5.3). */
function remainingTime({ deadlineEpochMs }: GuestContext): object {
  return { getRemainingTimeInMillis: () => deadlineEpochMs - now() };
}

/** What a caller sent beside the event is parsed as late as Lambda does it, so that a bad one fails the invocation (A5.5). */
function parseHeader(json: string | undefined, name: string): unknown {
  if (json === undefined) return undefined;
  try {
    return parse(json);
  } catch (error) {
    // A SyntaxError of JSON.parse.
    throw new BuiltinError(`Cannot parse ${name} as json: ${asString(error)}`);
  }
}
