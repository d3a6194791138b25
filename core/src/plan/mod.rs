//! From policies and an observed world to the list of steps.
//!
//! Pure: no I/O, no clock. It may ask for more reads ([`Plan::needs`]); it never assumes what it
//! has not seen.

mod model;

pub use model::{
    Decision, Plan, PlanInput, PolicyProgress, RegisterStep, Removal, ResourceContent, ResourcePlan, RevisionRef, Step,
    UpdateStep, Wait, WorkloadPlan,
};
