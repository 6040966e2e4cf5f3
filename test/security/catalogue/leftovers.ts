/** Whether anything is left of all programs when their engine is closed: processes, descriptors of the host, temporary files. */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOfThisProcess, descriptorsOfThisProcess, processFacts } from './process-facts.ts';

/** Remembers what is there now. @returns what looks, and says what there is more. */
export function whatIsLeft(temporaryDirectory: string): () => Promise<readonly string[]> {
  const children = childrenOfThisProcess();
  const descriptors = descriptorsOfThisProcess();
  return async () => {
    // The bundler keeps a process of its own, which ends with this one.
    await delay(200);
    const found: string[] = [];
    const left = childrenOfThisProcess().filter((pid) => !children.includes(pid));
    for (const pid of left) if (processFacts(pid)?.isZombie === true) found.push(`process ${pid} is a zombie`);
    if (left.length > 1) found.push(`${left.length} processes are left`);
    const more = descriptorsOfThisProcess() - descriptors;
    if (more > spareDescriptorsMax) found.push(`the host has ${more} descriptors more`);
    const files = readdirSync(temporaryDirectory).filter((name) => !name.startsWith('isotherm-function-'));
    return [...found, ...files.map((name) => `${name} is left in the temporary directory`)];
  };
}

/** The bundler's, and those of the host's own event loops. */
const spareDescriptorsMax = 8;
