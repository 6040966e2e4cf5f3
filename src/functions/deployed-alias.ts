/** An alias with the versions that it stands for, so that an invocation by its name looks up nothing more. */
import type { FunctionAlias } from '../model/function-alias.ts';
import type { PublishedVersion } from './published-version.ts';

export interface DeployedAlias {
  readonly kind: 'alias';
  readonly alias: FunctionAlias;
  /** Undefined: `$LATEST`. */
  readonly main: PublishedVersion | undefined;
  readonly other?: { readonly version: PublishedVersion; readonly weight: number };
}

/** By weight, anew for each invocation (LAMBDA.md C4.11). `random`: 0 up to but not 1. */
export function pick({ main, other }: DeployedAlias, random: () => number): PublishedVersion | undefined {
  return other !== undefined && random() < other.weight ? other.version : main;
}
