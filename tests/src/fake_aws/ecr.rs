//! Private registries of ECR: what tags point to, now and when a deployment began.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>
//! It holds no layers; of other registries only their digests are made up.

use std::collections::BTreeMap;

use firelens_aws::observe::ImageQuestion;
use firelens_taskdef::sha256_hex;
use serde_json::{Value, json};

use super::FakeAws;
use super::calls::Call;
use super::reply::AwsError;

const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// Digests of pushed images by tag, with the time of the push, oldest first.
#[derive(Debug, Default)]
pub(super) struct Registry {
    tags: BTreeMap<ImageQuestion, Vec<(i64, String)>>,
}

impl FakeAws {
    /// Somebody pushes an image to a tag (`ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG`). Returns its
    /// digest.
    ///
    /// # Panics
    /// If the reference names no tag of a private registry of ECR.
    #[allow(clippy::expect_used)]
    pub fn push_image(&self, reference: &str, content: &str) -> String {
        let mut state = self.state();
        let tag = ImageQuestion::of(reference).expect("a tag of a private registry");
        let (now_ms, digest) = (state.now_ms, digest(content));
        let pushes = state.registry.tags.entry(tag).or_default();
        pushes.push((now_ms, digest.clone()));
        digest
    }
}

impl Registry {
    pub(super) fn execute(&self, call: &Call) -> Result<Value, AwsError> {
        if call.operation != "BatchGetImage" {
            let message = format!("the fake AWS does not speak {}", call.operation);
            return Err(AwsError::new(400, "UnknownOperationException", message));
        }
        let repository = call.text("repositoryName");
        let registry = match call.text("registryId") {
            "" => call.place.account.as_str(),
            named => named,
        };
        let of_repository = |tag: &&ImageQuestion| {
            tag.repository == repository
                && tag.registry_id == registry
                && tag.region == call.place.region
        };
        let known: Vec<&ImageQuestion> = self.tags.keys().filter(of_repository).collect();
        if known.is_empty() {
            let message = format!(
                "The repository with name '{repository}' does not exist in the registry with id '{registry}'"
            );
            return Err(AwsError::new(400, "RepositoryNotFoundException", message));
        }
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in call.params["imageIds"].as_array().into_iter().flatten() {
            let tag = known.iter().find(|tag| id["imageTag"] == tag.tag.as_str());
            match tag.and_then(|tag| self.digest_at(tag, i64::MAX)) {
                Some(digest) => images.push(json!({
                    "registryId": registry, "repositoryName": repository,
                    "imageId": {"imageDigest": digest, "imageTag": id["imageTag"]},
                    "imageManifest": manifest(digest), "imageManifestMediaType": MEDIA_TYPE,
                })),
                None => failures.push(json!({
                    "imageId": id, "failureCode": "ImageNotFound", "failureReason": "Requested image not found",
                })),
            }
        }
        Ok(json!({"images": images, "failures": failures}))
    }

    /// The digest that a container runs whose deployment began at a time: ECS resolves the tag then.
    pub(super) fn resolved(&self, image: &str, at_ms: i64) -> String {
        let tag = ImageQuestion::of(image);
        let known = tag.and_then(|tag| self.digest_at(&tag, at_ms).map(str::to_owned));
        known.unwrap_or_else(|| digest(image))
    }

    fn digest_at(&self, tag: &ImageQuestion, at_ms: i64) -> Option<&str> {
        let pushes = self.tags.get(tag)?;
        let (_, digest) = pushes.iter().rfind(|(pushed_ms, _)| *pushed_ms <= at_ms)?;
        Some(digest)
    }
}

fn digest(content: &str) -> String {
    format!("sha256:{}", sha256_hex(content.as_bytes()))
}

/// The list of platforms behind a digest.
fn manifest(list: &str) -> String {
    let manifests = ["amd64", "arm64"].map(|architecture| {
        json!({
            "digest": digest(&format!("{list}/{architecture}")),
            "platform": {"architecture": architecture, "os": "linux"},
        })
    });
    json!({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "manifests": manifests}).to_string()
}
