/**
 * The service `zlib`: one codec for each of Node's zlib handles in a guest, kept by the sandbox under an id that the guest chose.
 *
 * A guest writes input and asks for output: first as much as its stream has room for in the piece that it fills, then whole pieces
 * of the size that its stream has. Where a piece ends matters, because a codec that filled one is asked for more, and answers a
 * flush anew. To save crossings the sandbox works ahead by some pieces, at most `zlibOutputBytesMax`, and no further: output comes
 * into being only as the guest asks for it.
 *
 * A spec says what a codec is: whole numbers, joined by commas, `-` for absent. First the mode (Node's own number), then
 * - of zlib (1 to 7): windowBits, level, memLevel, strategy, rejectGarbageAfterEnd
 * - of brotli and zstd: pledgedSrcSize, rejectGarbageAfterEnd, then parameter and value in turn.
 *
 * A step is answered with `[bytes, availIn, progress, message, errno, code]`: whole pieces, except the last when the codec wants
 * no more; how much of the input it has not taken; and, when an error came behind these bytes, Node's words for it.
 */
export const zlibOperations = {
  /** spec, dictionary. To know at once that Node refuses the parameters, or for the dictionary: undefined, or a failure. */
  open: 1,
  /** flush, roomBytes, pieceBytes, input, spec. The codec is made if there is none. Without input: goes on with the rest. */
  step: 2,
  /** As `step`, away from the main thread (`start`); the answer is an event of kind `stepped`. */
  write: 3,
  /** level, strategy */
  params: 4,
  reset: 5,
  close: 6,
  /** value, and a text or bytes: the checksum. */
  crc32: 7,
} as const;

export const zlibEvents = { stepped: 1 } as const;

export const zlibProgress = {
  /** It wants other input, or has ended. */
  idle: 0,
  /** There is more to come: ask again, without input. */
  more: 1,
  /** All input was taken and flushed for good; the codec is closed. */
  ended: 2,
} as const;

/** Code of an error for what isotherm bounds. */
export const zlibLimitCode = 'ERR_ISOTHERM_ZLIB_LIMIT';
