//! What follows from the reference of a router image: its registry, product, variant and version.
//!
//! Registries are not called: nothing is known of a digest or of another repository.

use super::registry::Registry;
use super::version::{ImageVersion, number};

/// Repository of AWS's image, in any registry or mirror.
const AWS_REPOSITORY: &str = "aws-for-fluent-bit";

/// Words before the version in a tag of aws-for-fluent-bit.
/// Source: <https://github.com/aws/aws-for-fluent-bit/blob/mainline/scripts/publish.sh>.
const WINDOWS_PREFIX: &str = "windowsservercore";

/// What a repository contains, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// AWS's build of Fluent Bit, `aws-for-fluent-bit`, or a mirror that kept the name.
    AwsForFluentBit,
    /// The build of the Fluent Bit project, `fluent/fluent-bit`. It has no shell.
    FluentBit,
    /// Anything else.
    Unknown,
}

/// Architecture that a tag is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit ARM.
    Arm64,
}

impl Architecture {
    /// Returns the value of `runtimePlatform.cpuArchitecture`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "X86_64",
            Self::Arm64 => "ARM64",
        }
    }
}

/// The words of a tag of aws-for-fluent-bit around the version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// The image whose entry point fetches files from S3.
    pub init: bool,
    /// The image with debugging tools.
    pub debug: bool,
    /// A Windows image.
    pub windows: bool,
    /// An image for one architecture; most tags are for both.
    pub architecture: Option<Architecture>,
}

/// A router image, parsed from its reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterImage<'a> {
    reference: &'a str,
    registry: Registry<'a>,
    product: Product,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
    variant: Variant,
    /// The tag without the words of the variant.
    plain_tag: Option<&'a str>,
}

impl<'a> RouterImage<'a> {
    /// Reads `[HOST/]REPOSITORY[:TAG][@DIGEST]`.
    #[must_use]
    pub fn parse(reference: &'a str) -> Self {
        let (named, digest) = match reference.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (reference, None),
        };
        let last_slash = named.rfind('/').map_or(0, |at| at + 1);
        let (path, tag) = match named[last_slash..].split_once(':') {
            Some((last, tag)) => (&named[..last_slash + last.len()], Some(tag)),
            None => (named, None),
        };
        let product = product(path, &path[last_slash..]);
        let (variant, plain_tag) = match (tag, product) {
            (Some(tag), Product::AwsForFluentBit) => {
                let (variant, plain) = variant(tag);
                (variant, Some(plain))
            }
            _ => (Variant::default(), tag),
        };
        Self {
            reference,
            registry: Registry::of(path),
            product,
            tag,
            digest,
            variant,
            plain_tag,
        }
    }

    /// Returns the reference as it was given.
    #[must_use]
    pub const fn reference(&self) -> &'a str {
        self.reference
    }

    /// Returns the registry from which the image is pulled.
    #[must_use]
    pub const fn registry(&self) -> &Registry<'a> {
        &self.registry
    }

    /// Returns what the repository contains.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    /// Returns the tag, if any.
    #[must_use]
    pub const fn tag(&self) -> Option<&'a str> {
        self.tag
    }

    /// Returns the digest (`sha256:…`), if any. With a digest, the tag has no effect.
    #[must_use]
    pub const fn digest(&self) -> Option<&'a str> {
        self.digest
    }

    /// Returns the words of the tag around the version; the default for products other than aws-for-fluent-bit.
    #[must_use]
    pub const fn variant(&self) -> Variant {
        self.variant
    }

    /// Returns the version in the tag of a known product.
    #[must_use]
    pub fn version(&self) -> Option<ImageVersion> {
        match self.product {
            Product::Unknown => None,
            Product::AwsForFluentBit | Product::FluentBit => ImageVersion::parse(self.plain_tag?),
        }
    }

    /// Returns the first number of the version, which tags like `3` have too.
    pub(super) fn major(&self) -> Option<u32> {
        match self.product {
            Product::AwsForFluentBit => number(self.plain_tag?.split('.').next()?),
            Product::FluentBit | Product::Unknown => None,
        }
    }

    /// Whether the tag refers to the newest image at the time a task starts: no tag, `latest`, `stable`, `3`,
    /// `3.2`, with the words of a variant or without.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.digest.is_none()
            && self.plain_tag.is_none_or(|tag| {
                let numbers: Vec<Option<u32>> = tag.split('.').map(number).collect();
                matches!(tag, "latest" | "stable")
                    || numbers.len() < 3 && numbers.iter().all(Option::is_some)
            })
    }

    /// Returns the init variant of the image; `None` if its name is not known.
    #[must_use]
    pub fn init_variant(&self) -> Option<String> {
        if self.product != Product::AwsForFluentBit || self.variant.windows {
            return None;
        }
        match self.tag {
            Some(_) if self.variant.init => Some(self.reference.to_owned()),
            _ if self.digest.is_some() => None,
            Some(tag) => {
                let repository = self.reference.strip_suffix(tag)?;
                // There is no `init-stable`.
                let tag = if tag == "stable" { "latest" } else { tag };
                Some(format!("{repository}init-{tag}"))
            }
            None => Some(format!("{}:init-latest", self.reference)),
        }
    }
}

fn product(path: &str, last: &str) -> Product {
    if last == AWS_REPOSITORY {
        Product::AwsForFluentBit
    } else if path == "fluent/fluent-bit" || path.ends_with("/fluent/fluent-bit") {
        Product::FluentBit
    } else {
        Product::Unknown
    }
}

