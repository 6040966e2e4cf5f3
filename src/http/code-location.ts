/**
 * Where a package can be fetched: `Code.Location` of GetFunction, `Content.Location` of GetLayerVersion. AWS signs such a link; ours needs no signature
 * while the server is reachable from this machine only.
 */
import { parseFunctionReference } from '../functions/function-reference.ts';
import type { FunctionRegistry } from '../functions/registry.ts';
import type { FunctionRecord } from '../model/function-configuration.ts';
import type { LayerVersion } from '../model/layer-version.ts';

export const codeRoutePath = '/_isotherm/code/:FunctionName';
export const layerRoutePath = '/_isotherm/layers/:LayerName/:VersionNumber';

export function codeLocation(origin: string, record: FunctionRecord): string {
  const url = new URL(`/_isotherm/code/${record.configuration.functionName}`, origin);
  url.searchParams.set('Qualifier', record.version);
  return url.href;
}

export function layerLocation(origin: string, { layerName, version }: LayerVersion): string {
  return new URL(`/_isotherm/layers/${layerName}/${version}`, origin).href;
}

/** @throws EngineError ResourceNotFoundException */
export function codeZip(
  functions: FunctionRegistry,
  functionName: string,
  qualifier: string | undefined,
): Promise<Uint8Array> {
  return functions.codeZip(parseFunctionReference(functionName, qualifier));
}
