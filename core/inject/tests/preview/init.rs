//! What the init process of the image makes of the router's variables.

use firelens_inject::preview::{FileSource, FileUse, PreviewNoteCode as Code};
use serde_json::{Value, json};

use crate::case::{codes, load, preview};

fn with_init(variables: &[(&str, &str)]) -> Value {
    let mut td = load("log-options-fluentbit");
    let router = &mut td["containerDefinitions"][1];
    router["image"] = json!("public.ecr.aws/aws-observability/aws-for-fluent-bit:init-3.2.1");
    router["environment"] = variables
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    td
}

#[test]
fn init_process_includes_agent_file_before_other_files() {
    let found = preview(&with_init(&[
        (
            "aws_fluent_bit_init_s3_1",
            "arn:aws:s3:::retail-configs/a/extra.conf",
        ),
        ("OTHER", "x"),
        (
            "aws_fluent_bit_init_file_2",
            "/fluent-bit/configs/minimize-log-loss.conf",
        ),
        (
            "aws_fluent_bit_init_File3",
            "/fluent-bit/parsers/parsers_java.conf",
        ),
    ]))
    .unwrap();
    assert_eq!(
        found.included[0].text.as_deref(),
        Some(
            "@INCLUDE /fluent-bit/etc/fluent-bit.conf\n\
             @INCLUDE /init/fluent-bit-init-s3-files/extra.conf\n\
             @INCLUDE /fluent-bit/configs/minimize-log-loss.conf\n"
        )
    );
    let uses: Vec<FileUse> = found.included.iter().map(|file| file.use_).collect();
    assert_eq!(
        uses,
        [
            FileUse::Main,
            FileUse::IncludedOrParsers,
            FileUse::Included,
            FileUse::Parsers
        ]
    );
    assert_eq!(
        found.included[1].source,
        FileSource::S3 {
            bucket: "retail-configs".to_owned(),
            key: "a/extra.conf".to_owned()
        }
    );
    let command = found.router.launch.command.unwrap();
    assert!(
        command
            .ends_with(" -c /init/fluent-bit-init.conf -R /fluent-bit/parsers/parsers_java.conf"),
        "{command}"
    );
}

#[test]
fn two_objects_of_one_name_are_said() {
    let found = preview(&with_init(&[
        (
            "aws_fluent_bit_init_s3_1",
            "arn:aws:s3:::retail-configs/a/extra.conf",
        ),
        (
            "aws_fluent_bit_init_s3_2",
            "arn:aws:s3:::retail-configs/b/extra.conf",
        ),
    ]))
    .unwrap();
    assert!(codes(&found).contains(&Code::SameFileName));
}

#[test]
fn a_file_that_both_ways_include_is_said() {
    let path = "/fluent-bit/configs/minimize-log-loss.conf";
    let mut td = with_init(&[("aws_fluent_bit_init_file_1", path)]);
    td["containerDefinitions"][1]["firelensConfiguration"]["options"] =
        json!({"config-file-type": "file", "config-file-value": path});
    assert!(codes(&preview(&td).unwrap()).contains(&Code::ReadTwice));
}

#[test]
fn launch_command_is_shown_for_known_images_only() {
    for (image, command) in [
        (
            "aws-for-fluent-bit:3.2.1",
            Some(" -c /fluent-bit/etc/fluent-bit.conf"),
        ),
        (
            "registry:5000/mirror/aws-for-fluent-bit:init-3.2.1@sha256:00",
            Some(" -c /init/fluent-bit-init.conf"),
        ),
        ("fluent/fluent-bit:5.1", None),
    ] {
        let mut td = load("log-options-fluentbit");
        td["containerDefinitions"][1]["image"] = json!(image);
        let found = preview(&td).unwrap().router.launch;
        match (found.command, command) {
            (Some(found), Some(end)) => assert!(found.ends_with(end), "{image}: {found}"),
            (found, end) => assert_eq!(found.as_deref(), end, "{image}"),
        }
    }
}
