//! Single rules, each on the smallest task definition that shows it.

use firelens_fluent::render::fluentd::read_fluentd;
use firelens_inject::{EjectError, NoteCode, eject, is_current, is_untouched, marks};
use firelens_taskdef::{TaskDefinitionDoc, canonical};
use firelens_types::v1alpha1::IamMode;
use serde_json::{Value, json};

use crate::case::{Case, injected};
use crate::server::described;

fn parse(text: &str) -> TaskDefinitionDoc {
    TaskDefinitionDoc::parse(text).unwrap()
}

/// A change by hand, and what it is called.
type Edit = (&'static str, fn(&mut Value));

fn edited(register_input: &str, edit: impl FnOnce(&mut Value)) -> TaskDefinitionDoc {
    let mut value: Value = serde_json::from_str(register_input).unwrap();
    edit(&mut value);
    parse(&value.to_string())
}

#[test]
fn every_golden_case_ejects_back_to_its_exact_base() {
    for (case, injection) in injected() {
        let base = case.doc();
        let back = eject(&injection.document).unwrap();
        assert_eq!(back.document.to_string(), base.to_string(), "{}", case.name);
        let live = parse(&described(&injection.register_input));
        let back = eject(&live).unwrap();
        assert_eq!(
            canonical(&back.document.to_register_input()),
            canonical(&base.to_register_input()),
            "{}",
            case.name
        );
        assert!(is_untouched(&live), "{}", case.name);
    }
}

/// Puts a member into every object of a value, except where the keys are the owner's.
fn add_everywhere(value: &mut Value, member: &str) {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| add_everywhere(item, member)),
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                if !["options", "dockerLabels"].contains(&name.as_str()) {
                    add_everywhere(value, member);
                }
            }
            members.insert(member.to_owned(), json!({"by": ["ecs", null]}));
        }
        _ => {}
    }
}

#[test]
fn unknown_ecs_members_need_no_revision_but_known_ones_do() {
    for (case, injection) in injected() {
        let with = |member: &str| {
            let mut live: Value =
                serde_json::from_str(&described(&injection.register_input)).unwrap();
            add_everywhere(&mut live["taskDefinition"]["containerDefinitions"], member);
            parse(&live.to_string())
        };
        assert!(is_current(&with("addedByEcs"), &injection), "{}", case.name);
        assert!(
            !is_current(&with("secretOptions"), &injection),
            "{}",
            case.name
        );
    }
}

#[test]
fn every_golden_case_is_current_once_it_runs() {
    for (case, injection) in injected() {
        let live = parse(&described(&injection.register_input));
        assert!(is_current(&live, &injection), "{}", case.name);
        let again = case.inject_into(&live).unwrap();
        assert!(is_current(&live, &again), "{}", case.name);
        assert!(!is_current(&case.doc(), &injection), "{}", case.name);
        let second = case.inject_into(&injection.document).unwrap();
        assert_eq!(
            second.register_input, injection.register_input,
            "{}",
            case.name
        );
    }
}

#[test]
fn no_option_of_another_log_driver_is_left() {
    for (case, injection) in injected() {
        for name in &injection.containers {
            let container = injection.document.container(name).unwrap();
            let log = container.log_configuration().unwrap();
            for key in log["options"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str())
            {
                let left = key.starts_with("awslogs-")
                    || key.starts_with("splunk-")
                    || ["mode", "max-buffer-size"].contains(&key);
                // Plugins such as gelf have an option of that name, which the policy then gives.
                let given = case.policy.spec.outputs.iter().any(|output| {
                    let custom = output.destination.as_ref().and_then(|d| d.custom.as_ref());
                    custom.is_some_and(|custom| custom.options.contains_key(key))
                });
                assert!(!left || given, "{}: {key}", case.name);
            }
            assert_eq!(log["logDriver"], "awsfirelens");
        }
    }
}

/// Outputs of a container in a file of Fluentd; none in another one.
fn fluentd_outputs(text: &str, container: &str) -> usize {
    let Ok(elements) = read_fluentd(text) else {
        return 0;
    };
    let pattern = format!("{container}-firelens**");
    let labels = elements.iter().filter(|element| element.name == "label");
    let matches = elements.iter().chain(labels.flat_map(|l| &l.children));
    matches
        .filter(|element| element.name == "match" && element.argument == pattern)
        .flat_map(|element| match element.text_of("@type") {
            Some("copy") => element.children.iter().collect(),
            _ => vec![element],
        })
        .filter(|element| element.text_of("@type") != Some("relabel"))
        .count()
}

