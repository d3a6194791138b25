-- Revisions of task definitions that the operator registered and has not deregistered yet.
-- Expand only: everything here is new.

CREATE TABLE owned_revisions (
    target text COLLATE "C" NOT NULL,
    arn text COLLATE "C" NOT NULL,
    revision jsonb NOT NULL,
    PRIMARY KEY (target, arn)
);
