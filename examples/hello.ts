// The smallest function. Try it:
//   npx isotherm invoke examples/hello.ts --event '{"name":"Ada"}' --repeat 3
interface Greeting {
  name?: string;
}

export const handler = async (event: Greeting) => ({ message: `Hello, ${event.name ?? 'world'}!` });