#[test]
fn each_output_of_a_container_is_written_once() {
    for (case, injection) in injected() {
        let files: String = injection
            .objects
            .iter()
            .map(|one| one.body.as_str())
            .collect();
        for name in &injection.containers {
            let container = injection.document.container(name).unwrap();
            let has_options = ["Name", "@type"]
                .iter()
                .any(|key| container.log_option(key).is_some());
            let in_file = files
                .split("\n\n")
                .filter(|section| section.starts_with("[OUTPUT]"))
                .filter(|section| {
                    section.contains(&format!("Match {name}-firelens*\n"))
                        || section.contains(&format!("Match {name}-firelens-*."))
                })
                .count()
                + fluentd_outputs(&files, name);
            let base = case.doc();
            let had_awslogs =
                base.container(name).unwrap().log_driver().as_deref() == Some("awslogs");
            let wanted = case.policy.spec.outputs.iter().filter(|output| {
                let of = |glob: &String| glob == "*" || glob == name;
                (output.containers.is_empty() || output.containers.iter().any(of))
                    && (output.awslogs.is_none() || had_awslogs)
            });
            assert_eq!(
                in_file + usize::from(has_options),
                wanted.count(),
                "{}: {name}",
                case.name
            );
        }
    }
}

#[test]
fn there_is_one_router_and_it_is_the_last_container() {
    for (case, injection) in injected() {
        let routers: Vec<String> = injection
            .document
            .containers()
            .filter(|container| container.firelens_configuration().is_some())
            .map(|container| container.name())
            .collect();
        assert_eq!(
            routers,
            std::slice::from_ref(&injection.router),
            "{}",
            case.name
        );
        assert_eq!(
            injection.document.container_names().last(),
            Some(&injection.router),
            "{}",
            case.name
        );
    }
}

#[test]
fn unchanged_content_in_a_new_generation_needs_no_revision() {
    let mut case = Case::load("fargate-awsvpc");
    let live = parse(&described(&case.inject().unwrap().register_input));
    case.policy.metadata.generation = Some(4);
    let desired = case.inject().unwrap();
    assert!(is_current(&live, &desired));
    case.policy.spec.router.memory_reservation_mib = 101;
    assert!(!is_current(&live, &case.inject().unwrap()));
}

#[test]
fn what_an_owner_does_to_the_injection_is_noticed() {
    let case = Case::load("fargate-awsvpc");
    let injection = case.inject().unwrap();
    let edits: [Edit; 5] = [
        ("option", |task| {
            task["containerDefinitions"][0]["logConfiguration"]["options"]["region"] =
                json!("eu-west-1");
        }),
        ("driver", |task| {
            task["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs"});
        }),
        ("dependency", |task| {
            task["containerDefinitions"][0]["dependsOn"] = json!([]);
        }),
        ("image", |task| {
            task["containerDefinitions"][1]["image"] = json!("other:1");
        }),
        ("second router", |task| {
            let router = task["containerDefinitions"][1].clone();
            let containers = task["containerDefinitions"].as_array_mut().unwrap();
            containers.push(router);
            containers[2]["name"] = json!("another");
        }),
    ];
    for (what, edit) in edits {
        let live = edited(&injection.register_input, edit);
        assert!(!is_current(&live, &injection), "{what}");
        assert!(!is_untouched(&live), "{what}");
    }
}

#[test]
fn what_an_owner_does_elsewhere_needs_no_second_injection() {
    let case = Case::load("fargate-awsvpc");
    let injection = case.inject().unwrap();
    let live = edited(&injection.register_input, |task| {
        task["containerDefinitions"][0]["image"] = json!("app:2");
        task["cpu"] = json!("1024");
    });
    assert!(!is_untouched(&live));
    let again = case.inject_into(&live).unwrap();
    assert!(is_current(&live, &again));
    assert_eq!(
        marks(&again.document).unwrap().base,
        marks(&live).unwrap().base
    );
}

#[test]
fn owner_changed_log_configuration_is_kept_on_ejection() {
    let injection = Case::load("fargate-awsvpc").inject().unwrap();
    let own = json!({"logDriver": "awslogs", "options": {"awslogs-group": "/new"}});
    let live = edited(&injection.register_input, |task| {
        task["containerDefinitions"][0]["logConfiguration"] = own.clone();
    });
    let back = eject(&live).unwrap().document;
    assert_eq!(
        back.container("web").unwrap().log_configuration(),
        Some(own)
    );
    assert!(back.container("web").unwrap().depends_on().is_empty());
}

#[test]
fn owner_container_using_our_router_is_noted_on_ejection() {
    let injection = Case::load("fargate-awsvpc").inject().unwrap();
    let live = edited(&injection.register_input, |task| {
        task["containerDefinitions"]
            .as_array_mut()
            .unwrap()
            .push(json!({
                "name": "extra",
                "logConfiguration": {"logDriver": "awsfirelens", "options": {"Name": "stdout"}},
                "dependsOn": [{"containerName": "log_router", "condition": "START"}]
            }));
    });
    let ejection = eject(&live).unwrap();
    assert!(
        ejection
            .document
            .container("extra")
            .unwrap()
            .depends_on()
            .is_empty()
    );
    let codes: Vec<NoteCode> = ejection.notes.iter().map(|note| note.code).collect();
    assert_eq!(codes, [NoteCode::DanglingFirelens]);
}

