/**
 * Entry of the guest script of the nodejs runtimes: the core with Lambda's handler loop on top. The builder wraps it so that
 * `install` is called once, while the snapshot is made.
 */
import type { Resources } from '../core/context.ts';
import { install as installCore } from '../core/install.ts';
import { createHandlerLoop } from './handler-loop.ts';

export function install(resources: Resources): void {
  installCore(resources, createHandlerLoop);
}
