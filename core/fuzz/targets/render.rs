//! Any policy and any task definition: what is admitted and injected says exactly what was meant,
//! whatever the strings, and can be taken out again.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use firelens_taskdef::TaskDefinitionDoc;
use firelens_inject::{Injection, Platform, TargetContext, WorkloadContext, eject, inject, is_current, is_untouched};
use firelens_fluent::render::{Item, read, write};
use firelens_types::v1alpha1::{ConfigBucket, Kind, LaunchType, LoggingPolicy, admit};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

/// A piece of text as users and attackers write it.
#[derive(Arbitrary, Debug)]
enum Word<'a> {
    Any(&'a str),
    Letter(u8),
    Line,
    Header,
    Include,
    Variable,
    Blank,
    Exec,
    Quote,
}

#[derive(Arbitrary, Debug)]
struct Text<'a>(Vec<Word<'a>>);

impl Text<'_> {
    fn text(&self) -> String {
        let words = self.0.iter().take(6).map(|word| match word {
            Word::Any(text) => (*text).to_owned(),
            Word::Letter(letter) => char::from(b'a' + letter % 26).to_string(),
            Word::Line => "\n".to_owned(),
            Word::Header => "[INPUT]".to_owned(),
            Word::Include => "@INCLUDE /x".to_owned(),
            Word::Variable => "${HOME}".to_owned(),
            Word::Blank => " ".to_owned(),
            Word::Exec => "\n    Name exec\n".to_owned(),
            Word::Quote => "\"\\".to_owned(),
        });
        words.collect()
    }
}

/// Mostly a name that is taken, sometimes anything.
#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Plain(u8),
    Any(Text<'a>),
}

impl Name<'_> {
    fn text(&self) -> String {
        match self {
            Self::Plain(letter) => format!("n{}", letter % 4),
            Self::Any(text) => text.text(),
        }
    }
}

type Pairs<'a> = Vec<(Name<'a>, Text<'a>)>;

fn pairs(pairs: &Pairs<'_>) -> Map<String, Value> {
    let pairs = pairs.iter().take(4);
    pairs.map(|(key, value)| (key.text(), Value::from(value.text()))).collect()
}

#[derive(Arbitrary, Debug)]
struct Output<'a> {
    plugin: Name<'a>,
    options: Pairs<'a>,
    include: Option<Text<'a>>,
    exclude: Option<Text<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Filter<'a> {
    Grep(Name<'a>, Text<'a>),
    Record(Pairs<'a>),
    Custom(Name<'a>, Pairs<'a>),
    Rewrite(Text<'a>),
    Joined,
}

impl Filter<'_> {
    fn json(&self) -> Value {
        match self {
            Self::Grep(key, regex) => {
                json!({"grep": {"regex": [format!("{} {}", key.text(), regex.text())]}})
            }
            Self::Record(record) => json!({"recordModifier": {"record": pairs(record)}}),
            Self::Custom(plugin, options) => {
                json!({"custom": {"plugin": plugin.text(), "options": pairs(options)}})
            }
            Self::Rewrite(rule) => json!({"rewriteTag": {"rule": [rule.text()]}}),
            Self::Joined => json!({"multiline": {"parser": ["go"]}}),
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Container<'a> {
    name: Name<'a>,
    log_option: Option<Text<'a>>,
    waits_for: Option<Name<'a>>,
    variable: Text<'a>,
}

impl Container<'_> {
    fn json(&self) -> Value {
        let mut container = json!({
            "name": self.name.text(),
            "image": "app:1",
            "environment": [{"name": "A", "value": self.variable.text()}],
        });
        if let Some(option) = &self.log_option {
            container["logConfiguration"] = json!({"logDriver": "awslogs", "options": {"awslogs-group": option.text()}});
        }
        if let Some(name) = &self.waits_for {
            container["dependsOn"] = json!([{"containerName": name.text(), "condition": "START"}]);
        }
        container
    }
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    outputs: Vec<Output<'a>>,
    filters: Vec<Filter<'a>>,
    containers: Vec<Container<'a>>,
    environment: Pairs<'a>,
    custom_config: Option<Text<'a>>,
    on_instances: bool,
    delivery: u8,
    pretty: bool,
}

impl Input<'_> {
    fn policy(&self) -> Value {
        let outputs: Vec<Value> = self
            .outputs
            .iter()
            .take(3)
            .enumerate()
            .map(|(index, output)| {
                let mut one = json!({
                    "name": format!("o{index}"),
                    "destination": {"custom": {"plugin": output.plugin.text(), "options": pairs(&output.options)}},
                });
                for (field, pattern) in [("includePattern", &output.include), ("excludePattern", &output.exclude)] {
                    if let Some(pattern) = pattern {
                        one[field] = json!(pattern.text());
                    }
                }
                one
            })
            .collect();
        let filters: Vec<Value> = self.filters.iter().take(3).map(Filter::json).collect();
        let delivery = ["Auto", "S3", "Init"][usize::from(self.delivery % 3)];
        let mut policy = json!({
            "apiVersion": "firelens.dev/v1alpha1",
            "kind": "LoggingPolicy",
            "metadata": {"name": "p", "uid": "u", "generation": 1},
            "spec": {
                "outputs": outputs,
                "filters": filters,
                "router": {"environment": pairs(&self.environment)},
                "config": {"delivery": delivery},
            },
        });
        if let Some(text) = &self.custom_config {
            policy["spec"]["customConfig"] = json!(text.text());
        }
        policy
    }

    fn task_definition(&self) -> String {
        let containers: Vec<Value> = self.containers.iter().take(4).map(Container::json).collect();
        let task = json!({
            "family": "app",
            "taskRoleArn": "arn:aws:iam::111122223333:role/task",
            "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
            "containerDefinitions": containers,
        });
        if self.pretty { format!("{task:#}") } else { task.to_string() }
    }
}

