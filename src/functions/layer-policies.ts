/** Permissions of layer versions: statements are checked, kept and answered, as those of functions (LAMBDA.md C8.6). */
import { EngineError } from '../model/errors.ts';
import { type LayerVersion, layerVersionArn } from '../model/layer-version.ts';
import type { PolicyStatement } from '../model/policy-statement.ts';
import type { FunctionTable } from './function-table.ts';
import type { LayerVersions } from './layer-versions.ts';
import { assertPolicySize, assertSidIsFree } from './policies.ts';
import type { LayerPermissionInput, LayerPolicies as Policies } from './registry.ts';

export class LayerPolicies implements Policies {
  readonly #table: FunctionTable;
  readonly #layers: LayerVersions;

  constructor(table: FunctionTable, layers: LayerVersions) {
    this.#table = table;
    this.#layers = layers;
  }

  async add({ layerName, version, statement, revisionId }: LayerPermissionInput) {
    this.#table.assertOpen();
    const layer = this.#layers.named(layerName, version);
    const { policy } = layer;
    assertLayerRevision(revisionId, policy?.revisionId);
    const statements = policy?.statements ?? [];
    assertSidIsFree(statements, statement.Sid);
    const { Sid, Effect, Principal, Action, Condition } = statement;
    const Resource = layerVersionArn(layer);
    const added = { Sid, Effect, Principal, Action, Resource, ...(Condition !== undefined && { Condition }) };
    return { statement: added, revisionId: this.#replace(layer, [...statements, added]) };
  }

  get(layerName: string, version: number) {
    const { policy } = this.#layers.named(layerName, version);
    if (policy === undefined) throw noPolicy();
    return policy;
  }

  async remove(layerName: string, version: number, statementId: string, revisionId?: string): Promise<void> {
    this.#table.assertOpen();
    const layer = this.#layers.named(layerName, version);
    const { policy } = layer;
    if (policy === undefined) throw noPolicy();
    const left = policy.statements.filter(({ Sid }) => Sid !== statementId);
    if (left.length === policy.statements.length) {
      throw new EngineError('ResourceNotFoundException', `Statement ${statementId} is not found in resource policy.`);
    }
    assertLayerRevision(revisionId, policy.revisionId);
    this.#replace(layer, left);
  }

  #replace({ policy: _, ...layer }: LayerVersion, statements: readonly PolicyStatement[]): string {
    assertPolicySize(statements);
    const revisionId = this.#table.newId();
    this.#layers.replace(statements.length === 0 ? layer : { ...layer, policy: { statements, revisionId } });
    return revisionId;
  }
}

function noPolicy(): EngineError {
  return new EngineError('ResourceNotFoundException', 'No policy is associated with the given resource.');
}

/** Without a policy there is no revision that could be the latest. */
function assertLayerRevision(asked: string | undefined, latest: string | undefined): void {
  if (asked === undefined || asked === latest) return;
  throw new EngineError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. ' +
      'Call the GetLayerPolicy API to retrieve the latest Revision Id',
  );
}
