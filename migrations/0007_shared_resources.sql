-- Two targets can own one thing in AWS: an object in a bucket that both name, or a role policy that an
-- older version wrote for all targets of an account. Expand only.

-- Since when its target is taking it away from AWS; null while it is not. Another target that wants the
-- same thing does not rely on it before that has ended.
ALTER TABLE owned_resources ADD COLUMN removing_at timestamptz;

-- Who else owns the same thing.
CREATE INDEX owned_resources_id ON owned_resources (id);
