-- Objects of the API, their revision counter and their change log.
--
-- Expand only: everything here is new. A later migration may add columns with defaults and tables;
-- what an older binary still reads or writes is taken away only in a release after the one that
-- stopped using it, because two versions run side by side while a deployment rolls.

-- One row. Every transaction that changes an object locks it by adding to `value`, and holds that
-- lock until its commit. So revisions become visible in the order in which they were given out: a
-- reader who has seen revision 8 has seen 7 as well, which a sequence cannot promise (it gives out 7,
-- then 8, and 8 may commit first). A rolled back transaction gives its number back: no holes.
CREATE TABLE revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Newest resourceVersion. Starts at 1, because 0 means "any" to Kubernetes clients.
    value bigint NOT NULL,
    -- Newest resourceVersion that changed what people ask for, not what the operator reports.
    desired bigint NOT NULL,
    -- Changes up to and including this revision are no longer kept.
    compacted bigint NOT NULL DEFAULT 0,
    -- Renewed when history was lost (a restore, a failover to a late replica): resourceVersions given
    -- out under another timeline mean nothing.
    timeline uuid NOT NULL DEFAULT gen_random_uuid()
) WITH (fillfactor = 10);

INSERT INTO revision (value, desired) VALUES (1, 1);

-- Names are ordered by bytes, as pages of a list are cut by them and must not move with a locale.
CREATE TABLE objects (
    kind text NOT NULL,
    name text COLLATE "C" NOT NULL,
    uid uuid NOT NULL UNIQUE,
    generation bigint NOT NULL,
    resource_version bigint NOT NULL,
    labels jsonb NOT NULL,
    -- The whole object without metadata.resourceVersion. Type json, not jsonb: members keep the
    -- order in which their author wrote them.
    object json NOT NULL,
    PRIMARY KEY (kind, name)
) WITH (fillfactor = 80);

-- What watches are served from. Bounded by age and by rows; see `compacted`.
CREATE TABLE changes (
    resource_version bigint PRIMARY KEY,
    kind text NOT NULL,
    name text COLLATE "C" NOT NULL,
    type text NOT NULL CHECK (type IN ('ADDED', 'MODIFIED', 'DELETED')),
    object json NOT NULL,
    -- The object before, only where its labels changed: a watch with a label selector tells from it
    -- that an object has left what it selects.
    previous json,
    changed_at timestamptz NOT NULL DEFAULT now()
);
