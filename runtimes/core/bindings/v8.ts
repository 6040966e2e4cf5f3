/**
 * `internalBinding('v8')` and `internalBinding('heap_utils')`: the heap as the sandbox measures it for this environment. Flags,
 * snapshots and profiles are of the process and refused.
 */
import type { CoreContext } from '../context.ts';
import { refuses } from '../modules/refusal.ts';

const { StringPrototypeCharCodeAt } = primordials;

/** Indexes into the arrays below, and names of spaces, by the node binary. */
type V8Data = Readonly<Record<string, number>> & { readonly kHeapSpaces: readonly string[] };

export function createBindings(context: CoreContext): Record<string, object> {
  const { library } = context;
  const { v8: data } = library.require<{ readonly v8: V8Data }>('isotherm/data/machine');
  const heap = new Float64Array(32);
  const space = new Float64Array(8);
  const at = (name: string): number => data[name] ?? heap.length - 1;
  const refused: Record<string, unknown> = {};
  for (let index = 0; index < refusedFunctions.length; index++) {
    const name = refusedFunctions[index] ?? '';
    refused[name] = refuses(`v8.${name}`, name);
  }
  return {
    v8: {
      ...data,
      ...refused,
      cachedDataVersionTag: () => data.cachedDataVersionTag,
      detailLevel: { DETAILED: 0, BRIEF: 1 },
      GCProfiler: refuses('v8.GCProfiler', 'GCProfiler'),
      heapStatisticsBuffer: heap,
      heapSpaceStatisticsBuffer: space,
      heapCodeStatisticsBuffer: new Float64Array(8),
      isStringOneByteRepresentation(text: string) {
        for (let unit = 0; unit < text.length; unit++) if (StringPrototypeCharCodeAt(text, unit) > 0xff) return false;
        return true;
      },
      updateHeapStatisticsBuffer() {
        const usage = context.host.memoryUsage();
        const limit = context.settings.memorySize * 1024 * 1024;
        const used = usage[0] ?? 0;
        const total = usage[1] ?? 0;
        heap[at('kTotalHeapSizeIndex')] = total;
        heap[at('kTotalPhysicalSizeIndex')] = total;
        heap[at('kUsedHeapSizeIndex')] = used;
        heap[at('kTotalAvailableSize')] = limit > used ? limit - used : 0;
        heap[at('kHeapSizeLimitIndex')] = limit;
        heap[at('kNumberOfNativeContextsIndex')] = 1;
        heap[at('kExternalMemoryIndex')] = usage[2] ?? 0;
        heap[at('kTotalAllocatedBytes')] = total;
      },
      // The sandbox knows the heap as a whole: all of it is shown as the old space.
      updateHeapSpaceStatisticsBuffer(index: number) {
        const usage = context.host.memoryUsage();
        const isOld = data.kHeapSpaces[index] === 'old_space';
        const used = isOld ? (usage[0] ?? 0) : 0;
        const total = isOld ? (usage[1] ?? 0) : 0;
        space[at('kSpaceSizeIndex')] = total;
        space[at('kSpaceUsedSizeIndex')] = used;
        space[at('kSpaceAvailableSizeIndex')] = total - used;
        space[at('kPhysicalSpaceSizeIndex')] = total;
      },
      updateHeapCodeStatisticsBuffer: () => {},
    },
    heap_utils: {
      buildEmbedderGraph: refuses('v8.getHeapSnapshot', 'buildEmbedderGraph'),
      createHeapSnapshotStream: refuses('v8.getHeapSnapshot', 'createHeapSnapshotStream'),
      triggerHeapSnapshot: refuses('v8.writeHeapSnapshot', 'triggerHeapSnapshot'),
    },
    internal_only_v8: { queryObjects: refuses('v8.queryObjects', 'queryObjects') },
  };
}

const refusedFunctions = [
  'getCppHeapStatistics',
  'setFlagsFromString',
  'setHeapProfileNearHeapLimit',
  'setHeapSnapshotNearHeapLimit',
  'startCpuProfile',
  'startHeapProfile',
  'stopCpuProfile',
  'stopHeapProfile',
] as const;
