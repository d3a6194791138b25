//! What must hold for every task definition.

use std::sync::LazyLock;

use firelens_inject::{Injection, Reason, eject, is_current, is_untouched};
use firelens_taskdef::{
    MAX_REGISTER_BODY_BYTES, RawObject, TaskDefinitionDoc, canonical, canonical_hash, sha256_hex,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::case::Case;
use crate::random::{Edit, edits, json_text, task_definition};
use crate::server::described;

/// Policies that are tried on each task definition: options, a file, a healthy router, a tee.
const POLICIES: [&str; 4] = [
    "fargate-awsvpc",
    "two-outputs-fargate",
    "healthy-uptime",
    "awslogs-tee-fargate",
];

/// Members that injection changes in routed containers.
const CHANGED: [&str; 2] = ["logConfiguration", "dependsOn"];

/// Read once: admission is slow beside an injection.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| POLICIES.map(Case::load).into());

fn parse(text: &str) -> TaskDefinitionDoc {
    TaskDefinitionDoc::parse(text).unwrap()
}

fn each_policy(base: &str, mut check: impl FnMut(&Case, &TaskDefinitionDoc, &Injection)) {
    let doc = parse(base);
    for case in CASES.iter() {
        let injection = case.inject_into(&doc).unwrap();
        check(case, &doc, &injection);
    }
}

fn untouched_members(
    doc: &TaskDefinitionDoc,
    router: Option<&str>,
) -> Vec<(String, String, String)> {
    doc.containers()
        .filter(|container| router != Some(container.name().as_str()))
        .flat_map(|container| {
            let name = container.name();
            let members = container
                .raw()
                .iter()
                .filter(|(member, _)| !CHANGED.contains(member));
            members
                .map(|(member, text)| (name.clone(), member.to_owned(), text.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The text of the document with the containers taken out.
fn task_level(text: &str) -> Vec<(String, String)> {
    let top = RawObject::parse(text).unwrap();
    top.iter()
        .filter(|(name, _)| *name != "containerDefinitions")
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

fn apply(text: &str, edits: &[Edit], router: &str) -> String {
    let mut top: Value = serde_json::from_str(text).unwrap();
    let inner = if top.get("taskDefinition").is_some() {
        &mut top["taskDefinition"]
    } else {
        &mut top
    };
    for edit in edits {
        apply_one(inner, edit, router);
    }
    top.to_string()
}

fn apply_one(top: &mut Value, edit: &Edit, router: &str) {
    if let Edit::TaskMember(text) = edit {
        top["xOwner"] = serde_json::from_str(text).unwrap();
        return;
    }
    let containers = top["containerDefinitions"].as_array_mut().unwrap();
    let named = |name: &str| {
        containers
            .iter()
            .position(|container| container["name"] == name)
    };
    let at = match edit {
        Edit::Image(at, _)
        | Edit::Environment(at, _)
        | Edit::Member(at, _)
        | Edit::RemoveContainer(at) => match named(&format!("c{at}")) {
            Some(index) => index,
            None => return,
        },
        Edit::AddContainer(_) | Edit::TaskMember(_) => 0,
    };
    match edit {
        Edit::Image(_, image) => containers[at]["image"] = json!(image),
        Edit::Environment(_, value) => {
            containers[at]["environment"] = json!([{"name": "OWNER", "value": value}]);
        }
        Edit::Member(_, text) => containers[at]["xOwner"] = serde_json::from_str(text).unwrap(),
        Edit::RemoveContainer(_) => {
            let apps = containers
                .iter()
                .filter(|container| container["name"] != router)
                .count();
            if apps > 1 {
                containers.remove(at);
            }
        }
        Edit::AddContainer(name) => {
            let name = format!("owner-{name}");
            if named(&name).is_none() {
                containers.push(json!({"name": name, "image": "sidecar:1"}));
            }
        }
        Edit::TaskMember(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_document_gives_back_its_own_text(text in task_definition()) {
        prop_assert_eq!(parse(&text).to_string(), text);
    }

    #[test]
    fn document_hash_equals_hash_of_its_canonical_form(text in task_definition()) {
        let defined = sha256_hex(canonical(&text).to_string().as_bytes());
        prop_assert_eq!(&parse(&text).canonical_hash(), &defined);
        prop_assert_eq!(canonical_hash(&parse(&text).to_register_input()), defined);
    }

    #[test]
    fn injection_keeps_the_text_of_everything_it_does_not_name(base in task_definition()) {
        each_policy(&base, |_, doc, injection| {
            assert_eq!(untouched_members(doc, None), untouched_members(&injection.document, Some(&injection.router)));
            assert_eq!(task_level(&doc.to_string()), task_level(&injection.document.to_string()));
            assert_eq!(task_level(&doc.to_register_input()), task_level(&injection.register_input));
            assert_eq!(injection.document.container_names().last(), Some(&injection.router));
        });
    }

    #[test]
    fn ejection_gives_back_the_base_byte_for_byte(base in task_definition()) {
        each_policy(&base, |_, doc, injection| {
            assert_eq!(eject(&injection.document).unwrap().document.to_string(), doc.to_string());
        });
    }

    #[test]
    fn ejection_restores_the_base_after_ecs_reformats_it(base in task_definition()) {
        each_policy(&base, |_, doc, injection| {
            let live = parse(&described(&injection.register_input));
            let ejected = eject(&live).unwrap().document;
            assert_eq!(canonical(&ejected.to_register_input()), canonical(&doc.to_register_input()));
            assert!(is_untouched(&live));
        });
    }

    #[test]
    fn a_second_injection_wants_nothing(base in task_definition()) {
        each_policy(&base, |case, _, injection| {
            let again = case.inject_into(&injection.document).unwrap();
            assert_eq!(&again.register_input, &injection.register_input);
            assert_eq!(&again.hash, &injection.hash);
            assert!(is_current(&injection.document, &again));
            let live = parse(&described(&injection.register_input));
            assert!(is_current(&live, injection));
            assert!(is_current(&live, &case.inject_into(&live).unwrap()));
        });
    }

    #[test]
    fn an_owners_later_changes_survive_ejection(base in task_definition(), edits in edits()) {
        each_policy(&base, |_, doc, injection| {
            let live = apply(&described(&injection.register_input), &edits, &injection.router);
            let wanted = apply(&doc.to_register_input(), &edits, &injection.router);
            let ejected = eject(&parse(&live)).unwrap().document;
            assert_eq!(canonical(&ejected.to_register_input()), canonical(&wanted));
        });
    }

    #[test]
    fn a_register_body_is_never_over_the_limit(base in task_definition(), padding in 60_000_usize..66_000) {
        let padded = base.replacen('{', &format!("{{\"xPadding\":\"{}\",", "y".repeat(padding)), 1);
        for case in CASES.iter() {
            match case.inject_into(&parse(&padded)) {
                Ok(injection) => assert!(injection.register_input.len() <= MAX_REGISTER_BODY_BYTES),
                Err(refusal) => assert_eq!(refusal.reason, Reason::TaskDefinitionTooLarge),
            }
        }
    }

    #[test]
    fn the_canonical_form_of_any_text_is_stable(text in json_text()) {
        let once = canonical(&text);
        prop_assert_eq!(canonical(&once.to_string()), once);
    }
}
