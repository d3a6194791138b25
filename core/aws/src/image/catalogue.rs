//! Versions of router images that are known to break: when, why, and by which source.
//!
//! Each entry has a page as its source, and only the versions that the page names.

use std::cmp::Reverse;

use super::ImageVersion;
use super::reference::{Product, RouterImage};

/// What to do about a version that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BreakSeverity {
    /// Warn.
    Warn,
    /// Do not inject: tasks would stop or lose logs.
    Refuse,
}

/// When a version breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// With any configuration.
    Always,
    /// One of these plugins is an output.
    Output(&'static [&'static str]),
    /// One of these plugins is an output, and tasks continue without their router (`essential: false`).
    OutputOfDispensable(&'static [&'static str]),
    /// The log level is set by the variable `FLB_LOG_LEVEL` and by `Log_Level` of `[SERVICE]`.
    LogLevelTwice,
    /// The log level is `debug` or `trace`.
    DebugLevel,
}

/// Versions of an image that are known to break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownBreak {
    /// Which image.
    pub product: Product,
    /// First version that breaks, or the first that the source names.
    pub first: ImageVersion,
    /// Last version that breaks, including its rebuilds unless it is a rebuild itself.
    pub last: ImageVersion,
    /// When it breaks.
    pub when: When,
    /// What to do.
    pub severity: BreakSeverity,
    /// What happens.
    pub reason: &'static str,
    /// Version to use instead.
    pub instead: &'static str,
    /// The source.
    pub link: &'static str,
}

/// How a policy configures its router, as far as known breaks depend on it.
#[derive(Clone, Debug, Default)]
pub struct Use<'a> {
    /// Plugins of the outputs.
    pub plugins: Vec<&'a str>,
    /// Whether a task continues when its router ends: `essential: false`.
    pub dispensable: bool,
    /// Value of the variable `FLB_LOG_LEVEL` of the router.
    pub log_level_variable: Option<&'a str>,
    /// Value of `Log_Level` in `[SERVICE]` of the configuration.
    pub log_level_option: Option<&'a str>,
}

impl Use<'_> {
    fn has_output(&self, plugins: &[&str]) -> bool {
        let one_of_them = |used: &&str| {
            plugins
                .iter()
                .any(|plugin| plugin.eq_ignore_ascii_case(used))
        };
        self.plugins.iter().any(one_of_them)
    }
}

impl When {
    /// Whether the condition holds for a router.
    #[must_use]
    pub fn holds(self, used: &Use<'_>) -> bool {
        match self {
            Self::Always => true,
            Self::Output(plugins) => used.has_output(plugins),
            Self::OutputOfDispensable(plugins) => used.dispensable && used.has_output(plugins),
            Self::LogLevelTwice => {
                used.log_level_variable.is_some() && used.log_level_option.is_some()
            }
            Self::DebugLevel => [used.log_level_variable, used.log_level_option]
                .into_iter()
                .flatten()
                .any(|level| {
                    ["debug", "trace"]
                        .iter()
                        .any(|debug_level| debug_level.eq_ignore_ascii_case(level))
                }),
        }
    }
}

const AWS: Product = Product::AwsForFluentBit;
const UPSTREAM: Product = Product::FluentBit;
const fn v(major: u32, minor: u32, patch: u32) -> ImageVersion {
    ImageVersion::new(major, minor, patch)
}

macro_rules! issue {
    ($number:literal) => {
        concat!("https://github.com/aws/aws-for-fluent-bit/issues/", $number)
    };
}

