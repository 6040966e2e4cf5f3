/**
 * Provisioned concurrency as a setting of aliases and published versions: checked and kept, with Lambda's texts (LAMBDA.md C7.3 to
 * C7.5). Which environments exist because of it the engine knows, which is why every status here is that of a beginning.
 */
import { EngineError } from '../model/errors.ts';
import { functionArn } from '../model/function-configuration.ts';
import { type FunctionFacts, ofQualifier, type ProvisionedSetting } from '../model/function-facts.ts';
import { Constraints } from '../model/validation.ts';
import { type Concurrency, leastUnreserved, provisionedTotal } from './concurrency.ts';
import type { DeployedAlias } from './deployed-alias.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { functionNotFound } from './function-reference.ts';
import type { FunctionTable } from './function-table.ts';
import { page } from './page.ts';
import type { PublishedVersion } from './published-version.ts';
import type { FunctionProvisioning, FunctionReference, ProvisionedConfig } from './registry.ts';

export class Provisioning implements FunctionProvisioning {
  readonly #table: FunctionTable;
  readonly #concurrency: Concurrency;

  constructor(table: FunctionTable, concurrency: Concurrency) {
    this.#table = table;
    this.#concurrency = concurrency;
  }

  async put(reference: FunctionReference, requested: number): Promise<ProvisionedConfig> {
    const constraints = new Constraints();
    constraints.integer(requested, 'provisionedConcurrentExecutions', { min: 1, max: Number.MAX_SAFE_INTEGER });
    constraints.throwIfViolated();
    this.#table.assertOpen();
    if (reference.qualifier === '$LATEST') throw unpublished();
    const { found, named } = this.#find(reference);
    if (named.kind === 'alias') assertProvisionable(found, named);
    else assertUnprovisioned(found, named);
    this.#assertRoom(found, reference.qualifier, requested);
    const setting = { requested, lastModified: modified(this.#table.stamp().epochMs) };
    this.#record(found, { ...found.facts.provisioned, [reference.qualifier]: setting });
    return this.get(reference);
  }

  get(reference: FunctionReference): ProvisionedConfig {
    const { found } = this.#published(reference);
    const setting = ofQualifier(found.facts.provisioned, reference.qualifier);
    if (setting !== undefined) return configOf(found, reference.qualifier, setting);
    throw new EngineError(
      'ProvisionedConcurrencyConfigNotFoundException',
      'No Provisioned Concurrency Config found for this function',
    );
  }

  async delete(reference: FunctionReference): Promise<void> {
    this.#table.assertOpen();
    const { found } = this.#published(reference);
    const { [reference.qualifier]: _, ...others } = found.facts.provisioned ?? {};
    if (ofQualifier(found.facts.provisioned, reference.qualifier) !== undefined) this.#record(found, others);
  }

  list({ functionName, ...part }: Parameters<FunctionProvisioning['list']>[0]) {
    const found = this.#table.named(functionName);
    const all = Object.entries(found.facts.provisioned ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const { items, nextMarker } = page(
      part,
      all,
      ([qualifier]) => qualifier,
      (qualifier, marked) => qualifier > marked,
    );
    const configs = items.map(([qualifier, setting]) => configOf(found, qualifier, setting));
    return { configs, ...(nextMarker !== undefined && { nextMarker }) };
  }

  wanted(functionName: string): ReadonlyMap<string, number> {
    const wanted = new Map<string, number>();
    for (const qualifier of Object.keys(this.#table.get(functionName)?.facts.provisioned ?? {})) {
      for (const [version, share] of this.wantedBy(functionName, qualifier)) {
        wanted.set(version, (wanted.get(version) ?? 0) + share);
      }
    }
    return wanted;
  }

  wantedBy(functionName: string, qualifier: string): ReadonlyMap<string, number> {
    const found = this.#table.get(functionName);
    const { requested } = ofQualifier(found?.facts.provisioned, qualifier) ?? {};
    const named = found?.named.get(qualifier);
    if (requested === undefined || named === undefined) return new Map();
    if (named.kind === 'version') return new Map([[named.version, requested]]);
    const { main, other } = named;
    if (main === undefined) return new Map();
    if (other === undefined) return new Map([[main.version, requested]]);
    const share = Math.round(requested * other.weight);
    return new Map([
      [main.version, requested - share],
      [other.version.version, share],
    ]);
  }

  functionNames(): readonly string[] {
    return [...this.#table.all()]
      .filter(({ facts }) => facts.provisioned !== undefined)
      .map(({ functionName }) => functionName);
  }

  /** @throws EngineError InvalidParameterValueException, ResourceNotFoundException */
  #published(reference: FunctionReference): { readonly found: DeployedFunction } {
    if (reference.qualifier !== '$LATEST') return this.#find(reference);
    throw new EngineError(
      'InvalidParameterValueException',
      'The function resource provided must be an alias or a published version.',
    );
  }

  #find({ functionName, qualifier }: FunctionReference): {
    readonly found: DeployedFunction;
    readonly named: PublishedVersion | DeployedAlias;
  } {
    const found = this.#table.get(functionName);
    const named = found?.named.get(qualifier);
    if (found !== undefined && named !== undefined) return { found, named };
    if (/^[0-9]+$/.test(qualifier) || qualifier.includes('$')) throw functionNotFound(functionName, qualifier);
    const arn = functionArn(functionName, qualifier);
    throw new EngineError('ResourceNotFoundException', `Cannot find alias arn: ${arn}`);
  }

  /** Within the reserve of the function, or else within what functions without one share. */
  #assertRoom({ facts }: DeployedFunction, qualifier: string, requested: number): void {
    const before = ofQualifier(facts.provisioned, qualifier)?.requested ?? 0;
    const { reservedConcurrency: reserved } = facts;
    if (reserved !== undefined) {
      if (provisionedTotal(facts) - before + requested <= reserved) return;
      throw new EngineError(
        'InvalidParameterValueException',
        'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
        { limit: { name: 'reservedConcurrency', value: reserved, asked: requested } },
      );
    }
    const unreserved = this.#concurrency.unreserved() + before;
    const least = leastUnreserved(this.#concurrency.total);
    if (requested > unreserved) {
      throw new EngineError(
        'InvalidParameterValueException',
        `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${unreserved}].`,
        { limit: { name: 'concurrency', value: unreserved, asked: requested } },
      );
    }
    if (unreserved - requested < least) {
      throw new EngineError(
        'InvalidParameterValueException',
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
          `below its minimum value of [${least}].`,
        { limit: { name: 'unreservedConcurrencyMin', value: least, asked: requested } },
      );
    }
  }

  #record(found: DeployedFunction, provisioned: Readonly<Record<string, ProvisionedSetting>>): void {
    const { provisioned: _, ...facts }: FunctionFacts = found.facts;
    const isEmpty = Object.keys(provisioned).length === 0;
    this.#table.recordFacts(found, isEmpty ? facts : { ...facts, provisioned });
  }
}

/** `$LATEST` changes: there is nothing that could be made ahead of it. */
export function unpublished(): EngineError {
  return new EngineError(
    'InvalidParameterValueException',
    'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
  );
}

/** An alias that is provisioned may get weights later; then its environments are divided by them. */
function assertProvisionable({ facts }: DeployedFunction, { main, other }: DeployedAlias): void {
  if (main === undefined) throw unpublished();
  if (other !== undefined) {
    throw new EngineError(
      'InvalidParameterValueException',
      'Alias with weights can not be used with Provisioned Concurrency',
    );
  }
  if (ofQualifier(facts.provisioned, main.version) === undefined) return;
  throw new EngineError(
    'ResourceConflictException',
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
  );
}

function assertUnprovisioned(found: DeployedFunction, { version }: PublishedVersion): void {
  for (const { alias, main, other } of found.aliases()) {
    const isMeant = main?.version === version || other?.version.version === version;
    if (isMeant && ofQualifier(found.facts.provisioned, alias.name) !== undefined) {
      throw new EngineError('ResourceConflictException', 'Version is pointed by a Provisioned Concurrency alias');
    }
  }
}

function configOf(found: DeployedFunction, qualifier: string, setting: ProvisionedSetting): ProvisionedConfig {
  const { functionName } = found;
  return { functionName, qualifier, ...setting, allocated: 0, available: 0, status: 'IN_PROGRESS' };
}

/** Without the milliseconds that other dates of Lambda have. */
function modified(epochMs: number): string {
  return new Date(epochMs).toISOString().replace(/\.\d+Z$/, '+0000');
}
