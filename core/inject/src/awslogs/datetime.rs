//! `awslogs-datetime-format`: a time in `strftime` form, as the regular expression that awslogs makes
//! of it.
//!
//! What stands between the sequences is not quoted: awslogs takes it for a regular expression too.

/// Sequences and what they match, in the syntax of Go. A sequence that is not here matches nothing.
/// <https://docs.docker.com/engine/logging/drivers/awslogs/#awslogs-datetime-format>
const SEQUENCES: [(char, &str); 19] = [
    ('a', "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"),
    (
        'A',
        "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)",
    ),
    ('w', "[0-6]"),
    ('d', "(?:0[1-9]|[12][0-9]|3[01])"),
    ('b', "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"),
    (
        'B',
        "(?:January|February|March|April|May|June|July|August|September|October|November|December)",
    ),
    ('m', "(?:0[1-9]|1[0-2])"),
    ('Y', "[0-9]{4}"),
    ('y', "[0-9]{2}"),
    ('H', "(?:[01][0-9]|2[0-3])"),
    ('I', "(?:0[0-9]|1[0-2])"),
    ('p', "[AP]M"),
    ('M', "[0-5][0-9]"),
    ('S', "[0-5][0-9]"),
    ('f', "[0-9]{6}"),
    ('z', "[+-][0-9]{4}"),
    ('Z', "[A-Z]{1,4}T"),
    ('j', "(?:[0-2][0-9][0-9]|3[0-5][0-9]|36[0-6])"),
    ('L', r"\.[0-9]{3}"),
];

/// The expression of a format, in the syntax of Go.
pub(crate) fn expression(format: &str) -> String {
    let mut expression = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            expression.push(character);
            continue;
        }
        match characters.next() {
            None => expression.push('%'),
            Some(sequence) => {
                let known = SEQUENCES.iter().find(|(name, _)| *name == sequence);
                expression.push_str(known.map_or("", |(_, matches)| matches));
            }
        }
    }
    expression
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_format_of_the_docker_manual_finds_its_own_time() {
        for (format, line) in [
            ("%Y-%m-%d %H:%M:%S", "2026-11-23 00:46:58 GET /"),
            (r"\[%b %d, %Y %H:%M:%S\]", "[Nov 23, 2026 00:46:58] up"),
            ("%a %b %d %H:%M:%S %Y", "Mon Nov 23 00:46:58 2026 up"),
            ("%A %B %d %I:%M:%S %p", "Monday November 23 12:46:58 AM up"),
            ("%Y-%m-%dT%H:%M:%S%L%z", "2026-11-23T00:46:58.123+0000 up"),
            ("%y%j %H:%M:%S.%f %Z", "26327 00:46:58.123456 CEST up"),
            ("%w", "1"),
            ("100%", "100% done"),
        ] {
            let found = regex::Regex::new(&expression(format)).unwrap();
            assert!(found.is_match(line), "{format}: {found}");
            assert!(!found.is_match("    at Shop.main"), "{format}: {found}");
        }
    }

    #[test]
    fn a_sequence_that_awslogs_does_not_know_matches_nothing() {
        assert_eq!(expression("%e%%x"), "x");
    }
}
