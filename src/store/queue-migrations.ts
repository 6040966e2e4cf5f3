/**
 * The schema of `queue.db`, numbered as that of `isotherm.db` is. A file of its own: it may hold gigabytes, which a start does not read, and
 * its commits are made durable by the group.
 */
export const queueMigrations: readonly string[] = [
  // 1: Asynchronous invocations. How many wait is kept with their queue, so that a start counts nothing. Payloads lie apart, so that a
  // change of an event's state does not write them again. An id is never given twice, so that nobody ends another event. What waits is found by the first index alone, in its order.
  `
  CREATE TABLE queues (
    queue_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    is_retired INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX queues_by_name ON queues (name) WHERE is_retired = 0;
  CREATE TABLE events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    qualifier TEXT,
    accepted_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    setbacks INTEGER NOT NULL DEFAULT 0,
    hops INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL,
    is_under_way INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX events_waiting ON events (queue_id, due_ms, event_id) WHERE is_under_way = 0;
  CREATE INDEX events_under_way ON events (event_id) WHERE is_under_way = 1;
  CREATE TABLE payloads (event_id INTEGER PRIMARY KEY, details TEXT NOT NULL, payload BLOB NOT NULL) STRICT;
  CREATE TABLE records (
    record_id INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    name TEXT NOT NULL,
    request_id TEXT NOT NULL,
    head TEXT NOT NULL,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX records_waiting ON records (target, due_ms, record_id);
  `,
];
