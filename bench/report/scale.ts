/** From values to places on a plot, and the ticks that people expect there. Pure. */

export interface Tick {
  readonly value: number;
  /** Ticks without a label are there to show that an axis is logarithmic. */
  readonly isLabelled: boolean;
}

export interface Scale {
  readonly kind: 'linear' | 'logarithmic';
  readonly ticks: readonly Tick[];
  place(value: number): number;
}

/** Where the axis begins and ends, on the plot; for an upright axis `from` is the greater one. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

const ticksWanted = 6;

/** From zero, or from below when a value is. Ends at a tick. */
export function linearScale(values: readonly number[], { from, to }: Extent): Scale {
  const low = Math.min(0, least(values));
  const high = Math.max(0, greatest(values));
  const step = ceilNice((high - low || 1) / ticksWanted);
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => ({
    value: Number(((first + at) * step).toPrecision(12)),
    isLabelled: true,
  }));
  const span = (last - first) * step;
  return { kind: 'linear', ticks, place: (value) => from + ((value - first * step) / span) * (to - from) };
}

/** Over what is above zero; ends where the digits 1, 2 or 5 are. */
export function logScale(values: readonly number[], { from, to }: Extent): Scale {
  const positive = values.filter((value) => value > 0);
  const low = floorNice(positive.length === 0 ? 1 : least(positive));
  const top = ceilNice(positive.length === 0 ? 10 : greatest(positive));
  const high = top > low ? top : ceilNice(low * 1.5);
  const decades = Math.log10(high) - Math.log10(low);
  const labelled = decades <= 2.2 ? [1, 2, 5] : [1];
  const stride = decades <= 7 ? 1 : Math.ceil(decades / 7);
  const ticks: Tick[] = [];
  for (let power = Math.floor(Math.log10(low) + 1e-9); power <= Math.ceil(Math.log10(high) - 1e-9); power += 1) {
    for (let digit = 1; digit <= 9; digit += 1) {
      const value = Number(`${digit}e${power}`);
      // Lines between the powers of ten are for axes of a few.
      if (digit > 1 && stride > 1) break;
      if (value < low * 0.999_999 || value > high * 1.000_001) continue;
      ticks.push({ value, isLabelled: labelled.includes(digit) && power % stride === 0 });
    }
  }
  const span = Math.log(high) - Math.log(low);
  // What a logarithm has no place for lies at the low end.
  return {
    kind: 'logarithmic',
    ticks,
    place: (value) => from + (value <= low ? 0 : (Math.log(value) - Math.log(low)) / span) * (to - from),
  };
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}

function ceilNice(value: number): number {
  const power = Math.floor(Math.log10(value) + 1e-9);
  const digit = [1, 2, 5, 10].find((each) => Number(`${each}e${power}`) >= value * 0.999_999) ?? 10;
  return Number(`${digit}e${power}`);
}

function floorNice(value: number): number {
  const power = Math.floor(Math.log10(value) + 1e-9);
  const digit = [5, 2, 1].find((each) => Number(`${each}e${power}`) <= value * 1.000_001) ?? 1;
  return Number(`${digit}e${power}`);
}
