//! Role policies and S3 objects: which must be there, whether they are, and what to write.
//!
//! A statement is kept for as long as a revision of ours that needs it runs. A write is planned only after the
//! current state was read.

pub(crate) mod look;
pub(crate) mod reread;
pub(crate) mod rights;
pub(crate) mod role_limits;
pub(crate) mod sharing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::input::PlanInput;
use crate::model::{ResourceContent, ResourcePlan, Wait};
use crate::resources::look::look;
use crate::resources::role_limits::Bounded;
use crate::workload::draft::find_policy;
use firelens_aws::iam::{self, Grant, Statement};
use firelens_aws::observe::Needs;
use firelens_aws::record::{OwnedResource, PolicyRef, ResourceId, RightsTaken};
use firelens_inject::ConfigObject;
use firelens_taskdef::sha256_hex;

/// How long a role policy or object that was seen to be right is trusted before it is read again. They change only
/// when somebody tampers with them, and IAM publishes no read budget.
pub const RESOURCE_RECHECK_SECONDS: i64 = 3_600;

/// Time given to a written role policy before tasks may rely on it. IAM is eventually consistent and
/// gives no bound; its advice is to keep such changes out of critical paths and to verify them:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>.
pub const IAM_PROPAGATION_SECONDS: i64 = 15;

/// The same for rights without which a task does not start at all ([`Grant::is_needed_to_start`]): a router that
/// may not send yet retries, while a task that may not start fails the deployment. Rights are written ahead.
pub const IAM_PROPAGATION_AT_START_SECONDS: i64 = 60;

/// The state of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It exists, and for long enough to rely on it.
    Ready,
    /// It exists; IAM needs until then to propagate it.
    Spreading(Timestamp),
    /// It must be written.
    Write,
    /// The role it belongs to does not exist.
    RoleMissing,
    /// Its state is not known until it is read.
    Unread(String),
    /// The inline policies of the role would be longer than IAM allows: the characters of this one, and of the
    /// others.
    TooLong { characters: usize, others: usize },
    /// The permissions boundary of the role would deny it; with the description.
    BoundaryDenies(String),
}

/// What one policy wants in one role, or as one object.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) policy: PolicyRef,
    pub(crate) content: ResourceContent,
    /// The statements of a role policy; empty for objects.
    pub(crate) statements: Vec<Statement>,
    pub(crate) digest: String,
    /// Whether a running revision needs it, not only one that is about to be made.
    pub(crate) in_use: bool,
    /// Whether no task starts without it.
    pub(crate) at_start: bool,
}

impl Wanted {
    /// The document of a role policy.
    pub(crate) fn document(&self) -> Option<&str> {
        match &self.content {
            ResourceContent::RolePolicy(document) => Some(document),
            ResourceContent::Object(_) => None,
        }
    }
}

/// Collects the wanted resources, by id.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    statements: BTreeMap<(String, PolicyKey), Vec<Statement>>,
    policies: BTreeMap<PolicyKey, BTreeSet<PolicyRef>>,
    used_roles: BTreeSet<(String, PolicyKey)>,
    roles_at_start: BTreeSet<(String, PolicyKey)>,
    objects: BTreeMap<ResourceId, Wanted>,
}

/// The name of a policy. Not its uid: a policy that was deleted and made again has the same inline policy, and
/// what runs of the old one still needs its part of it.
type PolicyKey = String;

impl Wishes {
    /// Adds role statements; `in_use` when a running revision needs them.
    pub(crate) fn grants(&mut self, policy: &PolicyRef, grants: &[Grant], in_use: bool) {
        for grant in grants {
            let Some(role) = iam::role_name(&grant.role_arn) else {
                continue;
            };
            let key = (role.name.clone(), policy.name.clone());
            self.statements
                .entry(key.clone())
                .or_default()
                .extend(grant.statements.iter().cloned());
            let of_name = self.policies.entry(policy.name.clone()).or_default();
            of_name.insert(policy.clone());
            if grant.is_needed_to_start() {
                self.roles_at_start.insert(key.clone());
            }
            if in_use {
                self.used_roles.insert(key);
            }
        }
    }

    /// Adds configuration objects.
    pub(crate) fn objects(&mut self, policy: &PolicyRef, objects: &[ConfigObject], in_use: bool) {
        for object in objects {
            let wanted = self
                .objects
                .entry(object_id(object))
                .or_insert_with(|| Wanted {
                    policy: policy.clone(),
                    content: ResourceContent::Object(object.body.clone()),
                    statements: Vec::new(),
                    digest: object.sha256.clone(),
                    in_use: false,
                    at_start: true,
                });
            wanted.in_use |= in_use;
        }
    }

