import { limits } from '../../model/limits.ts';
import type { Operation } from '../operation.ts';

/** The engine as if it were an account (LAMBDA.md C8.7). */
export const getAccountSettings: Operation = {
  name: 'GetAccountSettings',
  method: 'GET',
  path: '/2016-08-19/account-settings',
  async run({ engine }) {
    const usage = engine.functions.usage();
    return {
      status: 200,
      body: {
        AccountLimit: {
          TotalCodeSize: limits.codeStorageBytesMax,
          CodeSizeUnzipped: limits.unzippedBytesMax,
          CodeSizeZipped: limits.zipBytesMax,
          ConcurrentExecutions: usage.concurrency,
          UnreservedConcurrentExecutions: usage.unreservedConcurrency,
        },
        AccountUsage: { TotalCodeSize: usage.totalCodeBytes, FunctionCount: usage.functionCount },
      },
    };
  },
};
