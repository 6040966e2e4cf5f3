#!/usr/bin/env node
// Checks the Node version before anything that an older one could not even parse, then starts the command: from the
// sources in the repository, from dist/ in the published package.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(`isotherm: Node 24 or newer is needed (sandboxes run on Node 26), this is ${process.version}`);
  process.exitCode = 2;
} else {
  import('./start.js');
}
