/**
 * V8's serialisation format, version 15, as far as JavaScript values have it. A value is a tag byte and what belongs to it; whole
 * numbers are base-128 varints, doubles little-endian. Each object gets the next id when it begins; a second occurrence is
 * `objectReference` and that id.
 *
 *     object        { key value }* } count          holes of a sparse array are simply missing keys
 *     dense array   length value* { key value }* $ count length
 *     map           { key value }* : 2 x size       set  value* , size
 *     view          follows its buffer directly: V kind byteOffset byteLength flags
 *     error         r [prototype] [m message] [s stack] [c cause] .
 */
export const wireVersion = 15;
/** Older ones mean other things by the same tags. */
export const wireVersionMin = 13;
export const headerByte = 0xff;
export const padding = 0;

/** Tags, as the characters that V8 chose. */
export const tags = {
  undefined: 0x5f /* _ */,
  null: 0x30 /* 0 */,
  true: 0x54 /* T */,
  false: 0x46 /* F */,
  int32: 0x49 /* I */,
  uint32: 0x55 /* U */,
  double: 0x4e /* N */,
  bigint: 0x5a /* Z */,
  utf8String: 0x53 /* S */,
  oneByteString: 0x22 /* " */,
  twoByteString: 0x63 /* c */,
  hole: 0x2d /* - */,
  objectReference: 0x5e /* ^ */,
  objectCount: 0x3f /* ? */,
  object: 0x6f /* o */,
  endObject: 0x7b /* { */,
  sparseArray: 0x61 /* a */,
  endSparseArray: 0x40 /* @ */,
  denseArray: 0x41 /* A */,
  endDenseArray: 0x24 /* $ */,
  date: 0x44 /* D */,
  trueObject: 0x79 /* y */,
  falseObject: 0x78 /* x */,
  numberObject: 0x6e /* n */,
  bigintObject: 0x7a /* z */,
  stringObject: 0x73 /* s */,
  regExp: 0x52 /* R */,
  map: 0x3b /* ; */,
  endMap: 0x3a /* : */,
  set: 0x27 /* ' */,
  endSet: 0x2c /* , */,
  arrayBuffer: 0x42 /* B */,
  transferredArrayBuffer: 0x74 /* t */,
  view: 0x56 /* V */,
  error: 0x72 /* r */,
  errorMessage: 0x6d /* m */,
  errorStack: 0x73 /* s */,
  errorCause: 0x63 /* c */,
  endError: 0x2e /* . */,
  hostObject: 0x5c /* \ */,
} as const;

/** By the name of the built-in. */
export const viewKinds: readonly (readonly [name: string, kind: number, bytesPerElement: number])[] = [
  ['Int8Array', 0x62, 1],
  ['Uint8Array', 0x42, 1],
  ['Uint8ClampedArray', 0x43, 1],
  ['Int16Array', 0x77, 2],
  ['Uint16Array', 0x57, 2],
  ['Int32Array', 0x64, 4],
  ['Uint32Array', 0x44, 4],
  ['Float16Array', 0x68, 2],
  ['Float32Array', 0x66, 4],
  ['Float64Array', 0x46, 8],
  ['BigInt64Array', 0x71, 8],
  ['BigUint64Array', 0x51, 8],
  ['DataView', 0x3f, 1],
];

export const errorKinds: readonly (readonly [name: string, kind: number])[] = [
  ['EvalError', 0x45],
  ['RangeError', 0x52],
  ['ReferenceError', 0x46],
  ['SyntaxError', 0x53],
  ['TypeError', 0x54],
  ['URIError', 0x55],
];

/** In the order of the bits; the sixth is V8's own `linear`. */
export const regExpFlags: readonly string[] = ['g', 'i', 'm', 'y', 'u', 's', 'l', 'd', 'v'];
