/**
 * The sandbox program as it is written; the supervisor starts it bundled where it can, which takes a fifth of the time:
 * `node [flags] main.ts <runtime directory> <sandbox id> [lock module]`, with descriptor 3 a socket to the host, 4 the backing file
 * of the `/tmp` volumes and 5 the package store.
 */
import { serve } from './serve.ts';

serve(process.argv.slice(2));
