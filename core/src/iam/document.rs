//! Merges statements and writes the JSON policy document, always the same text for the same needs.
//!
//! Never drops a statement and never joins statements whose union would grant a pair of action and
//! resource that none of them granted alone.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Statement;

/// Inline policies of one role together may hold this many characters, white space not counted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const INLINE_POLICY_TOTAL_CHARACTERS: usize = 10_240;

/// Longest policy name IAM takes, in characters.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
pub const POLICY_NAME_CHARACTERS: usize = 128;

const POLICY_NAME_PREFIX: &str = "firelens-";

/// Merges statements: equal action sets share one statement with all their resources; the result
/// is sorted, free of duplicates, and its Sids are unique and depend on the content alone.
///
/// Actions or resources that are empty make a statement meaningless to IAM; such a statement is
/// left out, since it grants nothing.
pub fn merge(statements: &[Statement]) -> Vec<Statement> {
    let mut by_actions: BTreeMap<BTreeSet<&str>, (BTreeSet<&str>, BTreeSet<&str>)> =
        BTreeMap::new();
    for statement in statements {
        if statement.actions.is_empty() || statement.resources.is_empty() {
            continue;
        }
        let actions = statement.actions.iter().map(String::as_str).collect();
        let (sids, resources) = by_actions.entry(actions).or_default();
        sids.insert(statement.sid.as_str());
        resources.extend(statement.resources.iter().map(String::as_str));
    }
    let mut merged: Vec<Statement> = by_actions
        .into_iter()
        .map(|(actions, (sids, resources))| {
            let sid = sid_text(sids.first().copied().unwrap_or_default());
            Statement::new(&sid, actions, resources)
        })
        .collect();
    merged.sort();
    number_equal_sids(&mut merged);
    merged
}

/// Sids take ASCII letters and digits only.
fn sid_text(sid: &str) -> String {
    let kept: String = sid.chars().filter(char::is_ascii_alphanumeric).collect();
    if kept.is_empty() {
        "Firelens".to_owned()
    } else {
        kept
    }
}

fn number_equal_sids(statements: &mut [Statement]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for statement in statements {
        let mut sid = statement.sid.clone();
        let mut number = 2_u32;
        while !taken.insert(sid.clone()) {
            sid = format!("{}{number}", statement.sid);
            number += 1;
        }
        statement.sid = sid;
    }
}

/// The policy document of these statements as compact JSON, merged first, so that equal needs give
/// equal text. A single action or resource is still written as a list.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
pub fn policy_document(statements: &[Statement]) -> String {
    let statements: Vec<serde_json::Value> = merge(statements)
        .into_iter()
        .map(|statement| {
            serde_json::json!({
                "Sid": statement.sid,
                "Effect": "Allow",
                "Action": statement.actions,
                "Resource": statement.resources,
            })
        })
        .collect();
    serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// Size of a document in characters as IAM counts against [`INLINE_POLICY_TOTAL_CHARACTERS`]:
/// white space is left out.
pub fn policy_size_characters(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// Name of the inline policy that belongs to a `LoggingPolicy`: `firelens-NAME`.
///
/// A name that is too long or holds characters outside `[A-Za-z0-9_+=,.@-]` is shortened and
/// cleaned, and ends in a hash of the original so that two policies never share one name.
pub fn policy_name(policy_name: &str) -> String {
    let plain = policy_name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
    let whole = format!("{POLICY_NAME_PREFIX}{policy_name}");
    if plain && !policy_name.is_empty() && whole.len() <= POLICY_NAME_CHARACTERS {
        return whole;
    }
    let digest = Sha256::digest(policy_name.as_bytes());
    let hash: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    let room = POLICY_NAME_CHARACTERS - POLICY_NAME_PREFIX.len() - hash.len() - 1;
    let kept: String = policy_name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(room)
        .collect();
    format!("{POLICY_NAME_PREFIX}{kept}-{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_with_the_same_actions_share_one_statement() {
        let merged = merge(&[
            Statement::new("Firehose", ["firehose:PutRecordBatch"], ["arn:b", "arn:a"]),
            Statement::new("Firehose", ["firehose:PutRecordBatch"], ["arn:a"]),
        ]);
        assert_eq!(
            merged,
            vec![Statement::new(
                "Firehose",
                ["firehose:PutRecordBatch"],
                ["arn:a", "arn:b"]
            )]
        );
    }

    #[test]
    fn merging_never_pairs_an_action_with_a_resource_it_did_not_have() {
        let merged = merge(&[
            Statement::new("Logs", ["logs:CreateLogGroup"], ["arn:group"]),
            Statement::new("Logs", ["logs:PutLogEvents"], ["arn:stream"]),
        ]);
        assert_eq!(merged.len(), 2);
        assert_eq!(merged[0].resources, ["arn:group"]);
        assert_eq!(merged[1].resources, ["arn:stream"]);
        assert_eq!(
            (merged[0].sid.as_str(), merged[1].sid.as_str()),
            ("Logs", "Logs2")
        );
    }

    #[test]
    fn the_document_does_not_depend_on_the_order_of_the_needs() {
        let a = Statement::new("S3", ["s3:PutObject"], ["arn:aws:s3:::b/*"]);
        let b = Statement::new("Kinesis", ["kinesis:PutRecords"], ["arn:k"]);
        let one = policy_document(&[a.clone(), b.clone(), a.clone()]);
        assert_eq!(one, policy_document(&[b, a]));
        assert_eq!(
            one,
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Kinesis","Effect":"Allow","Action":["kinesis:PutRecords"],"Resource":["arn:k"]},{"Sid":"S3","Effect":"Allow","Action":["s3:PutObject"],"Resource":["arn:aws:s3:::b/*"]}]}"#
        );
    }

    #[test]
    fn merging_twice_changes_nothing() {
        let once = merge(&[
            Statement::new("A b", ["x:Y"], ["r"]),
            Statement::new("A b", ["x:Z"], ["r"]),
            Statement::new("", ["x:W"], ["r"]),
        ]);
        assert_eq!(merge(&once), once);
    }

    #[test]
    fn white_space_does_not_count_towards_the_size() {
        assert_eq!(policy_size_characters("{ \"a\" :\n\t1}"), 7);
    }

    #[test]
    fn policy_names_stay_within_what_iam_takes_and_apart_from_each_other() {
        assert_eq!(policy_name("payments"), "firelens-payments");
        let long = "a".repeat(253);
        let longer = format!("{}b", "a".repeat(252));
        assert_eq!(policy_name(&long).len(), POLICY_NAME_CHARACTERS);
        assert_ne!(policy_name(&long), policy_name(&longer));
        assert_ne!(policy_name("a b"), policy_name("a-b"));
    }
}
