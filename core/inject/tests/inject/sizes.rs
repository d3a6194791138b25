//! Sizes: what makes room for a router, and that it is given back.

use std::sync::LazyLock;

use firelens_aws::fit::is_fargate_size;
use firelens_aws::size::{TaskSize, reserved};
use firelens_inject::{NoteCode, Reason, eject, is_current, is_untouched};
use firelens_taskdef::{TaskDefinitionDoc, canonical};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::case::Case;
use crate::server::described;

static CASE: LazyLock<Case> = LazyLock::new(|| Case::load("resize-memory"));

fn parse(text: &str) -> TaskDefinitionDoc {
    TaskDefinitionDoc::parse(text).unwrap()
}

fn size_of(doc: &TaskDefinitionDoc) -> TaskSize {
    TaskSize {
        cpu_units: TaskSize::cpu_of(doc).unwrap(),
        memory_mib: TaskSize::memory_of(doc).unwrap(),
    }
}

fn edited(register_input: &str, edit: impl FnOnce(&mut Value)) -> TaskDefinitionDoc {
    let mut value: Value = serde_json::from_str(&described(register_input)).unwrap();
    edit(&mut value["taskDefinition"]);
    parse(&value.to_string())
}

/// A Fargate size as people write it, and what one container reserves of it.
fn task() -> impl Strategy<Value = String> {
    let sizes = select(vec![
        (r#""256""#, r#""512""#),
        (r#""0.25 vCPU""#, r#""0.5 GB""#),
        (r#""256""#, r#""2048""#),
        (r#""512""#, r#""4 GB""#),
        (r#""1 vcpu""#, r#""2048""#),
        (r#""8192""#, r#""61440""#),
        (r#""16384""#, r#""122880""#),
    ]);
    (sizes, 0_u64..20_000, 0_u64..130_000).prop_map(|((cpu, memory), used_cpu, used_mib)| {
        format!(
            r#"{{"family":"app","memory":{memory},"taskRoleArn":"arn:aws:iam::111122223333:role/task","executionRoleArn":"arn:aws:iam::111122223333:role/execution","requiresCompatibilities":["FARGATE"],"networkMode":"awsvpc","cpu":{cpu},"containerDefinitions":[{{"name":"app","image":"app:1","cpu":{used_cpu},"memoryReservation":{used_mib}}}]}}"#
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn resized_task_has_valid_fargate_size_with_enough_room(text in task()) {
        let base = parse(&text);
        match CASE.inject_into(&base) {
            Err(refusal) => prop_assert_eq!(refusal.reason, Reason::TaskTooSmall),
            Ok(injection) => {
                let size = size_of(&injection.document);
                prop_assert!(is_fargate_size(size));
                let needs = reserved(injection.document.containers()).least_size();
                prop_assert!(size.cpu_units >= needs.cpu_units && size.memory_mib >= needs.memory_mib);
                let was = size_of(&base);
                let moved = size != was;
                prop_assert_eq!(moved, injection.notes.iter().any(|note| note.code == NoteCode::TaskResized));
                prop_assert!(size.cpu_units >= was.cpu_units && size.memory_mib >= was.memory_mib);
            }
        }
    }

    #[test]
    fn ejection_gives_the_size_back_to_the_byte(text in task()) {
        let base = parse(&text);
        if let Ok(injection) = CASE.inject_into(&base) {
            prop_assert_eq!(eject(&injection.document).unwrap().document.to_string(), base.to_string());
            let live = parse(&described(&injection.register_input));
            prop_assert!(is_current(&live, &injection) && is_untouched(&live));
            prop_assert!(is_current(&live, &CASE.inject_into(&live).unwrap()));
        }
    }
}

#[test]
fn owner_changed_task_size_is_kept_on_ejection() {
    let injection = CASE.inject().unwrap();
    let live = edited(&injection.register_input, |task| {
        task["cpu"] = json!("512");
        task["memory"] = json!("3072");
    });
    let back = eject(&live).unwrap().document;
    assert_eq!(size_of(&back).to_string(), "512/3072");
    let half = Case::load("resize-cpu-and-spelling").inject().unwrap();
    let live = edited(&half.register_input, |task| task["memory"] = json!("4096"));
    let back = eject(&live).unwrap().document;
    assert_eq!(size_of(&back).to_string(), "512/4096");
}

#[test]
fn shrinking_a_resized_task_is_drift() {
    let injection = CASE.inject().unwrap();
    let live = edited(&injection.register_input, |task| {
        task["memory"] = json!("512");
    });
    assert!(!is_current(&live, &injection));
    let again = CASE.inject_into(&live).unwrap();
    assert_eq!(size_of(&again.document).to_string(), "256/1024");
    assert!(!is_current(&live, &again));
}

#[test]
fn task_size_shrinks_back_when_less_memory_is_needed() {
    let live = parse(&described(&CASE.inject().unwrap().register_input));
    let base = edited(&live.to_register_input(), |task| {
        task["containerDefinitions"][0]["memory"] = json!(128);
    });
    let smaller = CASE.inject_into(&base).unwrap();
    assert_eq!(size_of(&smaller.document).to_string(), "256/512");
    assert!(!is_current(&base, &smaller));
    let back = eject(&smaller.document).unwrap().document;
    assert_eq!(canonical(&back.to_register_input())["memory"], "512");
}
