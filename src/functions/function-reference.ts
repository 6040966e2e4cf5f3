/**
 * Takes apart the ways to write a function's name (LAMBDA.md C1.2 to C1.4): name, `name:qualifier`, partial and full ARN.
 * It does not know which functions exist.
 */
import { EngineError } from '../model/errors.ts';
import { accountId, functionArn, region } from '../model/function-configuration.ts';
import { limits } from '../model/limits.ts';
import { Constraints, constraintMessage, lengthAtMost, pattern } from '../model/validation.ts';
import type { FunctionReference } from './registry.ts';

const prefix =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?';
/** AWS has one pattern for operations that read or invoke and a narrower one for creating. */
const readPattern = pattern(`${prefix}([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`);
const createPattern = pattern(`${prefix}([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?`);
const qualifierPattern = pattern('\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+');

/** The same parts as `prefix`, named. */
const parts =
  /^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_.]+)(?::(?<qualifier>[$a-zA-Z0-9-_.]+))?$/;

/** @throws EngineError ValidationException, InvalidParameterValueException, ResourceNotFoundException, AccessDeniedException */
export function parseFunctionReference(functionName: string, qualifier?: string): FunctionReference {
  const constraints = new Constraints();
  if (qualifier !== undefined) {
    constraints.text(qualifier, 'qualifier', {
      lengthMin: 1,
      lengthMax: limits.qualifierLengthMax,
      pattern: qualifierPattern,
    });
  }
  constraints.text(functionName, 'functionName', {
    lengthMin: 1,
    lengthMax: limits.functionReferenceReadLengthMax,
    pattern: readPattern,
  });
  constraints.throwIfViolated();

  const named = take(functionName);
  if (named.qualifier !== undefined && qualifier !== undefined && named.qualifier !== qualifier) {
    throw new EngineError(
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  }
  const asked = named.qualifier ?? qualifier;
  return { functionName: named.functionName, qualifier: asked ?? '$LATEST', qualified: asked !== undefined };
}

/**
 * The function of an operation that concerns all its versions. `$LATEST` is let pass, as it names the function itself.
 * @throws EngineError as above, and for a version or an alias
 */
export function parseFunctionName(functionName: string): string {
  const reference = parseFunctionReference(functionName);
  if (reference.qualifier === '$LATEST') return reference.functionName;
  throw new EngineError(
    'InvalidParameterValueException',
    'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. ' +
      'Please specify either a function name or an unqualified function ARN.',
  );
}

/** The name of a function to be made. It may be written as an ARN; it names no version but `$LATEST`. */
export function parseNewFunctionName(functionName: string): string {
  const constraints = new Constraints();
  constraints.text(functionName, 'functionName', {
    lengthMin: 1,
    lengthMax: limits.functionReferenceLengthMax,
    pattern: createPattern,
  });
  constraints.throwIfViolated();

  const named = take(functionName);
  if (named.functionName.length > limits.functionNameLengthMax) {
    throw new EngineError(
      'InvalidParameterValueException',
      constraintMessage(named.functionName, 'functionName', lengthAtMost(limits.functionNameLengthMax)),
    );
  }
  if (named.qualifier !== undefined && named.qualifier !== '$LATEST') {
    throw new EngineError(
      'InvalidParameterValueException',
      `A function is created without a qualifier; functionName ends in ':${named.qualifier}'.`,
    );
  }
  return named.functionName;
}

function take(functionName: string): { readonly functionName: string; readonly qualifier: string | undefined } {
  const { region: theirRegion, account: theirAccount, name, qualifier } = parts.exec(functionName)?.groups ?? {};
  if (theirRegion !== undefined && theirRegion !== region) {
    throw new EngineError(
      'ResourceNotFoundException',
      `Functions from '${theirRegion}' are not reachable in this region ('${region}')`,
    );
  }
  if (theirAccount !== undefined && theirAccount !== accountId) {
    throw new EngineError(
      'AccessDeniedException',
      `Functions of account ${theirAccount} are not reachable: the account here is ${accountId}`,
    );
  }
  return { functionName: name ?? functionName, qualifier };
}

/** AWS names what was asked for: with its qualifier where the client, or the operation, gave one. */
export function functionNotFound(functionName: string, qualifier?: string): EngineError {
  return new EngineError('ResourceNotFoundException', `Function not found: ${functionArn(functionName, qualifier)}`);
}
