//! The lines of aws-for-fluent-bit: which Fluent Bit is inside, and the version to pin.
//!
//! The pinned version is not the newest one, but one that has been in use long enough to be known as good.

use super::ImageVersion;
use super::reference::RouterImage;

/// The Fluent Bit generation inside a router image.
/// <https://github.com/aws/aws-for-fluent-bit/releases>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageLine {
    /// aws-for-fluent-bit 2.x: Fluent Bit 1.9.10.
    V2,
    /// aws-for-fluent-bit 3.x and later: Fluent Bit 4.1 and later.
    V3,
    /// A moving tag, a digest or another image: nothing is refused because of it.
    #[default]
    Unknown,
}

/// The facts about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFacts {
    /// The line.
    pub line: ImageLine,
    /// The version to pin by default.
    pub pinned: ImageVersion,
    /// Last day on which AWS supports the line, as `YYYY-MM-DD`; `None` if AWS has not set one.
    pub end_of_support: Option<&'static str>,
}

/// All lines, oldest first.
pub const LINES: [LineFacts; 2] = [
    LineFacts {
        line: ImageLine::V2,
        pinned: ImageVersion::rebuilt(2, 34, 3, 20_260_623),
        end_of_support: Some("2026-06-30"),
    },
    LineFacts {
        line: ImageLine::V3,
        pinned: ImageVersion::new(3, 4, 16),
        end_of_support: None,
    },
];

/// The Fluent Bit inside minor versions of aws-for-fluent-bit 3, and how long it gets security updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// First minor version of the image.
    pub first_minor: u32,
    /// Last minor version of the image that is known to contain it.
    pub last_minor: u32,
    /// Fluent Bit inside, as `MAJOR.MINOR`.
    pub fluent_bit: &'static str,
    /// Last day of its security updates, as `YYYY-MM-DD`; `None` if Fluent Bit has not set one.
    /// <https://github.com/fluent/fluent-bit/blob/master/SECURITY.md>
    pub updates_until: Option<&'static str>,
}

/// All generations, oldest first. AWS adopts a new one after weeks of its own tests
/// (<https://github.com/aws/aws-for-fluent-bit/issues/1207>), so the pinned version may be without updates for a
/// while; the limit is documented at the test that checks the date.
pub const GENERATIONS: [Generation; 3] = [
    Generation {
        first_minor: 0,
        last_minor: 2,
        fluent_bit: "4.1 or 4.2",
        updates_until: Some("2026-07-30"),
    },
    Generation {
        first_minor: 4,
        last_minor: 4,
        fluent_bit: "5.0",
        updates_until: Some("2026-11-30"),
    },
    Generation {
        first_minor: 5,
        last_minor: 5,
        fluent_bit: "5.1",
        updates_until: None,
    },
];

impl Generation {
    /// Whether the default pinned version has a newer generation.
    fn is_past(&self) -> bool {
        LINES
            .last()
            .is_some_and(|newest| self.last_minor < newest.pinned.minor)
    }
}

impl ImageLine {
    /// Reads the line from an image name such as
    /// `public.ecr.aws/aws-observability/aws-for-fluent-bit:init-2.33.0`.
    #[must_use]
    pub fn of(image: &str) -> Self {
        RouterImage::parse(image).line()
    }

    /// Returns the facts about the line; `None` for [`ImageLine::Unknown`].
    #[must_use]
    pub fn facts(self) -> Option<&'static LineFacts> {
        LINES.iter().find(|facts| facts.line == self)
    }
}

impl RouterImage<'_> {
    /// Returns the Fluent Bit inside a 3.x image, if its minor version is known.
    #[must_use]
    pub fn generation(&self) -> Option<&'static Generation> {
        let version = self.version().filter(|version| version.major == 3)?;
        self.line().facts()?;
        GENERATIONS.iter().find(|generation| {
            (generation.first_minor..=generation.last_minor).contains(&version.minor)
        })
    }

    /// Returns the Fluent Bit inside and the day its updates end, if the pinned version has a newer one.
    #[must_use]
    pub fn updates_ended(&self) -> Option<(&'static Generation, &'static str)> {
        let generation = self
            .generation()
            .filter(|generation| generation.is_past())?;
        Some((generation, generation.updates_until?))
    }

    /// Returns the line of the image.
    #[must_use]
    pub fn line(&self) -> ImageLine {
        match self.major() {
            Some(0..=2) => ImageLine::V2,
            Some(_) => ImageLine::V3,
            None => ImageLine::Unknown,
        }
    }
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
            (":init-arm64-2.31.8", ImageLine::V2),
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

    #[test]
    fn default_image_is_the_pinned_version_of_newest_line() {
        let image = RouterImage::parse(firelens_types::v1alpha1::DEFAULT_ROUTER_IMAGE);
        assert_eq!(image.version(), LINES.last().map(|facts| facts.pinned));
        assert!(!image.is_moving());
        for facts in &LINES {
            let reference = format!("aws-for-fluent-bit:{}", facts.pinned);
            assert_eq!(RouterImage::parse(&reference).line(), facts.line);
            assert_eq!(facts.line.facts(), Some(facts));
        }
    }
}
