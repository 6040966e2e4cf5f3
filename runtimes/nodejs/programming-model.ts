/** What the three ways to call a handler have in common (LAMBDA.md A1, A3, A4): the parts they are given and the calls they answer. */
import type { GuestContext, GuestSettings } from '../../src/bridge/contract.ts';
import type { Core, RejectionReason } from '../core/core-api.ts';
import type { Answers } from './answer-sender.ts';
import type { ErrorDialect } from './error-json.ts';
import type { Handler } from './handler.ts';
import type { Log } from './log.ts';
import type { ProcessEvents } from './process-events.ts';
import type { Debt, Settlement } from './settlement.ts';

export interface ModelParts {
  readonly core: Core;
  readonly settings: GuestSettings;
  /** Which rules are in force: those of the runtime identifier. */
  readonly dialect: ErrorDialect;
  readonly log: Log;
  readonly settlement: Settlement;
  readonly events: ProcessEvents;
  readonly answers: Answers;
}

export interface ProgrammingModel {
  /** Prefix of the record about an init error (E2.6, A2.12). */
  readonly initErrorPrefix: string;
  /** Takes the handler that init found. @throws what init then reports */
  accept(handler: Handler): void;
  invoke(eventJson: string, request: GuestContext, debt: Debt): void;
  /** Nothing is left that could settle `debt`. */
  loopEmpty(debt: Debt): void;
  uncaughtException(error: unknown): void;
  unhandledRejection(reason: RejectionReason): void;
}
