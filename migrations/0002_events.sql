-- Events: what happened to an object, for people. Equal events are counted, not repeated.
-- Expand only: everything here is new.

CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    object_kind text NOT NULL,
    object_name text COLLATE "C" NOT NULL,
    object_uid text NOT NULL,
    type text NOT NULL CHECK (type IN ('Normal', 'Warning')),
    reason text NOT NULL,
    message text NOT NULL,
    component text NOT NULL,
    count bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (object_kind, object_name, object_uid, type, reason, message, component)
);

-- Retention removes the oldest.
CREATE INDEX events_last_at ON events (last_at);
