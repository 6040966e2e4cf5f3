/**
 * The schema of `isotherm.db`, as numbered steps: step n leads from schema n-1 to n. A step that was published is never
 * changed again; a new one is added behind it.
 */
export const migrations: readonly string[] = [
  // 1: Functions and the code packs they use. A pack's file list may be megabytes long, so it is written once for each
  // code and not with every change of a function's state.
  `
  CREATE TABLE packs (
    pack_id INTEGER PRIMARY KEY,
    code_sha256 TEXT NOT NULL,
    code_bytes INTEGER NOT NULL,
    path TEXT NOT NULL,
    files TEXT NOT NULL,
    UNIQUE (code_sha256, path)
  ) STRICT;
  CREATE TABLE functions (
    name TEXT PRIMARY KEY,
    record TEXT NOT NULL,
    pack_id INTEGER NOT NULL REFERENCES packs (pack_id)
  ) STRICT;
  CREATE INDEX functions_by_pack ON functions (pack_id);
  `,
  // 2: What a function may reach is an object of its own. Until now it could only be nothing.
  `
  UPDATE functions SET record = json_set(
    json_remove(record, '$.configuration.networkAllow'), '$.configuration.network', json('{"allow":[]}')
  );
  `,
  // 3: Layers are one more pack of a function.
  `
  ALTER TABLE functions ADD COLUMN layers_pack_id INTEGER REFERENCES packs (pack_id);
  CREATE INDEX functions_by_layers ON functions (layers_pack_id);
  `,
  // 4: Published versions and aliases, and what belongs to a function as a whole. Rows of versions are read one by one, when
  // somebody asks for one; only their numbers are read at start, which the primary key alone answers.
  `
  ALTER TABLE functions ADD COLUMN facts TEXT NOT NULL DEFAULT '{"lastVersion":0,"policies":{}}';
  CREATE TABLE versions (
    name TEXT NOT NULL REFERENCES functions (name) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    published_from TEXT NOT NULL,
    record TEXT NOT NULL,
    pack_id INTEGER NOT NULL REFERENCES packs (pack_id),
    layers_pack_id INTEGER REFERENCES packs (pack_id),
    PRIMARY KEY (name, version)
  ) STRICT;
  CREATE INDEX versions_by_pack ON versions (pack_id);
  CREATE INDEX versions_by_layers ON versions (layers_pack_id);
  CREATE TABLE aliases (
    name TEXT NOT NULL REFERENCES functions (name) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (name, alias)
  ) STRICT, WITHOUT ROWID;
  `,
  // 5: Layers that were published. Their packages are found by hash; the numbers outlast the versions.
  `
  CREATE TABLE layers (
    layer TEXT NOT NULL,
    version INTEGER NOT NULL,
    code_sha256 TEXT NOT NULL,
    code_bytes INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (layer, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE layer_numbers (layer TEXT PRIMARY KEY, last_version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  // 6: Schedules. The instant that is done with changes with every firing, and is therefore no part of the record.
  `
  CREATE TABLE schedules (name TEXT PRIMARY KEY, record TEXT NOT NULL, fired_ms INTEGER) STRICT;
  `,
  // 7: Buckets, and what functions were told of their objects.
  `
  CREATE TABLE buckets (name TEXT PRIMARY KEY, directory TEXT NOT NULL, sequencer INTEGER NOT NULL) STRICT;
  CREATE TABLE bucket_objects (
    bucket TEXT NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
  ) STRICT, WITHOUT ROWID;
  `,
];
