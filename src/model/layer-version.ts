import { accountId, region } from './function-configuration.ts';
import type { PolicyStatement } from './policy-statement.ts';

/** One version of a layer, which functions name by its ARN (LAMBDA.md C3.27). Only its policy ever changes. */
export interface LayerVersion {
  readonly layerName: string;
  /** From 1, never given twice. */
  readonly version: number;
  readonly description: string;
  /** `2025-11-25T02:26:54.123+0000`. */
  readonly createdDate: string;
  readonly codeSha256: string;
  readonly codeBytes: number;
  readonly compatibleRuntimes: readonly string[];
  readonly compatibleArchitectures: readonly string[];
  readonly licenseInfo?: string;
  /** Who may use it, as clients said. Absent: nobody said anything. */
  readonly policy?: { readonly statements: readonly PolicyStatement[]; readonly revisionId: string };
}

/** A layer version as a function names it. */
export interface LayerReference {
  readonly arn: string;
  readonly codeBytes: number;
}

export function layerArn(layerName: string): string {
  return `arn:aws:lambda:${region}:${accountId}:layer:${layerName}`;
}

export function layerVersionArn({ layerName, version }: Pick<LayerVersion, 'layerName' | 'version'>): string {
  return `${layerArn(layerName)}:${version}`;
}
