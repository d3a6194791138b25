//! What is inside a router image: programs that a health check can call, and configuration files.
//!
//! For an unknown image the result is unknown, not yes: a check that calls a missing program stops each task.
//! Versions and contents: <https://github.com/aws/aws-for-fluent-bit/releases>.

use super::ImageVersion;
use super::reference::{Product, RouterImage};

/// First version with `/fluent-bit/configs/output-metrics-healthcheck.conf`.
const BUILT_IN_HEALTH_CONFIG: ImageVersion = ImageVersion::new(2, 29, 1);
/// First version whose init process starts if it cannot write to `/init`.
/// <https://github.com/aws/aws-for-fluent-bit/pull/955>
const INIT_ON_READONLY_ROOT: ImageVersion = ImageVersion::new(2, 33, 0);
/// The only 3.x version without `curl`.
/// <https://github.com/aws/aws-for-fluent-bit/pull/1026>
const WITHOUT_CURL: ImageVersion = ImageVersion::new(3, 0, 0);

/// Whether an image contains something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contains {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It is not known from the reference.
    Unknown,
}

impl RouterImage<'_> {
    /// Reports whether the image contains a program that health checks often call: `sh`, `curl`, `nc`, `wget`.
    #[must_use]
    pub fn has_program(&self, program: &str) -> Contains {
        let version = match self.product() {
            Product::Unknown => return Contains::Unknown,
            // Distroless, but for the debug images, whose tag ends in `-debug`.
            Product::FluentBit if self.tag().is_some_and(|tag| tag.ends_with("debug")) => {
                return Contains::Unknown;
            }
            Product::FluentBit => return Contains::No,
            Product::AwsForFluentBit => self.version(),
        };
        let minimal = version.is_some_and(|version| version.major >= 3) || self.is_v3_tag();
        match (program, version) {
            ("sh", _) => Contains::Yes,
            ("curl", Some(version)) => {
                Contains::from(!version.is_within(WITHOUT_CURL, WITHOUT_CURL))
            }
            ("curl", None) if self.is_moving() => Contains::Yes,
            ("nc" | "wget", _) if minimal => Contains::No,
            ("nc", Some(_)) => Contains::Yes,
            _ => Contains::Unknown,
        }
    }

    /// Returns a program that the command of a health check calls (`CMD` or `CMD-SHELL`, then words) and that
    /// the image is known not to contain.
    #[must_use]
    pub fn missing_program(&self, command: &[String]) -> Option<&'static str> {
        let (form, words) = command.split_first()?;
        let shell = (form == "CMD-SHELL").then_some("sh");
        let calls = |program: &str, text: &str| {
            text.split(|c: char| c.is_whitespace() || "|;&()`'\"".contains(c))
                .any(|word| !word.contains("://") && word.rsplit('/').next() == Some(program))
        };
        let called = ["curl", "nc", "wget"]
            .into_iter()
            .filter(|program| words.iter().any(|text| calls(program, text)));
        shell
            .into_iter()
            .chain(called)
            .find(|program| self.has_program(program) == Contains::No)
    }

    fn is_v3_tag(&self) -> bool {
        self.major().is_some_and(|major| major >= 3)
    }

    /// Whether the image contains `curl` and the built-in health configuration: both are needed for the uptime
    /// check. Moving tags of aws-for-fluent-bit have both.
    #[must_use]
    pub fn has_uptime_check(&self) -> bool {
        let configured = self
            .version()
            .is_none_or(|version| version >= BUILT_IN_HEALTH_CONFIG);
        configured && self.has_program("curl") == Contains::Yes
    }

    /// Whether the image contains `nc`, for the check on the agent's TCP input.
    #[must_use]
    pub fn has_tcp_check(&self) -> bool {
        self.has_program("nc") == Contains::Yes
    }

    /// Whether the init variant starts if it cannot write to `/init`. Unknown versions count as new.
    #[must_use]
    pub fn init_starts_on_readonly_root(&self) -> bool {
        self.version()
            .is_none_or(|version| version >= INIT_ON_READONLY_ROOT)
    }
}

impl From<bool> for Contains {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "public.ecr.aws/aws-observability/aws-for-fluent-bit";

