//! `iam.mode: Verify`: whether the roles of a workload allow what its router needs.
//!
//! A change is not refused because of rights that are not known: a note reports them. Results are recorded, so
//! that an unchanged fleet costs no reads of IAM.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::input::PlanInput;
use crate::model::{Decision, Wait};
use crate::resources::RESOURCE_RECHECK_SECONDS;
use crate::workload::draft::Draft;
use firelens_aws::iam::{self, Grant, Lack, RightsFinding, RightsResult, RoleName, RoleUse};
use firelens_aws::observe::{
    Needs, Observed, RightsQuestion, RightsView, SimulatedDecision, SimulatedRight,
};
use firelens_aws::record::{Purpose, RightsRecord, WorkloadKey};
use firelens_inject::{Note, NoteCode, Reason, Refusal};
use firelens_taskdef::sha256_hex;

/// How long rights that were missing or could not be evaluated are left before they are read again: somebody may
/// have added them since.
pub const RIGHTS_RETRY_SECONDS: i64 = 900;

/// The number of questions about rights in one pass. IAM publishes no rate; the others wait for the next passes.
pub const RIGHTS_ASKED_PER_PASS: usize = 100;

/// Evaluates the rights of every workload whose policy verifies them.
pub(crate) fn verify(
    input: &PlanInput<'_>,
    needs: &mut Needs,
    drafts: &mut BTreeMap<WorkloadKey, Draft<'_>>,
) {
    for draft in drafts.values_mut() {
        if draft.desired.rights.is_empty() {
            // A workload that waits for a read keeps its recorded result.
            if !matches!(
                draft.desired.decision,
                Decision::Unknown(_) | Decision::Waiting(_)
            ) {
                draft.record.rights = None;
            }
            continue;
        }
        match found_out(input, needs, draft) {
            Some(rights) => conclude(draft, rights),
            None => wait(draft),
        }
    }
}

/// Returns what is known of the rights of one workload: read in this pass, or recorded; otherwise requests the
/// reads.
fn found_out(input: &PlanInput<'_>, needs: &mut Needs, draft: &Draft<'_>) -> Option<RightsRecord> {
    let grants = &draft.desired.rights;
    let digest = digest(grants);
    let remembered = draft
        .record
        .rights
        .as_ref()
        .filter(|known| known.digest == digest);
    let asked: Vec<RightsQuestion> = grants
        .iter()
        .filter(|grant| beyond_reach(input, grant).is_none())
        .filter_map(question)
        .collect();
    if let Some(known) = remembered.filter(|known| is_fresh(input, known)) {
        return Some(known.clone());
    }
    let seen = &input.observation.rights;
    if asked.iter().all(|question| seen.contains_key(question)) {
        return Some(evaluate(input, grants, digest));
    }
    if seen.len() + needs.rights.len() >= RIGHTS_ASKED_PER_PASS {
        return remembered.cloned();
    }
    let unseen = asked
        .into_iter()
        .filter(|question| !seen.contains_key(question));
    needs.rights.extend(unseen);
    None
}

fn is_fresh(input: &PlanInput<'_>, known: &RightsRecord) -> bool {
    let trusted_seconds = if known.missing.is_empty() && known.unknown.is_empty() {
        RESOURCE_RECHECK_SECONDS
    } else {
        RIGHTS_RETRY_SECONDS
    };
    input.now.duration_since(known.evaluated_at) < SignedDuration::from_secs(trusted_seconds)
}

fn digest(grants: &[Grant]) -> String {
    sha256_hex(serde_json::to_string(grants).unwrap_or_default().as_bytes())
}

fn question(grant: &Grant) -> Option<RightsQuestion> {
    let role = iam::role_name(&grant.role_arn)?;
    Some(RightsQuestion {
        role: role.name,
        statements: grant.statements.clone(),
    })
}

/// Why the role cannot be read from this target.
fn beyond_reach(input: &PlanInput<'_>, grant: &Grant) -> Option<String> {
    let account = &input.observation.account_id;
    match iam::role_name(&grant.role_arn) {
        None => Some("its ARN cannot be read".to_owned()),
        Some(RoleName {
            account_id: Some(other),
            ..
        }) if other != *account => Some(format!(
            "it belongs to account {other}, and the target reads account {account}"
        )),
        Some(_) => None,
    }
}

fn evaluate(input: &PlanInput<'_>, grants: &[Grant], digest: String) -> RightsRecord {
    let mut record = RightsRecord {
        digest,
        evaluated_at: input.now,
        missing: Vec::new(),
        unknown: Vec::new(),
    };
    for grant in grants {
        let role = role_words(grant);
        let question = question(grant);
        let answer = question.and_then(|question| input.observation.rights.get(&question));
        let unseen = match (beyond_reach(input, grant), answer) {
            (Some(why), _) => Some(why),
            (None, Some(Observed::Unknown(why))) => Some(why.clone()),
            (None, None) => Some("it was not read".to_owned()),
            (None, Some(Observed::Absent | Observed::Present(_))) => None,
        };
        if let Some(why) = unseen {
            let rights = wanted_words(grant);
            record.unknown.push(format!(
                "{role} must allow {rights}, and cannot be checked: {why}"
            ));
            continue;
        }
        match answer {
            Some(Observed::Present(view)) if is_another(grant, view) => {
                let real = &view.role_arn;
                record.missing.push(format!(
                    "{role} does not exist; a role with the same name is {real}"
                ));
            }
            Some(Observed::Present(view)) => weigh(&role, grant, view, &mut record),
            _ => record.missing.push(format!("{role} does not exist")),
        }
    }
    record
}

