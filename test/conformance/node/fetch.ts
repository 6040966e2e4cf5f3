/** Fetches the test tree that the suite runs, so that a machine without a way to it says so before any test. Prints its folder. */
import { debianTests } from './debian.ts';

console.log(await debianTests());