    /// Returns everything wanted, by id; for the policy that exists today, in its newest generation.
    pub(crate) fn into_wanted(self, input: &PlanInput<'_>) -> BTreeMap<ResourceId, Wanted> {
        let mut wanted = self.objects;
        let newest: BTreeMap<&PolicyKey, &PolicyRef> = self
            .policies
            .iter()
            .filter_map(|(name, same_name)| {
                let exists = |policy: &PolicyRef| find_policy(input, policy).is_some();
                let newest = same_name
                    .iter()
                    .max_by_key(|policy| (exists(policy), policy.generation));
                Some((name, newest?))
            })
            .collect();
        for ((role, name), statements) in self.statements {
            let Some(policy) = newest.get(&name).copied() else {
                continue;
            };
            let document = iam::policy_document(&statements);
            wanted.insert(
                role_policy(input.target.name(), &role, policy),
                Wanted {
                    policy: policy.clone(),
                    digest: sha256_hex(document.as_bytes()),
                    content: ResourceContent::RolePolicy(document),
                    statements: iam::merge(&statements),
                    at_start: self.roles_at_start.contains(&(role.clone(), name.clone())),
                    in_use: self.used_roles.contains(&(role, name)),
                },
            );
        }
        wanted
    }
}

/// The id of the inline policy that a target has in a role for a policy.
pub(crate) fn role_policy(target: &str, role: &str, policy: &PolicyRef) -> ResourceId {
    ResourceId::RolePolicy {
        role: role.to_owned(),
        policy_name: iam::policy_name(target, &policy.name),
    }
}

/// The ids that one change relies on.
pub(crate) fn ids_of(
    input: &PlanInput<'_>,
    policy: &PolicyRef,
    grants: &[Grant],
    objects: &[ConfigObject],
) -> Vec<ResourceId> {
    let roles = grants.iter().filter_map(|grant| {
        let role = iam::role_name(&grant.role_arn)?;
        Some(role_policy(input.target.name(), &role.name, policy))
    });
    let ids: BTreeSet<ResourceId> = objects.iter().map(object_id).chain(roles).collect();
    ids.into_iter().collect()
}

/// The state of a resource, and what to do about it.
pub(crate) struct Evaluated {
    pub(crate) state: State,
    /// The row to record of a resource that was seen to be right.
    pub(crate) verified: Option<OwnedResource>,
    /// What may limit a role policy, where that is not known for certain.
    pub(crate) doubt: Option<String>,
    /// Set when others removed it since it was seen.
    pub(crate) taken: Option<RightsTaken>,
}

impl From<State> for Evaluated {
    fn from(state: State) -> Self {
        Self {
            state,
            verified: None,
            doubt: None,
            taken: None,
        }
    }
}

/// What is read again of the resources that were seen to be right lately.
pub(crate) struct Reread<'a> {
    /// Whether the last look counts; without it a resource is looked at before anything is moved onto it.
    pub(crate) trusted: bool,
    /// The role policies that this pass reads again.
    pub(crate) due: &'a BTreeSet<&'a ResourceId>,
}

/// Evaluates one resource of `all` that are wanted; requests reads through `needs`.
pub(crate) fn evaluate(
    input: &PlanInput<'_>,
    id: &ResourceId,
    all: &BTreeMap<ResourceId, Wanted>,
    again: &Reread<'_>,
    needs: &mut Needs,
) -> Evaluated {
    let Some(wanted) = all.get(id) else {
        return State::Ready.into();
    };
    if let Some(document) = wanted.document() {
        let characters = iam::policy_size_characters(document);
        if characters > iam::INLINE_POLICY_TOTAL_CHARACTERS {
            let others = 0;
            return State::TooLong { characters, others }.into();
        }
    }
    let known = input
        .resources
        .get(id)
        // What a policy wrote that is gone is read again, and recorded for the policy of today.
        .filter(|known| known.digest == wanted.digest && known.policy.uid == wanted.policy.uid);
    if let Some(known) = known
        && let (Some(written_at), Some(verified_at)) = (known.written_at, known.verified_at)
        && input.now.duration_since(verified_at)
            < SignedDuration::from_secs(RESOURCE_RECHECK_SECONDS)
    {
        let state = settled(id, wanted, written_at, input.now);
        // Nothing is moved while IAM propagates it.
        if again.trusted || state != State::Ready {
            match reread::is_still_there(input, id, wanted, again.due, needs) {
                None => return state.into(),
                Some(true) => return seen_again(input, known, state),
                Some(false) => {}
            }
        }
    }
    let (seen, doubt) = match look_and_hold(input, id, all, wanted, needs) {
        Ok(result) => result,
        Err(state) => return state.into(),
    };
    if !seen {
        return Evaluated {
            state: State::Write,
            verified: None,
            doubt,
            taken: reread::taken(input, id, known),
        };
    }
    let written_at = known
        .and_then(|known| known.written_at)
        .unwrap_or(input.now);
    Evaluated {
        state: settled(id, wanted, written_at, input.now),
        verified: Some(OwnedResource {
            written_at: Some(written_at),
            verified_at: Some(input.now),
            ..row(input, id, wanted, doubt.clone())
        }),
        doubt,
        taken: None,
    }
}

