/**
 * Guest code that loads every offered module and does with each what functions commonly do, so that the code caches hold
 * those functions compiled. It must draw no randomness and read no clock.
 */
import { offeredModules } from '../../bridge/node-modules.ts';

/** Init and one invocation of it are run. */
export const warmUpBundle = `(function (exports, require) {
  for (const id of ${JSON.stringify(offeredModules)}) require(id);
  exports.handler = async (event) => event;
})`;
