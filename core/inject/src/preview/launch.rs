//! How the program of the router is started.
//!
//! What an image that is not known here does is left open.
//! Sources: `entrypoint.sh` and `init/` of <https://github.com/aws/aws-for-fluent-bit>.

use firelens_aws::image::{Product, RouterImage};

use crate::preview::model::RouterKind;
use crate::preview::router::RouterSpec;
use crate::preview::{FileUse, IncludedFile, Launch, files};

/// Main file that the init process writes.
pub(crate) const INIT_MAIN: &str = "/init/fluent-bit-init.conf";
/// Start of both command lines of aws-for-fluent-bit.
const PROGRAM: &str = "/fluent-bit/bin/fluent-bit -e /fluent-bit/firehose.so -e /fluent-bit/cloudwatch.so -e /fluent-bit/kinesis.so";

/// Whether the init process starts Fluent Bit: the image says so by its tag, or the task definition
/// by variables that no other image reads.
pub(crate) fn is_init(router: &RouterSpec) -> bool {
    router.command.is_empty()
        && (is_init_image(&router.image)
            || router
                .environment
                .keys()
                .any(|name| files::names_s3(name) || files::names_file(name)))
}

fn is_init_image(image: &str) -> bool {
    RouterImage::parse(image).variant().init
}

fn is_aws(image: &str) -> bool {
    RouterImage::parse(image).product() == Product::AwsForFluentBit
}

pub(crate) fn of(router: &RouterSpec, kind: RouterKind, included: &[IncludedFile]) -> Launch {
    let known = |command: String, by: &str| Launch {
        command: Some(command),
        by: by.to_owned(),
    };
    if !router.command.is_empty() {
        return known(
            router.command.join(" "),
            "the task definition, in the place of the image's own",
        );
    }
    if kind == RouterKind::Fluentbit && is_init(router) {
        let parsers: String = included
            .iter()
            .filter(|file| file.use_ == FileUse::Parsers)
            .map(|file| format!(" -R {}", file.path))
            .collect();
        return known(
            format!("{PROGRAM} -c {INIT_MAIN}{parsers}"),
            "the init process of the image",
        );
    }
    if kind == RouterKind::Fluentbit && is_aws(&router.image) {
        return known(format!("{PROGRAM} -c {}", kind.main_path()), "the image");
    }
    Launch {
        command: None,
        by: format!("the image, which must read {}", kind.main_path()),
    }
}
