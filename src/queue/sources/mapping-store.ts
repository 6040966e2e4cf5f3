import type { EventSourceMapping } from '../../model/event-source-mapping.ts';
import type { CheckpointStore } from './ports.ts';

/** Where mappings and their checkpoints are kept. Whatever resolves is durable. */
export interface MappingStore extends CheckpointStore {
  mappings(): readonly EventSourceMapping[];
  saveMapping(mapping: EventSourceMapping): Promise<void>;
  /** With its checkpoints. Harmless for one that is not kept. */
  removeMapping(uuid: string): Promise<void>;
}
