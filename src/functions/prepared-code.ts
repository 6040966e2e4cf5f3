import type { EntryPoint } from '../bridge/contract.ts';
import type { SyntaxProblem } from './syntax-problem.ts';

/** One file of a code package as it lies in the pack. */
export interface PackedFile {
  /** Relative to `/var/task`, POSIX separators, normalised, never leaving it. */
  readonly path: string;
  /** Permission bits; 0o644 or 0o755. */
  readonly mode: number;
  /** Position in the pack. */
  readonly offset: number;
  readonly bytes: number;
}

/**
 * A code package as it is kept: all files one behind the other in one file (the *pack*), with an index. Immutable, named by its hash.
 */
export interface CodePack {
  /** Base64 SHA-256, Lambda's `CodeSha256`: of the zip, or for source and directories of the pack. */
  readonly codeSha256: string;
  /** Lambda's `CodeSize`: bytes of the zip, or of the pack. */
  readonly codeBytes: number;
  /** Absolute host path of the pack file. */
  readonly packPath: string;
  readonly files: readonly PackedFile[];
  /** What environments find below `/opt`, beside this package below `/var/task`. */
  readonly layers?: CodePack;
}

/** What a sandbox needs to run one version: the bundle made for its handler and runtime, and the pack for `/var/task`. */
export interface PreparedCode {
  /** Changes with code, handler, runtime and every setting an environment sees: environments of another key are never reused. */
  readonly versionKey: string;
  readonly entry: EntryPoint;
  /** UTF-8 text of the compiled entry; absent when the entry is an error. Read from disk at each use: keep it while you need it. */
  readonly bundle?: Uint8Array;
  readonly sourceMap?: Uint8Array;
  readonly pack: CodePack;
  /** The mistake behind an entry error of type `Runtime.UserCodeSyntaxError`, for whoever shows it with its place. */
  readonly problem?: SyntaxProblem;
}
