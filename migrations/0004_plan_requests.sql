-- Questions to the controller: what would this policy do? The API asks, the holder of each target's
-- lease answers, the API takes the answers away. Nothing here is needed after a minute, so the tables
-- are not logged: a crash of the database empties them, and whoever asked asks again.
-- Expand only: everything here is new.

CREATE UNLOGGED TABLE plan_requests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The targets that are to answer.
    targets text[] NOT NULL,
    request jsonb NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNLOGGED TABLE plan_answers (
    request bigint NOT NULL REFERENCES plan_requests (id) ON DELETE CASCADE,
    target text COLLATE "C" NOT NULL,
    answer json NOT NULL,
    PRIMARY KEY (request, target)
);
