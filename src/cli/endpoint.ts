/** Where `serve` listens unless it is told otherwise. A file of its own, because every start of the command reads it. */
export const endpointDefault = 'http://127.0.0.1:9001';
