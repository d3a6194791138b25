//! The planner over a simulated fleet: passes are applied to a world in memory, with a driven clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod build;
mod complete;
mod control;
mod drift;
mod edges;
mod evidence;
mod former;
mod garbage;
mod gates;
mod installation;
mod leaving;
mod logs;
mod meanwhile;
mod moving;
mod open;
mod put_back;
mod resources;
mod restless;
mod review;
mod revisions;
mod rights;
mod rollout;
mod scope;
mod selection;
mod settle;
mod ship;
mod take_back;
mod taken;
mod waves;
mod world;
