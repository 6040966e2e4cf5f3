/** Every scenario, in the order of a run. */
import { burst, cold, coldBundle, coldModules, coldModulesStorm, coldPrepared, coldStorm } from './cold.ts';
import { density, densityModules } from './density.ts';
import { neighbour, timeout } from './limits.ts';
import { recovery } from './recovery.ts';
import type { ScenarioPlan } from './scenario.ts';
import { dispatch, replay, temporaryFiles } from './services.ts';
import { load, throughput, warm } from './warm.ts';

export const plans: readonly ScenarioPlan[] = [
  cold,
  coldPrepared,
  coldStorm,
  coldModules,
  coldModulesStorm,
  coldBundle,
  burst,
  warm,
  throughput,
  load,
  density,
  densityModules,
  neighbour,
  timeout,
  recovery,
  temporaryFiles,
  dispatch,
  replay,
];
