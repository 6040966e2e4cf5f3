/**
 * Code signing as AWS answers where nobody uses it: there is no configuration, so none is found, none is listed and no function has
 * one. Making one is not offered, because nothing would check signatures.
 */
import { EngineError } from '../../model/errors.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';

const all = '/2020-04-22/code-signing-configs';
const one = `${all}/{CodeSigningConfigArn}`;
const ofFunction = '/2020-06-30/functions/{FunctionName}/code-signing-config';

function notFound(request: OperationRequest): EngineError {
  const arn = label(request, 'CodeSigningConfigArn');
  return new EngineError('ResourceNotFoundException', `The Lambda code signing configuration ${arn} can not be found.`);
}

/** @throws EngineError when there is no such function */
function requireFunction(request: OperationRequest): void {
  request.engine.functions.concurrency.get(label(request, 'FunctionName'));
}

export const codeSigningOperations: readonly Operation[] = [
  {
    name: 'ListCodeSigningConfigs',
    method: 'GET',
    path: all,
    run: async () => ({ status: 200, body: { CodeSigningConfigs: [] } }),
  },
  ...(
    [
      ['GetCodeSigningConfig', 'GET', one],
      ['UpdateCodeSigningConfig', 'PUT', one],
      ['DeleteCodeSigningConfig', 'DELETE', one],
      ['ListFunctionsByCodeSigningConfig', 'GET', `${one}/functions`],
    ] as const
  ).map(([name, method, path]): Operation => {
    return { name, method, path, run: (request) => Promise.reject(notFound(request)) };
  }),
  {
    name: 'PutFunctionCodeSigningConfig',
    method: 'PUT',
    path: ofFunction,
    async run(request) {
      // AWS looks for the configuration before it looks for the function.
      const arn = JsonReader.parse(request.body).string('CodeSigningConfigArn');
      throw new EngineError(
        'CodeSigningConfigNotFoundException',
        `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
      );
    },
  },
  {
    name: 'GetFunctionCodeSigningConfig',
    method: 'GET',
    path: ofFunction,
    async run(request) {
      requireFunction(request);
      return { status: 200, body: {} };
    },
  },
  {
    name: 'DeleteFunctionCodeSigningConfig',
    method: 'DELETE',
    path: ofFunction,
    async run(request) {
      requireFunction(request);
      return { status: 204 };
    },
  },
];
