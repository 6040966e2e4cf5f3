/** Resource policies of functions, versions and aliases: statements are checked, kept and answered (LAMBDA.md C8.6). */
import { EngineError } from '../model/errors.ts';
import { functionArn } from '../model/function-configuration.ts';
import { ofQualifier } from '../model/function-facts.ts';
import { limits } from '../model/limits.ts';
import type { PolicyStatement } from '../model/policy-statement.ts';
import type { Aliases } from './aliases.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { functionNotFound } from './function-reference.ts';
import { assertRevision } from './function-state.ts';
import type { FunctionTable } from './function-table.ts';
import type { FunctionPolicies, FunctionReference, PermissionInput } from './registry.ts';

export class Policies implements FunctionPolicies {
  readonly #table: FunctionTable;
  readonly #aliases: Aliases;

  constructor(table: FunctionTable, aliases: Aliases) {
    this.#table = table;
    this.#aliases = aliases;
  }

  async add({ reference, statement, revisionId }: PermissionInput): Promise<PolicyStatement> {
    this.#table.assertOpen();
    if (reference.qualified && reference.qualifier === '$LATEST') {
      throw new EngineError(
        'InvalidParameterValueException',
        'We currently do not support adding policies for $LATEST.',
      );
    }
    const found = this.#found(reference, functionNotFound(reference.functionName, qualifierOf(reference)));
    assertRevision(revisionId, this.#revision(found, reference));
    const statements = ofQualifier(found.facts.policies, reference.qualifier) ?? [];
    assertSidIsFree(statements, statement.Sid);
    const { Sid, Effect, Principal, Action, Condition } = statement;
    const Resource = functionArn(found.functionName, qualifierOf(reference));
    const added = { Sid, Effect, Principal, Action, Resource, ...(Condition !== undefined && { Condition }) };
    this.#replace(found, reference, [...statements, added]);
    return added;
  }

  get(reference: FunctionReference): ReturnType<FunctionPolicies['get']> {
    const absent = new EngineError('ResourceNotFoundException', 'The resource you requested does not exist.');
    const found = this.#table.get(reference.functionName);
    const statements = ofQualifier(found?.facts.policies, reference.qualifier);
    if (found === undefined || statements === undefined) throw absent;
    return { statements, revisionId: this.#revision(found, reference) };
  }

  async remove(reference: FunctionReference, statementId: string, revisionId?: string): Promise<void> {
    this.#table.assertOpen();
    const { functionName, qualifier } = reference;
    const arn = functionArn(functionName, qualifierOf(reference));
    const found = this.#found(reference, new EngineError('ResourceNotFoundException', `No policy found for: ${arn}`));
    const statements = ofQualifier(found.facts.policies, qualifier);
    if (statements === undefined) {
      throw new EngineError('ResourceNotFoundException', 'No policy is associated with the given resource.');
    }
    const left = statements.filter(({ Sid }) => Sid !== statementId);
    if (left.length === statements.length) {
      throw new EngineError('ResourceNotFoundException', `Statement ${statementId} is not found in resource policy.`);
    }
    assertRevision(revisionId, this.#revision(found, reference));
    this.#replace(found, reference, left);
  }

  /** @throws EngineError with AWS's text for an alias that is not there, else `absent` */
  #found({ functionName, qualifier }: FunctionReference, absent: EngineError): DeployedFunction {
    const found = this.#table.get(functionName);
    if (found === undefined) throw absent;
    if (qualifier === '$LATEST' || found.named.has(qualifier)) return found;
    if (/^[0-9]+$/.test(qualifier) || qualifier.includes('$')) throw functionNotFound(functionName, qualifier);
    const arn = functionArn(functionName, qualifier);
    throw new EngineError('ResourceNotFoundException', `Cannot find alias arn: ${arn}`);
  }

  /** A policy has the revision of what it belongs to (recorded from AWS). */
  #revision(found: DeployedFunction, { qualifier }: FunctionReference): string {
    const named = found.named.get(qualifier);
    if (named === undefined) return found.record.revisionId;
    return named.kind === 'alias' ? named.alias.revisionId : named.record.revisionId;
  }

  #replace(found: DeployedFunction, { qualifier }: FunctionReference, statements: readonly PolicyStatement[]): void {
    assertPolicySize(statements);
    const { [qualifier]: _, ...others } = found.facts.policies;
    const policies = statements.length === 0 ? others : { ...others, [qualifier]: statements };
    const facts = { ...found.facts, policies };
    const named = found.named.get(qualifier);
    if (named === undefined) {
      const revisionId = this.#table.newId();
      this.#table.amend(found, (record) => ({ ...record, revisionId }), facts);
      return;
    }
    this.#table.recordFacts(found, facts);
    if (named.kind === 'alias') {
      this.#aliases.revise(found, named);
    } else {
      this.#table.store.saveVersion(named.replaceRecord(this.#table.revised(named.stored.record)));
    }
  }
}

function qualifierOf({ qualified, qualifier }: FunctionReference): string | undefined {
  return qualified ? qualifier : undefined;
}

/** @throws EngineError ResourceConflictException */
export function assertSidIsFree(statements: readonly PolicyStatement[], statementId: string): void {
  if (!statements.some(({ Sid }) => Sid === statementId)) return;
  throw new EngineError(
    'ResourceConflictException',
    `The statement id (${statementId}) provided already exists. ` +
      'Please provide a new statement id, or remove the existing statement.',
  );
}

/** @throws EngineError PolicyLengthExceededException */
export function assertPolicySize(statements: readonly PolicyStatement[]): void {
  const bytes = Buffer.byteLength(JSON.stringify(statements));
  if (bytes <= limits.policyBytesMax) return;
  throw new EngineError(
    'PolicyLengthExceededException',
    `The final policy size (${bytes}) is bigger than the limit (${limits.policyBytesMax}).`,
    { limit: { name: 'policyBytesMax', value: limits.policyBytesMax, asked: bytes } },
  );
}
