/** The aliases of functions: validation with Lambda's texts, keeping, linking them to versions (LAMBDA.md C6). */
import { EngineError } from '../model/errors.ts';
import type { FunctionAlias } from '../model/function-alias.ts';
import { functionArn } from '../model/function-configuration.ts';
import { ofQualifier } from '../model/function-facts.ts';
import { limits } from '../model/limits.ts';
import { Constraints, pattern } from '../model/validation.ts';
import type { DeployedAlias } from './deployed-alias.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { functionNotFound } from './function-reference.ts';
import { assertRevision } from './function-state.ts';
import type { FunctionTable } from './function-table.ts';
import { page } from './page.ts';
import { unpublished } from './provisioning.ts';
import type { PublishedVersion } from './published-version.ts';
import type { AliasInput, FunctionAliases, UpdateAliasInput } from './registry.ts';

const namePattern = pattern('(?!^[0-9]+$)([a-zA-Z0-9-_]+)');
const versionPattern = pattern('(\\$LATEST(\\.PUBLISHED)?|[0-9]+)');
const numberPattern = pattern('[0-9]+');

export class Aliases implements FunctionAliases {
  readonly #table: FunctionTable;

  constructor(table: FunctionTable) {
    this.#table = table;
  }

  /** What the store kept, linked to the versions that are there. */
  restore(): void {
    for (const alias of this.#table.store.aliases()) {
      const found = this.#table.get(alias.functionName);
      // Rows of a function go with it.
      if (found !== undefined) found.named.set(alias.name, linked(found, alias));
    }
  }

  async create(input: AliasInput): Promise<FunctionAlias> {
    const { name, functionVersion, description = '', additionalVersionWeights: weights = {} } = input;
    const constraints = new Constraints();
    checkName(constraints, name);
    checkVersion(constraints, functionVersion);
    checkSettings(constraints, description, weights);
    constraints.throwIfViolated();
    this.#table.assertOpen();
    const found = this.#table.named(input.functionName);
    const { functionName } = found;
    if (found.named.has(name)) {
      throw new EngineError('ResourceConflictException', `Alias already exists: ${functionArn(functionName, name)}`);
    }
    return this.#keep(found, { functionName, name, functionVersion, description }, weights);
  }

  get(functionName: string, name: string): FunctionAlias {
    const found = this.#table.named(functionName);
    const named = found.named.get(name);
    if (named?.kind === 'alias') return named.alias;
    throw aliasNotFound('Cannot find alias arn', found, name);
  }

  list(input: Parameters<FunctionAliases['list']>[0]): ReturnType<FunctionAliases['list']> {
    const { functionVersion } = input;
    if (functionVersion !== undefined) {
      const constraints = new Constraints();
      checkVersion(constraints, functionVersion);
      constraints.throwIfViolated();
    }
    const aliases = [...this.#table.named(input.functionName).aliases()]
      .map(({ alias }) => alias)
      .filter((alias) => functionVersion === undefined || standsFor(alias, functionVersion))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, nextMarker } = page(
      input,
      aliases,
      ({ name }) => name,
      (name, marked) => name > marked,
    );
    return { aliases: items, ...(nextMarker !== undefined && { nextMarker }) };
  }

  async update(input: UpdateAliasInput): Promise<FunctionAlias> {
    const { name, functionVersion, description, additionalVersionWeights: weights, revisionId } = input;
    const constraints = new Constraints();
    checkName(constraints, name);
    if (functionVersion !== undefined) checkVersion(constraints, functionVersion);
    checkSettings(constraints, description ?? '', weights ?? {});
    constraints.throwIfViolated();
    this.#table.assertOpen();
    const found = this.#table.named(input.functionName);
    const named = found.named.get(name);
    if (named?.kind !== 'alias') throw aliasNotFound('Alias not found', found, name);
    const { additionalVersionWeights: before = {}, ...alias } = named.alias;
    assertRevision(revisionId, alias.revisionId);
    return this.#keep(
      found,
      {
        ...alias,
        functionVersion: functionVersion ?? alias.functionVersion,
        description: description ?? alias.description,
      },
      weights ?? before,
    );
  }

  async delete(functionName: string, name: string): Promise<void> {
    this.#table.assertOpen();
    const found = this.#table.named(functionName);
    if (found.named.get(name)?.kind !== 'alias') return;
    this.#table.store.removeAlias(found.functionName, name);
    found.named.delete(name);
    this.#table.forgetQualifier(found, name);
  }

  /** Another revision of it, for a change of its policy. */
  revise(found: DeployedFunction, { alias }: DeployedAlias): void {
    const { additionalVersionWeights: weights = {} } = alias;
    this.#keep(found, alias, weights);
  }

  #keep(
    found: DeployedFunction,
    alias: Omit<FunctionAlias, 'revisionId' | 'additionalVersionWeights'>,
    weights: Readonly<Record<string, number>>,
  ): FunctionAlias {
    const others = Object.keys(weights);
    checkRouting(alias.functionVersion, others);
    if (alias.functionVersion === '$LATEST' && ofQualifier(found.facts.provisioned, alias.name) !== undefined) {
      throw unpublished();
    }
    const kept: FunctionAlias = Object.freeze({
      functionName: alias.functionName,
      name: alias.name,
      functionVersion: alias.functionVersion,
      description: alias.description,
      ...(others.length > 0 && { additionalVersionWeights: Object.freeze({ ...weights }) }),
      revisionId: this.#table.newId(),
    });
    const deployed = linked(found, kept);
    this.#table.store.saveAlias(kept);
    found.named.set(kept.name, deployed);
    return kept;
  }
}

