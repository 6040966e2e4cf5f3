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
    const revisionId = body.string('RevisionId');
    const record = await request.engine.functions.updateCode({
      functionName: label(request, 'FunctionName'),
      code: codeOf(body),
      ...(architectures !== undefined && { architectures }),
      ...(dryRun !== undefined && { dryRun }),
      ...(revisionId !== undefined && { revisionId }),
    });
    return { status: 200, body: functionConfiguration(record) };
  },
};
