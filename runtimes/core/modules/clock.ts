/**
 * Puts a clock that is not real in front of everything by which V8 tells the time: `Date`, `Temporal.Now` and `Intl`, which takes
 * the present for a date that is not given.
 */
import type { Clock } from '../clock.ts';
import { guardConstructor, redefine, replaceMethod } from '../guard.ts';

const {
  DatePrototypeToString,
  FunctionPrototypeCall,
  ObjectGetOwnPropertyDescriptor,
  ReflectApply,
  ReflectConstruct,
  ReflectDefineProperty,
  ReflectGet,
} = primordials;

type Method = (...args: unknown[]) => unknown;

export function installClock(clock: Clock): void {
  const { Date: RealDate } = primordials;
  const now = (): number => clock.epochMs();
  guardConstructor(
    globalThis,
    'Date',
    (Real, args, newTarget) => ReflectConstruct(Real, args.length === 0 ? [now()] : args, newTarget),
    () => DatePrototypeToString(new RealDate(now())),
  );
  replaceMethod(RealDate, 'now', now);
  redefine(primordials, 'Date', globalThis.Date);
  redefine(primordials, 'DateNow', now);
  installTemporal(now);
  installIntl(now);
}

/** Each of its functions is a view of one instant in one time zone. */
function installTemporal(now: () => number): void {
  const temporal: unknown = ReflectGet(globalThis, 'Temporal');
  if (typeof temporal !== 'object' || temporal === null) return;
  const { Instant, Now } = temporal as {
    readonly Instant: { fromEpochMilliseconds(epochMs: number): object; readonly prototype: object };
    readonly Now: { timeZoneId(): string };
  };
  const { fromEpochMilliseconds, prototype } = Instant;
  const { timeZoneId } = Now;
  const toZoned = ReflectGet(prototype, 'toZonedDateTimeISO') as Method;
  const instant = (): object => FunctionPrototypeCall(fromEpochMilliseconds as Method, Instant, now()) as object;
  const zoned = (zone: unknown): object =>
    FunctionPrototypeCall(
      toZoned,
      instant(),
      zone === undefined ? FunctionPrototypeCall(timeZoneId, Now) : zone,
    ) as object;
  const zonedPrototype = ReflectGet(ReflectGet(temporal, 'ZonedDateTime') as object, 'prototype') as object;
  replaceMethod(Now, 'instant', instant);
  replaceMethod(Now, 'zonedDateTimeISO', zoned);
  const views = ['PlainDate', 'PlainTime', 'PlainDateTime'] as const;
  for (let at = 0; at < views.length; at++) {
    const view = ReflectGet(zonedPrototype, `to${views[at]}`) as Method;
    const name = `p${(views[at] ?? '').slice(1)}ISO`;
    replaceMethod(Now, name, (zone: unknown) => FunctionPrototypeCall(view, zoned(zone)));
  }
}

function installIntl(now: () => number): void {
  const { prototype } = Intl.DateTimeFormat;
  const getFormat = ObjectGetOwnPropertyDescriptor(prototype, 'format')?.get;
  if (getFormat !== undefined) {
    ReflectDefineProperty(prototype, 'format', {
      // @ts-expect-error descriptors are read through the prototype, which the user will own
      __proto__: null,
      configurable: true,
      enumerable: false,
      get(this: unknown): Method {
        const format = FunctionPrototypeCall(getFormat, this) as Method;
        return (date) => format(date === undefined ? now() : date);
      },
    });
  }
  const formatToParts = ReflectGet(prototype, 'formatToParts') as Method;
  replaceMethod(prototype, 'formatToParts', function (this: unknown, date: unknown) {
    return ReflectApply(formatToParts, this, [date === undefined ? now() : date]);
  });
}
