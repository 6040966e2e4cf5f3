/**
 * Every operation of Lambda's API that we know of (LAMBDA.md C2), so that what is not offered yet is told from what does
 * not exist. Offered operations are routes of their own and come first.
 */
import { ProtocolError } from './api-error.ts';
import type { Operation } from './operation.ts';
import { aliasOperations } from './operations/aliases.ts';
import { codeSigningOperations } from './operations/code-signing.ts';
import { concurrencyOperations } from './operations/concurrency.ts';
import { createFunction } from './operations/create-function.ts';
import { deleteFunction } from './operations/delete-function.ts';
import { eventInvokeConfigOperations } from './operations/event-invoke-configs.ts';
import { eventSourceMappingOperations } from './operations/event-source-mappings.ts';
import { functionUrlOperations } from './operations/function-urls.ts';
import { getAccountSettings } from './operations/get-account-settings.ts';
import { getFunction } from './operations/get-function.ts';
import { getFunctionConfiguration } from './operations/get-function-configuration.ts';
import { invokeRoute } from './operations/invoke.ts';
import { invokeAsyncOperations } from './operations/invoke-async.ts';
import { invokeStreamRoute } from './operations/invoke-with-response-stream.ts';
import { layerPermissionOperations } from './operations/layer-permissions.ts';
import { layerOperations } from './operations/layers.ts';
import { listFunctions } from './operations/list-functions.ts';
import { permissionOperations } from './operations/permissions.ts';
import { provisionedConcurrencyOperations } from './operations/provisioned-concurrency.ts';
import { recursionOperations } from './operations/recursion.ts';
import { runtimeManagementOperations } from './operations/runtime-management.ts';
import { tagOperations } from './operations/tags.ts';
import { updateFunctionCode } from './operations/update-function-code.ts';
import { updateFunctionConfiguration } from './operations/update-function-configuration.ts';
import { versionOperations } from './operations/versions.ts';

export const offered: readonly Operation[] = [
  createFunction,
  getFunction,
  getFunctionConfiguration,
  updateFunctionCode,
  updateFunctionConfiguration,
  listFunctions,
  deleteFunction,
  ...versionOperations,
  ...aliasOperations,
  ...concurrencyOperations,
  ...eventInvokeConfigOperations,
  ...provisionedConcurrencyOperations,
  ...recursionOperations,
  ...permissionOperations,
  ...functionUrlOperations,
  ...tagOperations,
  getAccountSettings,
  ...invokeAsyncOperations,
  ...runtimeManagementOperations,
  ...codeSigningOperations,
  ...layerOperations,
  ...eventSourceMappingOperations,
  ...layerPermissionOperations,
];

/** Name, method and path of an operation; labels stand in braces. */
export type OperationName = readonly [name: string, method: string, path: string];

export const notOffered: readonly OperationName[] = [
  ['CreateCodeSigningConfig', 'POST', '/2020-04-22/code-signing-configs'],
];

/** The path as fastify's router writes it. */
export function routePath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Why there is no operation for this method and path: the path is unknown, or it is there with other methods. */
export function unknownOperation(method: string, path: string): ProtocolError {
  const allowed = everyRoute.filter(({ expression }) => expression.test(path)).map((route) => route.method);
  return allowed.length === 0
    ? new ProtocolError('UnknownOperationException', `There is no operation ${method} ${path}`)
    : new ProtocolError('MethodNotAllowedException', `${method} is not allowed on ${path}, only ${allowed.join(', ')}`);
}

const everyRoute = [
  ...offered.map(({ method, path }) => ({ method, path })),
  invokeRoute,
  invokeStreamRoute,
  ...notOffered.map(([, method, path]) => ({ method, path })),
].map(({ method, path }) => ({
  method,
  expression: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`),
}));