fuzz_target!(|input: Input<'_>| {
    let Ok(policy) = admit(Kind::LoggingPolicy, &input.policy()) else {
        return;
    };
    let policy: LoggingPolicy = serde_json::from_value(policy).unwrap();
    let Ok(document) = TaskDefinitionDoc::parse(&input.task_definition()) else {
        return;
    };
    let bucket = ConfigBucket { name: "configs".to_owned(), prefix: "f/".to_owned() };
    let launch_type = if input.on_instances { LaunchType::Ec2 } else { LaunchType::Fargate };
    let destinations = BTreeMap::new();
    let target = TargetContext {
        policy: &policy,
        destinations: &destinations,
        account_id: "111122223333",
        region: "eu-central-1",
        partition: "aws",
        config_bucket: Some(&bucket),
        installation: None,
    };
    let workload = WorkloadContext {
        platform: Platform::of_document(&document, Some(launch_type)),
        base_arn: None,
    };
    let Ok(injection) = inject(&document, &target, &workload) else {
        return;
    };
    assert_eq!(eject(&injection.document).unwrap().document.to_string(), document.to_string());
    assert!(is_untouched(&injection.document));
    let again = inject(&injection.document, &target, &workload).unwrap();
    assert_eq!(again.register_input, injection.register_input);
    assert!(is_current(&injection.document, &again));
    check_files(&policy, &injection);
});

/// Every file reads back as what it was written from, and nothing in it was not asked for.
fn check_files(policy: &LoggingPolicy, injection: &Injection) {
    let has_raw_text = policy.spec.custom_config.is_some();
    for object in &injection.objects {
        let document = read(&object.body).unwrap();
        assert_eq!(write(&document).unwrap(), object.body);
        for item in &document.items {
            let Item::Section(section) = item else {
                panic!("a command in {}", object.body);
            };
            let known = matches!(
                section.name.as_str(),
                "SERVICE" | "FILTER" | "OUTPUT" | "PARSER" | "MULTILINE_PARSER"
            );
            assert!(known || has_raw_text, "[{}]", section.name);
        }
        if !has_raw_text {
            let found = document.sections().filter(|section| section.name == "OUTPUT").count();
            assert!(found <= policy.spec.outputs.len() * injection.containers.len());
        }
    }
    for name in &injection.containers {
        let container = injection.document.container(name).unwrap();
        let log = container.log_configuration().unwrap();
        for (option, value) in log["options"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap();
            assert!(!option.contains(['\n', '\r', ' ']) && !value.contains(['\n', '\r']), "{option}: {value}");
        }
    }
}
