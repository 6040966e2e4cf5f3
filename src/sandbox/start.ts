/** A program: the sandbox as the supervisor starts it, from the bundled program beside this file. Takes what `main.ts` takes. */
import { loadProgram } from './bundled-program.ts';

loadProgram(import.meta.dirname, 'cached').program.serve(process.argv.slice(2));
