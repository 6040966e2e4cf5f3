/** The five operations of aliases (LAMBDA.md C6). */
import type { FunctionAlias } from '../../model/function-alias.ts';
import { functionArn } from '../../model/function-configuration.ts';
import { Constraints } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';
import { nextMarkerOf, pageOf } from '../page-request.ts';

const all = '/2015-03-31/functions/{FunctionName}/aliases';
const one = `${all}/{Name}`;

const createAlias: Operation = {
  name: 'CreateAlias',
  method: 'POST',
  path: all,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const name = body.string('Name');
    const functionVersion = body.string('FunctionVersion');
    const settings = settingsOf(body);
    const constraints = new Constraints();
    constraints.given({ name, functionVersion });
    if (name === undefined || functionVersion === undefined) throw constraints.error();
    const alias = await request.engine.functions.aliases.create({
      functionName: label(request, 'FunctionName'),
      name,
      functionVersion,
      ...settings,
    });
    return { status: 201, body: aliasAnswer(alias) };
  },
};

const getAlias: Operation = {
  name: 'GetAlias',
  method: 'GET',
  path: one,
  async run(request) {
    const [functionName, name] = named(request);
    return { status: 200, body: aliasAnswer(request.engine.functions.aliases.get(functionName, name)) };
  },
};

const listAliases: Operation = {
  name: 'ListAliases',
  method: 'GET',
  path: all,
  async run(request) {
    const constraints = new Constraints();
    const page = pageOf(request, constraints);
    constraints.throwIfViolated();
    const { FunctionVersion: functionVersion } = request.query;
    const { aliases, nextMarker } = request.engine.functions.aliases.list({
      ...page,
      functionName: label(request, 'FunctionName'),
      ...(functionVersion !== undefined && { functionVersion }),
    });
    return { status: 200, body: { ...nextMarkerOf(nextMarker), Aliases: aliases.map(aliasAnswer) } };
  },
};

const updateAlias: Operation = {
  name: 'UpdateAlias',
  method: 'PUT',
  path: one,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const functionVersion = body.string('FunctionVersion');
    const revisionId = body.string('RevisionId');
    const [functionName, name] = named(request);
    const alias = await request.engine.functions.aliases.update({
      functionName,
      name,
      ...(functionVersion !== undefined && { functionVersion }),
      ...(revisionId !== undefined && { revisionId }),
      ...settingsOf(body),
    });
    return { status: 200, body: aliasAnswer(alias) };
  },
};

const deleteAlias: Operation = {
  name: 'DeleteAlias',
  method: 'DELETE',
  path: one,
  async run(request) {
    await request.engine.functions.aliases.delete(...named(request));
    return { status: 204 };
  },
};

export const aliasOperations: readonly Operation[] = [createAlias, getAlias, listAliases, updateAlias, deleteAlias];

function named(request: OperationRequest): [functionName: string, name: string] {
  return [label(request, 'FunctionName'), label(request, 'Name')];
}

function settingsOf(body: JsonReader) {
  const description = body.string('Description');
  const routing = body.structure('RoutingConfig');
  const weights = routing && (routing.numberMap('AdditionalVersionWeights') ?? {});
  return {
    ...(description !== undefined && { description }),
    ...(weights !== undefined && { additionalVersionWeights: weights }),
  };
}

function aliasAnswer(alias: FunctionAlias): Readonly<Record<string, unknown>> {
  const { functionName, name, functionVersion, description, additionalVersionWeights: weights, revisionId } = alias;
  return {
    AliasArn: functionArn(functionName, name),
    Name: name,
    FunctionVersion: functionVersion,
    Description: description,
    ...(weights !== undefined && { RoutingConfig: { AdditionalVersionWeights: weights } }),
    RevisionId: revisionId,
  };
}
