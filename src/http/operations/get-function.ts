import { parseFunctionReference } from '../../functions/function-reference.ts';
import { codePath } from '../code-location.ts';
import { arnQualifier, functionConfiguration } from '../function-answer.ts';
import { label, type Operation } from '../operation.ts';

/** Configuration, where the code lies, and tags and a reserve of concurrency if there are any (LAMBDA.md C3.6). */
export const getFunction: Operation = {
  name: 'GetFunction',
  method: 'GET',
  path: '/2015-03-31/functions/{FunctionName}',
  async run(request) {
    const reference = parseFunctionReference(label(request, 'FunctionName'), request.query.Qualifier);
    const { functions } = request.engine;
    const record = functions.get(reference);
    // Both are the function's, whichever version was asked for.
    const { tags } = functions.get({ ...reference, qualifier: '$LATEST' }).configuration;
    const reserved = functions.concurrency.get(reference.functionName);
    return {
      status: 200,
      body: {
        Configuration: functionConfiguration(record, arnQualifier(reference)),
        Code: { RepositoryType: 'S3', Location: request.link(codePath(record)) },
        ...(Object.keys(tags).length > 0 && { Tags: tags }),
        ...(reserved !== undefined && { Concurrency: { ReservedConcurrentExecutions: reserved } }),
      },
    };
  },
};
