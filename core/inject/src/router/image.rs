//! Whether the router image can run where the tasks run, and what is known against its version.
//!
//! An image that is not known is not refused: what cannot be told from its name is a note.

use firelens_aws::image::{
    BreakSeverity, LINES, Product, Registry, RouterImage, Use, aws_account, host_suffix,
    is_aws_account, regional_repository,
};
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;

use crate::context::InjectContext;
use crate::refusal::{Note, NoteCode, Reason, Refusal};

/// Pages about tags that moved and broke tasks.
const MOVED: &str = "https://github.com/aws/aws-for-fluent-bit/issues/371";

/// Checks one image of the router: as the policy names it, or its init variant.
pub(crate) fn check(
    doc: &TaskDefinitionDoc,
    image: &RouterImage<'_>,
    context: InjectContext<'_>,
    used: &Use<'_>,
    notes: &mut Vec<Note>,
) -> Result<(), Refusal> {
    check_platform(doc, image, notes)?;
    check_registry(doc, image, context, notes)?;
    note_moving(image, notes);
    for known in image.known_breaks(used) {
        let message = format!(
            "{}: {}; use {} ({})",
            image.reference(),
            known.reason,
            known.instead,
            known.link
        );
        match known.severity {
            BreakSeverity::Refuse => return Err(Refusal::new(Reason::ImageKnownBroken, message)),
            BreakSeverity::Warn => notes.push(Note::new(NoteCode::ImageKnownProblem, message)),
        }
    }
    if let Some(day) = image.line().facts().and_then(|facts| facts.end_of_support) {
        notes.push(Note::new(
            NoteCode::ImageKnownProblem,
            format!(
                "{}: AWS ended support for this version line on {day}; use a 3.x version",
                image.reference()
            ),
        ));
    }
    if let Some((generation, day)) = image.updates_ended() {
        notes.push(Note::new(
            NoteCode::ImageKnownProblem,
            format!(
                "{}: it contains Fluent Bit {}, which has had no security updates since {day}; use {}",
                image.reference(),
                generation.fluent_bit,
                newest_pinned()
            ),
        ));
    }
    let both = used.log_level_variable.is_some() && used.log_level_option.is_some();
    if both && image.version().is_none() {
        notes.push(Note::new(
            NoteCode::ImageKnownProblem,
            "FLB_LOG_LEVEL and Log_Level are both set, and Fluent Bit 5.1.0 and 5.1.1 do not start with both; set only \
             one of them (https://github.com/fluent/fluent-bit/issues/12310)",
        ));
    }
    Ok(())
}

