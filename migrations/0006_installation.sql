-- Which installation this is, and the content of policy generations that workloads may need again.
-- Expand only: everything here is new.

-- One row, once the operator was started. Its id is in the labels of every revision that the operator
-- registers, and tells them from those of another installation that looks after the same account.
CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);

-- What a policy said in a generation that a rollout worked with: where the next one has to wait, a
-- workload that ran this one gets it back meanwhile.
CREATE TABLE policy_generations (
    target text COLLATE "C" NOT NULL,
    -- uid of the policy: one made again under the same name is another policy.
    policy text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    -- The policy and the destinations that it names.
    content jsonb NOT NULL,
    PRIMARY KEY (target, policy, generation)
);
