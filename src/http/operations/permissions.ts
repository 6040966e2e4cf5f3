/** Resource policies: AddPermission, GetPolicy, RemovePermission (LAMBDA.md C8.6). */
import { parseFunctionReference } from '../../functions/function-reference.ts';
import type { FunctionReference } from '../../functions/registry.ts';
import { EngineError } from '../../model/errors.ts';
import { accountId } from '../../model/function-configuration.ts';
import { limits } from '../../model/limits.ts';
import type { PolicyStatement } from '../../model/policy-statement.ts';
import { Constraints, pattern } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation, type OperationRequest } from '../operation.ts';

const path = '/2015-03-31/functions/{FunctionName}/policy';

const statementIdPattern = pattern('([a-zA-Z0-9-_]+)');
const actionPattern = pattern('(lambda:[*]|lambda:[a-zA-Z]+|[*])');
const authTypes = ['NONE', 'AWS_IAM'] as const;

const addPermission: Operation = {
  name: 'AddPermission',
  method: 'POST',
  path,
  async run(request) {
    const body = JsonReader.parse(request.body);
    const statement = statementOf(body);
    const revisionId = body.string('RevisionId');
    const added = await request.engine.functions.policies.add({
      reference: referenceOf(request),
      statement,
      ...(revisionId !== undefined && { revisionId }),
    });
    return { status: 201, body: { Statement: JSON.stringify(added) } };
  },
};

const getPolicy: Operation = {
  name: 'GetPolicy',
  method: 'GET',
  path,
  async run(request) {
    const { statements, revisionId } = request.engine.functions.policies.get(referenceOf(request));
    const policy = { Version: '2012-10-17', Id: 'default', Statement: statements };
    return { status: 200, body: { Policy: JSON.stringify(policy), RevisionId: revisionId } };
  },
};

const removePermission: Operation = {
  name: 'RemovePermission',
  method: 'DELETE',
  path: `${path}/{StatementId}`,
  async run(request) {
    const { RevisionId: revisionId } = request.query;
    await request.engine.functions.policies.remove(referenceOf(request), label(request, 'StatementId'), revisionId);
    return { status: 204 };
  },
};

export const permissionOperations: readonly Operation[] = [addPermission, getPolicy, removePermission];

function referenceOf(request: OperationRequest): FunctionReference {
  return parseFunctionReference(label(request, 'FunctionName'), request.query.Qualifier);
}

function statementOf(body: JsonReader): Omit<PolicyStatement, 'Resource'> {
  const constraints = new Constraints();
  const id = body.string('StatementId');
  const action = body.string('Action');
  const principal = body.string('Principal');
  const rule = { lengthMin: 1, lengthMax: limits.statementIdLengthMax };
  const hasId = constraints.text(id, 'statementId', { ...rule, pattern: statementIdPattern });
  const hasAction = constraints.text(action, 'action', {
    lengthMax: limits.policyTextLengthMax,
    pattern: actionPattern,
  });
  const hasPrincipal = constraints.text(principal, 'principal', { lengthMax: limits.policyTextLengthMax });
  const authType = body.string('FunctionUrlAuthType');
  if (authType !== undefined) constraints.oneOf(authType, 'functionUrlAuthType', authTypes);
  if (!hasId || !hasAction || !hasPrincipal) throw constraints.error();
  constraints.throwIfViolated();
  const condition = conditionOf(body);
  return {
    Sid: id,
    Effect: 'Allow',
    Principal: principalOf(principal),
    Action: action,
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  };
}

function conditionOf(body: JsonReader): Record<string, Record<string, string>> {
  const equals: Record<string, string> = {};
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined) equals[name] = value;
  };
  put('AWS:SourceAccount', body.string('SourceAccount'));
  put('lambda:FunctionUrlAuthType', body.string('FunctionUrlAuthType'));
  put('lambda:EventSourceToken', body.string('EventSourceToken'));
  put('aws:PrincipalOrgID', body.string('PrincipalOrgID'));
  const viaUrl = body.boolean('InvokedViaFunctionUrl');
  const sourceArn = body.string('SourceArn');
  return {
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(viaUrl !== undefined && { Bool: { 'lambda:InvokedViaFunctionUrl': String(viaUrl) } }),
    ...(sourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': sourceArn } }),
  };
}

/** A service, an account, the ARN of a user or role, or everybody. */
function principalOf(principal: string): PolicyStatement['Principal'] {
  if (principal === '*') return principal;
  if (/^[a-z0-9.-]+\.(amazonaws\.com|amazon\.com|internal)$/.test(principal)) return { Service: principal };
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (/^arn:aws[a-z-]*:(iam|sts)::(\d{12}|\*)?:.+$/.test(principal)) return { AWS: principal };
  if (principal === 'root') return { AWS: `arn:aws:iam::${accountId}:root` };
  throw new EngineError(
    'InvalidParameterValueException',
    'The provided principal was invalid. Please check the principal and try again.',
  );
}
