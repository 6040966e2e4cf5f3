/**
 * The files of a built runtime and the two JSON texts among them. The builder writes them, `runtime-image.ts` reads them.
 */
import { z } from 'zod';

export const imageFiles = {
  /** Hashes of the others, kind and key. */
  manifest: 'manifest.json',
  /** The script that the snapshot was taken of; run as it is when there is no snapshot. */
  core: 'core.js',
  coreCache: 'core.cache',
  snapshot: 'snapshot.bin',
  /** Sources (Latin-1) and code caches of all modules, one behind the other. */
  builtins: 'builtins.bin',
  builtinIndex: 'builtins.json',
} as const;

/** Bumped on any change of meaning. */
export const imageFormat = 1;

const manifestSchema = z.object({
  format: z.literal(imageFormat),
  key: z.string().min(1),
  kind: z.enum(['snapshot', 'code-cache']),
  reason: z.string().optional(),
  files: z.record(z.string(), z.string()),
});
export type ImageManifest = z.infer<typeof manifestSchema>;

const offset = z.number().int().nonnegative();
const builtinSchema = z.object({
  id: z.string(),
  /** What stacks show. */
  filename: z.string(),
  sourceOffset: offset,
  sourceBytes: offset,
  cacheOffset: offset,
  cacheBytes: offset,
});
export type BuiltinEntry = z.infer<typeof builtinSchema>;

export function decodeManifest(text: string): ImageManifest {
  return manifestSchema.parse(JSON.parse(text));
}

export function decodeBuiltinIndex(text: string): readonly BuiltinEntry[] {
  return z.array(builtinSchema).parse(JSON.parse(text));
}
