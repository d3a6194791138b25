//! Random task definitions, as text: unknown members at every level, odd spellings of known ones.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Any JSON text. Names begin with `x`, so that they mean nothing to anybody.
pub(crate) fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec![
            "null",
            "true",
            "0",
            "1.50",
            "-3e2",
            "123456789012345678",
            "18446744073709551616",
            "\"\"",
            r#""\u00e9\/\n \"quoted\" \\""#,
            "[]",
            "{}",
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(","))),
            vec(inner, 0..4).prop_map(|values| {
                let members: Vec<String> = values
                    .iter()
                    .enumerate()
                    .map(|(index, value)| format!("\"x{index}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Unknown members: `,"xPREFIX0":…`.
fn unknown_members(prefix: &'static str) -> impl Strategy<Value = String> {
    vec(json_text(), 0..4).prop_map(move |values| {
        values
            .iter()
            .enumerate()
            .map(|(index, value)| format!(",\"x{prefix}{index}\":{value}"))
            .collect()
    })
}

fn log_configuration() -> impl Strategy<Value = String> {
    let odd = json_text().prop_map(|text| {
        format!(r#","logConfiguration":{{"xNew":{text},"logDriver":"awslogs","options":{{"awslogs-group":"g","mode":"non-blocking"}}}}"#)
    });
    prop_oneof![
        select(vec![
            "",
            r#","logConfiguration":null"#,
            r#","logConfiguration":{"logDriver":"json-file"}"#,
            r#","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-stream-prefix":"p","awslogs-multiline-pattern":"^\\d{4}-"}}"#,
            r#","logConfiguration":{"logDriver":"splunk","options":{"splunk-url":"u"},"secretOptions":[{"name":"splunk-token","valueFrom":"t"}]}"#,
        ])
        .prop_map(str::to_owned),
        odd,
    ]
}

/// `dependsOn` of container `index` on earlier ones, each at most once as ECS asks for.
fn depends_on(index: usize) -> impl Strategy<Value = String> {
    let entry = (select(vec!["START", "HEALTHY", "COMPLETE"]), json_text());
    let some = (
        subsequence((0..index).collect::<Vec<_>>(), 0..=index),
        vec(entry, index),
    )
        .prop_map(|(on, entries)| {
            let entries: Vec<String> = on
                .iter()
                .zip(entries)
                .map(|(on, (condition, extra))| {
                    format!(
                        r#"{{"xExtra":{extra},"condition":"{condition}","containerName":"c{on}"}}"#
                    )
                })
                .collect();
            format!(r#","dependsOn":[{}]"#, entries.join(","))
        });
    prop_oneof![
        select(vec!["", r#","dependsOn":null"#, r#","dependsOn":[]"#]).prop_map(str::to_owned),
        some,
    ]
}

fn container(index: usize) -> impl Strategy<Value = String> {
    (
        unknown_members("A"),
        log_configuration(),
        depends_on(index),
        unknown_members("B"),
        select(vec![
            "",
            r#","cpu":0,"essential":true"#,
            r#","memory":64,"environment":[{"name":"A","value":""},{"name":"B","value":"1"}]"#,
        ]),
    )
        .prop_map(move |(before, log, depends, after, known)| {
            format!(r#"{{"name":"c{index}"{before}{depends}{known}{log}{after},"image":"app:1"}}"#)
        })
}

/// A describe answer's task definition, or a register input: between one and four containers.
pub(crate) fn task_definition() -> impl Strategy<Value = String> {
    let containers = prop_oneof![
        container(0).prop_map(|one| vec![one]),
        (container(0), container(1)).prop_map(|(a, b)| vec![a, b]),
        (container(0), container(1), container(2), container(3))
            .prop_map(|(a, b, c, d)| vec![a, b, c, d]),
    ];
    let tags = select(vec![
        "",
        r#","tags":[]"#,
        r#","tags":[{"key":"team","value":"a"},{"value":"s","key":"aws:stack"}]"#,
    ]);
    (containers, unknown_members("T"), unknown_members("U"), tags, any::<bool>()).prop_map(
        |(containers, before, after, tags, answered)| {
            let read_only = if answered { r#","revision":7,"status":"ACTIVE","registeredAt":1.5e9"# } else { "" };
            format!(
                r#"{{"family":"app"{before},"taskRoleArn":"arn:aws:iam::111122223333:role\/task","executionRoleArn":"arn:aws:iam::111122223333:role/execution","containerDefinitions":[{}],"requiresCompatibilities":["FARGATE"]{read_only}{after}{tags}}}"#,
                containers.join(",")
            )
        },
    )
}

/// A change that an owner makes to their own task definition.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Image(usize, String),
    Environment(usize, String),
    Member(usize, String),
    AddContainer(String),
    RemoveContainer(usize),
    TaskMember(String),
}

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        (0_usize..4, "[a-z]{1,8}:[0-9]{1,3}").prop_map(|(at, image)| Edit::Image(at, image)),
        (0_usize..4, any::<String>()).prop_map(|(at, value)| Edit::Environment(at, value)),
        (0_usize..4, json_text()).prop_map(|(at, value)| Edit::Member(at, value)),
        "[a-z]{1,8}".prop_map(Edit::AddContainer),
        (0_usize..4).prop_map(Edit::RemoveContainer),
        json_text().prop_map(Edit::TaskMember),
    ];
    vec(edit, 0..5)
}
