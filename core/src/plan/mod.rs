//! From policies and an observed world to the list of steps.
//!
//! Pure: no I/O, no clock. It may ask for more reads ([`Plan::needs`]); it never assumes what it
//! has not seen.
//!
//! Each workload is judged alone first (`desire`, `leave`), its own deployment is followed (`track`), what
//! others did over ours is noted (`takeaway`) and its logs are looked for (`logs`), then places in the
//! rollouts are given (`gate`, `capacity`, `places`, `rollout`), what they share is judged (`resources`),
//! steps are laid out (`steps`), and what nobody needs any more is removed (`revisions`, `removal`,
//! `garbage`).

mod again;
mod assemble;
mod capacity;
mod claim;
mod consider;
mod desire;
mod draft;
mod draining;
mod former;
mod garbage;
mod gate;
mod leave;
mod leaving;
mod linted;
mod listing;
mod logs;
mod look;
mod meanwhile;
mod model;
mod moved;
mod moving;
mod open;
mod places;
mod put_back;
mod recover;
mod removal;
mod reread;
mod resources;
mod retry;
mod revisions;
mod rights;
mod risks;
mod role_limits;
mod rollout;
mod scope;
mod settle;
mod sharing;
mod ship;
mod steps;
mod takeaway;
mod track;
mod wishes;

pub use assemble::{plan, plan_with_what_is_known};
pub use claim::{Claim, ORPHANS_LOOKED_FOR_PER_PASS};
pub use consider::{Consideration, Considered, ConsideredChange, ConsideredRevision, consider};
pub use draft::{DEPLOYMENT_POLL_SECONDS, READ_RETRY_SECONDS, REGISTER_CONSISTENCY_SECONDS};
pub use former::FORMER_REPLACED_PER_PASS;
pub use garbage::{OBJECT_GRACE_SECONDS, REMOVALS_PER_PASS};
pub use meanwhile::GENERATIONS_KEPT;
pub use model::{
    Decision, Holdings, Plan, PlanInput, PolicyProgress, RegisterStep, Removal, ResourceContent,
    ResourcePlan, RevisionRef, Step, UpdateStep, Wait, WorkloadPlan,
};
pub use reread::{ROLES_READ_PER_RESYNC, Repair, TAKEN_TOLD_SECONDS};
pub use resources::{
    IAM_PROPAGATION_AT_START_SECONDS, IAM_PROPAGATION_SECONDS, RESOURCE_RECHECK_SECONDS,
};
pub use revisions::DEREGISTRATIONS_PER_PASS;
pub use rights::{RIGHTS_ASKED_PER_PASS, RIGHTS_RETRY_SECONDS};
pub use rollout::{Standing, Waves};
pub use scope::{covers, held_by, retains};
pub use ship::Shipment;
pub use takeaway::{
    CONTEST_SECONDS, Contest, TAKEAWAY_LIMIT, TAKEAWAY_WINDOW_SECONDS, TAKEAWAYS_KEPT_MAX,
};
pub use track::{READ_LAG_SECONDS, REASON_DEADLINE, REASON_DEPLOYMENT_FAILED, REASON_ROLLED_BACK};
