//! Merges statements and writes the JSON policy document: the same statements always give the same text.
//!
//! Statements are merged only if the result grants no pair of action and resource that none of them granted
//! alone.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::Statement;

/// The number of characters that all inline policies of a role may have together, without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const INLINE_POLICY_TOTAL_CHARACTERS: usize = 10_240;

/// Longest policy name that IAM accepts, in characters.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
pub const POLICY_NAME_CHARACTERS: usize = 128;

const POLICY_NAME_PREFIX: &str = "firelens-";

/// Merges statements: equal action sets share one statement with all their resources; the result
/// is sorted, free of duplicates, and its Sids are unique and depend on the content alone.
///
/// A statement without actions or without resources is left out: it grants nothing, and IAM refuses it.
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

/// Returns the Sid with only what IAM accepts: ASCII letters and digits.
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

/// Returns the policy document of these statements as compact JSON. They are merged first, so that equal
/// needs give equal text. A single action or resource is still written as a list.
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

/// Returns the size of a document in characters, as IAM counts it against [`INLINE_POLICY_TOTAL_CHARACTERS`]:
/// without white space.
pub fn policy_size_characters(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// Returns the name of the inline policy that a target writes for a `LoggingPolicy`: `firelens-POLICY@TARGET`.
/// Roles are global in an account, so each of its targets has its own inline policy in a role.
///
/// If the names are too long together, or hold characters outside `[A-Za-z0-9_+=,.-]`, they are shortened and
/// cleaned, and the result ends in a hash of both, so that no two pairs share a name.
pub fn policy_name(target: &str, policy_name: &str) -> String {
    let whole = format!("{POLICY_NAME_PREFIX}{policy_name}@{target}");
    let plain = [target, policy_name]
        .iter()
        .all(|name| !name.is_empty() && name.bytes().all(|b| b != b'@' && is_plain(b)));
    if plain && whole.len() <= POLICY_NAME_CHARACTERS {
        return whole;
    }
    // The length keeps pairs apart that an @ in a name would make equal.
    hashed(
        &whole,
        &format!("{}:{policy_name}@{target}", policy_name.len()),
    )
}

/// Returns the name that the inline policy of a `LoggingPolicy` had in earlier versions, without the target:
/// `firelens-POLICY`. All targets of an account shared it.
pub fn former_policy_name(policy_name: &str) -> String {
    let whole = format!("{POLICY_NAME_PREFIX}{policy_name}");
    if policy_name.bytes().all(is_plain)
        && !policy_name.is_empty()
        && whole.len() <= POLICY_NAME_CHARACTERS
    {
        return whole;
    }
    hashed(&whole, policy_name)
}

/// Whether IAM accepts the byte in the name of a policy.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)
}

/// Returns as much of a name as fits, cleaned, and the hash of its meaning.
fn hashed(whole: &str, meaning: &str) -> String {
    let digest = Sha256::digest(meaning.as_bytes());
    let hash: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    let room = POLICY_NAME_CHARACTERS - hash.len() - 1;
    let kept: String = whole
        .chars()
        .map(|c| {
            if u8::try_from(c).is_ok_and(is_plain) {
                c
            } else {
                '-'
            }
        })
        .take(room)
        .collect();
    format!("{kept}-{hash}")
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
    fn merged_statements_grant_no_new_action_resource_pair() {
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
    fn policy_document_is_the_same_for_any_statement_order() {
        let a = Statement::new("S3", ["s3:PutObject"], ["arn:aws:s3:::b/*"]);
        let b = Statement::new("Kinesis", ["kinesis:PutRecords"], ["arn:k"]);
        let document = policy_document(&[a.clone(), b.clone(), a.clone()]);
        assert_eq!(document, policy_document(&[b, a]));
        assert_eq!(
            document,
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
    fn role_policy_names_are_unique_per_policy_and_target() {
        assert_eq!(policy_name("prod", "payments"), "firelens-payments@prod");
        let (long, other) = ("a".repeat(253), format!("{}b", "a".repeat(252)));
        let names = ["p", "p@t", "t", "p t", "p-t", "", &long, &other];
        let mut seen = BTreeSet::new();
        for target in names {
            for policy in names {
                let name = policy_name(target, policy);
                assert!(name.len() <= POLICY_NAME_CHARACTERS && name.bytes().all(is_plain));
                assert!(seen.insert(name.clone()), "{name}: {policy} in {target}");
                assert_ne!(name, former_policy_name(policy));
            }
        }
        assert!(policy_name(&long, "pay").starts_with("firelens-pay@aaaa"));
    }

    #[test]
    fn names_of_older_versions_are_found_again() {
        assert_eq!(former_policy_name("payments"), "firelens-payments");
        let long = "a".repeat(253);
        let name = former_policy_name(&long);
        assert_eq!(name.len(), POLICY_NAME_CHARACTERS);
        let digest = firelens_taskdef::sha256_hex(long.as_bytes());
        assert_eq!(
            name,
            format!("firelens-{}-{}", "a".repeat(110), &digest[..8])
        );
        assert_ne!(former_policy_name("a b"), former_policy_name("a-b"));
    }
}
