//! Tags inside the router, and whether a `Match` can match one.
//!
//! Names of containers are globs here, so a match is only denied when none is possible.

/// Stands for any run of characters that a container name can have; no glob holds it.
const NAME_RUN: char = '+';

const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '*' | '?' | NAME_RUN)
}

/// Whether two texts with `*` (any run) and `?` (one character) can stand for the same text.
pub(super) fn can_meet(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let columns = right.len() + 1;
    // `meets[i][j]`: the first i and j characters can stand for the same text.
    let mut meets = vec![false; (left.len() + 1) * columns];
    for row in 0..=left.len() {
        for column in 0..=right.len() {
            let above =
                |r: usize, c: usize| meets.get(r * columns + c).copied().unwrap_or_default();
            let l = row.checked_sub(1).and_then(|at| left.get(at)).copied();
            let r = column.checked_sub(1).and_then(|at| right.get(at)).copied();
            let value = match (l, r) {
                (None, None) => true,
                (Some('*' | NAME_RUN), None) => above(row - 1, 0),
                (None, Some('*' | NAME_RUN)) => above(0, column - 1),
                (Some('*'), Some(_)) | (Some(_), Some('*')) => {
                    above(row - 1, column) || above(row, column - 1)
                }
                (Some(NAME_RUN), Some(r)) => {
                    above(row - 1, column) || (is_name(r) && above(row, column - 1))
                }
                (Some(l), Some(NAME_RUN)) => {
                    above(row, column - 1) || (is_name(l) && above(row - 1, column))
                }
                (Some(l), Some(r)) => {
                    (l == r || l == '?' || r == '?') && above(row - 1, column - 1)
                }
                _ => false,
            };
            if let Some(cell) = meets.get_mut(row * columns + column) {
                *cell = value;
            }
        }
    }
    meets.last().copied().unwrap_or_default()
}

/// The tags of containers whose names a glob stands for.
/// <https://github.com/aws/amazon-ecs-agent/blob/master/agent/taskresource/firelens/firelensconfig_unix.go>
pub(super) fn of_containers(glob: &str) -> String {
    let name: String = glob
        .chars()
        .map(|c| if c == '*' { NAME_RUN } else { c })
        .collect();
    format!("{name}-firelens-*")
}

/// A tag that is made of a record: each `$part` stands for anything.
pub(super) fn of_template(template: &str) -> String {
    let mut tag = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '$' {
            tag.push('*');
            while chars
                .next_if(|c| c.is_ascii_alphanumeric() || "_[]'\"".contains(*c))
                .is_some()
            {}
        } else {
            tag.push(c);
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_meet_when_some_text_fits_both() {
        for (left, right, expected) in [
            ("*", "app-firelens-*", true),
            ("app-firelens*", "*-firelens-*", true),
            ("app", "*-firelens-*", false),
            ("app.*", "app-firelens-*", false),
            ("a?c", "abc", true),
            ("kube.*", "firelens-healthcheck", false),
            ("", "*", true),
            ("", "a", false),
            ("*a", "b*", true),
        ] {
            assert_eq!(can_meet(left, right), expected, "{left} {right}");
            assert_eq!(can_meet(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn container_names_hold_no_dots() {
        for (glob, pattern, expected) in [
            ("*", "web.*", false),
            ("*", "web-firelens*", true),
            ("*", "*", true),
            ("*", "*.main", true),
            ("web", "api-firelens*", false),
        ] {
            assert_eq!(
                can_meet(&of_containers(glob), pattern),
                expected,
                "{glob} {pattern}"
            );
        }
    }

    #[test]
    fn a_template_stands_for_many_tags() {
        assert_eq!(of_template("$TAG.audit"), "*.audit");
        assert_eq!(of_template("audit.$kind['a'].x"), "audit.*.x");
    }
}
