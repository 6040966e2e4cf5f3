/** Every program of the catalogue that is run by an engine, in the order of its classes. Code packages (P) and requests (W) need none. */
import { boundFunctions } from './bindings.ts';
import { border } from './border.ts';
import { errors } from './errors.ts';
import { hostCalls } from './host-calls.ts';
import { init } from './init.ts';
import { isolation } from './isolation.ts';
import { lifecycle } from './lifecycle.ts';
import { load } from './load.ts';
import { memory } from './memory.ts';
import { networks } from './network.ts';
import { withPatience } from './patience.ts';
import type { Program } from './program.ts';
import { services } from './services.ts';
import { state } from './state.ts';
import { streams } from './streams.ts';
import { time } from './time.ts';
import { values } from './values.ts';

export const allPrograms: readonly Program[] = [
  ...time,
  ...memory,
  ...lifecycle,
  ...withPatience([...values, ...errors, ...hostCalls, ...border]),
  ...init,
  ...withPatience([...isolation, ...state]),
  ...load,
  ...withPatience([...networks, ...boundFunctions, ...services, ...streams]),
];