/** @throws EngineError ResourceNotFoundException: no such version */
function linked(found: DeployedFunction, alias: FunctionAlias): DeployedAlias {
  const { functionVersion, additionalVersionWeights = {} } = alias;
  const main = functionVersion === '$LATEST' ? undefined : publishedVersion(found, functionVersion);
  const [other] = Object.entries(additionalVersionWeights);
  if (other === undefined) return { kind: 'alias', alias, main };
  const [version, weight] = other;
  return { kind: 'alias', alias, main, other: { version: publishedVersion(found, version), weight } };
}

function publishedVersion(found: DeployedFunction, version: string): PublishedVersion {
  const named = found.named.get(version);
  if (named?.kind === 'version') return named;
  throw functionNotFound(found.functionName, version);
}

function standsFor({ functionVersion, additionalVersionWeights = {} }: FunctionAlias, version: string): boolean {
  return functionVersion === version || Object.hasOwn(additionalVersionWeights, version);
}

/** @throws EngineError InvalidParameterValueException (C6.4) */
function checkRouting(functionVersion: string, others: readonly string[]): void {
  if (others.length === 0) return;
  if (others.length > limits.aliasRoutingVersionsMax) {
    throw new EngineError(
      'InvalidParameterValueException',
      `Number of items in AdditionalVersionWeights cannot be greater than ${limits.aliasRoutingVersionsMax}`,
      {
        limit: {
          name: 'aliasRoutingVersionsMax',
          value: limits.aliasRoutingVersionsMax,
          asked: others.length,
        },
      },
    );
  }
  if (functionVersion === '$LATEST') {
    throw new EngineError(
      'InvalidParameterValueException',
      '$LATEST is not supported for an alias pointing to more than 1 version',
    );
  }
  if (others.includes(functionVersion)) {
    throw new EngineError(
      'InvalidParameterValueException',
      `Invalid function version ${functionVersion}. Function version ${functionVersion} is already included in routing configuration.`,
    );
  }
}

function checkName(constraints: Constraints, name: unknown): void {
  constraints.text(name, 'name', { lengthMin: 1, lengthMax: limits.aliasNameLengthMax, pattern: namePattern });
}

function checkVersion(constraints: Constraints, version: unknown): void {
  const rule = { lengthMin: 1, lengthMax: limits.versionLengthMax, pattern: versionPattern };
  constraints.text(version, 'functionVersion', rule);
}

function checkSettings(
  constraints: Constraints,
  description: unknown,
  weights: Readonly<Record<string, unknown>>,
): void {
  constraints.text(description, 'description', { lengthMax: limits.descriptionLengthMax });
  const path = 'routingConfig.additionalVersionWeights';
  const shown = `{${Object.entries(weights)
    .map(([version, weight]) => `${version}=${String(weight)}`)
    .join(', ')}}`;
  if (!Object.keys(weights).every((version) => numberPattern.expression.test(version))) {
    constraints.violate(
      shown,
      path,
      `Map keys must satisfy constraint: [Member must have length less than or equal to ${limits.versionLengthMax}, ` +
        'Member must have length greater than or equal to 1, ' +
        `Member must satisfy regular expression pattern: ${numberPattern.text}, Member must not be null]`,
    );
  }
  if (!Object.values(weights).every((weight) => typeof weight === 'number' && weight >= 0 && weight <= 1)) {
    constraints.violate(
      shown,
      path,
      'Map value must satisfy constraint: [Member must have value less than or equal to 1.0, ' +
        'Member must have value greater than or equal to 0.0, Member must not be null]',
    );
  }
}

function aliasNotFound(what: string, { functionName }: DeployedFunction, name: string): EngineError {
  return new EngineError('ResourceNotFoundException', `${what}: ${functionArn(functionName, name)}`);
}
