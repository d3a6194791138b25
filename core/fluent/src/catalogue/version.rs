//! Which Fluent Bit a router image holds, as far as its name tells.
//!
//! An image whose name tells nothing is checked by what holds in every version.

use std::fmt;
use std::str::FromStr;

/// The Fluent Bit versions that an image may hold.
/// <https://github.com/aws/aws-for-fluent-bit/blob/mainline/CHANGELOG.md>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FluentBitVersion {
    /// Fluent Bit 1.9.10: aws-for-fluent-bit 2.x.
    V1_9_10,
    /// Fluent Bit 4.2.2: aws-for-fluent-bit 3.0 to 3.2.
    V4_2_2,
    /// Fluent Bit 5.0.9: aws-for-fluent-bit 3.4. Its option tables lie between those of 4.2.2 and 5.1.1, and what either
    /// has is taken to be in it.
    V5_0_9,
    /// Fluent Bit 5.1.1: aws-for-fluent-bit 3.5 and 5.x.
    V5_1_1,
    /// 4.2.2 or 5.1.1: the moving tag `3`, and versions that are newer than this list.
    Modern,
    /// Any of them: a moving tag, a digest or another image.
    #[default]
    Any,
}

impl FluentBitVersion {
    /// The texts that [`FluentBitVersion::from_str`] takes, for help and messages.
    pub const TEXTS: &'static [&'static str] = &["1.9.10", "4.2.2", "5.0.9", "5.1.1", "any"];

    /// Reads the version from an image reference such as
    /// `public.ecr.aws/aws-observability/aws-for-fluent-bit:init-2.33.0`.
    #[must_use]
    pub fn of_image(image: &str) -> Self {
        let named = image.split_once('@').map_or(image, |(named, _)| named);
        let last = named.rsplit('/').next().unwrap_or(named);
        let Some((repository, tag)) = last.split_once(':') else {
            return Self::Any;
        };
        let plain = ["init-debug-", "debug-", "init-"]
            .iter()
            .find_map(|prefix| tag.strip_prefix(prefix))
            .unwrap_or(tag);
        let mut numbers = plain.split(['.', '-']).map(|part| part.parse::<u32>().ok());
        let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
        match (repository, major, minor) {
            ("aws-for-fluent-bit", Some(0..=2), _) | ("fluent-bit", Some(1), Some(9)) => {
                Self::V1_9_10
            }
            ("aws-for-fluent-bit", Some(3), Some(0..=2)) | ("fluent-bit", Some(4), Some(2)) => {
                Self::V4_2_2
            }
            ("aws-for-fluent-bit", Some(3), Some(4)) | ("fluent-bit", Some(5), Some(0)) => {
                Self::V5_0_9
            }
            ("aws-for-fluent-bit", Some(3), Some(5))
            | ("aws-for-fluent-bit", Some(5), _)
            | ("fluent-bit", Some(5), Some(1)) => Self::V5_1_1,
            ("aws-for-fluent-bit", Some(3..), _) => Self::Modern,
            _ => Self::Any,
        }
    }

    /// One bit for each Fluent Bit version that the image may hold: 1 for 1.9.10, 2 for 4.2.2, 4
    /// for 5.1.1. 5.0.9 has no table of its own: it may have what stands in that of its elder or its younger.
    pub(crate) const fn bits(self) -> u8 {
        match self {
            Self::V1_9_10 => 1,
            Self::V4_2_2 => 2,
            Self::V5_1_1 => 4,
            Self::V5_0_9 | Self::Modern => 6,
            Self::Any => 7,
        }
    }

    /// Whether the image certainly is a build of which the plugins are known.
    pub(crate) const fn is_known(self) -> bool {
        !matches!(self, Self::Any)
    }
}

impl fmt::Display for FluentBitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_9_10 => "1.9.10",
            Self::V4_2_2 => "4.2.2",
            Self::V5_0_9 => "5.0.9",
            Self::V5_1_1 => "5.1.1",
            Self::Modern => "4.2.2 or 5.1.1",
            Self::Any => "any",
        })
    }
}

/// A text that is no version of the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version; known are {}", FluentBitVersion::TEXTS.join(", "))]
pub struct UnknownVersion {
    /// The text.
    pub text: String,
}

impl FromStr for FluentBitVersion {
    type Err = UnknownVersion;

    /// Reads a Fluent Bit version; `1.9`, `4.2`, `5.0` and `5.1` count as the version of the list.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1.9.10" | "1.9" => Ok(Self::V1_9_10),
            "4.2.2" | "4.2" => Ok(Self::V4_2_2),
            "5.0.9" | "5.0" => Ok(Self::V5_0_9),
            "5.1.1" | "5.1" => Ok(Self::V5_1_1),
            "any" => Ok(Self::Any),
            _ => Err(UnknownVersion {
                text: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_image() {
        for (image, version) in [
            ("aws-for-fluent-bit:2.32.0", FluentBitVersion::V1_9_10),
            ("aws-for-fluent-bit:init-2.33.0", FluentBitVersion::V1_9_10),
            (
                "aws-for-fluent-bit:init-debug-3.2.1",
                FluentBitVersion::V4_2_2,
            ),
            (
                "aws-for-fluent-bit:3.2.1@sha256:00",
                FluentBitVersion::V4_2_2,
            ),
            ("aws-for-fluent-bit:3", FluentBitVersion::Modern),
            ("aws-for-fluent-bit:3.3.0", FluentBitVersion::Modern),
            ("aws-for-fluent-bit:3.4.16", FluentBitVersion::V5_0_9),
            ("aws-for-fluent-bit:3.5.0", FluentBitVersion::V5_1_1),
            ("fluent-bit:5.0.9", FluentBitVersion::V5_0_9),
            ("aws-for-fluent-bit:5.1.1", FluentBitVersion::V5_1_1),
            ("aws-for-fluent-bit:stable", FluentBitVersion::Any),
            ("aws-for-fluent-bit", FluentBitVersion::Any),
            ("fluent-bit:1.9.10", FluentBitVersion::V1_9_10),
            ("fluent-bit:3.1.0", FluentBitVersion::Any),
            ("my-fluent-bit:2.1", FluentBitVersion::Any),
        ] {
            for registry in ["", "registry:5000/a/"] {
                let image = format!("{registry}{image}");
                assert_eq!(FluentBitVersion::of_image(&image), version, "{image}");
            }
        }
    }

    #[test]
    fn versions_survive_the_way_through_text() {
        for text in FluentBitVersion::TEXTS {
            let version: FluentBitVersion = text.parse().unwrap();
            assert_eq!(version.to_string(), *text);
        }
        assert!("2.0".parse::<FluentBitVersion>().is_err());
    }
}
