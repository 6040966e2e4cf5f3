import type { LimitReason } from './limit-reason.ts';

/**
 * Errors that isotherm throws: a client's mistake or a platform failure, never a function's own failure (that is an
 * `Outcome` and is returned). Codes of client mistakes are AWS Lambda's exception names, so that the library, the command
 * and the HTTP API say the same; `http/` turns a code into a status and a body (LAMBDA.md C1.6 to C1.9).
 */
export const errorCatalogue = {
  // AWS Lambda's own (LAMBDA.md C1.8).
  InvalidParameterValueException: { status: 400, bodyKey: 'message', blame: 'client' },
  InvalidRequestContentException: { status: 400, bodyKey: 'message', blame: 'client' },
  LimitExceededException: { status: 400, bodyKey: 'message', blame: 'client' },
  PolicyLengthExceededException: { status: 400, bodyKey: 'message', blame: 'client' },
  ValidationException: { status: 400, bodyKey: 'message', blame: 'client' },
  RecursiveInvocationException: { status: 400, bodyKey: 'Message', blame: 'client' },
  ResourceInUseException: { status: 400, bodyKey: 'Message', blame: 'client' },
  AccessDeniedException: { status: 403, bodyKey: 'Message', blame: 'client' },
  ResourceNotFoundException: { status: 404, bodyKey: 'Message', blame: 'client' },
  ProvisionedConcurrencyConfigNotFoundException: { status: 404, bodyKey: 'message', blame: 'client' },
  CodeSigningConfigNotFoundException: { status: 404, bodyKey: 'Message', blame: 'client' },
  ResourceConflictException: { status: 409, bodyKey: 'message', blame: 'client' },
  PreconditionFailedException: { status: 412, bodyKey: 'message', blame: 'client' },
  RequestEntityTooLargeException: { status: 413, bodyKey: 'message', blame: 'client' },
  TooManyRequestsException: { status: 429, bodyKey: 'message', blame: 'client' },
  ServiceException: { status: 500, bodyKey: 'Message', blame: 'platform' },
  NotImplementedException: { status: 501, bodyKey: 'Message', blame: 'client' },
  // isotherm's own.
  EngineClosed: { status: 503, bodyKey: 'Message', blame: 'client' },
  /** The function ended process after process; it is tried again after a while. */
  FunctionSuspended: { status: 429, bodyKey: 'message', blame: 'client' },
  SandboxLost: { status: 500, bodyKey: 'Message', blame: 'platform' },
  SandboxStartFailed: { status: 500, bodyKey: 'Message', blame: 'platform' },
  RuntimeBuildFailed: { status: 500, bodyKey: 'Message', blame: 'platform' },
  UnsupportedNode: { status: 500, bodyKey: 'Message', blame: 'client' },
  DataDirectoryInUse: { status: 500, bodyKey: 'Message', blame: 'client' },
  DataDirectoryUnusable: { status: 500, bodyKey: 'Message', blame: 'client' },
  PortInUse: { status: 500, bodyKey: 'Message', blame: 'client' },
  HardeningUnavailable: { status: 500, bodyKey: 'Message', blame: 'client' },
} as const satisfies Record<string, { status: number; bodyKey: 'message' | 'Message'; blame: 'client' | 'platform' }>;

export type EngineErrorCode = keyof typeof errorCatalogue;

/** Why a 429 was answered (LAMBDA.md C1.9). */
export type ThrottleReason =
  | 'CallerRateLimitExceeded'
  | 'ConcurrentInvocationLimitExceeded'
  | 'FunctionInvocationRateLimitExceeded'
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ReservedFunctionInvocationRateLimitExceeded';

export interface EngineErrorOptions {
  readonly cause?: unknown;
  readonly throttleReason?: ThrottleReason;
  /** When it may be worth another try. */
  readonly retryAfterMs?: number;
  /** The limit that was hit, for machines: its name in `limits`, its value, and what was asked. */
  readonly limit?: {
    readonly name: string;
    readonly value: number;
    readonly asked?: number;
    readonly reason?: LimitReason;
  };
}

/** Thrown for a client's mistake or a platform failure. `code` is stable; the message is for people. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  readonly throttleReason: ThrottleReason | undefined;
  readonly retryAfterMs: number | undefined;
  readonly limit: EngineErrorOptions['limit'];

  constructor(code: EngineErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.throttleReason = options.throttleReason;
    this.retryAfterMs = options.retryAfterMs;
    this.limit = options.limit;
  }

  /** 4xx or 5xx of the AWS API. */
  get statusCode(): number {
    return errorCatalogue[this.code].status;
  }

  /** Who must act. */
  get blame(): 'client' | 'platform' {
    return errorCatalogue[this.code].blame;
  }
}
