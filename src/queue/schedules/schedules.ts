/** Schedules as they are made, changed and listed. When they fire is the business of `schedule-firings.ts`. */
import type { Clock } from '../../base/clock.ts';
import { withoutUndefined } from '../../base/without-undefined.ts';
import { EngineError } from '../../model/errors.ts';
import { functionArn } from '../../model/function-configuration.ts';
import { limits } from '../../model/limits.ts';
import { Constraints, pattern } from '../../model/validation.ts';
import type { Schedule, ScheduleTarget } from './schedule.ts';
import { parseScheduleExpression } from './schedule-expression.ts';
import type { ScheduleStore, StoredSchedule } from './schedule-store.ts';
import { timeZone } from './time-zone.ts';

export interface ScheduleInput {
  /** Letters, digits, `.`, `-` and `_`. */
  readonly name: string;
  /** `rate(5 minutes)`, `cron(0 12 * * ? *)` or `at(2030-01-31T12:00:00)`. */
  readonly expression: string;
  /** Name of the IANA database. Default: as it is, and UTC for a new one. */
  readonly timeZone?: string;
  /** Default: ENABLED. */
  readonly state?: 'ENABLED' | 'DISABLED';
  readonly description?: string;
  readonly roleArn?: string;
  /** Of a new schedule; those of one that exists stay. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Replace those that there are. Absent: they stay. */
  readonly targets?: readonly ScheduleTargetInput[];
}

export interface ScheduleTargetInput {
  /** Default: the function's name, with its qualifier. */
  readonly id?: string;
  /** Name or ARN, each optionally with a version or an alias. It need not exist until the schedule fires. */
  readonly functionName: string;
  /** JSON text that the function gets instead of EventBridge's scheduled event. */
  readonly input?: string;
  readonly roleArn?: string;
  /** Seconds, 60 to 86400, default 300: how old the event may get before it is accepted, also because no engine ran. */
  readonly maximumEventAge?: number;
  /** 0 to 185, the default: how often handing it over is tried again. */
  readonly maximumRetryAttempts?: number;
}

export interface ScheduleFilter {
  readonly namePrefix?: string;
  /** Function name or ARN of a target. */
  readonly functionName?: string;
  /** 1 to 100, the default. */
  readonly maxItems?: number;
  /** `nextMarker` of the page before. */
  readonly marker?: string;
}

/** Functions that are invoked, asynchronously, at instants of a calendar or in intervals. */
export interface Schedules {
  /** Makes or changes one; durable when it returns. @throws EngineError ValidationException, LimitExceededException */
  put(input: ScheduleInput): Schedule;
  /** @throws EngineError ResourceNotFoundException */
  get(name: string): Schedule;
  /** By name. */
  list(filter?: ScheduleFilter): { readonly schedules: readonly Schedule[]; readonly nextMarker?: string };
  /** Switches it on, counting from now, or off. @throws EngineError ResourceNotFoundException */
  setState(name: string, state: Schedule['state']): Schedule;
  /** Adds targets or replaces those of the same id. @throws EngineError ResourceNotFoundException, ValidationException, LimitExceededException */
  putTargets(name: string, targets: readonly ScheduleTargetInput[]): Schedule;
  /** Ids that are not there are passed over. @throws EngineError ResourceNotFoundException */
  removeTargets(name: string, ids: readonly string[]): Schedule;
  /** Adds tags, and takes those away whose value is undefined. @throws EngineError ResourceNotFoundException, ValidationException */
  tag(name: string, tags: Readonly<Record<string, string | undefined>>): Schedule;
  /** With its targets. Harmless for one that does not exist. */
  delete(name: string): void;
}

/** Who is told of what changed. */
export interface ScheduleListener {
  set(stored: StoredSchedule): void;
  delete(name: string): void;
}

export interface ScheduleTableOptions {
  readonly clock: Clock;
  readonly store: ScheduleStore;
  readonly listener: ScheduleListener;
  /** Of a name or an ARN, with its qualifier if it has one. @throws EngineError */
  readonly functionArn: (functionName: string) => string;
}

const namePattern = pattern('[\\.\\-_A-Za-z0-9]+');

