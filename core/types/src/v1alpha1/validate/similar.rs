//! Suggests the nearest known name for a misspelt one.
//!
//! Only a near name is suggested: a wrong guess is worse than none.

/// Returns the known name that is most like `name`, if any is near enough.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = plain(name);
    if let Some(same) = known.iter().find(|candidate| plain(candidate) == wanted) {
        return Some(same);
    }
    known
        .iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &plain(candidate)),
                *candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 4))
        .filter(|(distance, _)| *distance * 2 < wanted.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns the name without case, underscores, dots and hyphens, which are the most common mistakes.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_unless_it_is_too_distant() {
        let known = [
            "mode",
            "priority",
            "selector",
            "bufferLimit",
            "logGroupName",
        ];
        for (name, expected) in [
            ("prioritty", Some("priority")),
            ("buffer_limit", Some("bufferLimit")),
            ("log_group_name", Some("logGroupName")),
            ("Mode", Some("mode")),
            ("selectors", Some("selector")),
            ("color", None),
            ("x", None),
        ] {
            assert_eq!(nearest(name, &known), expected, "{name}");
        }
    }
}
