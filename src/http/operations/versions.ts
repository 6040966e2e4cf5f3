/** PublishVersion and ListVersionsByFunction (LAMBDA.md C3.15, C3.7). */
import { Constraints } from '../../model/validation.ts';
import { functionConfiguration, functionSummary } from '../function-answer.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation } from '../operation.ts';
import { nextMarkerOf, pageOf } from '../page-request.ts';

const path = '/2015-03-31/functions/{FunctionName}/versions';

const publishVersion: Operation = {
  name: 'PublishVersion',
  method: 'POST',
  path,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const codeSha256 = body.string('CodeSha256');
    const revisionId = body.string('RevisionId');
    const description = body.string('Description');
    const record = await request.engine.functions.publishVersion({
      functionName: label(request, 'FunctionName'),
      // Terraform and the console send empty texts for what nobody asked for.
      ...(codeSha256 !== undefined && codeSha256 !== '' && { codeSha256 }),
      ...(revisionId !== undefined && revisionId !== '' && { revisionId }),
      ...(description !== undefined && description !== '' && { description }),
    });
    return { status: 201, body: functionConfiguration(record, record.version) };
  },
};

const listVersionsByFunction: Operation = {
  name: 'ListVersionsByFunction',
  method: 'GET',
  path,
  async run(request) {
    const constraints = new Constraints();
    const page = pageOf(request, constraints);
    constraints.throwIfViolated();
    const { versions, nextMarker } = request.engine.functions.listVersions({
      ...page,
      functionName: label(request, 'FunctionName'),
    });
    const Versions = versions.map((record) => functionSummary(record, record.version));
    return { status: 200, body: { ...nextMarkerOf(nextMarker), Versions } };
  },
};

export const versionOperations: readonly Operation[] = [publishVersion, listVersionsByFunction];