    #[test]
    fn a_reference_tells_which_checks_the_image_can_run() {
        for (tag, uptime, tcp) in [
            (":2.28.4", false, true),
            (":2.29.1", true, true),
            (":2.32.2.20240516", true, true),
            (":init-2.34.0", true, true),
            (":3.0.0", false, false),
            (":init-3.0.0", false, false),
            (":3.0.1", true, false),
            (":init-debug-3.2.1", true, false),
            (":debug-3.2.1", true, false),
            (":3", true, false),
            (":stable", true, false),
            (":init-latest", true, false),
            ("", true, false),
            ("@sha256:00", false, false),
            (":3.2.1@sha256:00", true, false),
        ] {
            let reference = format!("{PUBLIC}{tag}");
            let image = RouterImage::parse(&reference);
            assert_eq!(
                (image.has_uptime_check(), image.has_tcp_check()),
                (uptime, tcp),
                "{reference}"
            );
        }
    }

    #[test]
    fn custom_image_contents_are_unknown_and_fluent_bit_lacks_shell() {
        for reference in [
            "localhost:5000/router",
            "registry/aws-for-fluent-bit-custom:3.2.1",
            "fluent/fluent-bit:4.2.2-debug",
        ] {
            let image = RouterImage::parse(reference);
            for program in ["sh", "curl", "nc", "wget"] {
                assert_eq!(image.has_program(program), Contains::Unknown, "{reference}");
            }
        }
        let distroless = RouterImage::parse("cr.fluentbit.io/fluent/fluent-bit:4.2.2");
        for program in ["sh", "curl", "nc"] {
            assert_eq!(distroless.has_program(program), Contains::No);
        }
    }

    #[test]
    fn programs_are_known_by_version() {
        for (tag, curl, nc) in [
            ("2.34.0", Contains::Yes, Contains::Yes),
            ("3.0.0", Contains::No, Contains::No),
            ("3.2.1", Contains::Yes, Contains::No),
            ("3", Contains::Yes, Contains::No),
            ("stable", Contains::Yes, Contains::Unknown),
            ("stable@sha256:00", Contains::Unknown, Contains::Unknown),
        ] {
            let reference = format!("{PUBLIC}:{tag}");
            let image = RouterImage::parse(&reference);
            let programs = (image.has_program("curl"), image.has_program("nc"));
            assert_eq!(programs, (curl, nc), "{tag}");
        }
    }

    #[test]
    fn a_command_is_read_for_the_programs_it_calls() {
        let missing = |image: &str, words: &[&str]| {
            let command: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            RouterImage::parse(image).missing_program(&command)
        };
        let image = "amazon/aws-for-fluent-bit:3.2.1";
        for (words, program) in [
            (
                &["CMD-SHELL", "echo x | nc 127.0.0.1 8877 || exit 1"][..],
                Some("nc"),
            ),
            (&["CMD", "/usr/bin/nc", "127.0.0.1", "8877"], Some("nc")),
            (
                &["CMD-SHELL", "curl -f http://127.0.0.1:2020/nc || exit 1"],
                None,
            ),
            (&["CMD-SHELL", "exit 0"], None),
            (&[], None),
        ] {
            assert_eq!(missing(image, words), program, "{words:?}");
        }
        let distroless = "fluent/fluent-bit:4.2.2";
        assert_eq!(missing(distroless, &["CMD-SHELL", "exit 0"]), Some("sh"));
        assert_eq!(
            missing(distroless, &["CMD", "/fluent-bit/bin/fluent-bit"]),
            None
        );
        assert_eq!(
            missing("router:1", &["CMD-SHELL", "nc -z 127.0.0.1 8877"]),
            None
        );
    }

    #[test]
    fn init_images_before_2_33_need_a_writable_root() {
        for (tag, starts) in [
            ("2.32.5.20250626", false),
            ("2.33.0", true),
            ("3.2.1", true),
            ("latest", true),
        ] {
            let reference = format!("{PUBLIC}:init-{tag}");
            assert_eq!(
                RouterImage::parse(&reference).init_starts_on_readonly_root(),
                starts,
                "{tag}"
            );
        }
    }
}
