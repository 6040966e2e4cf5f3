import { limits } from '../../model/limits.ts';
import { functionConfiguration } from '../function-answer.ts';
import { codeOf, refuseNotOffered } from '../function-request.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation } from '../operation.ts';

/** Answers with the update in progress; invocations run the old code until it is done (LAMBDA.md C3.8 to C3.12). */
export const updateFunctionCode: Operation = {
  name: 'UpdateFunctionCode',
  method: 'PUT',
  path: '/2015-03-31/functions/{FunctionName}/code',
  requestBytesMax: limits.requestBytesMax,
  async run(request) {
    const body = JsonReader.parse(request.body);
    refuseNotOffered(body);
    const architectures = body.strings('Architectures');
    const dryRun = body.boolean('DryRun');
    const publish = body.boolean('Publish');
    const revisionId = body.string('RevisionId');
    const record = await request.engine.functions.updateCode({
      functionName: label(request, 'FunctionName'),
      code: codeOf(body),
      ...(architectures !== undefined && { architectures }),
      ...(dryRun !== undefined && { dryRun }),
      ...(publish !== undefined && { publish }),
      ...(revisionId !== undefined && { revisionId }),
    });
    // With Publish it is the version that is answered, under its own ARN.
    return {
      status: 200,
      body: functionConfiguration(record, record.version === '$LATEST' ? undefined : record.version),
    };
  },
};
