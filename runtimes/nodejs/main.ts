/**
 * Entry of the guest script of the nodejs runtimes: the core with Lambda's handler loop on top. The builder wraps it so that
 * `install` is called once in each new context.
 */
import '../core/late-primordials.ts';
import type { CoreData } from '../core/context.ts';
import { install as installCore } from '../core/install.ts';
import { createHandlerLoop } from './handler-loop.ts';

export function install(data: CoreData): void {
  installCore(data, createHandlerLoop);
}
