-- What the controller remembers. Expand only: everything here is new.

-- Who looks after what. Only the clock of the database is asked whether a lease still runs. `epoch`
-- grows with every change of holder; writes of the controller carry it and are refused once it is old.
CREATE TABLE leases (
    name text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    acquired_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Answers of DescribeTaskDefinition, word for word. The content of a revision never changes, so a row
-- is good for ever; rows that nobody asked for in a long time are removed.
CREATE TABLE task_definitions (
    arn text COLLATE "C" PRIMARY KEY,
    document text NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX task_definitions_used_at ON task_definitions (used_at);

-- One memory per ECS service.
CREATE TABLE workload_records (
    target text COLLATE "C" NOT NULL,
    cluster text COLLATE "C" NOT NULL,
    service text COLLATE "C" NOT NULL,
    record jsonb NOT NULL,
    PRIMARY KEY (target, cluster, service)
);

-- Registrations about to happen, written before the call to AWS.
CREATE TABLE intents (
    target text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    intent jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (target, id)
);

-- Things in AWS that the operator made, or is about to make.
CREATE TABLE owned_resources (
    target text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    resource jsonb NOT NULL,
    PRIMARY KEY (target, id)
);
