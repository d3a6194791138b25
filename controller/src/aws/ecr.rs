//! Amazon ECR: the image to which a tag points.
//!
//! No layer is pulled, and no other registry is read.

use aws_sdk_ecr::config::{Config, Region};
use aws_sdk_ecr::types::{ImageFailureCode, ImageIdentifier};
use firelens_aws::observe::{ImageQuestion, ImageView};

use super::clients::AwsClients;
use super::error::{AwsError, AwsErrorKind};
use super::operation::Operation;

/// Manifests that are understood; ECR returns others than are accepted as the oldest kind, under another digest.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html>
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

impl AwsClients {
    /// Returns the image to which a tag points now.
    ///
    /// # Errors
    /// The call fails; `NotFound` when there is no such repository or tag.
    pub async fn image(&self, question: &ImageQuestion) -> Result<ImageView, AwsError> {
        let operation = Operation::BATCH_GET_IMAGE;
        let caller = self.caller.in_region(&question.region);
        let call = caller.begin(operation).await;
        let request = self
            .ecr
            .batch_get_image()
            .registry_id(&question.registry_id)
            .repository_name(&question.repository)
            .image_ids(ImageIdentifier::builder().image_tag(&question.tag).build())
            .set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec()));
        let result = request
            .customize()
            .config_override(Config::builder().region(Region::new(question.region.clone())))
            .interceptor(call.probe())
            .send()
            .await;
        let answer = caller.end(&call, result)?;
        let image = answer.images.unwrap_or_default().into_iter().next();
        let digest = image
            .as_ref()
            .and_then(|image| image.image_id.as_ref()?.image_digest.as_deref());
        if let (Some(image), Some(digest)) = (&image, digest) {
            let manifest = image.image_manifest.as_deref().unwrap_or_default();
            return Ok(ImageView::read(digest, manifest));
        }
        let failure = answer.failures.unwrap_or_default().into_iter().next();
        let code = failure
            .as_ref()
            .and_then(|failure| failure.failure_code.as_ref());
        let why = failure
            .as_ref()
            .and_then(|failure| failure.failure_reason.as_deref());
        let kind = match code {
            Some(ImageFailureCode::ImageNotFound) => AwsErrorKind::NotFound,
            _ => AwsErrorKind::Invalid,
        };
        let code = code.map_or("NoImage", ImageFailureCode::as_str);
        Err(AwsError::new(
            operation,
            kind,
            code,
            why.unwrap_or_default(),
        ))
    }
}
