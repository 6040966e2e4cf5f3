/**
 * The context object that a handler is called with (LAMBDA.md A5), in the key order of each runtime (A5.2). The object belongs to
 * the user from then on; nothing here is read back from it.
 */
import type { GuestContext, GuestSettings } from '../../src/bridge/contract.ts';
import { bindingsModule } from '../../src/bridge/node-modules.ts';
import type { Core } from '../core/core-api.ts';
import { asString, assign, BuiltinError, now, parse } from './primordials.ts';

/**
 * Node 18 to 22, and the model of 2014. `completion` is what the callback model offers: its getter comes first, functions drop out of JSON. It is added
 * to, not copied: copying would read its getter. One literal, here and below: V8 makes it in one go, and this is the hot path.
 */
export function callbackContext(
  settings: GuestSettings,
  request: GuestContext,
  completion: object,
  epochMs: () => number = now,
): object {
  const { deadlineEpochMs } = request;
  return assign(completion, {
    functionVersion: settings.functionVersion,
    functionName: settings.functionName,
    memoryLimitInMB: `${settings.memorySize}`,
    logGroupName: settings.logGroupName,
    logStreamName: settings.logStreamName,
    clientContext: parseHeader(request.clientContextJson, 'ClientContext'),
    identity: parseHeader(request.cognitoIdentityJson, 'CognitoIdentity'),
    invokedFunctionArn: request.invokedFunctionArn,
    awsRequestId: request.requestId,
    tenantId: undefined,
    getRemainingTimeInMillis: () => deadlineEpochMs - epochMs(),
  });
}

/** From Node 24 on (A4.4). */
export function promiseContext(settings: GuestSettings, request: GuestContext, epochMs: () => number = now): object {
  const { deadlineEpochMs } = request;
  return {
    clientContext: parseHeader(request.clientContextJson, 'ClientContext'),
    identity: parseHeader(request.cognitoIdentityJson, 'CognitoIdentity'),
    invokedFunctionArn: request.invokedFunctionArn,
    awsRequestId: request.requestId,
    tenantId: undefined,
    xRayTraceId: request.traceId,
    // Not clamped: past the deadline it is negative (A5.3).
    getRemainingTimeInMillis: () => deadlineEpochMs - epochMs(),
    functionName: settings.functionName,
    functionVersion: settings.functionVersion,
    memoryLimitInMB: `${settings.memorySize}`,
    logGroupName: settings.logGroupName,
    logStreamName: settings.logStreamName,
  };
}

/** `context.bindings`, for a function that was given some. */
export function withBindings(context: object, core: Core, settings: GuestSettings): object {
  return settings.bindings === undefined ? context : assign(context, { bindings: core.builtin(bindingsModule) });
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
