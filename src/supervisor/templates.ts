/**
 * How sandboxes are launched where templates can be had: the first ones are started, and from then on they are forked, which takes a
 * tenth of the time. A template serves for some sandboxes and then another takes its place, because they share how memory is laid out.
 * Whatever goes wrong with templates, sandboxes are started as ever; when it does again and again, that is told and tried again later.
 */
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/error-text.ts';
import { processStat } from '../base/process-stat.ts';
import { limits } from '../model/limits.ts';
import type { Observe } from '../model/platform-event.ts';
import { afterCrash, type CrashHistory, type CrashPolicy, cleanHistory, retryAfterMs } from './crash-loop.ts';
import { type Launch, type LaunchOptions, launch } from './launch.ts';
import { StartWatch } from './start-watch.ts';
import { Template, TemplateError } from './template.ts';

export class Templates implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #observe: Observe;
  readonly #all = new Set<Template>();
  /** Ready, oldest first: each forks until it has no seat left. */
  readonly #ready: Template[] = [];
  #starting: Promise<void> | undefined;
  /** What is started now yields the cores to others until it is needed. */
  #making: Template | undefined;
  #isNeeded = false;
  #starts = 0;
  #history: CrashHistory = cleanHistory;
  #isClosed = false;

  constructor(clock: Clock, observe: Observe) {
    this.#clock = clock;
    this.#observe = observe;
  }

  /** Why there is none, and none is tried for a while. Undefined: nothing is known to be wrong. */
  get problem(): string | undefined {
    return this.#history.backoffs > 0 ? this.#history.lastCause : undefined;
  }

  readonly launch: Launch = async (options, adopt) => {
    const path = options.jail?.kind === 'built' ? options.jail.templatePath : undefined;
    // One that joins a control group of its own does so before it is Node.
    if (path === undefined || options.group !== undefined) return await launch(options, adopt);
    this.#starts += 1;
    if (this.#starts > limits.templateAfterStarts && this.#seatsLeft() <= limits.templateSeatsLow)
      this.#begin(options, path);
    if (this.#starting !== undefined && this.#seatsLeft() <= limits.templateSeatsUrgent) this.#hasten();
    if (options.isAwaited !== true && this.#usable() === undefined) await this.#awaitTemplate();
    try {
      return await (this.#usable()?.fork(adopt) ?? launch(options, adopt));
    } catch (error) {
      if (error instanceof TemplateError) return await launch(options, adopt);
      throw error;
    }
  };

  /** Who has nobody waiting for it waits for a template, since to start it would take as long; but not for ever. */
  async #awaitTemplate(): Promise<void> {
    if (this.#starting === undefined) return;
    this.#hasten();
    const { promise, resolve } = Promise.withResolvers<void>();
    using _limit = this.#clock.after(limits.templateWaitMsMax, resolve);
    await Promise.race([this.#starting, promise]);
  }

  #hasten(): void {
    this.#isNeeded = true;
    this.#making?.hasten();
  }

  #usable(): Template | undefined {
    for (let [first] = this.#ready; first !== undefined; [first] = this.#ready) {
      if (first.isReady && first.seatsLeft > 0) return first;
      this.#ready.shift();
      first.retire();
    }
    return undefined;
  }

  #seatsLeft(): number {
    this.#usable();
    return this.#ready.reduce((sum, { isReady, seatsLeft }) => sum + (isReady ? seatsLeft : 0), 0);
  }

  #begin(options: LaunchOptions, path: string): void {
    if (this.#isClosed || retryAfterMs(this.#history, this.#clock.nowMs()) > 0) return;
    this.#starting ??= this.#start(options, path)
      // No process, no descriptors, no disk: sandboxes that are started need fewer of them, and say so if they cannot be.
      .catch((error: unknown) => this.#failed(errorMessage(error)))
      .finally(() => {
        this.#starting = undefined;
        this.#making = undefined;
        this.#isNeeded = false;
      });
  }

  async #start(options: LaunchOptions, path: string): Promise<void> {
    const template = await Template.start(options, path, this.#clock);
    this.#all.add(template);
    void template.ended.then(() => this.#all.delete(template));
    if (this.#isClosed) return void (await template.end());
    template.hold();
    this.#making = template;
    if (this.#isNeeded) template.hasten();
    let late: string | undefined;
    using _watch = new StartWatch(
      this.#clock,
      () => processStat(template.pid)?.cpuMs,
      (detail) => {
        late = detail;
        void template.end();
      },
      (callback) => setImmediate(callback),
    );
    const end = await Promise.race([template.ready, template.ended]);
    template.release();
    if (end !== undefined) return this.#failed(late ?? end);
    this.#history = cleanHistory;
    this.#ready.push(template);
  }

  #failed(reason: string): void {
    if (this.#isClosed) return;
    const nowMs = this.#clock.nowMs();
    const before = this.#history;
    this.#history = afterCrash(before, nowMs, reason, policy);
    if (this.#history.blockedUntilMs === before.blockedUntilMs) return;
    this.#observe({ type: 'template.unavailable', reason, retryAfterMs: retryAfterMs(this.#history, nowMs) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((template) => template.end()));
    await this.#starting;
  }
}

/** One that comes to life forgives, and nothing else does. */
const policy: CrashPolicy = {
  windowMs: Number.POSITIVE_INFINITY,
  exitsMax: limits.templateFailuresMax,
  backoff: { minMs: limits.templateBackoffMsMin, maxMs: limits.templateBackoffMsMax },
};
