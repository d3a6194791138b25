//! Whether two targets reach the same clusters.
//!
//! Compares only the specs: no cluster need exist.

use std::fmt;

use jiff::Timestamp;

use firelens_types::v1alpha1::AwsTarget;

/// Where two targets reach the same clusters: one account, one region, and a pattern of each target such that some
/// name matches both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Name of the other target.
    pub other: String,
    /// The pattern in `spec.clusters` of the target in question.
    pub pattern: String,
    /// The pattern of the other.
    pub other_pattern: String,
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} and {:?} of AwsTarget {} can match the same cluster",
            self.pattern, self.other_pattern, self.other
        )
    }
}

/// Whether two different targets have the same account and region.
#[must_use]
pub fn is_beside(target: &AwsTarget, other: &AwsTarget) -> bool {
    let (spec, other_spec) = (&target.spec, &other.spec);
    target.name() != other.name()
        && spec.account_id == other_spec.account_id
        && spec.region == other_spec.region
}

/// Returns where `target` reaches clusters that `other` reaches too; the first pair of patterns.
#[must_use]
pub fn overlap(target: &AwsTarget, other: &AwsTarget) -> Option<Overlap> {
    if !is_beside(target, other) {
        return None;
    }
    let (spec, other_spec) = (&target.spec, &other.spec);
    spec.clusters.iter().find_map(|pattern| {
        let met = other_spec
            .clusters
            .iter()
            .find(|met| globs_meet(pattern, met))?;
        Some(Overlap {
            other: other.name().to_owned(),
            pattern: pattern.clone(),
            other_pattern: met.clone(),
        })
    })
}

/// Returns the targets of `all` that overlap with `target` and come before it: those that were created earlier, by
/// name where both were created in the same second.
pub fn before<'a>(
    target: &'a AwsTarget,
    all: impl IntoIterator<Item = &'a AwsTarget>,
) -> impl Iterator<Item = (&'a AwsTarget, Overlap)> {
    all.into_iter()
        .filter(move |other| age(other) < age(target))
        .filter_map(move |other| Some((other, overlap(target, other)?)))
}

fn age(target: &AwsTarget) -> (Option<Timestamp>, &str) {
    (target.metadata.creation_timestamp, target.name())
}

/// Whether some text matches both patterns (`*` any run of characters, `?` one).
#[must_use]
pub fn globs_meet(pattern: &str, other: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let other: Vec<char> = other.chars().collect();
    // `meets[j]`: whether some text matches the rests of both patterns, from `pattern[i]` and from `other[j]`.
    // Filled from the ends, so that a long pattern costs the product of the lengths and not more.
    let mut meets = vec![false; other.len() + 1];
    for i in (0..=pattern.len()).rev() {
        let mut diagonal = false; // meets[j + 1] of the row before
        for j in (0..=other.len()).rev() {
            let below = meets[j];
            let here = match (pattern.get(i), other.get(j)) {
                (None, None) => true,
                (Some('*'), _) if below => true,
                (_, Some('*')) if meets.get(j + 1).copied().unwrap_or_default() => true,
                (Some('*'), Some(_)) => meets.get(j + 1).copied().unwrap_or_default(),
                (Some(_), Some('*')) => below,
                (Some(left), Some(right)) => {
                    (left == right || *left == '?' || *right == '?') && diagonal
                }
                (Some(_), None) | (None, Some(_)) => false,
            };
            diagonal = below;
            meets[j] = here;
        }
    }
    meets[0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::select::glob_matches;

    #[test]
    fn patterns_meet_where_some_name_matches_both() {
        for (pattern, other, meet) in [
            ("*", "*", true),
            ("*", "prod", true),
            ("prod-*", "*-eu", true),
            ("prod-*", "dev-*", false),
            ("prod", "prod", true),
            ("prod", "prod-1", false),
            ("prod-?", "prod-*", true),
            ("prod-?", "prod-", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "ac", false),
            ("a*c", "*b*", true),
            ("*a", "*b", false),
            ("?*", "*?", true),
            ("", "", true),
            ("", "*", true),
            ("", "?", false),
        ] {
            assert_eq!(globs_meet(pattern, other), meet, "{pattern} {other}");
            assert_eq!(globs_meet(other, pattern), meet, "{other} {pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_name_that_both_patterns_match_is_a_meeting(
            pattern in "[ab*?]{0,6}", other in "[ab*?]{0,6}", name in "[ab]{0,6}"
        ) {
            if glob_matches(&pattern, &name) && glob_matches(&other, &name) {
                prop_assert!(globs_meet(&pattern, &other), "{pattern} {other} {name}");
            }
        }

        #[test]
        fn where_patterns_meet_a_short_name_shows_it(pattern in "[ab*?]{0,3}", other in "[ab*?]{0,3}") {
            // Names of both patterns' letters, no longer than the two together.
            let mut names = vec![String::new()];
            for length in 0..6 {
                let longer: Vec<String> = names.iter().filter(|n| n.len() == length)
                    .flat_map(|n| ["a", "b"].map(|c| format!("{n}{c}"))).collect();
                names.extend(longer);
            }
            let shown = names.iter().any(|n| glob_matches(&pattern, n) && glob_matches(&other, n));
            prop_assert_eq!(globs_meet(&pattern, &other), shown, "{} {}", pattern, other);
        }
    }
}
