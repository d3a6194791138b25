//! Whole passes of the controller on a real PostgreSQL and the fake AWS.

use futures::{StreamExt, stream};

mod aws_shapes;
mod consistency;
mod crash;
mod evidence_reads;
mod fake_aws_adapter;
mod fit;
mod fleet;
mod fleet_owners;
mod fleet_roles;
mod health;
mod hostile;
mod installation;
mod isolation;
mod least_rights;
mod leaving;
mod moving_tags;
mod one_account;
mod other_deployers;
mod paused_rollouts;
mod plans;
mod proven_generation;
mod put_back;
mod race;
mod restore;
mod revisions;
mod role_policies;
mod rollout_reads;
mod steady_state;
mod waiters;

/// Runs in progress at once: most of a run is waiting for the database.
const RUNS: usize = 4;

/// A run of its own for each of these, some at once.
async fn for_each_run<T>(each: impl IntoIterator<Item = T>, run: impl AsyncFn(T)) {
    let run = &run;
    stream::iter(each)
        .for_each_concurrent(RUNS, |case| async move { run(case).await })
        .await;
}