/// Whether the role that IAM has under the name has another path than the task definition names.
fn is_another(grant: &Grant, view: &RightsView) -> bool {
    let path = |arn: &str| iam::role_name(arn).map(|role| role.path);
    // A bare name contains no path.
    path(&grant.role_arn).is_some_and(|path| path != "/") && grant.role_arn != view.role_arn
}

fn weigh(role: &str, grant: &Grant, view: &RightsView, record: &mut RightsRecord) {
    let findings = evaluate_grant(grant, view);
    let evaluate = match &view.simulated {
        Ok(_) => "according to SimulatePrincipalPolicy".to_owned(),
        Err(why) => format!(
            "according to the policies of the role, without SimulatePrincipalPolicy ({why})"
        ),
    };
    let missing = iam::describe(&findings, |desired| match desired {
        RightsResult::Missing(lack) => Some(lack.to_string()),
        RightsResult::Allowed | RightsResult::Unknown(_) => None,
    });
    if !missing.is_empty() {
        record
            .missing
            .push(format!("{role} lacks {missing}; {evaluate}"));
    }
    let unknown = iam::describe(&findings, |desired| match desired {
        RightsResult::Unknown(why) => Some(why.clone()),
        RightsResult::Allowed | RightsResult::Missing(_) => None,
    });
    if !unknown.is_empty() {
        record
            .unknown
            .push(format!("{role} may lack {unknown}; {evaluate}"));
    }
}

/// The result of the simulator where it has one, else that of the policies of the role.
fn evaluate_grant(grant: &Grant, view: &RightsView) -> Vec<RightsFinding> {
    let own = match &view.policies {
        Some(Observed::Present(policies)) => Ok(iam::evaluate(policies, &grant.statements)),
        Some(Observed::Unknown(why)) => Err(why.clone()),
        Some(Observed::Absent) => Err("the role no longer exists".to_owned()),
        None => Err("SimulatePrincipalPolicy returned no result for it".to_owned()),
    };
    let simulated: BTreeMap<(&str, &str), &SimulatedRight> = view
        .simulated
        .iter()
        .flatten()
        .map(|right| ((right.action.as_str(), right.resource.as_str()), right))
        .collect();
    let mut findings = iam::evaluate(&iam::RolePolicies::default(), &grant.statements);
    for (index, finding) in findings.iter_mut().enumerate() {
        let place = (finding.action.as_str(), finding.resource.as_str());
        let own = || match &own {
            Ok(own) => own
                .get(index)
                .map_or(RightsResult::Allowed, |finding| finding.result.clone()),
            Err(why) => RightsResult::Unknown(why.clone()),
        };
        finding.result = match simulated.get(&place) {
            Some(right) if right.is_open() => own(),
            Some(right) => simulated_result(right),
            None => own(),
        };
    }
    findings
}

fn simulated_result(right: &SimulatedRight) -> RightsResult {
    match &right.decision {
        SimulatedDecision::Allowed => RightsResult::Allowed,
        SimulatedDecision::ExplicitDeny(by) => RightsResult::Missing(Lack::Denied(by.join(", "))),
        _ if !right.missing_context.is_empty() => {
            let keys = right.missing_context.join(", ");
            RightsResult::Unknown(format!("it depends on {keys}"))
        }
        SimulatedDecision::ImplicitDeny => RightsResult::Missing(Lack::NotAllowed),
        SimulatedDecision::OutsideBoundary => {
            RightsResult::Missing(Lack::OutsideBoundary("of the role".to_owned()))
        }
        SimulatedDecision::OutsideOrganization => {
            RightsResult::Missing(Lack::Denied("a policy of the organization".to_owned()))
        }
    }
}

fn role_words(grant: &Grant) -> String {
    let use_ = match grant.role {
        RoleUse::Task => "task",
        RoleUse::Execution => "execution",
    };
    format!("{use_} role {}", grant.role_arn)
}

fn wanted_words(grant: &Grant) -> String {
    let rights: Vec<String> = grant
        .statements
        .iter()
        .map(|right| {
            let (actions, resources) = (right.actions.join(", "), right.resources.join(", "));
            format!("{actions} on {resources}")
        })
        .collect();
    rights.join("; ")
}

/// Applies the result: missing rights stop a change, and are noted where the router runs.
fn conclude(draft: &mut Draft<'_>, rights: RightsRecord) {
    let desired = &mut draft.desired;
    if !rights.missing.is_empty() {
        let missing = rights.missing.join("; ");
        if desired.decision == Decision::InSync {
            desired.notes.push(Note::new(NoteCode::RightsLost, missing));
        } else {
            let message = format!(
                "{missing}; add the missing permissions, or set iam.mode to Manage, or to Ignore if a resource-based \
                 policy allows them"
            );
            desired.change = None;
            desired.grants.clear();
            desired.objects.clear();
            desired.decision = Decision::Refused(Refusal::new(Reason::RightsMissing, message));
        }
    }
    if !rights.unknown.is_empty() {
        let unknown = rights.unknown.join("; ");
        desired
            .notes
            .push(Note::new(NoteCode::RightsUnknown, unknown));
    }
    draft.record.rights = Some(rights);
}

/// Stops a change until the rights are known.
fn wait(draft: &mut Draft<'_>) {
    let desired = &mut draft.desired;
    let injects = desired
        .change
        .as_ref()
        .is_some_and(|change| change.purpose == Purpose::Inject);
    if injects {
        desired.change = None;
        let roles: Vec<&str> = desired
            .rights
            .iter()
            .map(|grant| grant.role_arn.as_str())
            .collect();
        let subject = format!("the permissions of {}", roles.join(" and "));
        desired.decision = Decision::Waiting(Wait::Read(subject));
    }
}
