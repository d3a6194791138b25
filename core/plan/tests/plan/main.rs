//! The planner over a simulated fleet: passes are applied to a world in memory, with a driven clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod build;
mod complete;
mod control;
mod drift;
mod edges;
mod evidence;
mod external_deploy;
mod former;
mod garbage;
mod gates;
mod installation;
mod leaving;
mod logs;
mod meanwhile;
mod moving;
mod open;
mod policy_plan;
mod put_back;
mod resources;
mod restless;
mod revisions;
mod rights;
mod rollout;
mod scope;
mod selection;
mod settle;
mod taken;
mod undo;
mod waves;
mod world;
