//! The files that the router reads beside the generated one, and what the agent mounts.
//!
//! No file is fetched: a text is known when the injection wrote it.
//! The init process: <https://github.com/aws/aws-for-fluent-bit/tree/mainline/use_cases/init-process-for-fluent-bit>.

use std::collections::BTreeSet;

use crate::context::ConfigObject;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_types::v1alpha1::LaunchType;

use crate::preview::launch;
use crate::preview::launch::INIT_MAIN;
use crate::preview::model::RouterKind;
use crate::preview::router::{External, RouterSpec, s3_object};
use crate::preview::{
    FileSource, FileUse, IncludedFile, Mount, PreviewNote, PreviewNoteCode, Runtime,
};

/// Where the init process puts what it fetches.
const INIT_FOLDER: &str = "/init/fluent-bit-init-s3-files/";
/// Folder of the agent on the host, unless `ECS_HOST_DATA_DIR` says otherwise.
const DATA_FOLDER: &str = "/var/lib/ecs/data/firelens";

/// Files of aws-for-fluent-bit that people include, and what they hold.
const IN_IMAGE: [(&str, &str); 6] = [
    (
        "/fluent-bit/configs/parse-json.conf",
        "Flush 1, Grace 30, the upstream parsers, and a filter that parses the field log as JSON",
    ),
    (
        "/fluent-bit/configs/minimize-log-loss.conf",
        "Flush 1 and Grace 30",
    ),
    (
        "/fluent-bit/configs/output-metrics-healthcheck.conf",
        "the HTTP server on 0.0.0.0:2020, the health check over output errors, Flush 1 and Grace 30",
    ),
    (
        "/fluent-bit/configs/plugin-metrics-to-cloudwatch.conf",
        "plugin metrics to the group FLUENT_BIT_METRICS_LOG_GROUP",
    ),
    (
        "/fluent-bit/configs/plugin-and-storage-metrics-to-cloudwatch.conf",
        "plugin and storage metrics to the group FLUENT_BIT_METRICS_LOG_GROUP",
    ),
    (
        "/fluent-bit/configs/plugin-metrics-parser.conf",
        "the parser of the plugin metrics",
    ),
];

/// All files in the order in which they are read.
pub(crate) fn collect(
    doc: &TaskDefinitionDoc,
    router: &RouterSpec,
    kind: RouterKind,
    objects: &[ConfigObject],
    notes: &mut Vec<PreviewNote>,
) -> Vec<IncludedFile> {
    let mut files: Vec<IncludedFile> = router
        .external
        .iter()
        .map(|external| match external {
            External::File(path) => in_image(path, FileUse::Included),
            External::S3 { bucket, key } => from_s3(
                kind.external_path(),
                bucket,
                key,
                FileUse::Included,
                objects,
            ),
        })
        .collect();
    if kind == RouterKind::Fluentbit && launch::is_init(router) {
        files.extend(of_init(doc, router, objects));
    }
    inspect(&files, notes);
    files
}

/// What the init process makes of the variables of the router.
fn of_init(
    doc: &TaskDefinitionDoc,
    router: &RouterSpec,
    objects: &[ConfigObject],
) -> Vec<IncludedFile> {
    let mut files = Vec::new();
    for (name, value) in variables(doc, router) {
        if names_s3(&name) {
            let (bucket, key) = s3_object(&value).unwrap_or_default();
            let file_name = key.rsplit('/').next().unwrap_or_default();
            let path = format!("{INIT_FOLDER}{file_name}");
            let mut file = from_s3(&path, &bucket, &key, FileUse::IncludedOrParsers, objects);
            file.use_ = use_of(file.text.as_deref());
            files.push(file);
        } else if names_file(&name) {
            let usage = if is_parsers_file(&value) {
                FileUse::Parsers
            } else if known(&value).is_some() {
                FileUse::Included
            } else {
                FileUse::IncludedOrParsers
            };
            files.push(in_image(&value, usage));
        }
    }
    let mut text = format!("@INCLUDE {}\n", RouterKind::Fluentbit.main_path());
    for file in files.iter().filter(|file| file.use_ != FileUse::Parsers) {
        text.push_str(&format!("@INCLUDE {}\n", file.path));
    }
    files.insert(
        0,
        IncludedFile {
            path: INIT_MAIN.to_owned(),
            source: FileSource::Init,
            use_: FileUse::Main,
            text: Some(text),
            holds: None,
        },
    );
    files
}

