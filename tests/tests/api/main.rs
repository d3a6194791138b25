//! The API on a real PostgreSQL, spoken to over HTTP.

mod admission;
mod control;
mod deletion;
mod objects;
mod watch;
mod wire;
