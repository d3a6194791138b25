//! End to end: the real binary over a real PostgreSQL, users with the real kubectl, and for AWS a local
//! stand-in. Nothing of the program is called from here but what `firelens patch` is compared with.
//! AWS is not called, and every wait has a deadline.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod destinations;
mod ministack;
mod moto;
mod one_role;
mod rollout;
mod scene;
mod shipped_policies;
