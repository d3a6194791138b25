//! Versions of router images.
//!
//! A tag that is not a whole version has none.

use std::fmt;

/// A version of a router image: `MAJOR.MINOR.PATCH`, and the date of a rebuild where there is one.
///
/// A rebuild (`2.32.2.20241003`) comes after the version that it rebuilds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
    /// Fourth number, the date of a rebuild as `YYYYMMDD`. Zero: no rebuild.
    pub build: u32,
}

impl ImageVersion {
    /// Creates a version without a rebuild.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self::rebuilt(major, minor, patch, 0)
    }

    /// Creates a version with the date of its rebuild.
    #[must_use]
    pub const fn rebuilt(major: u32, minor: u32, patch: u32, build: u32) -> Self {
        Self {
            major,
            minor,
            patch,
            build,
        }
    }

    /// Parses three or four numbers with dots between them, and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let numbers: Option<Vec<u32>> = text.split('.').map(number).collect();
        match *numbers?.as_slice() {
            [major, minor, patch] => Some(Self::new(major, minor, patch)),
            [major, minor, patch, build] => Some(Self::rebuilt(major, minor, patch, build)),
            _ => None,
        }
    }

    /// Whether it is between two versions, both included. Every rebuild of the last counts, unless the last is a
    /// rebuild itself.
    #[must_use]
    pub fn is_within(self, first: Self, last: Self) -> bool {
        let last = match last.build {
            0 => Self {
                build: u32::MAX,
                ..last
            },
            _ => last,
        };
        (first..=last).contains(&self)
    }
}

impl fmt::Display for ImageVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        match self.build {
            0 => Ok(()),
            build => write!(f, ".{build}"),
        }
    }
}

/// Parses digits only; `parse` of the standard library would also accept a sign.
pub(super) fn number(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_or_four_numbers() {
        assert_eq!(
            ImageVersion::parse("3.2.1"),
            Some(ImageVersion::new(3, 2, 1))
        );
        assert_eq!(
            ImageVersion::parse("2.32.2.20241003"),
            Some(ImageVersion::rebuilt(2, 32, 2, 20_241_003))
        );
        for text in [
            "",
            "3",
            "3.2",
            "3.2.",
            "3.2.x",
            "+3.2.1",
            "3.2.1.4.5",
            "v3.2.1",
            "3.2.1-rc1",
        ] {
            assert_eq!(ImageVersion::parse(text), None, "{text}");
        }
        for text in ["3.2.1", "2.32.2.20241003"] {
            let version = ImageVersion::parse(text).map(|version| version.to_string());
            assert_eq!(version.as_deref(), Some(text));
        }
    }

    #[test]
    fn range_includes_rebuilds_of_last_version_unless_it_names_one() {
        let first = ImageVersion::new(2, 32, 0);
        let rebuilt = ImageVersion::rebuilt(2, 32, 2, 20_241_008);
        assert!(rebuilt.is_within(first, ImageVersion::new(2, 32, 2)));
        assert!(!rebuilt.is_within(first, ImageVersion::rebuilt(2, 32, 2, 20_241_003)));
        assert!(!rebuilt.is_within(first, ImageVersion::new(2, 32, 1)));
        assert!(first.is_within(first, first));
    }
}