/// The resource was read again and is unchanged.
fn seen_again(input: &PlanInput<'_>, known: &OwnedResource, state: State) -> Evaluated {
    Evaluated {
        state,
        verified: Some(OwnedResource {
            reread_at: Some(input.now),
            ..known.clone()
        }),
        doubt: known.doubt.clone(),
        taken: None,
    }
}

/// Whether AWS shows the resource as wanted; for a role policy also what its boundary denies, and before it is
/// written whether the role has room.
fn look_and_hold(
    input: &PlanInput<'_>,
    id: &ResourceId,
    all: &BTreeMap<ResourceId, Wanted>,
    wanted: &Wanted,
    needs: &mut Needs,
) -> Result<(bool, Option<String>), State> {
    let seen = look(input, id, wanted, needs)?;
    let ResourceId::RolePolicy { role, policy_name } = id else {
        return Ok((seen, None));
    };
    let doubt = match role_limits::bounded(input, role, wanted, needs)? {
        Bounded::Free => None,
        // A policy that exists is not removed because of that.
        Bounded::Denied(text) if seen => Some(text),
        Bounded::Denied(text) => return Err(State::BoundaryDenies(text)),
        Bounded::Doubt(text) => Some(text),
    };
    if !seen {
        role_limits::room(input, role, policy_name, all, needs)?;
    }
    Ok((seen, doubt))
}

fn row(
    input: &PlanInput<'_>,
    id: &ResourceId,
    wanted: &Wanted,
    doubt: Option<String>,
) -> OwnedResource {
    let known = input.resources.get(id);
    OwnedResource {
        target: input.target.name().to_owned(),
        id: id.clone(),
        policy: wanted.policy.clone(),
        digest: wanted.digest.clone(),
        written_at: None,
        verified_at: None,
        reread_at: None,
        spare_since: None,
        doubt,
        taken: known.and_then(|known| known.taken.clone()),
    }
}

/// The write that brings a resource into its wanted state.
pub(crate) fn write(
    input: &PlanInput<'_>,
    id: &ResourceId,
    wanted: &Wanted,
    evaluated: &Evaluated,
) -> ResourcePlan {
    let mut resource = row(input, id, wanted, evaluated.doubt.clone());
    let is_taken = evaluated.taken.is_some();
    if is_taken {
        resource.taken.clone_from(&evaluated.taken);
    }
    ResourcePlan {
        resource,
        content: wanted.content.clone(),
        // A policy that others removed was relied on.
        unconditional: wanted.in_use || is_taken,
    }
}

/// Returns what a workload that requires the resource waits for; `None` when it may go on.
pub(crate) fn wait(state: &State) -> Option<Wait> {
    match state {
        State::Spreading(until) => Some(Wait::IamPropagation(*until)),
        State::Unread(text) => Some(Wait::Read(text.clone())),
        State::Ready
        | State::Write
        | State::RoleMissing
        | State::TooLong { .. }
        | State::BoundaryDenies(_) => None,
    }
}

fn settled(id: &ResourceId, wanted: &Wanted, written_at: Timestamp, now: Timestamp) -> State {
    if matches!(id, ResourceId::Object { .. }) {
        return State::Ready; // S3 answers reads after writes consistently
    }
    let seconds = match wanted.at_start {
        true => IAM_PROPAGATION_AT_START_SECONDS,
        false => IAM_PROPAGATION_SECONDS,
    };
    match written_at.checked_add(SignedDuration::from_secs(seconds)) {
        Ok(until) if until > now => State::Spreading(until),
        _ => State::Ready,
    }
}

fn object_id(object: &ConfigObject) -> ResourceId {
    ResourceId::Object {
        bucket: object.bucket.clone(),
        key: object.key.clone(),
    }
}
