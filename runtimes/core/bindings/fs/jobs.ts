/** Whole files in one step: `readFileUtf8` and `writeFileUtf8`, and the jobs behind `fs.readFile` and `fs.writeFile`. */
import { fsOperations } from '../../../../src/bridge/fs.ts';
import { limits } from '../../../../src/model/limits.ts';
import type { FsParts } from './parts.ts';
import { bytesReply, type FsOutcome, numberReply } from './request.ts';

const { NumberMAX_SAFE_INTEGER, Uint8Array } = primordials;

type PathLike = string | Uint8Array;

export function createFsJobs(
  { requests, texts, bytes }: FsParts,
  open: (path: string, flags: number, mode: number) => FsOutcome<number>,
) {
  const { perform, deliver, errorOf, laterErrorOf, enqueueOperation } = requests;

  /** The content, or the descriptor of a file too large for one call. */
  function readWhole(path: string, flags: number): FsOutcome<ArrayBuffer | { fd: number; size: number }> {
    const outcome = perform(fsOperations.readFile, path, flags);
    if (outcome.kind === 'failed') return outcome;
    if (typeof outcome.value !== 'number') return { kind: 'done', value: bytesReply(outcome.value) };
    const size = numberReply(outcome.value);
    const opened = open(path, flags, 0o666);
    if (opened.kind === 'failed') return { kind: 'failed', errno: opened.errno, syscall: 'open' };
    return { kind: 'done', value: { fd: opened.value, size } };
  }

  function readAllOf(fd: number): FsOutcome<Uint8Array> {
    const outcome = bytes.readPieces(fd, NumberMAX_SAFE_INTEGER, -1);
    return outcome.kind === 'failed' ? outcome : { kind: 'done', value: bytes.joined(outcome.value) };
  }

  function readPath(path: string, flags: number): FsOutcome<Uint8Array> {
    const outcome = readWhole(path, flags);
    if (outcome.kind === 'failed') return outcome;
    if (!('fd' in outcome.value)) return { kind: 'done', value: new Uint8Array(outcome.value) };
    const content = readAllOf(outcome.value.fd);
    perform(fsOperations.close, outcome.value.fd);
    return content;
  }

  function writeWhole(path: string, flags: number, mode: number, content: Uint8Array): FsOutcome<unknown> {
    if (content.byteLength <= limits.fsBytesPerCallMax) {
      return perform(fsOperations.writeFile, path, flags, mode, bytes.exact(content));
    }
    const opened = open(path, flags, mode);
    if (opened.kind === 'failed') return { kind: 'failed', errno: opened.errno, syscall: 'open' };
    const written = writeRest(opened.value, content);
    perform(fsOperations.close, opened.value);
    return written;
  }

  function writeRest(fd: number, content: Uint8Array): FsOutcome<unknown> {
    let done = 0;
    do {
      const outcome = bytes.writeAll(fd, bytes.bytesOf(content, done), -1);
      if (outcome.kind === 'failed') return { kind: 'failed', errno: outcome.errno, syscall: 'write' };
      done += outcome.value;
    } while (done < content.byteLength);
    return { kind: 'done', value: 0 };
  }

  /** Once the file is open, errors name no path. */
  function subjectOf(outcome: FsOutcome<unknown>, path: string) {
    const isOpen = outcome.kind === 'failed' && (outcome.syscall === 'read' || outcome.syscall === 'write');
    return isOpen ? { syscall: outcome.syscall } : { syscall: 'open', path };
  }

  class ReadFileJob {
    ondone: ((...results: unknown[]) => void) | undefined;
    readonly #path: string;
    readonly #flags: number;

    constructor(path: PathLike, flags: number) {
      this.#path = texts.path(path);
      this.#flags = flags;
    }

    run(): undefined {
      const outcome = readWhole(this.#path, this.#flags);
      enqueueOperation(() => {
        // This job's errors name the path also when only the reading failed.
        if (outcome.kind === 'failed') this.ondone?.(laterErrorOf(outcome, { syscall: 'open', path: this.#path }));
        else if ('fd' in outcome.value) this.ondone?.(null, undefined, outcome.value.fd, outcome.value.size);
        else this.ondone?.(null, texts.asBuffer(outcome.value), -1, outcome.value.byteLength);
      });
    }
  }

  class WriteFileJob {
    ondone: ((error: unknown) => void) | undefined;
    readonly #path: string;
    readonly #flags: number;
    readonly #mode: number;
    readonly #view: ArrayBufferView;

    constructor(path: PathLike, flags: number, mode: number, view: ArrayBufferView) {
      this.#path = texts.path(path);
      this.#flags = flags;
      this.#mode = mode;
      this.#view = view;
    }

    run(): undefined {
      const outcome = writeWhole(this.#path, this.#flags, this.#mode, bytes.bytesOf(this.#view));
      enqueueOperation(() => {
        this.ondone?.(outcome.kind === 'failed' ? laterErrorOf(outcome, subjectOf(outcome, this.#path)) : null);
      });
    }
  }

  return {
    ReadFileJob,
    WriteFileJob,
    readFileUtf8(file: PathLike | number, flags: number): string {
      const path = typeof file === 'number' ? undefined : texts.path(file);
      const outcome = typeof file === 'number' ? readAllOf(file) : readPath(texts.path(file), flags);
      if (outcome.kind === 'failed') {
        throw errorOf(outcome, path === undefined ? { syscall: 'read' } : subjectOf(outcome, path));
      }
      return texts.decode(outcome.value);
    },
    writeFileUtf8(file: PathLike | number, text: string, flags: number, mode: number) {
      const content = texts.encode(text);
      if (typeof file === 'number')
        return deliver(undefined, { syscall: 'write' }, writeRest(file, content), () => undefined);
      const path = texts.path(file);
      const outcome = writeWhole(path, flags, mode, content);
      return deliver(undefined, subjectOf(outcome, path), outcome, () => undefined);
    },
  };
}
