/** The settings of function URLs: validation with Lambda's texts, keeping, finding one by its id (LAMBDA.md C8.3, C9.7). */
import { EngineError } from '../model/errors.ts';
import { functionArn } from '../model/function-configuration.ts';
import { ofQualifier } from '../model/function-facts.ts';
import { type FunctionUrlConfig, newUrlId, urlAuthTypes, urlInvokeModes } from '../model/function-url.ts';
import { limits } from '../model/limits.ts';
import { Constraints, pattern } from '../model/validation.ts';
import { checkCors, keptCors } from './cors-settings.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { parseFunctionReference } from './function-reference.ts';
import type { FunctionTable } from './function-table.ts';
import { page } from './page.ts';
import type { FunctionReference, FunctionUrl, FunctionUrls, UpdateUrlConfigInput, UrlConfigInput } from './registry.ts';

/** Numbers and `$LATEST` have no URL. */
const qualifierPattern = pattern('((?!^\\d+$)^[0-9a-zA-Z-_]+$)');

export class Urls implements FunctionUrls {
  readonly #table: FunctionTable;

  constructor(table: FunctionTable) {
    this.#table = table;
  }

  async create(input: UrlConfigInput): Promise<FunctionUrl> {
    const { authType, invokeMode = 'BUFFERED' } = input;
    const constraints = new Constraints();
    const reference = referenceOf(input.functionName, input.qualifier, constraints);
    if (authType === undefined) constraints.given({ authType });
    else constraints.oneOf(authType, 'authType', urlAuthTypes);
    constraints.oneOf(invokeMode, 'invokeMode', urlInvokeModes);
    checkCors(input.cors, constraints);
    constraints.throwIfViolated();
    this.#table.assertOpen();
    const found = this.#named(reference());
    if (found === undefined) throw functionMissing();
    const { deployed, qualifier } = found;
    if (configOf(deployed, qualifier) !== undefined) {
      const arn = functionArn(deployed.functionName, aliasOf(qualifier));
      throw new EngineError(
        'ResourceConflictException',
        `Failed to create function url config for [functionArn = ${arn}]. ` +
          'Error message:  FunctionUrlConfig exists for this Lambda function',
      );
    }
    const now = this.#now();
    return this.#keep(deployed, qualifier, {
      urlId: newUrlId(),
      authType: authType === 'NONE' ? 'NONE' : 'AWS_IAM',
      invokeMode: invokeMode === 'BUFFERED' ? 'BUFFERED' : 'RESPONSE_STREAM',
      ...keptCors(input.cors),
      creationTime: now,
      lastModifiedTime: now,
    });
  }

  get(functionName: string, qualifier?: string): FunctionUrl {
    const { deployed, qualifier: named, config } = this.#configured(functionName, qualifier);
    return urlOf(deployed, named, config);
  }

  async update(input: UpdateUrlConfigInput): Promise<FunctionUrl> {
    const { authType, invokeMode } = input;
    const constraints = new Constraints();
    const reference = referenceOf(input.functionName, input.qualifier, constraints);
    if (authType !== undefined) constraints.oneOf(authType, 'authType', urlAuthTypes);
    if (invokeMode !== undefined) constraints.oneOf(invokeMode, 'invokeMode', urlInvokeModes);
    checkCors(input.cors, constraints);
    constraints.throwIfViolated();
    this.#table.assertOpen();
    const found = this.#named(reference());
    if (found === undefined) throw functionMissing();
    const config = configOf(found.deployed, found.qualifier);
    if (config === undefined) throw configMissing();
    const { cors, ...kept } = config;
    return this.#keep(found.deployed, found.qualifier, {
      ...kept,
      ...(authType !== undefined && { authType: authType === 'NONE' ? 'NONE' : 'AWS_IAM' }),
      ...(invokeMode !== undefined && { invokeMode: invokeMode === 'BUFFERED' ? 'BUFFERED' : 'RESPONSE_STREAM' }),
      ...keptCors(input.cors ?? cors),
      lastModifiedTime: this.#now(),
    });
  }

  async delete(functionName: string, qualifier?: string): Promise<void> {
    this.#table.assertOpen();
    const found = this.#configured(functionName, qualifier);
    const { facts } = found.deployed;
    const { [found.qualifier]: _, ...urls } = facts.urls ?? {};
    this.#table.recordFacts(found.deployed, { ...facts, urls });
  }

  list(input: Parameters<FunctionUrls['list']>[0]): ReturnType<FunctionUrls['list']> {
    const { marker, maxItems = limits.functionUrlsPageMax, functionName } = input;
    const constraints = new Constraints();
    constraints.integer(maxItems, 'maxItems', { min: 1, max: limits.functionUrlsPageMax });
    constraints.throwIfViolated();
    const found = this.#named(parseFunctionReference(functionName));
    if (found === undefined) throw functionMissing();
    const { items, nextMarker } = page(
      { maxItems, ...(marker !== undefined && { marker }) },
      // `$` comes before everything that an alias may begin with, but for `-`.
      Object.keys(found.deployed.facts.urls ?? {}).sort((a, b) => (order(a) < order(b) ? -1 : 1)),
      (qualifier) => qualifier,
      (qualifier, marked) => order(qualifier) > order(marked),
    );
    const urls = items.flatMap((qualifier) => {
      const config = configOf(found.deployed, qualifier);
      return config === undefined ? [] : urlOf(found.deployed, qualifier, config);
    });
    return { urls, ...(nextMarker !== undefined && { nextMarker }) };
  }

  find(urlId: string): ReturnType<FunctionUrls['find']> {
    const owner = this.#table.urlOwner(urlId);
    if (owner === undefined) return undefined;
    const { deployed, qualifier } = owner;
    const config = configOf(deployed, qualifier);
    if (config === undefined) return undefined;
    const statements = ofQualifier(deployed.facts.policies, qualifier) ?? [];
    return { ...urlOf(deployed, qualifier, config), statements };
  }

  /** @throws EngineError ResourceNotFoundException: no such function, alias or URL */
  #configured(functionName: string, qualifier: string | undefined) {
    const constraints = new Constraints();
    const reference = referenceOf(functionName, qualifier, constraints);
    constraints.throwIfViolated();
    const found = this.#named(reference());
    if (found === undefined) throw configMissing();
    const config = configOf(found.deployed, found.qualifier);
    if (config === undefined) throw configMissing();
    return { ...found, config };
  }

  /** The function, if it is there and its qualifier is one of its aliases. */
  #named({ functionName, qualifier }: FunctionReference) {
    const deployed = this.#table.get(functionName);
    if (deployed === undefined) return undefined;
    const isThere = qualifier === '$LATEST' || deployed.named.get(qualifier)?.kind === 'alias';
    return isThere ? { deployed, qualifier } : undefined;
  }

  #keep(deployed: DeployedFunction, qualifier: string, config: FunctionUrlConfig): FunctionUrl {
    const kept = Object.freeze(config);
    const { facts } = deployed;
    this.#table.recordFacts(deployed, { ...facts, urls: { ...facts.urls, [qualifier]: kept } });
    return urlOf(deployed, qualifier, kept);
  }

  #now(): string {
    return new Date(this.#table.stamp().epochMs).toISOString();
  }
}

