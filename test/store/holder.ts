/** A real process that holds a data directory: says `held`, then saves in a loop when asked, until it is killed. */
import { openDataDirectory } from '../../src/store/data-directory.ts';
import { storedFunction } from './stored-function.ts';

const [directory = '', mode = 'hold'] = process.argv.slice(2);
const { functions, codeDirectory } = openDataDirectory(directory);
process.stdout.write('held\n');
if (mode === 'hold') setInterval(() => {}, 60_000);
else {
  for (let round = 1; ; round += 1) {
    const name = `f${round % 7}`;
    functions.save(storedFunction(name, codeDirectory, round));
    if (round % 5 === 0) functions.remove(`f${(round * 3) % 7}`);
  }
}
