/**
 * What a codec of a guest is: its spec read, checked against Node's and our bounds, and turned into options of Node's public
 * constructors. And what it may cost, for the environment's budget.
 */
import { constants } from 'node:zlib';
import { zlibLimitCode } from '../../bridge/zlib.ts';
import { limits } from '../../model/limits.ts';

export type ZlibMode = 'deflate' | 'inflate' | 'gzip' | 'gunzip' | 'deflateRaw' | 'inflateRaw' | 'unzip';
export type CodecMode = ZlibMode | 'brotliDecode' | 'brotliEncode' | 'zstdCompress' | 'zstdDecompress';

export interface CodecSpec {
  readonly mode: CodecMode;
  /** As the guest said it: codecs of one spec can stand in for each other, but for a dictionary, which is not in it. */
  readonly text: string;
  readonly isReusable: boolean;
  /** For the constructor of this mode. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The highest flush that its codec knows. */
  readonly flushMax: number;
  /** The flush behind the last input; undefined when something may still come behind it. */
  readonly flushToEnd: number | undefined;
  readonly inputBytesAtOnce: number;
  /** Bytes of memory from the start, and at most; between, some for each byte that goes through it. */
  readonly cost: { readonly fixed: number; readonly perByte: number; readonly max: number };
}

export interface SpecFailure {
  readonly message: string;
  readonly code: string;
}

const modes: readonly (CodecMode | undefined)[] = [
  undefined,
  'deflate',
  'inflate',
  'gzip',
  'gunzip',
  'deflateRaw',
  'inflateRaw',
  'unzip',
  'brotliDecode',
  'brotliEncode',
  'zstdCompress',
  'zstdDecompress',
];

const KiB = 1024;

/** Undefined: it is none that Node's library would make. */
export function readSpec(text: string, dictionary: ArrayBuffer | undefined): CodecSpec | SpecFailure | undefined {
  const numbers = text.split(',').map((part) => (part === '-' ? undefined : Number(part)));
  if (numbers.some((value) => value !== undefined && !Number.isSafeInteger(value))) return undefined;
  const mode = modes[numbers[0] ?? 0];
  if (mode === undefined) return undefined;
  const shared = dictionary === undefined ? {} : { dictionary: new Uint8Array(dictionary) };
  switch (mode) {
    case 'brotliDecode':
    case 'brotliEncode':
      return named(text, false, brotliSpec(mode, parametersOf(numbers), shared));
    case 'zstdCompress':
    case 'zstdDecompress':
      return named(text, false, zstdSpec(mode, numbers, shared));
    default:
      return named(text, dictionary === undefined, zlibSpec(mode, numbers, shared));
  }
}

type Unnamed = Omit<CodecSpec, 'text' | 'isReusable'>;

function named(text: string, isReusable: boolean, spec: Unnamed | SpecFailure): CodecSpec | SpecFailure {
  return 'mode' in spec ? { ...spec, text, isReusable } : spec;
}

type Numbers = readonly (number | undefined)[];
type Options = Readonly<Record<string, unknown>>;

function zlibSpec(mode: ZlibMode, [, windowBits = 0, level, memLevel = 8, strategy, reject]: Numbers, shared: Options) {
  const isEncoder = mode === 'deflate' || mode === 'gzip' || mode === 'deflateRaw';
  const window = 2 ** (windowBits === 0 ? constants.Z_MAX_WINDOWBITS : windowBits);
  const fixed = isEncoder ? window * 4 + 2 ** (memLevel + 9) + 8 * KiB : window + 16 * KiB;
  return {
    mode,
    options: { windowBits, level, memLevel, strategy, rejectGarbageAfterEnd: reject === 1, ...shared },
    flushMax: constants.Z_BLOCK,
    flushToEnd: constants.Z_FINISH,
    inputBytesAtOnce: isEncoder ? limits.zlibInputBytesMax : Number.POSITIVE_INFINITY,
    cost: { fixed, perByte: 0, max: fixed },
  };
}

/** By parameter, in the order given. */
function parametersOf(numbers: Numbers): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = 3; at + 1 < numbers.length; at += 2) {
    const [key, value] = [numbers[at], numbers[at + 1]];
    if (key !== undefined && value !== undefined) found.set(key, value);
  }
  return found;
}

