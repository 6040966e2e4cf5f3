/** Samples in HdrHistogram's interchange format, which its plotters read. Where its package is not installed there is none. */
import { importPackage, packageVersion } from './peer-packages.ts';

interface Histogram {
  recordValue(value: number): void;
}

interface HistogramPackage {
  build(options: {
    lowestDiscernibleValue: number;
    highestTrackableValue: number;
    numberOfSignificantValueDigits: 3;
  }): Histogram;
  encodeIntoCompressedBase64(histogram: Histogram): string;
}

const hourUs = 3_600_000_000;

/** @param milliseconds recorded in microseconds with three digits */
export async function encodeHistogram(milliseconds: readonly number[]): Promise<string | undefined> {
  if (packageVersion('hdr-histogram-js') === undefined) return undefined;
  const { build, encodeIntoCompressedBase64 } = (await importPackage('hdr-histogram-js')) as HistogramPackage;
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: hourUs,
    numberOfSignificantValueDigits: 3,
  });
  for (const each of milliseconds) histogram.recordValue(Math.min(hourUs, Math.max(1, Math.round(each * 1000))));
  return encodeIntoCompressedBase64(histogram);
}