/// `environment` in the order of the task definition.
fn variables(doc: &TaskDefinitionDoc, router: &RouterSpec) -> Vec<(String, String)> {
    let Some(container) = doc.container(&router.name) else {
        return Vec::new();
    };
    let entries = container.raw().value("environment").unwrap_or_default();
    let text = |entry: &serde_json::Value, name: &str| Some(entry.get(name)?.as_str()?.to_owned());
    entries
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            Some((
                text(entry, "name")?,
                text(entry, "value").unwrap_or_default(),
            ))
        })
        .collect()
}

/// The init process looks for these words anywhere in a name.
pub(crate) fn names_s3(variable: &str) -> bool {
    ["aws_fluent_bit_init_s3", "aws_fluent_bit_init_S3"]
        .iter()
        .any(|word| variable.contains(word))
}

pub(crate) fn names_file(variable: &str) -> bool {
    ["aws_fluent_bit_init_file", "aws_fluent_bit_init_File"]
        .iter()
        .any(|word| variable.contains(word))
}

/// The init process gives a file with parsers to `-R`, and includes any other.
fn use_of(text: Option<&str>) -> FileUse {
    match text {
        None => FileUse::IncludedOrParsers,
        Some(text) if text.contains("[PARSER]") || text.contains("[MULTILINE_PARSER]") => {
            FileUse::Parsers
        }
        Some(_) => FileUse::Included,
    }
}

fn from_s3(
    path: &str,
    bucket: &str,
    key: &str,
    use_: FileUse,
    objects: &[ConfigObject],
) -> IncludedFile {
    let object = objects
        .iter()
        .find(|object| object.bucket == bucket && object.key == key);
    IncludedFile {
        path: path.to_owned(),
        source: FileSource::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        },
        use_,
        text: object.map(|object| object.body.clone()),
        holds: None,
    }
}

fn in_image(path: &str, use_: FileUse) -> IncludedFile {
    IncludedFile {
        path: path.to_owned(),
        source: FileSource::Image,
        use_,
        text: None,
        holds: known(path).map(str::to_owned),
    }
}

fn known(path: &str) -> Option<&'static str> {
    IN_IMAGE
        .iter()
        .find(|(known, _)| *known == path)
        .map(|(_, holds)| *holds)
}

/// The parsers of the image, all of which are sections for `-R`.
fn is_parsers_file(path: &str) -> bool {
    path.starts_with("/fluent-bit/parsers/") || path.ends_with("/plugin-metrics-parser.conf")
}

fn inspect(files: &[IncludedFile], notes: &mut Vec<PreviewNote>) {
    let mut paths = BTreeSet::new();
    for file in files {
        if !paths.insert(file.path.as_str()) {
            notes.push(twice(file));
        }
        let unknown = match &file.source {
            FileSource::S3 { bucket, key } if file.text.is_none() => {
                Some(format!("the text of s3://{bucket}/{key} is not known here"))
            }
            FileSource::Image if file.holds.is_none() => Some(format!(
                "{} is a file of the image or of a volume; its text is not known here",
                file.path
            )),
            _ => None,
        };
        notes.extend(unknown.map(|why| PreviewNote::new(PreviewNoteCode::TextUnknown, why)));
    }
}

fn twice(file: &IncludedFile) -> PreviewNote {
    match &file.source {
        FileSource::S3 { .. } => PreviewNote::new(
            PreviewNoteCode::SameFileName,
            format!(
                "two objects are fetched to {}: the second overwrites the first; give them different names",
                file.path
            ),
        ),
        _ => PreviewNote::new(
            PreviewNoteCode::ReadTwice,
            format!(
                "{} is read twice, and Fluent Bit does not start; name it in one place",
                file.path
            ),
        ),
    }
}

/// What the agent mounts into the router.
pub(crate) fn mounts(router: &RouterSpec, kind: RouterKind, runtime: &Runtime) -> Vec<Mount> {
    let mount = |host: &str, container: &str| Mount {
        host: (runtime.launch_type != LaunchType::Fargate)
            .then(|| format!("{DATA_FOLDER}/{}/{host}", runtime.task_id())),
        container: container.to_owned(),
    };
    let mut mounts = vec![
        mount("config/fluent.conf", kind.main_path()),
        mount("socket/", "/var/run/"),
    ];
    if matches!(router.external, Some(External::S3 { .. })) {
        mounts.push(mount("config/external.conf", kind.external_path()));
    }
    mounts
}