function brotliSpec(
  mode: 'brotliDecode' | 'brotliEncode',
  params: ReadonlyMap<number, number>,
  shared: Options,
): Unnamed | SpecFailure {
  const isEncoder = mode === 'brotliEncode';
  const large = isEncoder ? constants.BROTLI_PARAM_LARGE_WINDOW : constants.BROTLI_DECODER_PARAM_LARGE_WINDOW;
  if ((params.get(large) ?? 0) !== 0) {
    return limitReached(
      `brotli windows have at most ${limits.zlibBrotliWindowBitsMax} bits, and large windows have more`,
    );
  }
  const windowBits = params.get(constants.BROTLI_PARAM_LGWIN) ?? constants.BROTLI_DEFAULT_WINDOW;
  const quality = params.get(constants.BROTLI_PARAM_QUALITY) ?? constants.BROTLI_DEFAULT_QUALITY;
  const isBest = isEncoder && quality >= bestBrotliQuality;
  const bits = isEncoder ? windowBits : limits.zlibBrotliWindowBitsMax;
  // The best qualities keep a node of a tree for each position of the window, and more for each of the block at hand.
  const perByte = isBest ? 24 : 3;
  const fixed = isEncoder ? 512 * KiB : 128 * KiB;
  return {
    mode,
    options: { params: Object.fromEntries(params), ...shared },
    flushMax: constants.BROTLI_OPERATION_EMIT_METADATA,
    flushToEnd: constants.BROTLI_OPERATION_FINISH,
    inputBytesAtOnce: isEncoder
      ? isBest
        ? limits.zlibSlowInputBytesMax
        : limits.zlibInputBytesMax
      : Number.POSITIVE_INFINITY,
    cost: { fixed, perByte, max: fixed + (isBest ? 12 : 3) * 2 ** bits },
  };
}

const bestBrotliQuality = 10;

function zstdSpec(mode: 'zstdCompress' | 'zstdDecompress', numbers: Numbers, shared: Options): Unnamed | SpecFailure {
  const params = parametersOf(numbers);
  const [, pledged, reject] = numbers;
  const isEncoder = mode === 'zstdCompress';
  const level = params.get(constants.ZSTD_c_compressionLevel) ?? constants.ZSTD_CLEVEL_DEFAULT;
  const bitsMax = limits.zlibZstdWindowBitsMax;
  const [chainBits, hashBits] = zstdTableBits[Math.max(0, Math.min(level, limits.zlibZstdLevelMax))] ?? [0, 0];
  if (isEncoder) {
    if (level > limits.zlibZstdLevelMax) {
      // The highest levels differ in their tables mostly, of up to 640 MiB; here they get those of the highest that we afford.
      if (!params.has(constants.ZSTD_c_windowLog)) params.set(constants.ZSTD_c_windowLog, affordedZstdWindowBits);
      if (!params.has(constants.ZSTD_c_chainLog)) params.set(constants.ZSTD_c_chainLog, chainBits);
      if (!params.has(constants.ZSTD_c_hashLog)) params.set(constants.ZSTD_c_hashLog, hashBits);
    }
    for (const name of ['ZSTD_c_windowLog', 'ZSTD_c_hashLog', 'ZSTD_c_chainLog', 'ZSTD_c_ldmHashLog'] as const) {
      const bits = params.get(constants[name]) ?? 0;
      if (bits > bitsMax) return limitReached(`${name} is ${bitsMax} at most, ${bits} was asked for`);
    }
    if ((params.get(constants.ZSTD_c_nbWorkers) ?? 0) > 0) return limitReached('zstd has no workers here');
  } else {
    const asked = params.get(constants.ZSTD_d_windowLogMax) ?? bitsMax;
    if (asked > bitsMax && asked <= highestZstdWindowBits) params.set(constants.ZSTD_d_windowLogMax, bitsMax);
    else params.set(constants.ZSTD_d_windowLogMax, asked);
  }
  const tables =
    4 * 2 ** (params.get(constants.ZSTD_c_chainLog) || chainBits) +
    4 * 2 ** (params.get(constants.ZSTD_c_hashLog) || hashBits);
  const fixed = 256 * KiB + (isEncoder ? tables : 0);
  return {
    mode,
    options: {
      params: Object.fromEntries(params),
      rejectGarbageAfterEnd: reject === 1,
      ...(pledged === undefined ? {} : { pledgedSrcSize: pledged }),
      ...shared,
    },
    flushMax: constants.ZSTD_e_end,
    // Node's streams end twice, and zstd makes an empty frame of the second time.
    flushToEnd: isEncoder ? undefined : constants.ZSTD_e_end,
    inputBytesAtOnce: isEncoder
      ? level > 9
        ? limits.zlibSlowInputBytesMax
        : limits.zlibInputBytesMax
      : Number.POSITIVE_INFINITY,
    cost: { fixed, perByte: 1, max: fixed + 2 ** bitsMax },
  };
}

const affordedZstdWindowBits = 23;
/** By level: bits of zstd's chain and hash tables, of four bytes an entry (its `clevels.h`, for inputs of unknown size). */
const zstdTableBits: readonly (readonly [chain: number, hash: number])[] = [
  [16, 17],
  [13, 14],
  [15, 16],
  [16, 17],
  [18, 18],
  [18, 19],
  [18, 19],
  [19, 20],
  [19, 20],
  [20, 21],
  [21, 22],
  [21, 22],
  [22, 23],
  [22, 22],
  [22, 23],
  [23, 23],
  [22, 22],
  [23, 22],
  [23, 22],
  [24, 22],
];
const highestZstdWindowBits = 31;

export function limitReached(message: string): SpecFailure {
  return { message, code: zlibLimitCode };
}