export class ScheduleTable implements Schedules {
  readonly #options: ScheduleTableOptions;
  readonly #schedules = new Map<string, Schedule>();

  constructor(options: ScheduleTableOptions) {
    this.#options = options;
    for (const stored of options.store.load()) {
      this.#schedules.set(stored.schedule.name, stored.schedule);
      options.listener.set(stored);
    }
  }

  put(input: ScheduleInput): Schedule {
    const before = this.#schedules.get(input.name);
    assertValid(input);
    const zone = input.timeZone ?? before?.timeZone ?? 'UTC';
    parseScheduleExpression(input.expression);
    timeZone(zone);
    if (before === undefined) assertAtMost('schedulesMax', limits.schedulesMax, this.#schedules.size + 1);
    const targets = input.targets === undefined ? (before?.targets ?? []) : this.#targets([], input.targets);
    const { name, expression, state = 'ENABLED', description, roleArn } = input;
    const isSame = before?.expression === expression && before.timeZone === zone && before.state === state;
    return this.#keep({
      name,
      expression,
      timeZone: zone,
      state,
      ...(description !== undefined && { description }),
      ...(roleArn !== undefined && { roleArn }),
      tags: before?.tags ?? input.tags ?? {},
      targets,
      anchorMs: isSame ? before.anchorMs : this.#options.clock.epochMs(),
    });
  }

  get(name: string): Schedule {
    const schedule = this.#schedules.get(name);
    if (schedule !== undefined) return schedule;
    throw new EngineError(
      'ResourceNotFoundException',
      `Rule ${name.slice(0, 256)} does not exist on EventBus default.`,
    );
  }

  list(filter: ScheduleFilter = {}): ReturnType<Schedules['list']> {
    const { namePrefix = '', functionName, maxItems = limits.schedulesPageMax, marker = '' } = filter;
    const constraints = new Constraints();
    constraints.integer(maxItems, 'limit', { min: 1, max: limits.schedulesPageMax });
    constraints.throwIfViolated();
    const arn = functionName === undefined ? undefined : this.#functionArn(functionName);
    const found = [...this.#schedules.values()]
      .filter(({ name }) => name.startsWith(namePrefix) && name > marker)
      .filter(({ targets }) => arn === undefined || targets.some((target) => target.functionArn === arn))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = found.slice(0, maxItems);
    const last = page.at(-1);
    return { schedules: page, ...(last !== undefined && found.length > page.length && { nextMarker: last.name }) };
  }

  setState(name: string, state: Schedule['state']): Schedule {
    const schedule = this.get(name);
    if (schedule.state === state) return schedule;
    return this.#keep({ ...schedule, state, anchorMs: this.#options.clock.epochMs() });
  }

  putTargets(name: string, targets: readonly ScheduleTargetInput[]): Schedule {
    const schedule = this.get(name);
    return this.#keep({ ...schedule, targets: this.#targets(schedule.targets, targets) });
  }

  removeTargets(name: string, ids: readonly string[]): Schedule {
    const schedule = this.get(name);
    return this.#keep({ ...schedule, targets: schedule.targets.filter(({ id }) => !ids.includes(id)) });
  }

  tag(name: string, changes: Readonly<Record<string, string | undefined>>): Schedule {
    const schedule = this.get(name);
    const tags = Object.entries({ ...schedule.tags, ...changes }).flatMap(([key, value]): [string, string][] =>
      value === undefined ? [] : [[key, value]],
    );
    assertTags(Object.fromEntries(tags));
    return this.#keep({ ...schedule, tags: Object.fromEntries(tags) });
  }

  delete(name: string): void {
    if (!this.#schedules.has(name)) return;
    this.#options.store.remove(name);
    this.#schedules.delete(name);
    this.#options.listener.delete(name);
  }

  #targets(before: readonly ScheduleTarget[], inputs: readonly ScheduleTargetInput[]): readonly ScheduleTarget[] {
    const targets = new Map(before.map((target) => [target.id, target]));
    for (const input of inputs) {
      const target = targetOf(input, this.#functionArn(input.functionName));
      targets.set(target.id, target);
    }
    assertAtMost('scheduleTargetsMax', limits.scheduleTargetsMax, targets.size);
    return [...targets.values()];
  }

  #functionArn(functionName: string): string {
    if (functionName.startsWith('arn:') && !/^arn:aws[a-zA-Z-]*:lambda:/.test(functionName)) {
      const shown = functionName.slice(0, limits.functionReferenceReadLengthMax);
      throw new EngineError(
        'ValidationException',
        `Parameter ${shown} is not valid. Reason: targets are functions here.`,
      );
    }
    return this.#options.functionArn(functionName);
  }

  #keep(schedule: Schedule): Schedule {
    this.#options.store.save(schedule);
    this.#schedules.set(schedule.name, schedule);
    this.#options.listener.set({ schedule });
    return schedule;
  }
}

