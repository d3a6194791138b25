//! Patterns of IAM: whether one covers all that another matches, or some of it.
//!
//! A policy variable may have any value, so it covers nothing for certain and meets everything.

/// One symbol of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Literal(char),
    /// `?`.
    One,
    /// `*`.
    Many,
    /// `${aws:…}`: its value is known only when a call is made.
    Variable,
}

impl Symbol {
    const fn is_open(self) -> bool {
        matches!(self, Self::Many | Self::Variable)
    }
}

/// A name with wildcards: an action or a resource of a policy, or the resource that is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Symbol>);

impl Pattern {
    /// Reads a pattern. With `variables` (policies of version `2012-10-17`) `${…}` is a variable, and
    /// `${*}`, `${?}` and `${$}` are the characters themselves.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    pub(super) fn new(text: &str, variables: bool) -> Self {
        let mut symbols = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let variable = rest
                .strip_prefix("${")
                .filter(|_| variables)
                .and_then(|inner| inner.split_once('}'));
            if let Some((name, after)) = variable {
                symbols.push(match name {
                    "*" => Symbol::Literal('*'),
                    "?" => Symbol::Literal('?'),
                    "$" => Symbol::Literal('$'),
                    _ => Symbol::Variable,
                });
                rest = after;
                continue;
            }
            symbols.push(match first {
                '*' => Symbol::Many,
                '?' => Symbol::One,
                other => Symbol::Literal(other),
            });
            rest = &rest[first.len_utf8()..];
        }
        Self(symbols)
    }

    /// Whether this pattern matches everything that `other` matches. `false` may also mean that it is not
    /// known.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let (mine, theirs) = (&self.0, &other.0);
        // Row i, column j: the rest of `mine` from i covers the rest of `theirs` from j.
        let mut below = vec![false; theirs.len() + 1];
        below[theirs.len()] = true;
        for symbol in mine.iter().rev() {
            let mut row = vec![false; theirs.len() + 1];
            for j in (0..=theirs.len()).rev() {
                row[j] = match (symbol, theirs.get(j)) {
                    (Symbol::Many, None) => below[j],
                    (Symbol::Many, Some(_)) => below[j] || row[j + 1],
                    (Symbol::One, Some(Symbol::Literal(_) | Symbol::One)) => below[j + 1],
                    (Symbol::Literal(a), Some(Symbol::Literal(b))) => a == b && below[j + 1],
                    _ => false,
                };
            }
            below = row;
        }
        below[0]
    }

    /// Whether there is a name that both match. Two ARNs are compared part by part, because a wildcard in a
    /// resource does not extend over the ARN of another.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self.parts_of_arn(), other.parts_of_arn()) {
            (Some(mine), Some(theirs)) => mine
                .iter()
                .zip(theirs)
                .all(|(mine, theirs)| meet(mine, theirs)),
            _ => meet(&self.0, &other.0),
        }
    }

    /// Returns the six parts of an ARN. `None` if the fifth cannot be an account: then a wildcard before it
    /// matches several parts.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
    fn parts_of_arn(&self) -> Option<[&[Symbol]; 6]> {
        let mut parts = self.0.splitn(6, |symbol| *symbol == Symbol::Literal(':'));
        let parts = [
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
        ];
        let of_account = |symbol: &Symbol| match symbol {
            Symbol::Literal(c) => c.is_ascii_digit(),
            Symbol::One | Symbol::Many | Symbol::Variable => true,
        };
        parts[4].iter().all(of_account).then_some(parts)
    }
}

/// Whether there is a text that both match.
fn meet(mine: &[Symbol], theirs: &[Symbol]) -> bool {
    let mut below = vec![false; theirs.len() + 1];
    for i in (0..=mine.len()).rev() {
        let mut row = vec![false; theirs.len() + 1];
        for j in (0..=theirs.len()).rev() {
            row[j] = match (mine.get(i), theirs.get(j)) {
                (None, None) => true,
                (Some(a), None) => a.is_open() && below[j],
                (None, Some(b)) => b.is_open() && row[j + 1],
                (Some(a), Some(b)) if a.is_open() || b.is_open() => below[j] || row[j + 1],
                (Some(Symbol::Literal(a)), Some(Symbol::Literal(b))) => a == b && below[j + 1],
                (Some(_), Some(_)) => below[j + 1],
            };
        }
        below = row;
    }
    below[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Pattern {
        Pattern::new(text, true)
    }

    #[test]
    fn pattern_covers_full_matches_and_meets_partial_matches() {
        for (pattern, asked, covers, meets) in [
            ("arn:a", "arn:a", true, true),
            ("arn:a", "arn:b", false, false),
            ("*", "arn:a", true, true),
            ("arn:*", "arn:a:b/c", true, true),
            ("arn:?", "arn:a", true, true),
            ("arn:?", "arn:ab", false, false),
            ("arn:log:*", "arn:log:*", true, true),
            ("arn:log:app-*", "arn:log:*", false, true),
            ("arn:log:*", "arn:log:app-*", true, true),
            ("arn:log:*:stream", "arn:log:*", false, true),
            ("arn:log:a", "arn:other:*", false, false),
            ("arn:aws:logs:*:*:b", "arn:aws:logs:r:1:a:*", false, false),
            ("arn:aws:logs:*:1:a:b", "arn:aws:logs:r:1:a:*", false, true),
            ("arn:aws:logs:*:a:b", "arn:aws:logs:r:1:a:*", false, true),
            ("arn:aws:logs:*:a:*", "arn:aws:logs:r:1:a:b*", true, true),
            ("arn:?", "arn:*", false, true),
            ("*a*b*", "xaybz", true, true),
            ("*a*b*", "xbya", false, false),
            ("", "", true, true),
            ("", "a", false, false),
            ("*", "", true, true),
            ("arn:${aws:PrincipalTag/x}", "arn:a", false, true),
            ("arn:${aws:PrincipalTag/x}:q", "arn:a", false, false),
            ("arn:${*}", "arn:*", false, true),
            ("arn:${*}", "arn:b", false, false),
            ("arn:${?}${$}", "arn:?$", false, true),
            ("arn:${open", "arn:${open", true, true),
        ] {
            assert_eq!(
                of(pattern).covers(&of(asked)),
                covers,
                "{pattern} covers {asked}"
            );
            assert_eq!(
                of(pattern).meets(&of(asked)),
                meets,
                "{pattern} meets {asked}"
            );
            assert_eq!(
                of(asked).meets(&of(pattern)),
                meets,
                "{asked} meets {pattern}"
            );
        }
    }

    #[test]
    fn policies_of_the_old_version_know_no_variables() {
        let old = Pattern::new("arn:${aws:username}", false);
        assert!(old.covers(&Pattern::new("arn:${aws:username}", false)));
        assert!(!old.meets(&of("arn:a")));
    }
}