/// Splits the words of a variant from a tag. Their order differs: `init-debug-3.2.1`, `init-arm64-2.31.8`.
fn variant(tag: &str) -> (Variant, &str) {
    let mut variant = Variant::default();
    let mut plain = tag;
    while let Some((word, rest)) = plain.split_once('-') {
        match word {
            "init" => variant.init = true,
            "debug" => variant.debug = true,
            "amd64" => variant.architecture = Some(Architecture::X86_64),
            "arm64" => variant.architecture = Some(Architecture::Arm64),
            _ => break,
        }
        plain = rest;
    }
    variant.windows = plain.contains(WINDOWS_PREFIX);
    (variant, plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "public.ecr.aws/aws-observability/aws-for-fluent-bit";

    #[test]
    fn a_reference_is_taken_apart() {
        let image =
            RouterImage::parse("localhost:5000/team/aws-for-fluent-bit:init-debug-3.2.1@sha256:00");
        assert_eq!(image.product(), Product::AwsForFluentBit);
        assert_eq!(image.tag(), Some("init-debug-3.2.1"));
        assert_eq!(image.digest(), Some("sha256:00"));
        assert_eq!(image.version(), Some(ImageVersion::new(3, 2, 1)));
        assert!(image.variant().init && image.variant().debug);
        assert_eq!(RouterImage::parse("localhost:5000/router").tag(), None);
    }

    #[test]
    fn tags_tell_variant_and_architecture() {
        let parse = |tag: &str| {
            let reference = format!("{PUBLIC}:{tag}");
            let image = RouterImage::parse(&reference);
            (image.variant(), image.version().is_some())
        };
        let (variant, versioned) = parse("init-arm64-2.31.8");
        assert_eq!(variant.architecture, Some(Architecture::Arm64));
        assert!(variant.init && versioned);
        let (variant, versioned) = parse("amd64-debug-2.31.8");
        assert_eq!(variant.architecture, Some(Architecture::X86_64));
        assert!(variant.debug && versioned);
        for tag in [
            "windowsservercore-latest",
            "2.31.12-windowsservercore",
            "windowsservercore-stable",
        ] {
            assert!(parse(tag).0.windows, "{tag}");
        }
    }

    #[test]
    fn tags_that_move_are_known_and_digests_never_move() {
        for (reference, moving) in [
            ("", true),
            (":latest", true),
            (":stable", true),
            (":3", true),
            (":3.2", true),
            (":init-3", true),
            (":init-latest", true),
            (":debug-latest", true),
            (":init-debug-latest", true),
            (":3.2.1", false),
            (":init-3.2.1", false),
            (":2.34.3.20260423", false),
            ("@sha256:00", false),
            (":stable@sha256:00", false),
        ] {
            let reference = format!("{PUBLIC}{reference}");
            assert_eq!(
                RouterImage::parse(&reference).is_moving(),
                moving,
                "{reference}"
            );
        }
        for (reference, moving) in [
            ("fluent/fluent-bit:latest", true),
            ("fluent/fluent-bit:4.0", true),
            ("fluent/fluent-bit:4.0.1", false),
            ("localhost:5000/router:v1", false),
            ("localhost:5000/router:git-0a1b2c", false),
            ("localhost:5000/router", true),
        ] {
            assert_eq!(
                RouterImage::parse(reference).is_moving(),
                moving,
                "{reference}"
            );
        }
    }

    #[test]
    fn the_init_variant_is_named_by_its_tag() {
        for (tag, expected) in [
            (":3.2.1", Some(":init-3.2.1")),
            (":init-3.2.1", Some(":init-3.2.1")),
            (":debug-3.2.1", Some(":init-debug-3.2.1")),
            (":latest", Some(":init-latest")),
            (":stable", Some(":init-latest")),
            (":3", Some(":init-3")),
            ("", Some(":init-latest")),
            (":3.2.1@sha256:00", None),
            (":init-3.2.1@sha256:00", Some(":init-3.2.1@sha256:00")),
            ("@sha256:00", None),
            (":windowsservercore-latest", None),
        ] {
            let reference = format!("{PUBLIC}{tag}");
            let expected = expected.map(|tag| format!("{PUBLIC}{tag}"));
            assert_eq!(
                RouterImage::parse(&reference).init_variant(),
                expected,
                "{reference}"
            );
        }
        for reference in [
            "fluent/fluent-bit:3.2.1",
            "registry/aws-for-fluent-bit-custom:3.2.1",
        ] {
            assert_eq!(
                RouterImage::parse(reference).init_variant(),
                None,
                "{reference}"
            );
        }
    }

    #[test]
    fn products_are_known_by_the_end_of_the_path() {
        for (reference, product) in [
            ("amazon/aws-for-fluent-bit:3.2.1", Product::AwsForFluentBit),
            (
                "registry.example.com/mirror/aws-for-fluent-bit",
                Product::AwsForFluentBit,
            ),
            ("fluent/fluent-bit:5.1.1", Product::FluentBit),
            (
                "cr.fluentbit.io/fluent/fluent-bit:5.1.1",
                Product::FluentBit,
            ),
            ("aws-for-fluent-bit-custom:3.2.1", Product::Unknown),
            ("team/fluent-bit:5.1.1", Product::Unknown),
        ] {
            assert_eq!(
                RouterImage::parse(reference).product(),
                product,
                "{reference}"
            );
        }
    }
}