/// All known breaks, by product and first version.
#[rustfmt::skip]
pub const KNOWN_BREAKS: &[KnownBreak] = &[
    KnownBreak { product: AWS, first: v(2, 0, 0), last: v(2, 28, 4), when: When::Output(&["cloudwatch_logs"]), severity: BreakSeverity::Warn,
        reason: "output cloudwatch_logs may hang and send nothing any more", instead: "2.31.12", link: issue!("542") },
    KnownBreak { product: AWS, first: v(2, 0, 0), last: v(2, 30, 0), when: When::Output(&["s3"]), severity: BreakSeverity::Warn,
        reason: "output s3 may crash the router", instead: "2.31.12", link: issue!("542") },
    KnownBreak { product: AWS, first: v(2, 0, 0), last: v(2, 31, 2), when: When::Always, severity: BreakSeverity::Warn,
        reason: "connections that are kept open may crash the router", instead: "2.31.12", link: issue!("542") },
    KnownBreak { product: AWS, first: v(2, 0, 0), last: v(2, 31, 5), when: When::Output(&["cloudwatch"]), severity: BreakSeverity::Warn,
        reason: "output cloudwatch drops lines when a log group cannot be made at the first try", instead: "2.31.12",
        link: "https://github.com/aws/amazon-cloudwatch-logs-for-fluent-bit/issues/314" },
    KnownBreak { product: AWS, first: v(2, 15, 0), last: v(2, 15, 0), when: When::Always, severity: BreakSeverity::Refuse,
        reason: "the router crashes when it starts", instead: "2.15.1", link: issue!("183") },
    KnownBreak { product: AWS, first: v(2, 19, 1), last: v(2, 19, 2), when: When::Always, severity: BreakSeverity::Refuse,
        reason: "look-ups of host names time out, and lines are lost", instead: "2.20.0", link: issue!("236") },
    KnownBreak { product: AWS, first: v(2, 21, 0), last: v(2, 21, 0), when: When::Always, severity: BreakSeverity::Refuse,
        reason: "the router crashes after some days", instead: "2.21.2", link: issue!("269") },
    KnownBreak { product: AWS, first: v(2, 22, 0), last: v(2, 22, 0), when: When::Output(&["cloudwatch_logs"]), severity: BreakSeverity::Refuse,
        reason: "output cloudwatch_logs crashes the router", instead: "2.23.4", link: issue!("300") },
    KnownBreak { product: AWS, first: v(2, 24, 0), last: v(2, 25, 1), when: When::Always, severity: BreakSeverity::Warn,
        reason: "the first versions that do not start (exit code 255) with an option they do not know, those of built-in files included",
        instead: "2.31.12", link: issue!("371") },
    KnownBreak { product: AWS, first: v(2, 29, 0), last: v(2, 29, 0), when: When::Output(&["datadog"]), severity: BreakSeverity::Refuse,
        reason: "output datadog crashes the router, and its tasks stop", instead: "2.29.1", link: issue!("491") },
    KnownBreak { product: AWS, first: v(2, 29, 0), last: v(2, 31, 1), when: When::Output(&["cloudwatch_logs"]), severity: BreakSeverity::Warn,
        reason: "two outputs cloudwatch_logs that match the same tag crash the router", instead: "2.31.12", link: issue!("542") },
    KnownBreak { product: AWS, first: v(2, 31, 7), last: v(2, 31, 9), when: When::DebugLevel, severity: BreakSeverity::Warn,
        reason: "input tail crashes the router while the log level is debug", instead: "2.31.12", link: issue!("639") },
    KnownBreak { product: AWS, first: v(2, 32, 0), last: v(2, 32, 2), when: When::Output(&["http"]), severity: BreakSeverity::Warn,
        reason: "output http may crash the router", instead: "2.34.3.20260623",
        link: "https://github.com/aws/aws-for-fluent-bit/releases/tag/v2.32.3" },
    KnownBreak { product: AWS, first: v(2, 32, 1), last: v(2, 32, 1), when: When::Always, severity: BreakSeverity::Refuse,
        reason: "AWS took this version back", instead: "2.34.3.20260623", link: "https://github.com/aws/aws-for-fluent-bit/pull/804" },
    KnownBreak { product: AWS, first: ImageVersion::rebuilt(2, 32, 2, 20_241_003), last: ImageVersion::rebuilt(2, 32, 2, 20_241_003),
        when: When::Always, severity: BreakSeverity::Refuse,
        reason: "the router runs out of memory and is killed with code 139", instead: "2.32.2.20241008", link: issue!("861") },
    KnownBreak { product: AWS, first: v(2, 34, 0), last: v(2, 34, 0), when: When::Always, severity: BreakSeverity::Warn,
        reason: "one user saw it refuse configurations that earlier versions took (\"section 'env' is missing the 'name' property\")",
        instead: "2.34.3.20260623", link: issue!("1002") },
    KnownBreak { product: AWS, first: v(3, 0, 0), last: v(3, 0, 0), when: When::Always, severity: BreakSeverity::Warn,
        reason: "curl is not in the image, so no health check over HTTP can pass", instead: "3.4.16",
        link: "https://github.com/aws/aws-for-fluent-bit/pull/1026" },
    KnownBreak { product: AWS, first: v(3, 0, 0), last: v(3, 4, 8), when: When::OutputOfDispensable(&["cloudwatch_logs"]), severity: BreakSeverity::Warn,
        reason: "output cloudwatch_logs may crash the router when its log group is gone, and with `essential: false` the task goes on \
                 without logs (seen with Fluent Bit 5.0.7, mended in 5.0.8; not shown for 4.x)",
        instead: "3.4.16", link: issue!("1164") },
    KnownBreak { product: AWS, first: v(3, 0, 0), last: v(3, 4, 8), when: When::Always, severity: BreakSeverity::Warn,
        reason: "input forward, through which FireLens brings every line, has faults that Fluent Bit 5.0.9 mends: the router may hang with \
                 a full CPU, or crash", instead: "3.4.16", link: issue!("1176") },
    KnownBreak { product: AWS, first: v(3, 5, 0), last: v(3, 5, 0), when: When::LogLevelTwice, severity: BreakSeverity::Refuse,
        reason: "the router does not start when FLB_LOG_LEVEL and Log_Level are both set", instead: "3.4.16",
        link: "https://github.com/fluent/fluent-bit/issues/12310" },
    KnownBreak { product: AWS, first: v(3, 5, 0), last: v(3, 5, 0), when: When::Always, severity: BreakSeverity::Warn,
        reason: "AWS took this version back: Fluent Bit 5.1.0 refuses configurations that 5.0.9 took", instead: "3.4.16",
        link: "https://github.com/aws/aws-for-fluent-bit/pull/1195" },
    KnownBreak { product: UPSTREAM, first: v(5, 1, 0), last: v(5, 1, 1), when: When::LogLevelTwice, severity: BreakSeverity::Refuse,
        reason: "the router does not start when FLB_LOG_LEVEL and Log_Level are both set", instead: "5.1.2",
        link: "https://github.com/fluent/fluent-bit/issues/12310" },
];

