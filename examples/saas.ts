// A SaaS back end that runs its customers' functions: one trust domain for each customer, so that strangers never share
// a process; a failing customer gets an error of its own and costs nobody else anything.
//   node examples/saas.ts          (with Node 26; in this repository: npx node examples/saas.ts)
import { createEngine, FunctionError } from '../src/index.ts';

const customers = {
  'customer-1': 'export const handler = async (order) => ({ ...order, discount: order.total > 100 ? 10 : 0 });',
  'customer-2': 'export const handler = async (order) => { for (;;); };',
  'customer-3': 'export const handler = async (order) => { throw new RangeError("no discounts on Mondays"); };',
};

await using engine = await createEngine();

const hooks = await Promise.all(
  Object.entries(customers).map(([customer, source]) =>
    engine.createFunction({
      functionName: `${customer}-order-hook`,
      code: { source },
      trustDomain: customer,
      timeout: 1,
      memorySize: 128,
    }),
  ),
);

const order = { id: 'A-1001', total: 120 };
for (const hook of hooks) {
  try {
    console.log(hook.functionName, 'answered', await hook(order, { signal: AbortSignal.timeout(5000) }));
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    console.log(hook.functionName, 'failed with', error.errorType, '-', error.message);
  }
}

const { sandboxes } = engine.stats();
console.log(`${sandboxes.length} sandbox processes for ${hooks.length} customers`);
