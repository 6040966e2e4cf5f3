/** Tags of functions, by ARN (LAMBDA.md C3.28). */
import { EngineError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { changedConfiguration } from '../model/validate-function.ts';
import { Constraints, pattern } from '../model/validation.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { parseFunctionReference } from './function-reference.ts';
import type { FunctionTable } from './function-table.ts';
import type { FunctionTags } from './registry.ts';

/** AWS tags other things of Lambda under the same path. */
const resourcePattern = pattern(
  'arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:' +
    '(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|' +
    'event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|' +
    'capacity-provider:[a-zA-Z0-9-_]+)',
);

/** Tags that say how a function runs; they are read when it is made. */
const ownPrefix = 'isotherm:';

export class Tags implements FunctionTags {
  readonly #table: FunctionTable;

  constructor(table: FunctionTable) {
    this.#table = table;
  }

  async add(resource: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const found = this.#tagged(resource);
    if (Object.keys(tags).length === 0) {
      throw new EngineError('InvalidParameterValueException', 'An error occurred and the request cannot be processed.');
    }
    refuseOwn(Object.keys(tags));
    this.#replace(found, { ...found.record.configuration.tags, ...tags });
  }

  list(resource: string): Readonly<Record<string, string>> {
    return this.#tagged(resource).record.configuration.tags;
  }

  async remove(resource: string, keys: readonly string[]): Promise<void> {
    const found = this.#tagged(resource);
    const { tags } = found.record.configuration;
    refuseOwn(keys.filter((key) => Object.hasOwn(tags, key)));
    this.#replace(found, Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key))));
  }

  #tagged(resource: string): DeployedFunction {
    const constraints = new Constraints();
    constraints.text(resource, 'resource', {
      lengthMin: 1,
      lengthMax: limits.tagResourceLengthMax,
      pattern: resourcePattern,
    });
    constraints.throwIfViolated();
    this.#table.assertOpen();
    if (!resource.includes(':function:')) {
      throw new EngineError('NotImplementedException', `isotherm offers tags of functions only, not of ${resource}`);
    }
    const reference = parseFunctionReference(resource);
    if (reference.qualified) {
      throw new EngineError(
        'InvalidParameterValueException',
        'Tags on function aliases and versions are not supported. Please specify a function ARN.',
      );
    }
    return this.#table.find(reference).found;
  }

  /** Not a change of the function as its environments see it, so neither a revision nor an update. */
  #replace(found: DeployedFunction, tags: Readonly<Record<string, string>>): void {
    this.#table.amend(found, (record) => ({
      ...record,
      configuration: Object.freeze({
        ...record.configuration,
        tags: changedConfiguration(record.configuration, { tags }).tags,
      }),
    }));
  }
}

function refuseOwn(keys: readonly string[]): void {
  const own = keys.find((key) => key.startsWith(ownPrefix));
  if (own === undefined) return;
  throw new EngineError(
    'InvalidParameterValueException',
    `The tag ${own} decides how a function runs and is read when the function is made; it cannot be changed later.`,
  );
}
