/** `package.json` files as the loader reads them: the few fields it decides by, each file once. */
import { directoryOf } from './paths.ts';

const { Error, JSONParse, ObjectCreate, StringPrototypeEndsWith } = primordials;

export interface PackageJson {
  /** Of the package, without a trailing slash. */
  readonly directory: string;
  readonly name: string | undefined;
  readonly main: string | undefined;
  readonly type: 'module' | 'commonjs' | 'none';
  readonly exports: unknown;
  readonly imports: unknown;
}

/** The file system as the loader sees it. */
export interface Files {
  /** 0: a file, 1: a directory, negative: neither. */
  stat(path: string): number;
  /** @throws as fs.readFileSync does */
  readText(path: string): string;
  realpath(path: string): string;
}

export class PackageJsons {
  readonly #files: Files;
  readonly #invalid: (path: string, message: string) => Error;
  readonly #known = ObjectCreate(null) as Record<string, PackageJson | null | undefined>;

  constructor(files: Files, invalid: (path: string, message: string) => Error) {
    this.#files = files;
    this.#invalid = invalid;
  }

  /** That of the package in `directory`, if there is one. @throws ERR_INVALID_PACKAGE_CONFIG */
  read(directory: string): PackageJson | undefined {
    const known = this.#known[directory];
    if (known !== undefined) return known ?? undefined;
    const path = directory === '/' ? '/package.json' : `${directory}/package.json`;
    const found = this.#files.stat(path) === 0 ? this.#parse(directory, path) : undefined;
    this.#known[directory] = found ?? null;
    return found;
  }

  /** The package that `file` belongs to: the nearest above, not past a `node_modules`. */
  scopeOf(file: string): PackageJson | undefined {
    for (let directory = directoryOf(file); ; directory = directoryOf(directory)) {
      if (StringPrototypeEndsWith(directory, '/node_modules')) return undefined;
      const found = this.read(directory);
      if (found !== undefined || directory === '/') return found;
    }
  }

  #parse(directory: string, path: string): PackageJson {
    let json: unknown;
    try {
      json = JSONParse(this.#files.readText(path));
    } catch (error) {
      throw this.#invalid(path, error instanceof Error ? error.message : '');
    }
    const fields = typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
    const { name, main, type, exports, imports } = fields;
    return {
      directory,
      name: typeof name === 'string' ? name : undefined,
      main: typeof main === 'string' ? main : undefined,
      type: type === 'module' || type === 'commonjs' ? type : 'none',
      exports: exports ?? undefined,
      imports: typeof imports === 'object' && imports !== null ? imports : undefined,
    };
  }
}