function assertValid({ name, state, description, roleArn, tags }: ScheduleInput): void {
  const constraints = new Constraints();
  constraints.text(name, 'name', { lengthMin: 1, lengthMax: limits.scheduleNameLengthMax, pattern: namePattern });
  if (state !== undefined) constraints.oneOf(state, 'state', ['ENABLED', 'DISABLED']);
  if (description !== undefined) {
    constraints.text(description, 'description', { lengthMax: limits.scheduleDescriptionLengthMax });
  }
  if (roleArn !== undefined) constraints.text(roleArn, 'roleArn', { lengthMax: limits.roleLengthMax });
  constraints.throwIfViolated();
  if (tags !== undefined) assertTags(tags);
}

function assertTags(tags: Readonly<Record<string, string>>): void {
  assertAtMost('tagsMax', limits.tagsMax, Object.keys(tags).length);
  const constraints = new Constraints();
  for (const [key, value] of Object.entries(tags)) {
    constraints.text(key, 'tags.key', { lengthMin: 1, lengthMax: limits.tagKeyLengthMax });
    constraints.text(value, 'tags.value', { lengthMax: limits.tagValueLengthMax });
  }
  constraints.throwIfViolated();
}

function targetOf(given: ScheduleTargetInput, arn: string): ScheduleTarget {
  const { id = arn.slice(functionArn('').length), input, roleArn, maximumEventAge, maximumRetryAttempts } = given;
  const constraints = new Constraints();
  // An id that was left out may be as long as a function's name and its qualifier.
  const lengthMax = given.id === undefined ? limits.functionReferenceLengthMax : limits.scheduleNameLengthMax;
  const isNamed = given.id !== undefined;
  constraints.text(id, 'targets.id', { lengthMin: 1, lengthMax, ...(isNamed && { pattern: namePattern }) });
  if (roleArn !== undefined) constraints.text(roleArn, 'targets.roleArn', { lengthMax: limits.roleLengthMax });
  if (maximumEventAge !== undefined) {
    const { scheduleEventAgeSecondsMin: min, scheduleEventAgeSecondsMax: max } = limits;
    constraints.integer(maximumEventAge, 'targets.retryPolicy.maximumEventAgeInSeconds', { min, max });
  }
  if (maximumRetryAttempts !== undefined) {
    const max = limits.scheduleTargetRetriesMax;
    constraints.integer(maximumRetryAttempts, 'targets.retryPolicy.maximumRetryAttempts', { min: 0, max });
  }
  constraints.throwIfViolated();
  if (input !== undefined) assertInput(id, input);
  return withoutUndefined({ id, functionArn: arn, input, roleArn, maximumEventAge, maximumRetryAttempts });
}

function assertInput(id: string, input: string): void {
  const invalid = (reason: string) =>
    new EngineError('ValidationException', `Parameter Input of target ${id} is not valid. Reason: ${reason}`);
  const { scheduleInputBytesMax } = limits;
  const bytes = Buffer.byteLength(input);
  if (bytes > scheduleInputBytesMax)
    throw invalid(`it has ${bytes} bytes, and at most ${scheduleInputBytesMax} are allowed`);
  try {
    JSON.parse(input);
  } catch {
    // JSON.parse throws a SyntaxError and nothing else.
    throw invalid('it is not JSON');
  }
}

function assertAtMost(name: string, value: number, asked: number): void {
  if (asked <= value) return;
  throw new EngineError(
    'LimitExceededException',
    `The requested resource exceeds the maximum number allowed: ${value} (${name}).`,
    { limit: { name, value, asked } },
  );
}
