import { functionConfiguration } from '../function-answer.ts';
import { refuseNotOffered, settingsOf } from '../function-request.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation } from '../operation.ts';

/** Fields that are not given stay (LAMBDA.md C3.13). */
export const updateFunctionConfiguration: Operation = {
  name: 'UpdateFunctionConfiguration',
  method: 'PUT',
  path: '/2015-03-31/functions/{FunctionName}/configuration',
  async run(request) {
    const body = JsonReader.parse(request.body);
    refuseNotOffered(body);
    const revisionId = body.string('RevisionId');
    const record = await request.engine.functions.updateConfiguration({
      ...settingsOf(body),
      functionName: label(request, 'FunctionName'),
      ...(revisionId !== undefined && { revisionId }),
    });
    return { status: 200, body: functionConfiguration(record) };
  },
};