#[test]
fn a_replaced_router_comes_back_in_its_place() {
    for name in [
        "existing-firelens-replace",
        "existing-firelens-replace-other-name",
    ] {
        let case = Case::load(name);
        let injection = case.inject().unwrap();
        let back = eject(&injection.document).unwrap().document;
        assert_eq!(back.container_names(), ["log_router", "web"], "{name}");
        let taken = edited(&injection.register_input, |task| {
            let containers = task["containerDefinitions"].as_array_mut().unwrap();
            let router = containers.len() - 1;
            containers[router]["name"] = json!("ours");
            containers.push(json!({"name": "log_router"}));
        });
        assert_eq!(
            eject(&taken).unwrap_err(),
            EjectError::NameTaken("log_router".to_owned()),
            "{name}"
        );
    }
}

#[test]
fn marks_say_where_a_managed_revision_comes_from() {
    let case = Case::load("fargate-awsvpc");
    let injection = case.inject().unwrap();
    let found = marks(&parse(&described(&injection.register_input))).unwrap();
    assert_eq!(found.policy, "central");
    assert_eq!(found.policy_uid, case.policy.uid());
    assert_eq!(found.generation, 3);
    assert_eq!(found.base.as_deref(), case.doc().arn());
    assert_eq!(found.hash, injection.hash);
    assert!(marks(&case.doc()).is_none());
    assert_eq!(eject(&case.doc()).unwrap_err(), EjectError::NotInjected);
}

#[test]
fn the_base_that_the_caller_names_goes_into_the_label() {
    let case = Case::load("fargate-awsvpc");
    let mut workload = case.workload();
    workload.base_arn = Some("arn:aws:ecs:us-east-1:111122223333:task-definition/shop-web:9");
    let injection = firelens_inject::inject(&case.doc(), &case.target(), &workload).unwrap();
    assert_eq!(
        marks(&injection.document).unwrap().base.as_deref(),
        workload.base_arn
    );
}

#[test]
fn grants_say_what_is_to_be_done_about_them() {
    assert_eq!(
        Case::load("iam-verify").inject().unwrap().iam_mode,
        IamMode::Verify
    );
    assert!(!Case::load("iam-verify").inject().unwrap().grants.is_empty());
    assert!(Case::load("iam-ignore").inject().unwrap().grants.is_empty());
}

#[test]
fn file_and_ecs_response_give_byte_equal_patches() {
    let case = Case::load("fargate-awsvpc");
    let compact: Value = serde_json::from_str(&case.base).unwrap();
    let of_answer = case.inject_into(&parse(&compact.to_string())).unwrap();
    assert_eq!(
        of_answer.register_input,
        case.inject().unwrap().register_input
    );
}

#[test]
fn awslogs_output_reads_original_revision_through_existing_injection() {
    let tee = Case::load("awslogs-tee-fargate");
    let first = tee.inject().unwrap();
    let again = tee.inject_into(&first.document).unwrap();
    assert_eq!(again.register_input, first.register_input);
    assert_eq!(
        eject(&first.document).unwrap().document.to_string(),
        tee.doc().to_string()
    );
}

#[test]
fn cut_over_is_the_same_from_tee_or_original_revision() {
    let tee = Case::load("awslogs-tee-fargate").inject().unwrap();
    let cut_over = Case::load("awslogs-cut-over");
    let from_tee = cut_over.inject_into(&tee.document).unwrap();
    let from_base = cut_over.inject().unwrap();
    assert_eq!(from_tee.register_input, from_base.register_input);
    assert!(from_tee.objects.is_empty());
}

#[test]
fn awslogs_output_leaves_retention_and_router_log_unchanged() {
    let mut seen = 0;
    for (case, injection) in injected() {
        if case
            .policy
            .spec
            .outputs
            .iter()
            .all(|one| one.awslogs.is_none())
        {
            continue;
        }
        seen += 1;
        let files: String = injection
            .objects
            .iter()
            .map(|one| one.body.as_str())
            .collect();
        for text in [&injection.register_input, &files] {
            assert!(!text.contains("log_retention_days"), "{}", case.name);
        }
        let actions: Vec<&String> = injection
            .grants
            .iter()
            .flat_map(|grant| &grant.statements)
            .flat_map(|statement| &statement.actions)
            .collect();
        assert!(
            !actions
                .iter()
                .any(|action| *action == "logs:PutRetentionPolicy"),
            "{}",
            case.name
        );
        let router = injection.document.container(&injection.router).unwrap();
        assert_eq!(
            router.log_driver().as_deref(),
            Some("awslogs"),
            "{}",
            case.name
        );
        assert_eq!(
            router.log_option("awslogs-stream-prefix").as_deref(),
            Some("firelens"),
            "{}",
            case.name
        );
    }
    assert!(seen >= 10, "{seen}");
}
