//! What the reference of a router image tells about its content.
//!
//! Never asks a registry: a digest or another repository tells nothing, and is taken so.
//! Versions and contents: <https://github.com/aws/aws-for-fluent-bit/blob/mainline/CHANGELOG.md>.

/// First version with `/fluent-bit/configs/output-metrics-healthcheck.conf`.
const BUILT_IN_HEALTH_CONFIG: Version = (2, 29, 1);
/// First version whose init process starts on a read-only root filesystem.
const INIT_ON_READONLY_ROOT: Version = (2, 33, 0);
/// The one 3.x version without `curl`.
const WITHOUT_CURL: Version = (3, 0, 0);

type Version = (u32, u32, u32);

/// A router image, as far as its reference tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RouterImage<'a> {
    reference: &'a str,
    /// Whether the repository is one of aws-for-fluent-bit, or a mirror that kept the name.
    pub(super) is_aws: bool,
    tag: Option<&'a str>,
    has_digest: bool,
}

impl<'a> RouterImage<'a> {
    pub(super) fn parse(reference: &'a str) -> Self {
        let (named, digest) = match reference.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (reference, None),
        };
        let last_slash = named.rfind('/').map_or(0, |at| at + 1);
        let (repository, tag) = match named[last_slash..].split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (&named[last_slash..], None),
        };
        Self {
            reference,
            is_aws: repository == "aws-for-fluent-bit",
            tag,
            has_digest: digest.is_some(),
        }
    }

    /// Version in the tag; dated rebuilds (`2.32.2.20240516`) count as their version.
    fn version(&self) -> Option<Version> {
        let mut parts = self.plain_tag()?.split('.').map(str::parse::<u32>);
        Some((
            parts.next()?.ok()?,
            parts.next()?.ok()?,
            parts.next()?.ok()?,
        ))
    }

    /// The tag without the words for variants.
    fn plain_tag(&self) -> Option<&'a str> {
        let tag = self.tag.filter(|_| self.is_aws)?;
        let tag = tag.strip_prefix("init-").unwrap_or(tag);
        Some(tag.strip_prefix("debug-").unwrap_or(tag))
    }

    /// Whether the tag names whatever is newest, now or when a task starts next.
    pub(super) fn is_moving(&self) -> bool {
        !self.has_digest
            && (self.tag.is_none()
                || matches!(self.tag, Some("latest" | "stable"))
                || self.plain_tag().is_some_and(|tag| {
                    matches!(tag, "latest" | "stable") || tag.parse::<u32>().is_ok()
                }))
    }

    /// Whether `curl` is in the image, and the built-in health configuration: both are needed for
    /// the uptime check. Moving tags of aws-for-fluent-bit have both.
    pub(super) fn has_uptime_check(&self) -> bool {
        match self.version() {
            Some(version) => version >= BUILT_IN_HEALTH_CONFIG && version != WITHOUT_CURL,
            None => self.is_aws && self.is_moving(),
        }
    }

    /// Whether `nc` is in the image, for the check on the agent's TCP input.
    pub(super) fn has_tcp_check(&self) -> bool {
        self.version().is_some_and(|(major, ..)| major == 2)
    }

    /// Whether the init variant starts on a read-only root filesystem. Versions that are not known
    /// count as new.
    pub(super) fn init_starts_on_readonly_root(&self) -> bool {
        self.version()
            .is_none_or(|version| version >= INIT_ON_READONLY_ROOT)
    }

    /// Whether ECS pulls it from Amazon ECR with the execution role.
    pub(super) fn is_in_private_ecr(&self) -> bool {
        self.reference
            .split('/')
            .next()
            .is_some_and(|host| host.contains(".dkr.ecr"))
    }

    /// The init variant of the image; none where no name for it can be known.
    pub(super) fn init_variant(&self) -> Option<String> {
        if !self.is_aws {
            return None;
        }
        match self.tag {
            Some(tag) if tag.starts_with("init-") => Some(self.reference.to_owned()),
            _ if self.has_digest => None,
            Some(tag) => {
                let repository = self.reference.strip_suffix(tag)?;
                Some(format!("{repository}init-{tag}"))
            }
            None => Some(format!("{}:init-latest", self.reference)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "public.ecr.aws/aws-observability/aws-for-fluent-bit";

    #[test]
    fn a_reference_tells_the_content_of_the_image() {
        for (tag, uptime, tcp, moving) in [
            (":2.28.4", false, true, false),
            (":2.29.1", true, true, false),
            (":2.32.2.20240516", true, true, false),
            (":init-2.34.0", true, true, false),
            (":3.0.0", false, false, false),
            (":3.0.1", true, false, false),
            (":init-debug-3.2.1", true, false, false),
            (":debug-3.2.1", true, false, false),
            (":3", true, false, true),
            (":stable", true, false, true),
            (":init-latest", true, false, true),
            ("", true, false, true),
            ("@sha256:00", false, false, false),
            (":3.2.1@sha256:00", true, false, false),
        ] {
            let reference = format!("{PUBLIC}{tag}");
            let image = RouterImage::parse(&reference);
            let found = (
                image.has_uptime_check(),
                image.has_tcp_check(),
                image.is_moving(),
            );
            assert_eq!(found, (uptime, tcp, moving), "{reference}");
        }
    }

    #[test]
    fn other_repositories_tell_nothing() {
        for reference in [
            "fluent/fluent-bit:3.2.1",
            "localhost:5000/router",
            "registry/aws-for-fluent-bit-custom:3.2.1",
        ] {
            let image = RouterImage::parse(reference);
            assert_eq!(
                (image.has_uptime_check(), image.has_tcp_check()),
                (false, false)
            );
            assert_eq!(image.init_variant(), None, "{reference}");
        }
        assert!(RouterImage::parse("fluent/fluent-bit:latest").is_moving());
        assert!(!RouterImage::parse("fluent/fluent-bit:4.0").is_moving());
        assert!(!RouterImage::parse("localhost:5000/router:v1").is_moving());
    }

    #[test]
    fn the_init_variant_is_named_by_its_tag() {
        for (tag, expected) in [
            (":3.2.1", Some(":init-3.2.1")),
            (":init-3.2.1", Some(":init-3.2.1")),
            (":debug-3.2.1", Some(":init-debug-3.2.1")),
            (":latest", Some(":init-latest")),
            ("", Some(":init-latest")),
            (":3.2.1@sha256:00", None),
            (":init-3.2.1@sha256:00", Some(":init-3.2.1@sha256:00")),
            ("@sha256:00", None),
        ] {
            let reference = format!("{PUBLIC}{tag}");
            let expected = expected.map(|tag| format!("{PUBLIC}{tag}"));
            assert_eq!(
                RouterImage::parse(&reference).init_variant(),
                expected,
                "{reference}"
            );
        }
    }

    #[test]
    fn private_registries_of_ecr_are_known_by_their_host() {
        assert!(
            RouterImage::parse(
                "906394416424.dkr.ecr.us-east-1.amazonaws.com/aws-for-fluent-bit:3.2.1"
            )
            .is_in_private_ecr()
        );
        assert!(
            !RouterImage::parse("public.ecr.aws/aws-observability/aws-for-fluent-bit:3.2.1")
                .is_in_private_ecr()
        );
    }
}
