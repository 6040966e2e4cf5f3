/** A stored function whose every part tells the round it was written in, so that a torn one would show. */
import { join } from 'node:path';
import type { StoredFunction } from '../../src/functions/function-store.ts';

export function storedFunction(functionName: string, codeDirectory: string, round = 1): StoredFunction {
  const codeSha256 = `sha-${functionName}-${round}`;
  return {
    record: {
      configuration: {
        functionName,
        runtime: 'nodejs24.x',
        handler: 'index.handler',
        role: 'arn:aws:iam::000000000000:role/any',
        description: `round ${round}`,
        memorySize: 128,
        timeout: 3,
        ephemeralStorage: 512,
        environment: { ROUND: String(round) },
        logging: { logFormat: 'Text', logGroup: `/aws/lambda/${functionName}` },
        architectures: ['x86_64'],
        tracingMode: 'PassThrough',
        tags: { team: 'blue' },
        trustDomain: 'default',
        isolation: 'domain',
        network: { allow: [] },
      },
      version: '$LATEST',
      codeSha256,
      codeBytes: round,
      revisionId: `revision-${round}`,
      lastModified: '2025-11-25T02:26:54.123+0000',
      state: 'Active',
      lastUpdateStatus: 'Successful',
    },
    facts: { lastVersion: round, reservedConcurrency: round, policies: {} },
    pack: {
      codeSha256,
      codeBytes: round,
      packPath: join(codeDirectory, `${functionName}-${round}.pack`),
      files: [
        { path: 'index.js', mode: 0o644, offset: 0, bytes: round },
        { path: 'lib/ünïcode.js', mode: 0o755, offset: round, bytes: 1 },
      ],
    },
  };
}
