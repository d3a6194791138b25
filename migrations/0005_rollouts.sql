-- What the controller remembers of a policy's rollout in a target beside the workloads' own records.
-- Expand only: everything here is new.

CREATE TABLE rollout_records (
    target text COLLATE "C" NOT NULL,
    -- uid of the policy: one made again under the same name is another policy.
    policy text COLLATE "C" NOT NULL,
    record jsonb NOT NULL,
    PRIMARY KEY (target, policy)
);
