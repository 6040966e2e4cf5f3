// A TypeScript function with types, a class, an error of its own and a log line.
//   npx isotherm invoke examples/order-total.ts --event '{"items":[{"price":3.5,"quantity":2}]}'
//   npx isotherm invoke examples/order-total.ts --event '{"items":[]}'        (a function error: exit status 1)
interface Item {
  readonly price: number;
  readonly quantity: number;
}

interface Order {
  readonly items: readonly Item[];
}

class EmptyOrder extends Error {
  override readonly name = 'EmptyOrder';
}

export const handler = async (order: Order) => {
  if (order.items.length === 0) throw new EmptyOrder('an order needs at least one item');
  const total = order.items.reduce((sum, item) => sum + item.price * item.quantity, 0);
  console.info('priced %d items', order.items.length);
  return { total, currency: 'EUR' };
};
