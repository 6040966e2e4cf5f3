/**
 * Where a function's package can be fetched: `Code.Location` of GetFunction. AWS signs such a link; ours needs no signature
 * while the server is reachable from this machine only.
 */
import { parseFunctionReference } from '../functions/function-reference.ts';
import type { FunctionRegistry } from '../functions/registry.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';

export const codeRoutePath = '/_isotherm/code/:FunctionName';

export function codeLocation(origin: string, record: FunctionRecord): string {
  const url = new URL(`/_isotherm/code/${record.configuration.functionName}`, origin);
  url.searchParams.set('Qualifier', record.version);
  return url.href;
}

/** @throws EngineError ResourceNotFoundException */
export function codeZip(
  functions: FunctionRegistry,
  functionName: string,
  qualifier: string | undefined,
): Promise<Uint8Array> {
  return functions.codeZip(parseFunctionReference(functionName, qualifier));
}
