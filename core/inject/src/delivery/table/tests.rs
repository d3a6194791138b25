//! Every combination has an answer, and none that cannot work; the guide shows the same table.

#![allow(clippy::disallowed_methods, reason = "the guide is a file")]

use super::*;

const DELIVERIES: &[Delivery] = Delivery::ALL;
const ROUTERS: [RouterType; 2] = [RouterType::Fluentbit, RouterType::Fluentd];
const CONTENTS: [Content; 4] = [
    Content::Options,
    Content::BuiltInJson,
    Content::Sections,
    Content::SectionsAndParsers,
];
const INITS: [InitImage; 3] = [
    InitImage::Usable,
    InitImage::NeedsWritableRoot,
    InitImage::Unknown,
];

fn every_row() -> Vec<Row> {
    let mut rows = Vec::new();
    for delivery in DELIVERIES {
        for router in ROUTERS {
            for content in CONTENTS {
                for init in INITS {
                    for switches in 0..16_u8 {
                        let is_on = |bit: u8| switches & (1 << bit) != 0;
                        rows.push(Row {
                            delivery: *delivery,
                            has_file: is_on(0),
                            router,
                            content,
                            agent_fetches: is_on(1),
                            init,
                            has_bucket: is_on(2),
                            http_server: is_on(3),
                        });
                    }
                }
            }
        }
    }
    rows
}

/// What the way can carry.
fn carries(way: Way) -> Content {
    match way {
        Way::Options {
            agent: Some(BuiltIn::ParseJson),
            ..
        } => Content::BuiltInJson,
        Way::Options { .. } | Way::InImage => Content::Options,
        Way::OwnFile(Fetcher::Agent) => Content::Sections,
        Way::OwnFile(Fetcher::Init) => Content::SectionsAndParsers,
    }
}

#[test]
fn no_row_takes_a_way_that_fails_at_task_start() {
    let rows = every_row();
    assert_eq!(rows.len(), 5 * 2 * 4 * 3 * 16);
    for row in rows {
        let Ok(way) = decide(&row) else { continue };
        let own_file = matches!(way, Way::OwnFile(_));
        let uses_init = matches!(
            way,
            Way::OwnFile(Fetcher::Init) | Way::Options { init: Some(_), .. }
        );
        // A file for Fluentd holds its parsers itself.
        let one_file = own_file && row.router == RouterType::Fluentd;
        assert!(one_file || carries(way) >= row.content, "{row:?}: {way:?}");
        assert!(!own_file || row.has_bucket, "{row:?}: {way:?}");
        assert!(
            !uses_init || row.init == InitImage::Usable,
            "{row:?}: {way:?}"
        );
        assert!(
            way != Way::OwnFile(Fetcher::Agent) || row.agent_fetches,
            "{row:?}: {way:?}"
        );
        assert!(
            row.router == RouterType::Fluentbit || !uses_init,
            "{row:?}: {way:?}"
        );
        if let Way::Options { agent, init } = way {
            assert_eq!(
                agent == Some(BuiltIn::Health) || init == Some(BuiltIn::Health),
                row.http_server,
                "{row:?}: {way:?}"
            );
            assert!(agent != init || agent.is_none(), "one file twice: {row:?}");
        }
    }
}

#[test]
fn requested_delivery_is_used_or_refused_and_never_replaced() {
    for row in every_row() {
        let way = decide(&row);
        match row.delivery {
            Delivery::Inline if !row.has_file => {
                assert!(
                    !matches!(way, Ok(Way::OwnFile(_) | Way::InImage)),
                    "{row:?}: {way:?}"
                );
            }
            Delivery::S3 => assert!(
                way.is_err() || way == Ok(Way::OwnFile(Fetcher::Agent)),
                "{row:?}: {way:?}"
            ),
            Delivery::Init => assert!(
                way.is_err() || way == Ok(Way::OwnFile(Fetcher::Init)),
                "{row:?}: {way:?}"
            ),
            Delivery::File => {
                assert!(way.is_err() || way == Ok(Way::InImage), "{row:?}: {way:?}");
            }
            Delivery::Inline | Delivery::Auto => {}
        }
    }
}

#[test]
fn auto_refuses_only_what_no_other_way_could_carry() {
    for row in every_row() {
        let asks_nothing = row.delivery == Delivery::Auto && !row.has_file;
        if asks_nothing && decide(&row).is_err() {
            for delivery in [Delivery::Inline, Delivery::S3, Delivery::Init] {
                let other = Row { delivery, ..row };
                assert!(decide(&other).is_err(), "{row:?}: {delivery} would do");
            }
        }
    }
}

fn in_words(row: &Row) -> &'static str {
    match decide(row) {
        Ok(Way::Options {
            agent: Some(BuiltIn::ParseJson),
            init: None,
        }) => "log options, `parse-json.conf`",
        Ok(Way::Options { init: Some(_), .. }) => "log options, two files of the init image",
        Ok(Way::Options { .. }) => "log options",
        Ok(Way::InImage) => "`config.file`",
        Ok(Way::OwnFile(Fetcher::Agent)) => "S3, by the ECS agent",
        Ok(Way::OwnFile(Fetcher::Init)) => "S3, by the init image",
        Err(Obstacle::ReadonlyRoot) => "refused: `ReadonlyRootFilesystemUnsupported`",
        Err(Obstacle::NoInitImage) => "refused: `InitImageRequired`",
        Err(Obstacle::NoBucket) => "refused: `ConfigBucketRequired`",
        Err(_) => "refused: `DeliveryUnsupported`",
    }
}

/// The rows of `delivery: Auto` for Fluent Bit, with a bucket and a health check over HTTP.
fn table() -> String {
    let mut text =
        "| needs | image | EC2, ECS Anywhere | Fargate, Managed Instances |\n|---|---|---|---|\n"
            .to_owned();
    for (content, needs) in [
        (Content::Options, "one output a container"),
        (
            Content::BuiltInJson,
            "… and JSON of `log`, with a health check",
        ),
        (Content::Sections, "filters, several outputs, raw text"),
        (Content::SectionsAndParsers, "parsers of the policy"),
    ] {
        for (init, image) in [
            (InitImage::Usable, "aws-for-fluent-bit with a tag"),
            (
                InitImage::NeedsWritableRoot,
                "… before 2.33.0, read-only root",
            ),
            (InitImage::Unknown, "a digest, another image"),
        ] {
            // Only the files of aws-for-fluent-bit are known, and only a digest hides its init variant.
            let cells = [true, false].map(|agent_fetches| {
                in_words(&Row {
                    delivery: Delivery::Auto,
                    has_file: false,
                    router: RouterType::Fluentbit,
                    content,
                    agent_fetches,
                    init,
                    has_bucket: true,
                    http_server: true,
                })
            });
            text.push_str(&format!(
                "| {needs} | {image} | {} | {} |\n",
                cells[0], cells[1]
            ));
        }
    }
    text
}

#[test]
fn the_guide_shows_the_table_of_deliveries() {
    const BEGIN: &str = "<!-- delivery:begin -->\n";
    const END: &str = "<!-- delivery:end -->";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policies.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let (before, rest) = guide.split_once(BEGIN).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert_eq!(shown, table(), "run again with UPDATE_DOCS=1");
}
