// What the graph's database is made of, version by version.
//
//   name ───────> image ──────> layer ──> layer ──> (no parent)
//   busybox:latest  │ parent      ^          ^ parent
//   busybox@sha256… └> image      │          │
//                   │          read_write (what a container or a build step writes)
//                   └> image_blob ─> content/blobs/sha256/…
//   container ──> image, read_write
//   endpoint ──> network (a container's place in it, while it runs)
//
// A migration is never changed once it is released: there are databases that it made.
// The next one is a new entry. Only forward: an older tocker refuses a newer database.

export const migrations: readonly string[] = [
  `
  CREATE TABLE layer (
    chain_id  TEXT PRIMARY KEY,
    diff_id   TEXT NOT NULL,
    parent    TEXT REFERENCES layer,
    -- What the graph driver calls it.
    driver_id TEXT NOT NULL UNIQUE,
    -- Bytes of its files' content.
    size      INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX layer_parent ON layer (parent);

  CREATE TABLE image (
    -- Digest of its config.
    id          TEXT PRIMARY KEY,
    -- The image that it was committed from.
    parent      TEXT REFERENCES image,
    -- NULL: no layer at all.
    top_layer   TEXT REFERENCES layer,
    -- Digest of the manifest that it came with, if it came with one.
    manifest    TEXT,
    -- Milliseconds since the epoch, as both.
    created     INTEGER NOT NULL,
    last_tagged INTEGER
  ) STRICT;
  CREATE INDEX image_parent ON image (parent);
  CREATE INDEX image_layer ON image (top_layer);

  -- Blobs that an image keeps: its config, its manifest, its layers as they came.
  CREATE TABLE image_blob (
    image  TEXT NOT NULL REFERENCES image ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (image, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_blob_digest ON image_blob (digest);

  -- Canonical references: docker.io/library/busybox:latest, docker.io/library/busybox@sha256:…
  CREATE TABLE name (
    reference TEXT PRIMARY KEY,
    image     TEXT NOT NULL REFERENCES image
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX name_image ON name (image);

  -- This blob, unpacked, is that diff. True for ever, whether the blob is here or not.
  CREATE TABLE layer_blob (
    digest     TEXT PRIMARY KEY,
    diff_id    TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size       INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX layer_blob_diff ON layer_blob (diff_id);

  CREATE TABLE read_write (
    driver_id TEXT PRIMARY KEY,
    parent    TEXT REFERENCES layer
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE container (
    id      TEXT PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    -- Not a foreign key: rmi -f takes an image from under its stopped containers.
    image   TEXT NOT NULL,
    layer   TEXT NOT NULL REFERENCES read_write,
    created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX container_image ON container (image);
  `,
  `
  -- What the daemon knows of a container, as JSON: its config, its state, its mounts.
  ALTER TABLE container ADD COLUMN record TEXT;

  CREATE TABLE volume (
    name    TEXT PRIMARY KEY,
    -- JSON objects of strings.
    labels  TEXT NOT NULL,
    options TEXT NOT NULL,
    -- Named by nobody: it goes with the container that it was made for, if asked.
    anonymous INTEGER NOT NULL,
    created INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE volume_use (
    volume    TEXT NOT NULL REFERENCES volume,
    container TEXT NOT NULL REFERENCES container ON DELETE CASCADE,
    PRIMARY KEY (volume, container)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX volume_use_container ON volume_use (container);
  `,
  `
  CREATE TABLE network (
    id     TEXT PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    -- JSON: driver, subnets, options, labels.
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Of containers that run. The row is there before the first interface is, and goes after the
  -- last: whatever a killed daemon left has a row that says what it is called.
  CREATE TABLE endpoint (
    id        TEXT PRIMARY KEY,
    network   TEXT NOT NULL REFERENCES network,
    container TEXT NOT NULL,
    -- No address twice, whatever else goes wrong.
    ipv4      TEXT,
    ipv6      TEXT,
    -- JSON: names of interfaces, MAC address, published ports.
    record    TEXT NOT NULL,
    UNIQUE (network, ipv4),
    UNIQUE (network, ipv6)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX endpoint_container ON endpoint (container);
  `,
]
