/**
 * The guest's side of Lambda's runtime for Node: makes the surroundings that a function expects, loads it, finds its handler and
 * hands each invocation to the programming model of its runtime identifier (LAMBDA.md A). The core calls it, one slice at a time.
 */
import type { EntryPoint, GuestContext } from '../../src/bridge/contract.ts';
import type { CreateHandlerLoop, HandlerLoop } from '../core/core-api.ts';
import { Answers } from './answer-sender.ts';
import { installAwslambda } from './awslambda.ts';
import { CallbackModel } from './callback-model.ts';
import { checkpoint } from './checkpoint.ts';
import { patchConsole } from './console-patch.ts';
import { boundErrors, captureErrorBrand, describeError, type ErrorReport } from './error-json.ts';
import { findHandler } from './find-handler.ts';
import { InvokeStore } from './invoke-store.ts';
import { asInitError, type Bundle, loadCommonJs, loadModule } from './load-bundle.ts';
import { createLog } from './log.ts';
import { Model2014 } from './model-2014.ts';
import { parse, setProperty, symbolFor } from './primordials.ts';
import { ProcessEnvironment } from './process-environment.ts';
import { ProcessEvents } from './process-events.ts';
import type { ModelParts, ProgrammingModel } from './programming-model.ts';
import { PromiseModel } from './promise-model.ts';
import { RuntimeError } from './runtime-error.ts';
import { type Debt, Settlement } from './settlement.ts';

const requestIdSymbol = symbolFor('aws.lambda.runtime.requestId');

export const createHandlerLoop: CreateHandlerLoop = (core, settings) => {
  captureErrorBrand();
  if (settings.limits !== undefined) boundErrors(settings.limits.errorChars);
  const dialect = settings.programmingModel;
  const store = dialect === 'promise' ? new InvokeStore() : undefined;
  /** What stands in the place of the id outside of invocations (E2.2). */
  let requestId: string | undefined = dialect === 'promise' ? '-' : undefined;
  const { logFormat, logLevel } = settings;
  const log = createLog(core, { logFormat, logLevel, dialect, requestId: () => requestId });
  const settlement = new Settlement(core, dialect);
  const answers = new Answers(core);
  const parts = { core, settings, dialect, log, settlement, events: new ProcessEvents(core, log), answers };
  const model = createModel(parts);

  const environment = new ProcessEnvironment(core, settings);
  patchConsole(core, log);
  installAwslambda(settings.environment, store);

  /** An error about an error, out of something the user has broken, would come back here for ever. */
  const orExit = (report: () => void): void => {
    try {
      report();
    } catch {
      core.exit(1);
    }
  };

  const init = new Initialisation(parts, model);
  let invocation: { readonly request: GuestContext; readonly debt: Debt } | undefined;
  const loop: HandlerLoop = {
    init: (load) => init.run(load),
    begin(contextJson) {
      const debt = settlement.open('invoke');
      const request: GuestContext = parse(contextJson);
      invocation = { request, debt };
      requestId = request.requestId;
      // It stays there between invocations: frozen work that resumes sees the new id (A5.7).
      setProperty(globalThis, requestIdSymbol, requestId);
      if (store !== undefined) InvokeStore.enter(store, requestId, request.traceId);
      environment.forwardTrace(request.traceId);
    },
    invoke(eventJson) {
      // Work that resumed in between may have ended the invocation already.
      if (invocation?.debt.isOpen === true) model.invoke(eventJson, invocation.request, invocation.debt);
    },
    loopEmpty() {
      const debt = settlement.running;
      if (debt !== undefined) model.loopEmpty(debt);
    },
    uncaughtException: (error) => orExit(() => model.uncaughtException(error)),
    unhandledRejection: (reason) => orExit(() => model.unhandledRejection(reason)),
  };
  return loop;
};

function createModel(parts: ModelParts): ProgrammingModel {
  switch (parts.dialect) {
    case '2014':
      return new Model2014(parts);
    case 'callback':
      return new CallbackModel(parts);
    case 'promise':
      return new PromiseModel(parts);
    default:
      return parts.dialect satisfies never;
  }
}

/** Evaluates the user's code once and settles init. */
class Initialisation {
  readonly #parts: ModelParts;
  readonly #model: ProgrammingModel;

  constructor(parts: ModelParts, model: ProgrammingModel) {
    this.#parts = parts;
    this.#model = model;
  }

  run(load: unknown): void {
    const { core, settings, settlement } = this.#parts;
    const debt = settlement.open('init');
    const { entry } = settings;
    if (entry.kind === 'error') {
      this.#reportEntryError(entry, debt);
      return;
    }
    if (entry.format === 'esm') {
      void this.#loadModule(entry, load, debt);
      return;
    }
    try {
      this.#accept(loadCommonJs(core, entry, load), entry);
      this.#finish(debt);
    } catch (error) {
      // Thrown by the user's code while it was loaded, or by us because there is no such handler.
      this.#fail(error, debt);
    }
  }

  /** Never rejects. */
  async #loadModule(entry: Bundle, load: unknown, debt: Debt): Promise<void> {
    const after = checkpoint(this.#parts.core);
    try {
      this.#accept(await loadModule(this.#parts.core, entry, load), entry);
      after(() => debt.initDone());
    } catch (error) {
      // As above, or a rejected top-level await (A2.7).
      this.#fail(error, debt);
    }
  }

  #accept(module: unknown, { exportPath, format }: Bundle): void {
    const { settings, dialect } = this.#parts;
    this.#model.accept(findHandler(module, { handler: settings.handler, exportPath, format }, dialect));
  }

  /** Behind microtasks, so that a rejection at top level that nobody handles is still an init error (A7.7). */
  #finish(debt: Debt): void {
    this.#parts.core.endInit(() => debt.initDone());
  }

  #fail(error: unknown, debt: Debt): void {
    const { log, dialect } = this.#parts;
    const reported = asInitError(error, dialect);
    log.error(this.#model.initErrorPrefix, reported);
    debt.fail(describeError(reported, dialect));
  }

  /** Deploying found out already; the function hears it as if it had happened here (A2.9 to A2.11). */
  #reportEntryError(entry: Extract<EntryPoint, { kind: 'error' }>, debt: Debt): void {
    const stack = entry.stack.join('\n');
    const report: ErrorReport = { kind: 'error', errorType: entry.errorType, errorMessage: entry.errorMessage, stack };
    const error = new RuntimeError(entry.errorType, entry.errorMessage, stack);
    this.#parts.log.error(this.#model.initErrorPrefix, error);
    debt.fail(report);
  }
}
