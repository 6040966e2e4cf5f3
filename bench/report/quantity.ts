/** Quantities as people read them: three digits, and the unit that needs the fewest. */
import type { Unit } from '../model.ts';

interface Step {
  readonly from: number;
  readonly unit: string;
}

/** Ascending. */
const timeSteps: readonly Step[] = [
  { from: 1e-6, unit: 'ns' },
  { from: 1e-3, unit: 'µs' },
  { from: 1, unit: 'ms' },
  { from: 1e3, unit: 's' },
];
const byteSteps: readonly Step[] = [
  { from: 1, unit: 'B' },
  { from: 1e3, unit: 'kB' },
  { from: 1e6, unit: 'MB' },
  { from: 1e9, unit: 'GB' },
];

export function quantity(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      return stepped(value, timeSteps, 'ms');
    case 'bytes':
      return stepped(value, byteSteps, 'B');
    case 'bytes per second':
      return `${stepped(value, byteSteps, 'B')}/s`;
    case 'per second':
      return `${digits(value)}/s`;
    case 'share':
      return `${digits(value * 100)} %`;
  }
}

/** A point of a scenario's axis; one whose label speaks of bytes is read as bytes. */
export function axisValue(value: number, label: string): string {
  return /\bbytes\b/i.test(label) ? stepped(value, byteSteps, 'B') : plain(value);
}

/** A point of a scenario's axis in words. */
export function pointText(value: number, label: string): string {
  const text = axisValue(value, label);
  return label.startsWith('bytes of ') ? `${text}${label.slice('bytes'.length)}` : `${label}: ${text}`;
}

export function times(ratio: number): string {
  return `${digits(ratio)}×`;
}

/** Minutes and seconds, or hours. */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, '0');
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

function stepped(value: number, steps: readonly Step[], zeroUnit: string): string {
  // 999.7 µs has three digits as 1.00 ms only, so the step is chosen for what will be shown.
  const shown = Number(value.toPrecision(3));
  const step = steps.findLast(({ from }) => Math.abs(shown) >= from) ?? steps[0];
  if (step === undefined || value === 0) return `0 ${zeroUnit}`;
  return `${digits(value / step.from)} ${step.unit}`;
}

/** As short as it can be: 0.2, 20, 10,000. */
function plain(value: number): string {
  return Math.abs(value) >= 1000 ? digits(value) : String(Number(value.toPrecision(3)));
}

/** Three digits that count, none of a whole number's dropped, thousands apart. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(Number(value.toPrecision(3)));
  if (magnitude >= 1e9) return value.toExponential(1);
  if (magnitude >= 1000) return Math.round(value).toLocaleString('en-US');
  if (magnitude < 1e-3) return value.toExponential(1);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(magnitude)));
  const text = value.toFixed(decimals);
  return Number.isInteger(value) ? String(value) : text;
}
