//! The names of Workload and Rollout objects, derived from what they describe.
//!
//! The name of a service or of a rollout does not change, and no two of them share one.

use sha2::{Digest, Sha256};

/// Longest name of an object, in bytes.
const NAME_MAX_BYTES: usize = 253;
/// Hexadecimal digits of the hash that keeps shortened names apart: 40 bits.
const HASH_DIGITS: usize = 10;

/// Returns the name of the Workload for a service: `TARGET.CLUSTER.SERVICE`, lower-cased, DNS-safe, at most
/// 253 characters. When that loses information, a hash of the three is appended.
#[must_use]
pub fn workload_name(target: &str, cluster: &str, service: &str) -> String {
    let parts = [target, cluster, service];
    let mut lossy = false;
    let mut name = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        // Target names are DNS subdomains and may hold dots; cluster and service may not, so that a name
        // can be split into its parts in one way only.
        let (safe, lost) = dns_safe(part, index == 0);
        lossy |= lost;
        if index > 0 {
            name.push('.');
        }
        name.push_str(&safe);
    }
    if !lossy && name.len() <= NAME_MAX_BYTES {
        return name;
    }
    name.truncate(NAME_MAX_BYTES - 1 - HASH_DIGITS);
    let kept = name.trim_end_matches(['-', '.']);
    format!("{kept}-{}", hash(parts))
}

/// Returns the name of the `Rollout` of a policy generation in a target: `POLICY.gGENERATION.TARGET`, at most
/// 253 characters. A longer one is cut, and a hash of the three is appended.
#[must_use]
pub fn rollout_name(policy: &str, generation: i64, target: &str) -> String {
    let generation = format!("g{generation}");
    let mut name = format!("{policy}.{generation}.{target}");
    if name.len() <= NAME_MAX_BYTES {
        return name;
    }
    name.truncate(name.floor_char_boundary(NAME_MAX_BYTES - 1 - HASH_DIGITS));
    let kept = name.trim_end_matches(['-', '.']);
    format!("{kept}-{}", hash([policy, &generation, target]))
}

/// Returns the part as DNS allows it, and whether that lost information.
fn dns_safe(part: &str, dots: bool) -> (String, bool) {
    let lowered: String = part
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' => c,
            '.' if dots => '.',
            _ => '-',
        })
        .collect();
    let trimmed = lowered.trim_matches(['-', '.']);
    let safe = if trimmed.is_empty() { "x" } else { trimmed };
    (safe.to_owned(), safe != part)
}

fn hash(parts: [&str; 3]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        // The length keeps ("a", "bc") and ("ab", "c") apart.
        hasher.update(part.len().to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    text.chars().take(HASH_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_joined() {
        assert_eq!(workload_name("prod-us", "main", "web"), "prod-us.main.web");
        assert_eq!(workload_name("a.b", "c", "d"), "a.b.c.d");
    }

    #[test]
    fn what_loses_information_gets_a_hash() {
        let name = workload_name("prod-us", "Main", "web_api");
        assert!(name.starts_with("prod-us.main.web-api-"), "{name}");
        assert_eq!(name, workload_name("prod-us", "Main", "web_api"), "stable");
        assert_eq!(name, "prod-us.main.web-api-ea32ea2b1f");
    }

    #[test]
    fn long_rollout_names_stay_unique_within_the_length_limit() {
        assert_eq!(rollout_name("web", 3, "prod"), "web.g3.prod");
        let target = "t".repeat(253);
        let names = [
            rollout_name(&"p".repeat(63), 1, &target),
            rollout_name(&"p".repeat(63), 2, &target),
            rollout_name(&"p".repeat(62), 1, &target),
        ];
        assert!(names.iter().all(|name| name.len() <= 253), "{names:?}");
        assert!(names[0] != names[1] && names[1] != names[2] && names[0] != names[2]);
    }

    #[test]
    fn names_are_unique_and_safe_for_dns() {
        let long = "x".repeat(255);
        let mut seen = std::collections::BTreeSet::new();
        for (target, cluster, service) in [
            ("t", "main", "web"),
            ("t", "Main", "web"),
            ("t", "main", "Web"),
            ("t", "main", "we_b"),
            ("t", "main", "we-b"),
            ("t", "main", "-web"),
            ("t", "main", "web-"),
            ("t", "main", "___"),
            ("t", "main", ""),
            ("t.main", "web", "x"),
            ("t", "main.web", "x"),
            ("t", long.as_str(), "a"),
            ("t", long.as_str(), "b"),
            ("t", "a", long.as_str()),
        ] {
            let name = workload_name(target, cluster, service);
            assert!(name.len() <= 253, "{name}");
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
            for part in name.split('.') {
                assert!(
                    edge(part.chars().next()) && edge(part.chars().last()),
                    "{name}"
                );
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                assert!(part.chars().all(plain), "{name}");
            }
            assert!(seen.insert(name), "{target} {cluster} {service}");
        }
    }
}
