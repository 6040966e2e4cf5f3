/** `readdir` with `recursive`: a walk directory by directory, breadth first, as Node's own. Links to directories are entered. */
import { fsOperations } from '../../../../src/bridge/fs.ts';
import type { FsParts } from './parts.ts';
import { type FsOutcome, type FsRequest, listReply } from './request.ts';

const { ArrayPrototypePush, Uint32Array, Uint8Array } = primordials;

/** UV_DIRENT_*. */
const direntTypes = { directory: 2, link: 3 } as const;
const fileTypeMask = 0o170000;
const directoryType = 0o040000;

interface Walk {
  /** All names, or their paths relative to the root. */
  readonly names: string[];
  readonly types: number[];
  /** `counts[i]` names lie in `directories[i]`, a path relative to the root. */
  readonly counts: number[];
  readonly directories: string[];
}

export function createFsTree({ requests, texts }: FsParts) {
  const { perform, deliver } = requests;

  function isDirectory(path: string, type: number): boolean {
    if (type !== direntTypes.link) return type === direntTypes.directory;
    const outcome = perform(fsOperations.stat, path);
    if (outcome.kind === 'failed') return false;
    const mode = listReply(outcome.value)[1];
    return typeof mode === 'number' && (mode & fileTypeMask) === directoryType;
  }

  function walk(root: string, withTypes: boolean): FsOutcome<Walk> {
    const found: Walk = { names: [], types: [], counts: [], directories: [''] };
    for (let i = 0; i < found.directories.length; i++) {
      const relative = found.directories[i] ?? '';
      const outcome = perform(fsOperations.readdir, relative === '' ? root : `${root}/${relative}`);
      if (outcome.kind === 'failed') return outcome;
      const list = listReply(outcome.value);
      for (let at = 0; at + 1 < list.length; at += 2) {
        const name = list[at];
        const type = list[at + 1];
        if (typeof name !== 'string' || typeof type !== 'number') continue;
        const below = relative === '' ? name : `${relative}/${name}`;
        ArrayPrototypePush(found.names, withTypes ? name : below);
        ArrayPrototypePush(found.types, type);
        if (isDirectory(`${root}/${below}`, type)) ArrayPrototypePush(found.directories, below);
      }
      ArrayPrototypePush(found.counts, list.length / 2);
    }
    return { kind: 'done', value: found };
  }

  function named(list: readonly string[], encoding: string | undefined): (string | Uint8Array)[] {
    const names: (string | Uint8Array)[] = [];
    for (let i = 0; i < list.length; i++) ArrayPrototypePush(names, texts.name(list[i] ?? '', encoding));
    return names;
  }

  return {
    readdirRecursive(path: string | Uint8Array, encoding: string | undefined, withTypes: boolean, request: FsRequest) {
      const root = texts.path(path);
      return deliver(request, { syscall: 'scandir', path: root }, walk(root, withTypes), (found) => {
        const names = named(found.names, encoding);
        if (!withTypes) return names;
        return [names, new Uint8Array(found.types), new Uint32Array(found.counts), named(found.directories, encoding)];
      });
    },
  };
}
