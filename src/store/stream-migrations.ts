/**
 * The schema of `streams.db`, numbered as in `migrations.ts`. It is a file of its own, because it may be gigabytes long, and because
 * checkpoints are written all the time: the functions' database is checked whole at every start, and waits for the disk.
 */
export const streamMigrations: readonly string[] = [
  // 1: A record's key is its shard's number, shifted, and its position: one tree, to which is only appended and from whose
  // beginnings is only removed. `last_position` outlasts the records.
  `
  CREATE TABLE streams (
    stream_id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_name TEXT NOT NULL UNIQUE,
    shards INTEGER NOT NULL,
    retention_hours INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE shards (
    shard_key INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_id INTEGER NOT NULL REFERENCES streams (stream_id) ON DELETE CASCADE,
    shard INTEGER NOT NULL,
    last_position INTEGER NOT NULL DEFAULT 0,
    UNIQUE (stream_id, shard)
  ) STRICT;
  CREATE TABLE records (
    record_key INTEGER PRIMARY KEY,
    partition_key TEXT NOT NULL,
    arrived_ms INTEGER NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  `,
  // 2: Event source mappings, and how far each has got in each shard. `lanes`: see queue/sources/shard-progress.
  `
  CREATE TABLE mappings (uuid TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
  CREATE TABLE checkpoints (
    uuid TEXT NOT NULL REFERENCES mappings (uuid) ON DELETE CASCADE,
    shard_id TEXT NOT NULL,
    after TEXT NOT NULL,
    lanes TEXT NOT NULL,
    is_ended INTEGER NOT NULL,
    PRIMARY KEY (uuid, shard_id)
  ) STRICT, WITHOUT ROWID;
  `,
];
