//! One workload alone: what it should look like (`desire`, `eject`, `meanwhile`), how its deployments go (`track`,
//! `put_back`, `settle`, `leaving`), what others did to it (`revert`, `claim`), and whether its logs arrive (`logs`).
//!
//! No other workload is considered: what they share is evaluated in `resources` and `rollout`.

pub(crate) mod capacity;
pub(crate) mod claim;
pub(crate) mod desire;
pub(crate) mod draft;
pub(crate) mod draining;
pub(crate) mod eject;
pub(crate) mod external_deploy;
pub(crate) mod injectors;
pub(crate) mod leaving;
pub(crate) mod logs;
pub(crate) mod meanwhile;
pub(crate) mod moving;
pub(crate) mod policy_errors;
pub(crate) mod put_back;
pub(crate) mod recover;
pub(crate) mod retry;
pub(crate) mod revert;
pub(crate) mod risks;
pub(crate) mod scope;
pub(crate) mod settle;
pub(crate) mod track;
