/** The half of the catalogue that is about what a function uses up: time, memory, what it does between calls, its start, and load. */
import { declareTests } from './declare-tests.ts';
import { init } from './init.ts';
import { lifecycle } from './lifecycle.ts';
import { load } from './load.ts';
import { memory } from './memory.ts';
import { time } from './time.ts';

declareTests([...time, ...memory, ...lifecycle, ...init, ...load]);
