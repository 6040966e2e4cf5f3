/** What one operation of the API is to the server: a route, and a function from a request to an answer. */
import type { Engine } from '../engine/engine.ts';

export interface OperationRequest {
  readonly engine: Engine;
  /** Labels of the path, decoded. */
  readonly labels: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Every value of a name that may be given more than once. */
  queryAll(name: string): readonly string[];
  readonly body: Uint8Array;
  /** `127.0.0.1:9001`: as the client calls us. */
  readonly host: string;
  /** A path of ours as a link that the client can follow without credentials. */
  link(path: string): string;
}

export interface OperationAnswer {
  readonly status: number;
  /** Becomes JSON; absent for no body. */
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface Operation {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Labels in braces, as AWS writes them: `/2015-03-31/functions/{FunctionName}`. */
  readonly path: string;
  /** Default: limits.controlRequestBytesMax. */
  readonly requestBytesMax?: number;
  run(request: OperationRequest): Promise<OperationAnswer>;
}

/** The route guarantees the label. */
export function label(request: OperationRequest, name: string): string {
  return request.labels[name] ?? '';
}
