//! What a tag in a private registry of Amazon ECR points to.
//!
//! Tags in other registries are not read: the operator has no credentials for them.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::image::{Registry, RouterImage};
use firelens_types::v1alpha1::validate::names::{is_account_id, is_region};

/// Domains of the hosts of private registries. Any other host belongs to somebody else, even if it looks
/// similar: what ECR returns for a repository of that name is not about it.
/// <https://docs.aws.amazon.com/general/latest/gr/ecr.html>
const SUFFIXES: [&str; 4] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "on.aws",
    "on.amazonwebservices.com.cn",
];

/// The tag of an image reference without one.
const DEFAULT_TAG: &str = "latest";

/// Asks what a tag points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageQuestion {
    /// Account of the registry, 12 digits.
    pub registry_id: String,
    /// Region of the registry.
    pub region: String,
    /// Name of the repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
}

impl ImageQuestion {
    /// Returns the question about an image reference; `None` if it has a digest or a registry other than ECR's.
    #[must_use]
    pub fn of(reference: &str) -> Option<Self> {
        let image = RouterImage::parse(reference);
        let Registry::PrivateEcr {
            account,
            region,
            suffix,
        } = image.registry()
        else {
            return None;
        };
        // The region comes from the owner of the task definition and becomes part of a host name, so it is checked.
        let is_ecr = is_account_id(account) && is_region(region) && SUFFIXES.contains(suffix);
        if !is_ecr || image.digest().is_some() {
            return None;
        }
        let (_, path) = reference.split_once('/')?;
        let repository = match image.tag() {
            Some(tag) => path.strip_suffix(tag)?.strip_suffix(':')?,
            None => path,
        };
        Some(Self {
            registry_id: (*account).to_owned(),
            region: (*region).to_owned(),
            repository: repository.to_owned(),
            tag: image.tag().unwrap_or(DEFAULT_TAG).to_owned(),
        })
    }
}

/// An image that a tag points to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageView {
    /// Digest of the manifest that the tag points to.
    pub digest: String,
    /// Digests of the manifests that it lists, one for each platform; empty for an image of one platform.
    pub platforms: BTreeSet<String>,
}

impl ImageView {
    /// Reads a manifest of a `BatchGetImage` response. One that is no JSON,
    /// or lists nothing, is an image of one platform.
    /// Source: <https://github.com/opencontainers/image-spec/blob/main/image-index.md>.
    #[must_use]
    pub fn read(digest: &str, manifest: &str) -> Self {
        let index: RawIndex = serde_json::from_str(manifest).unwrap_or_default();
        Self {
            digest: digest.to_owned(),
            platforms: index
                .manifests
                .unwrap_or_default()
                .into_iter()
                .filter_map(|listed| listed.digest)
                .collect(),
        }
    }

    /// Whether a task with this digest runs this image. A task shows the digest of the list or that of its platform.
    #[must_use]
    pub fn has(&self, digest: &str) -> bool {
        self.digest == digest || self.platforms.contains(digest)
    }
}

#[derive(Default, Deserialize)]
struct RawIndex {
    manifests: Option<Vec<RawListed>>,
}

#[derive(Deserialize)]
struct RawListed {
    digest: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_tags_in_private_ecr_registries_are_queried() {
        let question =
            ImageQuestion::of("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1.2").unwrap();
        let parts = [
            &question.registry_id,
            &question.region,
            &question.repository,
            &question.tag,
        ];
        assert_eq!(parts, ["111122223333", "eu-west-1", "team/app", "1.2"]);
        let untagged =
            ImageQuestion::of("111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/app");
        assert_eq!(untagged.unwrap().tag, "latest");
        for other in [
            "public.ecr.aws/team/app:1",
            "app:1",
            "ghcr.io/team/app:1",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:ab",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1@sha256:ab",
            "111122223333.dkr.ecr.eu-west-1.evil.example/app:1",
            "111122223333.dkr.ecr.example:443#.amazonaws.com/app:1",
            "1.dkr.ecr.eu-west-1.amazonaws.com/app:1",
        ] {
            assert_eq!(ImageQuestion::of(other), None, "{other}");
        }
    }

    #[test]
    fn a_list_of_platforms_is_each_of_its_images() {
        let list = ImageView::read(
            "sha256:list",
            r#"{"mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": [{"digest": "sha256:arm", "new": 1}, {"digest": "sha256:x86"}]}"#,
        );
        assert!(list.has("sha256:list") && list.has("sha256:arm") && list.has("sha256:x86"));
        assert!(!list.has("sha256:other"));
        for hostile in ["", "[]", "{\"manifests\": 7}", "{\"layers\": []}"] {
            let view = ImageView::read("sha256:one", hostile);
            assert!(view.has("sha256:one") && view.platforms.is_empty());
        }
    }
}
