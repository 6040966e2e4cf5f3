/** Permissions of layer versions: AddLayerVersionPermission, GetLayerVersionPolicy, RemoveLayerVersionPermission. */

import { limits } from '../../model/limits.ts';
import type { PolicyStatement } from '../../model/policy-statement.ts';
import { Constraints, pattern } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';

const path = '/2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy';

const statementIdPattern = pattern('([a-zA-Z0-9-_]+)');
const actionPattern = pattern('lambda:GetLayerVersion');
const principalPattern = pattern('\\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root');
const organizationPattern = pattern('o-[a-z0-9]{10,32}');

const addLayerVersionPermission: Operation = {
  name: 'AddLayerVersionPermission',
  method: 'POST',
  path,
  async run(request) {
    const [layerName, version] = named(request);
    const { RevisionId: asked } = request.query;
    const { statement, revisionId } = await request.engine.functions.layerPolicies.add({
      layerName,
      version,
      statement: statementOf(JsonReader.parse(request.body)),
      ...(asked !== undefined && { revisionId: asked }),
    });
    return { status: 201, body: { Statement: JSON.stringify(statement), RevisionId: revisionId } };
  },
};

const getLayerVersionPolicy: Operation = {
  name: 'GetLayerVersionPolicy',
  method: 'GET',
  path,
  async run(request) {
    const { statements, revisionId } = request.engine.functions.layerPolicies.get(...named(request));
    const policy = { Version: '2012-10-17', Id: 'default', Statement: statements };
    return { status: 200, body: { Policy: JSON.stringify(policy), RevisionId: revisionId } };
  },
};

const removeLayerVersionPermission: Operation = {
  name: 'RemoveLayerVersionPermission',
  method: 'DELETE',
  path: `${path}/{StatementId}`,
  async run(request) {
    const { RevisionId: revisionId } = request.query;
    const [layerName, version] = named(request);
    const statementId = label(request, 'StatementId');
    await request.engine.functions.layerPolicies.remove(layerName, version, statementId, revisionId);
    return { status: 204 };
  },
};

export const layerPermissionOperations: readonly Operation[] = [
  addLayerVersionPermission,
  getLayerVersionPolicy,
  removeLayerVersionPermission,
];

function named(request: OperationRequest): [layerName: string, version: number] {
  return [label(request, 'LayerName'), Number(label(request, 'VersionNumber'))];
}

function statementOf(body: JsonReader): Omit<PolicyStatement, 'Resource'> {
  const constraints = new Constraints();
  const id = body.string('StatementId');
  const action = body.string('Action');
  const principal = body.string('Principal');
  const organization = body.string('OrganizationId');
  const lengthMax = limits.policyTextLengthMax;
  const idRule = { lengthMin: 1, lengthMax: limits.statementIdLengthMax, pattern: statementIdPattern };
  const hasId = constraints.text(id, 'statementId', idRule);
  const hasAction = constraints.text(action, 'action', { lengthMax, pattern: actionPattern });
  const hasPrincipal = constraints.text(principal, 'principal', { lengthMax, pattern: principalPattern });
  if (organization !== undefined) {
    constraints.text(organization, 'organizationId', { lengthMax, pattern: organizationPattern });
  }
  if (!hasId || !hasAction || !hasPrincipal) throw constraints.error();
  constraints.throwIfViolated();
  return {
    Sid: id,
    Effect: 'Allow',
    Principal: principalOf(principal),
    Action: action,
    ...(organization !== undefined && { Condition: { StringEquals: { 'aws:PrincipalOrgID': organization } } }),
  };
}

/** Everybody, or an account by its number or by the ARN of its root. */
function principalOf(principal: string): PolicyStatement['Principal'] {
  if (principal === '*') return principal;
  return { AWS: principal.startsWith('arn:') ? principal : `arn:aws:iam::${principal}:root` };
}
