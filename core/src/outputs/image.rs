//! What a router image can do, as far as its name tells.
//!
//! Never refuses on a guess: an image that is not known to be old is taken to be able.

/// The Fluent Bit generation inside a router image.
/// <https://github.com/aws/aws-for-fluent-bit/blob/mainline/CHANGELOG.md>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageLine {
    /// aws-for-fluent-bit 2.x: Fluent Bit 1.9.10.
    V2,
    /// aws-for-fluent-bit 3.x and later: Fluent Bit 4.1 and later.
    V3,
    /// A moving tag, a digest or another image: nothing is refused on its account.
    #[default]
    Unknown,
}

impl ImageLine {
    /// Reads the line from an image name such as
    /// `public.ecr.aws/aws-observability/aws-for-fluent-bit:init-2.33.0`.
    #[must_use]
    pub fn of(image: &str) -> Self {
        let image = image.split_once('@').map_or(image, |(name, _)| name);
        let Some((name, tag)) = image.rsplit_once(':') else {
            return Self::Unknown;
        };
        if !name.ends_with("aws-for-fluent-bit") {
            return Self::Unknown;
        }
        let version = ["init-debug-", "debug-", "init-"]
            .iter()
            .find_map(|prefix| tag.strip_prefix(prefix))
            .unwrap_or(tag);
        let major = version.split(['.', '-']).next().unwrap_or_default();
        match major.parse::<u32>() {
            Ok(0..=2) => Self::V2,
            Ok(_) => Self::V3,
            Err(_) => Self::Unknown,
        }
    }
}

/// Why a 2.x image cannot run this option, if it cannot.
pub(super) fn refused_by_v2(plugin: &str, option: &str) -> Option<String> {
    if plugin == "opentelemetry" {
        return Some(
            "logs over OTLP need aws-for-fluent-bit 3 or later; the router image is 2.x".to_owned(),
        );
    }
    crate::lint::is_missing_in_v2(plugin, option)
        .then(|| format!("{option} needs aws-for-fluent-bit 3 or later; the router image is 2.x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_read_from_the_tag() {
        let public = "public.ecr.aws/aws-observability/aws-for-fluent-bit";
        for (tag, line) in [
            (":2.32.0", ImageLine::V2),
            (":init-2.33.0", ImageLine::V2),
            (":init-debug-2.33.0.20250101", ImageLine::V2),
            (":3", ImageLine::V3),
            (":3.2.1", ImageLine::V3),
            (":init-3.2.1", ImageLine::V3),
            (":stable", ImageLine::Unknown),
            (":init-latest", ImageLine::Unknown),
            ("", ImageLine::Unknown),
            ("@sha256:0123", ImageLine::Unknown),
            (":3.2.1@sha256:0123", ImageLine::V3),
        ] {
            assert_eq!(ImageLine::of(&format!("{public}{tag}")), line, "{tag}");
        }
        assert_eq!(
            ImageLine::of("registry:5000/fluent-bit:2.1"),
            ImageLine::Unknown
        );
    }
}