impl RouterImage<'_> {
    /// Returns the known breaks of this version that hold for the use of the router, gravest first. It is empty
    /// for images without a known version.
    #[must_use]
    pub fn known_breaks(&self, used: &Use<'_>) -> Vec<&'static KnownBreak> {
        let Some(version) = self.version() else {
            return Vec::new();
        };
        let mut breaks: Vec<&KnownBreak> = KNOWN_BREAKS
            .iter()
            .filter(|known_break| known_break.product == self.product())
            .filter(|known_break| {
                version.is_within(known_break.first, known_break.last)
                    && known_break.when.holds(used)
            })
            .collect();
        breaks.sort_by_key(|known_break| Reverse(known_break.severity));
        breaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaks(reference: &str, used: &Use<'_>) -> Vec<(BreakSeverity, &'static str)> {
        RouterImage::parse(reference)
            .known_breaks(used)
            .iter()
            .map(|known_break| {
                (
                    known_break.severity,
                    known_break.link.rsplit('/').next().unwrap_or_default(),
                )
            })
            .collect()
    }

    #[test]
    fn every_known_break_has_link_replacement_and_range() {
        for known_break in KNOWN_BREAKS {
            assert!(
                known_break.link.starts_with("https://github.com/"),
                "{known_break:?}"
            );
            assert!(known_break.first <= known_break.last, "{known_break:?}");
            let instead = ImageVersion::parse(known_break.instead);
            assert!(
                instead
                    .is_some_and(|instead| !instead.is_within(known_break.first, known_break.last)),
                "{known_break:?}"
            );
            assert!(!known_break.reason.ends_with('.'), "{known_break:?}");
        }
    }

    #[test]
    fn suggested_replacement_image_is_not_refused() {
        let worst = Use {
            plugins: vec!["datadog", "cloudwatch_logs", "s3", "http", "cloudwatch"],
            dispensable: true,
            log_level_variable: Some("debug"),
            log_level_option: Some("debug"),
        };
        for known_break in KNOWN_BREAKS {
            let name = match known_break.product {
                Product::FluentBit => "fluent/fluent-bit",
                Product::AwsForFluentBit | Product::Unknown => "amazon/aws-for-fluent-bit",
            };
            let replacement_breaks = breaks(&format!("{name}:{}", known_break.instead), &worst);
            assert!(
                replacement_breaks
                    .iter()
                    .all(|(severity, _)| *severity == BreakSeverity::Warn),
                "{known_break:?}: {replacement_breaks:?}"
            );
        }
    }

    #[test]
    fn versions_that_break_are_known_with_what_breaks_them() {
        let plain = Use::default();
        let datadog = Use {
            plugins: vec!["datadog"],
            ..Use::default()
        };
        use BreakSeverity::{Refuse, Warn};
        for (tag, used, expected) in [
            ("2.29.0", &datadog, vec![(Refuse, "491"), (Warn, "542")]),
            ("2.29.0", &plain, vec![(Warn, "542")]),
            ("2.29.1", &datadog, vec![(Warn, "542")]),
            ("2.32.2.20241003", &plain, vec![(Refuse, "861")]),
            ("init-2.32.2.20241003", &plain, vec![(Refuse, "861")]),
            ("2.32.2.20241008", &plain, vec![]),
            ("2.32.2", &plain, vec![]),
            ("2.34.0", &plain, vec![(Warn, "1002")]),
            ("3.0.0", &plain, vec![(Warn, "1026"), (Warn, "1176")]),
            ("3.2.1", &datadog, vec![(Warn, "1176")]),
            ("3.4.8", &plain, vec![(Warn, "1176")]),
            ("3.4.9", &plain, vec![]),
            ("3.4.16", &plain, vec![]),
            ("stable", &datadog, vec![]),
        ] {
            let reference = format!("amazon/aws-for-fluent-bit:{tag}");
            assert_eq!(breaks(&reference, used), expected, "{reference} {used:?}");
        }
        assert_eq!(breaks("registry.example.com/router:2.29.0", &datadog), []);
    }

    #[test]
    fn nonessential_router_is_warned_of_cloudwatch_logs_crash() {
        let alone = Use {
            plugins: vec!["cloudwatch_logs"],
            dispensable: true,
            ..Use::default()
        };
        let held = Use {
            dispensable: false,
            ..alone.clone()
        };
        use BreakSeverity::Warn;
        for (tag, used, expected) in [
            ("3.4.8", &alone, vec![(Warn, "1164"), (Warn, "1176")]),
            ("3.4.8", &held, vec![(Warn, "1176")]),
            ("3.4.16", &alone, vec![]),
        ] {
            let reference = format!("amazon/aws-for-fluent-bit:{tag}");
            assert_eq!(breaks(&reference, used), expected, "{reference} {used:?}");
        }
    }

    #[test]
    fn duplicate_log_level_is_refused_for_affected_fluent_bit_versions() {
        let once = Use {
            log_level_variable: Some("info"),
            ..Use::default()
        };
        let twice = Use {
            log_level_option: Some("debug"),
            ..once.clone()
        };
        use BreakSeverity::{Refuse, Warn};
        for (reference, used, expected) in [
            ("amazon/aws-for-fluent-bit:3.4.16", &twice, vec![]),
            (
                "amazon/aws-for-fluent-bit:3.5.0",
                &twice,
                vec![(Refuse, "12310"), (Warn, "1195")],
            ),
            ("fluent/fluent-bit:5.1.1", &twice, vec![(Refuse, "12310")]),
            ("fluent/fluent-bit:5.1.1", &once, vec![]),
            ("fluent/fluent-bit:5.1.2", &twice, vec![]),
        ] {
            assert_eq!(breaks(reference, used), expected, "{reference} {used:?}");
        }
    }
}