/// Windows tags never run on Linux, and a tag for one architecture not on another. AWS's other tags
/// are for both.
fn check_platform(
    doc: &TaskDefinitionDoc,
    image: &RouterImage<'_>,
    notes: &mut Vec<Note>,
) -> Result<(), Refusal> {
    let unusable = |message: String| Err(Refusal::new(Reason::RouterImageUnusable, message));
    if image.variant().windows {
        return unusable(format!(
            "{} is a Windows image, and FireLens runs on Linux only; use a tag without windowsservercore",
            image.reference()
        ));
    }
    let wanted = doc.text_in("runtimePlatform", "cpuArchitecture");
    match (wanted, image.variant().architecture) {
        (Some(wanted), Some(built)) if wanted != built.as_str() => unusable(format!(
            "{} is for {}, and the task runs on {wanted}; use a tag without an architecture, which supports both",
            image.reference(),
            built.as_str()
        )),
        (Some(wanted), _) if wanted == "ARM64" && image.product() == Product::Unknown => {
            notes.push(Note::new(
                NoteCode::ImageArchitecture,
                format!(
                    "the task runs on ARM64, and it is not known whether {} supports it",
                    image.reference()
                ),
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A host of private ECR must be written as AWS writes it, or no task starts.
fn check_registry(
    doc: &TaskDefinitionDoc,
    image: &RouterImage<'_>,
    context: InjectContext<'_>,
    notes: &mut Vec<Note>,
) -> Result<(), Refusal> {
    match *image.registry() {
        Registry::PrivateEcr {
            account,
            region,
            suffix,
        } => {
            check_private(image, account, region, suffix)?;
            if region != context.target.region {
                notes.push(Note::new(
                    NoteCode::ImagePull,
                    format!(
                        "the router image is pulled from Region {region} and the tasks run in {}: each task start \
                         pulls across Regions, which VPC endpoints for ECR do not support{}",
                        context.target.region,
                        suggestion(image, context.target.region)
                    ),
                ));
            }
        }
        Registry::PublicEcr if context.target.partition == "aws-cn" => notes.push(Note::new(
            NoteCode::ImagePull,
            format!(
                "the router image comes from Amazon ECR Public, which is outside of China{}",
                suggestion(image, context.target.region)
            ),
        )),
        Registry::PublicEcr if may_have_no_internet(doc, context) => notes.push(Note::new(
            NoteCode::ImagePull,
            format!(
                "the tasks have no public IP address, and their other images come from private ECR; the router image \
                 comes from Amazon ECR Public, which has no VPC endpoint: without a NAT gateway, it cannot be pulled{}",
                suggestion(image, context.target.region)
            ),
        )),
        Registry::DockerHub => notes.push(Note::new(
            NoteCode::ImagePull,
            format!(
                "the router image comes from Docker Hub, which limits pulls and needs internet access{}",
                suggestion(image, context.target.region)
            ),
        )),
        Registry::PublicEcr | Registry::Other(_) => {}
    }
    Ok(())
}

fn check_private(
    image: &RouterImage<'_>,
    account: &str,
    region: &str,
    suffix: &str,
) -> Result<(), Refusal> {
    let unusable = |message: String| Err(Refusal::new(Reason::RouterImageUnusable, message));
    let expected = host_suffix(region);
    if suffix.starts_with("amazonaws.com") && suffix != expected {
        return unusable(format!(
            "{}: ECR host names in {region} end in {expected}",
            image.reference()
        ));
    }
    let ours = image.product() == Product::AwsForFluentBit && is_aws_account(account);
    match aws_account(region).filter(|_| ours) {
        Some(right) if right != account => unusable(format!(
            "{}: AWS publishes aws-for-fluent-bit for {region} in account {right}, not in {account}",
            image.reference()
        )),
        _ => Ok(()),
    }
}

/// AWS's own copy of the image in the region, for the end of a message.
fn suggestion(image: &RouterImage<'_>, region: &str) -> String {
    let repository = regional_repository(region)
        .filter(|_| image.product() == Product::AwsForFluentBit)
        .filter(|_| image.digest().is_none());
    match repository {
        Some(repository) => {
            let tag = image.tag().map(|tag| format!(":{tag}"));
            format!(
                "; the copy that AWS publishes is {repository}{}",
                tag.unwrap_or_default()
            )
        }
        None => String::new(),
    }
}

/// Whether all that the task pulls today may come through VPC endpoints. On Fargate it is pulled over
/// the task's own network interface.
fn may_have_no_internet(doc: &TaskDefinitionDoc, context: InjectContext<'_>) -> bool {
    let mut images = doc
        .containers()
        .filter(|container| !container.is_router())
        .filter_map(|container| container.image());
    context.workload.platform.launch_type == LaunchType::Fargate
        && context.workload.platform.assign_public_ip == Some(false)
        && images.all(|image| {
            let image = RouterImage::parse(&image);
            matches!(image.registry(), Registry::PrivateEcr { .. })
        })
}

/// The version to name to people: the one of the default image.
fn newest_pinned() -> String {
    let newest = LINES.last().map(|line| line.pinned);
    newest.map_or_else(String::new, |version| version.to_string())
}

fn note_moving(image: &RouterImage<'_>, notes: &mut Vec<Note>) {
    if !image.is_moving() {
        return;
    }
    let short = image
        .tag()
        .is_some_and(|tag| tag.contains('.') && image.product() == Product::AwsForFluentBit);
    notes.push(Note::new(
        NoteCode::MovingImageTag,
        if short {
            format!(
                "aws-for-fluent-bit is published with full versions only: {} may not exist; pin a full version such as \
                 {}",
                image.reference(),
                newest_pinned()
            )
        } else {
            format!(
                "{} may be a different image at the next deployment, with other options and another health check; pin \
                 a version or a digest ({MOVED})",
                image.reference()
            )
        },
    ));
}
