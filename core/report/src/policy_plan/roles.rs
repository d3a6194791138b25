//! The effect of a policy on each role: the document before and after, the other users of the role, and its
//! permissions boundary.
//!
//! A role without known users may still be used: only services of the targets in its account are read, and the
//! trust policy.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::model::{PlannedBoundary, PlannedRole};
use super::target::parse;
use firelens_aws::iam::{self, NamedDocument, RightsResult, Statement};
use firelens_aws::observe::{Needs, Observed, RoleView};
use firelens_aws::record::WorkloadKey;
use firelens_plan::{DryRunWorkload, PlanInput};
use firelens_types::v1alpha1::LoggingPolicy;

/// The principal through which tasks get their role.
const TASKS: &str = "ecs-tasks.amazonaws.com";

type Users = BTreeMap<String, BTreeSet<String>>;

/// What all workloads of the policy together need of one role.
#[derive(Default)]
struct Wish {
    statements: Vec<Statement>,
    services: BTreeSet<String>,
}

/// Returns one entry for each role, with what all workloads together need of it.
pub(super) fn evaluate(
    input: &PlanInput<'_>,
    policy: &LoggingPolicy,
    workloads: &BTreeMap<WorkloadKey, DryRunWorkload>,
    needs: &mut Needs,
) -> Vec<PlannedRole> {
    let mut wanted: BTreeMap<String, Wish> = BTreeMap::new();
    for (key, workload) in workloads {
        for grant in &workload.grants {
            let Some(role) = iam::role_name(&grant.role_arn) else {
                continue;
            };
            let wish = wanted.entry(role.name).or_default();
            wish.statements.extend(grant.statements.iter().cloned());
            wish.services.insert(service_name(key));
        }
    }
    let mut others = if wanted.is_empty() {
        Users::new()
    } else {
        other_users(input, workloads, needs)
    };
    let policy_name = iam::policy_name(input.target.name(), policy.name());
    wanted
        .into_iter()
        .map(|(role, wish)| {
            let mut users = others.remove(&role).unwrap_or_default();
            match input.observation.role_users.get(&role) {
                Some(elsewhere) => users.extend(elsewhere.iter().cloned()),
                None => drop(needs.role_users.insert(role.clone())),
            }
            planned_role(input, role, &policy_name, wish, users, needs)
        })
        .collect()
}

fn planned_role(
    input: &PlanInput<'_>,
    role: String,
    policy_name: &str,
    wish: Wish,
    others: BTreeSet<String>,
    needs: &mut Needs,
) -> PlannedRole {
    let place = (role.clone(), policy_name.to_owned());
    let (before, mut unknown) = match input.observation.role_policies.get(&place) {
        None => {
            needs.role_policies.insert(place);
            (None, Some("not read yet".to_owned()))
        }
        Some(Observed::Unknown(why)) => (None, Some(why.clone())),
        Some(Observed::Absent) => (None, None),
        Some(Observed::Present(document)) => (parse(document), None),
    };
    let view = match input.observation.roles.get(&role) {
        None => {
            needs.roles.insert(role.clone());
            None
        }
        Some(Observed::Present(view)) => Some(view),
        Some(Observed::Absent) => {
            unknown = Some("the role does not exist".to_owned());
            None
        }
        Some(Observed::Unknown(why)) => {
            unknown.get_or_insert_with(|| why.clone());
            None
        }
    };
    let statements = iam::merge(&wish.statements);
    let boundary = view
        .and_then(|view| view.permissions_boundary.as_ref())
        .map(|arn| bounded(input, arn, &statements, needs));
    PlannedRole {
        role,
        policy_name: policy_name.to_owned(),
        before,
        after: parse(&iam::policy_document(&statements)).unwrap_or_default(),
        unknown,
        services: wish.services.into_iter().collect(),
        other_users: others.into_iter().collect(),
        other_principals: view.map(other_principals).unwrap_or_default(),
        boundary,
    }
}

/// Compares what the role is to be allowed with its permissions boundary.
fn bounded(
    input: &PlanInput<'_>,
    arn: &str,
    statements: &[Statement],
    needs: &mut Needs,
) -> PlannedBoundary {
    let mut boundary = PlannedBoundary {
        arn: arn.to_owned(),
        ..PlannedBoundary::default()
    };
    let document = match input.observation.managed_policies.get(arn) {
        None => {
            needs.managed_policies.insert(arn.to_owned());
            boundary.unknown = Some("not read yet".to_owned());
            return boundary;
        }
        Some(Observed::Present(document)) => document.clone(),
        Some(Observed::Absent) => {
            boundary.unknown = Some("the policy no longer exists".to_owned());
            return boundary;
        }
        Some(Observed::Unknown(why)) => {
            boundary.unknown = Some(why.clone());
            return boundary;
        }
    };
    let name = arn.to_owned();
    let findings = iam::within_boundary(&NamedDocument { name, document }, statements);
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    boundary.denies = some(iam::describe(&findings, |result| match result {
        RightsResult::Missing(lack) => Some(lack.to_string()),
        RightsResult::Allowed | RightsResult::Unknown(_) => None,
    }));
    boundary.unknown = some(iam::describe(&findings, |result| match result {
        RightsResult::Unknown(why) => Some(why.clone()),
        RightsResult::Allowed | RightsResult::Missing(_) => None,
    }));
    boundary
}

/// Services by role, without those that the policy touches. Each revision is read once and then cached.
fn other_users(
    input: &PlanInput<'_>,
    workloads: &BTreeMap<WorkloadKey, DryRunWorkload>,
    needs: &mut Needs,
) -> Users {
    let mut users = Users::new();
    for (key, service) in &input.observation.services {
        let revision = match service.present() {
            Some(service) if service.status == "ACTIVE" => &service.task_definition,
            _ => continue,
        };
        if workloads.contains_key(key) || revision.is_empty() {
            continue;
        }
        match input.observation.task_definitions.get(revision) {
            None => {
                needs.task_definitions.insert(revision.clone());
            }
            Some(Observed::Present(document)) => {
                let roles = [document.task_role_arn(), document.execution_role_arn()];
                for role in roles.into_iter().flatten().filter_map(iam::role_name) {
                    users
                        .entry(role.name)
                        .or_default()
                        .insert(service_name(key));
                }
            }
            Some(Observed::Absent | Observed::Unknown(_)) => {}
        }
    }
    users
}

fn service_name(key: &WorkloadKey) -> String {
    format!("{}/{}", key.cluster, key.service)
}

/// Returns who else may assume the role, as its trust policy names them.
fn other_principals(role: &RoleView) -> Vec<String> {
    let trust = role.trust.as_deref().and_then(parse).unwrap_or_default();
    let statements = match &trust["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        Value::Null => Vec::new(),
        single => vec![single],
    };
    let mut principals = BTreeSet::new();
    for statement in statements {
        if statement["Effect"] == "Allow" {
            add_texts(&statement["Principal"], &mut principals);
        }
    }
    principals.remove(TASKS);
    principals.into_iter().collect()
}

fn add_texts(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|child| add_texts(child, texts)),
        Value::Object(members) => members.values().for_each(|child| add_texts(child, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
