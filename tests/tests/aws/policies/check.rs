//! The checks of a policy; each fault is one line.

use std::collections::BTreeSet;

use firelens_controller::aws::{PERMISSIONS, Permission};
use firelens_tests::iam_reference::Reference;

use crate::policies::document::{Document, Named, Statement};

/// Returns the faults of a policy against AWS's reference.
pub(crate) fn against_reference(policy: &Named, reference: &Reference) -> Vec<String> {
    let statements = policy.document.0.iter();
    let faults = statements.flat_map(|statement| of_statement(statement, reference));
    faults
        .map(|fault| format!("{}: {fault}", policy.name))
        .collect()
}

fn of_statement(statement: &Statement, reference: &Reference) -> Vec<String> {
    let mut faults = Vec::new();
    for action in statement.actions.iter().chain(&statement.not_actions) {
        if !reference.names_an_action(action) {
            faults.push(format!("{action} is no action of AWS"));
        } else if !action.contains('*') && statement.not_actions.is_empty() {
            faults.extend(of_action(action, statement, reference));
        }
    }
    faults
}

fn of_action(name: &str, statement: &Statement, reference: &Reference) -> Vec<String> {
    let Some(action) = reference.action(name) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    for (_, key) in statement.conditions.keys() {
        if !action.knows_key(key) {
            faults.push(format!("{name} knows no condition key {key}"));
        }
    }
    let everything = statement.resources.contains("*") || !statement.principals.is_empty();
    if everything {
        return faults;
    }
    let limited = statement.resources.iter();
    let met: BTreeSet<&str> = limited
        .flat_map(|resource| action.types_of(resource))
        .collect();
    if met.is_empty() {
        faults.push(format!(
            "{name} cannot be limited to {:?}",
            statement.resources
        ));
        return faults;
    }
    for missing in action.required_types().difference(&met) {
        faults.push(format!("{name} also needs a resource of type {missing}"));
    }
    let service = name.split(':').next().unwrap_or_default();
    for resource in &statement.resources {
        if !reference.is_a_resource_of(service, resource) {
            faults.push(format!(
                "{resource} is no resource that {name} could be about"
            ));
        }
    }
    faults
}

/// Returns the faults of the operator's two policies against the table of what it calls.
pub(crate) fn against_table(
    read: &Document,
    write: &Document,
    reference: &Reference,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut granted = BTreeSet::new();
    for (document, writes) in [(read, false), (write, true)] {
        for statement in document.0.iter().filter(|statement| statement.allows) {
            for action in &statement.actions {
                granted.insert(action.clone());
                match PERMISSIONS.iter().find(|known| known.action == action) {
                    None => faults.push(format!("no code calls {action}")),
                    Some(known) if known.is_write() != writes => {
                        faults.push(format!(
                            "{action} stands in the policy for {}",
                            if writes { "writing" } else { "reading" }
                        ));
                    }
                    Some(known) => faults.extend(of_row(known, statement, reference)),
                }
            }
        }
    }
    let missing = PERMISSIONS
        .iter()
        .filter(|known| !granted.contains(known.action));
    faults.extend(missing.map(|known| {
        format!(
            "nothing grants {}, which {} needs",
            known.action, known.needed_by[0].name
        )
    }));
    faults
}

/// The statement limits the action as the row says: to these types of resources, by that condition.
fn of_row(row: &Permission, statement: &Statement, reference: &Reference) -> Option<String> {
    let name = row.action;
    let Some(action) = reference.action(name) else {
        return Some(format!("{name} is no action of AWS"));
    };
    let wanted: BTreeSet<&str> = row.resources.iter().copied().collect();
    let resources = statement
        .resources
        .iter()
        .filter(|resource| *resource != "*");
    let mut granted = BTreeSet::new();
    for resource in resources {
        let types = action.types_of(resource);
        if types.intersection(&wanted).next().is_none() {
            return Some(format!(
                "{name} is limited to {resource}, and the table says {wanted:?}"
            ));
        }
        granted.extend(types);
    }
    if !wanted.is_subset(&granted) || (wanted.is_empty() != statement.resources.contains("*")) {
        return Some(format!(
            "{name} is granted on {:?}, and the table says {wanted:?}",
            statement.resources
        ));
    }
    let keys: Vec<&str> = statement
        .conditions
        .keys()
        .map(|(_, key)| key.as_str())
        .collect();
    let condition: Vec<&str> = row.condition.into_iter().collect();
    (keys != condition)
        .then(|| format!("{name} is granted under {keys:?}, and the table says {condition:?}"))
}

/// The table itself against AWS's reference.
pub(crate) fn table(rows: &[Permission], reference: &Reference) -> Vec<String> {
    let mut faults = Vec::new();
    for row in rows {
        let name = row.action;
        let Some(action) = reference.action(name) else {
            faults.push(format!("{name} is no action of AWS"));
            continue;
        };
        let types = action.resource_types();
        let unknown = row
            .resources
            .iter()
            .filter(|kind| !types.contains_key(*kind));
        faults.extend(unknown.map(|kind| format!("{name} cannot be limited to a {kind}")));
        let missing = action
            .required_types()
            .into_iter()
            .filter(|kind| !row.resources.is_empty() && !row.resources.contains(kind));
        faults.extend(missing.map(|kind| format!("{name} also needs a resource of type {kind}")));
        if let Some(key) = row.condition.filter(|key| !action.knows_key(key)) {
            faults.push(format!("{name} knows no condition key {key}"));
        }
    }
    faults
}

/// Returns what one form has and the other does not.
pub(crate) fn differences(policy: &Named, other: &Named) -> Vec<String> {
    let only = |mine: &Named, theirs: &Named| -> Vec<String> {
        let lacking = mine.document.0.difference(&theirs.document.0);
        lacking
            .map(|statement| format!("{} lacks {statement:?} of {}", theirs.name, mine.name))
            .collect()
    };
    [only(policy, other), only(other, policy)].concat()
}