/** What is wrong with the qualifier goes to `constraints`; the name is read when nothing else is wrong. */
function referenceOf(
  functionName: string,
  qualifier: string | undefined,
  constraints: Constraints,
): () => FunctionReference {
  const rule = { lengthMin: 1, lengthMax: limits.aliasNameLengthMax, pattern: qualifierPattern };
  if (qualifier !== undefined) constraints.text(qualifier, 'qualifier', rule);
  return () => {
    const reference = parseFunctionReference(functionName, qualifier);
    const named = new Constraints();
    // The name may carry it, too.
    if (reference.qualified) named.text(reference.qualifier, 'qualifier', rule);
    named.throwIfViolated();
    return reference;
  };
}

function configOf({ facts }: DeployedFunction, qualifier: string): FunctionUrlConfig | undefined {
  return ofQualifier(facts.urls, qualifier);
}

function urlOf({ functionName }: DeployedFunction, qualifier: string, config: FunctionUrlConfig): FunctionUrl {
  return { functionName, qualifier: aliasOf(qualifier), config };
}

function aliasOf(qualifier: string): string | undefined {
  return qualifier === '$LATEST' ? undefined : qualifier;
}

function order(qualifier: string): string {
  return aliasOf(qualifier) ?? '';
}

function functionMissing(): EngineError {
  return new EngineError('ResourceNotFoundException', 'Function does not exist');
}

function configMissing(): EngineError {
  return new EngineError('ResourceNotFoundException', 'The resource you requested does not exist.');
}
