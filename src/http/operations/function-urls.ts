/** The settings of function URLs (LAMBDA.md C8.3). What happens at a URL is in `http/urls`. */

import { withoutUndefined } from '../../base/without-undefined.ts';
import type { FunctionUrl } from '../../functions/registry.ts';
import { functionArn } from '../../model/function-configuration.ts';
import type { UrlCors } from '../../model/function-url.ts';
import { notGiven } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';
import { nextMarkerOf } from '../page-request.ts';
import { functionUrl } from '../urls/address.ts';

const path = '/2021-10-31/functions/{FunctionName}/url';

const createFunctionUrlConfig: Operation = {
  name: 'CreateFunctionUrlConfig',
  method: 'POST',
  path,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const authType = body.string('AuthType');
    const settings = settingsOf(body);
    if (authType === undefined) throw notGiven({ authType });
    const created = await request.engine.functions.urls.create({ ...named(request), ...settings, authType });
    const { LastModifiedTime: _, InvokeMode, ...answer } = urlAnswer(created, request.host);
    // Recorded: told here only when it was given.
    return { status: 201, body: { ...answer, ...(settings.invokeMode !== undefined && { InvokeMode }) } };
  },
};

const getFunctionUrlConfig: Operation = {
  name: 'GetFunctionUrlConfig',
  method: 'GET',
  path,
  async run(request) {
    const { functionName, qualifier } = named(request);
    return { status: 200, body: urlAnswer(request.engine.functions.urls.get(functionName, qualifier), request.host) };
  },
};

const updateFunctionUrlConfig: Operation = {
  name: 'UpdateFunctionUrlConfig',
  method: 'PUT',
  path,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const authType = body.string('AuthType');
    const updated = await request.engine.functions.urls.update({
      ...named(request),
      ...settingsOf(body),
      ...(authType !== undefined && { authType }),
    });
    return { status: 200, body: urlAnswer(updated, request.host) };
  },
};

const deleteFunctionUrlConfig: Operation = {
  name: 'DeleteFunctionUrlConfig',
  method: 'DELETE',
  path,
  async run(request) {
    const { functionName, qualifier } = named(request);
    await request.engine.functions.urls.delete(functionName, qualifier);
    return { status: 204 };
  },
};

const listFunctionUrlConfigs: Operation = {
  name: 'ListFunctionUrlConfigs',
  method: 'GET',
  path: `${path}s`,
  async run(request) {
    const { Marker: marker, MaxItems: maxItems } = request.query;
    const { urls, nextMarker } = request.engine.functions.urls.list({
      functionName: label(request, 'FunctionName'),
      ...(marker !== undefined && { marker }),
      ...(maxItems !== undefined && { maxItems: Number(maxItems) }),
    });
    const FunctionUrlConfigs = urls.map((url) => urlAnswer(url, request.host));
    return { status: 200, body: { ...nextMarkerOf(nextMarker), FunctionUrlConfigs } };
  },
};

export const functionUrlOperations: readonly Operation[] = [
  createFunctionUrlConfig,
  getFunctionUrlConfig,
  updateFunctionUrlConfig,
  deleteFunctionUrlConfig,
  listFunctionUrlConfigs,
];

function named(request: OperationRequest): { readonly functionName: string; readonly qualifier?: string } {
  const { Qualifier: qualifier } = request.query;
  return { functionName: label(request, 'FunctionName'), ...(qualifier !== undefined && { qualifier }) };
}

function settingsOf(body: JsonReader): { readonly invokeMode?: string; readonly cors?: UrlCors } {
  const invokeMode = body.string('InvokeMode');
  const cors = body.structure('Cors');
  return withoutUndefined({ invokeMode, cors: cors && corsOf(cors) });
}

function corsOf(cors: JsonReader): UrlCors {
  return withoutUndefined({
    allowCredentials: cors.boolean('AllowCredentials'),
    allowHeaders: cors.strings('AllowHeaders'),
    allowMethods: cors.strings('AllowMethods'),
    allowOrigins: cors.strings('AllowOrigins'),
    exposeHeaders: cors.strings('ExposeHeaders'),
    maxAge: cors.number('MaxAge'),
  });
}

/** JSON leaves out what is undefined. */
function urlAnswer({ functionName, qualifier, config }: FunctionUrl, host: string) {
  const { urlId, authType, invokeMode, cors, creationTime, lastModifiedTime } = config;
  return {
    FunctionUrl: functionUrl(host, urlId),
    FunctionArn: functionArn(functionName, qualifier),
    AuthType: authType,
    Cors: cors && {
      AllowCredentials: cors.allowCredentials,
      AllowHeaders: cors.allowHeaders,
      AllowMethods: cors.allowMethods,
      AllowOrigins: cors.allowOrigins,
      ExposeHeaders: cors.exposeHeaders,
      MaxAge: cors.maxAge,
    },
    CreationTime: creationTime,
    LastModifiedTime: lastModifiedTime,
    InvokeMode: invokeMode,
  };
}
