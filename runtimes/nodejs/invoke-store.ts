/**
 * `awslambda.InvokeStore`: values that belong to the running invocation (LAMBDA.md A4.8). One slot is enough, since an environment
 * runs one invocation at a time; like Lambda's it keeps the last invocation's values until the next one begins.
 */
import { asString, BuiltinError, symbolFor } from './primordials.ts';

const protectedKeys = {
  REQUEST_ID: symbolFor('_AWS_LAMBDA_REQUEST_ID'),
  X_RAY_TRACE_ID: symbolFor('_AWS_LAMBDA_X_RAY_TRACE_ID'),
  TENANT_ID: symbolFor('_AWS_LAMBDA_TENANT_ID'),
} as const;

type StoreValues = Record<PropertyKey, unknown>;

export class InvokeStore {
  static readonly PROTECTED_KEYS = protectedKeys;
  #values: StoreValues | undefined;

  getContext(): StoreValues | undefined {
    return this.#values;
  }

  hasContext(): boolean {
    return this.#values !== undefined;
  }

  get(key: PropertyKey): unknown {
    return this.#values?.[key];
  }

  set(key: PropertyKey, value: unknown): void {
    if (this.isProtectedKey(key))
      throw new BuiltinError(`Cannot modify protected Lambda context field: ${asString(key)}`);
    this.#values ??= {};
    this.#values[key] = value;
  }

  run<Result>(values: StoreValues, work: () => Result): Result {
    this.#values = values;
    return work();
  }

  isProtectedKey(key: PropertyKey): boolean {
    return key === protectedKeys.REQUEST_ID || key === protectedKeys.X_RAY_TRACE_ID || key === protectedKeys.TENANT_ID;
  }

  getRequestId(): unknown {
    return this.#values?.[protectedKeys.REQUEST_ID] ?? '-';
  }

  getXRayTraceId(): unknown {
    return this.#values?.[protectedKeys.X_RAY_TRACE_ID];
  }

  getTenantId(): unknown {
    return this.#values?.[protectedKeys.TENANT_ID];
  }

  /** For the runtime: the values that an invocation begins with. */
  static enter(store: InvokeStore, requestId: string, traceId: string | undefined): void {
    store.#values = { [protectedKeys.REQUEST_ID]: requestId, [protectedKeys.X_RAY_TRACE_ID]: traceId };
  }
}
