// Shows cold and warm: the module runs once for each environment, the handler once for each invocation.
//   npx isotherm invoke examples/counter.js --repeat 4
const startedAt = new Date().toISOString();
let invocations = 0;

exports.handler = async () => {
  invocations += 1;
  console.log(invocations === 1 ? 'cold start: this module has just run' : 'warm: the module was kept');
  return { invocations, startedAt };
};
