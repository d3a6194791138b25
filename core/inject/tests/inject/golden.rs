//! Each case gives exactly what its `injected.json` says, and the ECS agent makes of it what its
//! `preview.txt` says. `UPDATE_GOLDEN=1` writes the files anew; read the difference before you
//! commit it.

use std::fs;

use firelens_inject::preview::{self, Runtime};
use firelens_inject::{Injection, NoteCode, Reason, Refusal};
use serde_json::{Value, json};

use crate::case::{Case, all, cases_dir};

#[test]
fn every_case_gives_what_its_golden_file_says() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    for case in all() {
        let path = cases_dir().join(&case.name).join("injected.json");
        let found = format!("{:#}\n", outcome(&case));
        if update {
            fs::write(&path, &found).unwrap();
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&found) {
            different.push(format!("{}: now\n{found}", case.name));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_injection_matches_its_golden_agent_preview() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    for case in all() {
        let path = cases_dir().join(&case.name).join("preview.txt");
        let found = case
            .inject()
            .ok()
            .map(|injection| previewed(&case, &injection));
        let golden = fs::read_to_string(&path).ok();
        match (&found, update) {
            (Some(found), true) => fs::write(&path, found).unwrap(),
            (None, true) if golden.is_some() => fs::remove_file(&path).unwrap(),
            (_, true) => {}
            (_, false) if found == golden => {}
            (_, false) => {
                different.push(format!("{}: now\n{}", case.name, found.unwrap_or_default()));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Reasons that only the plan of a whole target finds.
const FOUND_ELSEWHERE: [Reason; 9] = [
    Reason::BoundaryDenies,
    Reason::CapabilityMissing,
    Reason::DeploymentCannotMove,
    Reason::MovingTag,
    Reason::PolicyHasErrors,
    Reason::RightsMissing,
    Reason::RoleMissing,
    Reason::RoleShared,
    Reason::RolePolicyTooLong,
];

#[test]
fn every_task_definition_refusal_reason_has_a_golden_case() {
    let seen: Vec<Reason> = all()
        .iter()
        .filter_map(|case| case.inject().err())
        .map(|refusal| refusal.reason)
        .collect();
    let missing: Vec<&Reason> = Reason::ALL
        .iter()
        .filter(|reason| !seen.contains(reason) && !FOUND_ELSEWHERE.contains(reason))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn each_word_says_in_a_sentence_what_it_means() {
    let reasons = Reason::ALL
        .iter()
        .map(|word| (word.as_str(), word.meaning()));
    let notes = NoteCode::ALL
        .iter()
        .map(|word| (word.as_str(), word.meaning()));
    for (word, meaning) in reasons.chain(notes) {
        assert!(meaning.ends_with('.'), "{word}: {meaning:?}");
        assert_eq!(meaning.trim(), meaning, "{word}");
    }
    assert_eq!(
        Reason::RoleShared.meaning(),
        "Workloads that no policy selects also use the role, and `iam.allowSharedRoles` is not set."
    );
}

/// The preview as text with its notes, or why the agent would not start the task.
fn previewed(case: &Case, injection: &Injection) -> String {
    let place = &case.place;
    let runtime = Runtime {
        launch_type: place.launch_type,
        cluster: "production".to_owned(),
        task_arn: format!(
            "arn:{}:ecs:{}:{}:task/production/0123456789abcdef0123456789abcdef",
            place.partition, place.region, place.account_id
        ),
        task_definition: format!("{}:8", injection.document.family().unwrap()),
        instance_id: "i-0123456789abcdef0".to_owned(),
    };
    match preview::of_injection(injection, &runtime) {
        Ok(preview) => {
            let notes: String = preview
                .notes
                .iter()
                .map(|note| format!("# note {}: {note}\n", note.code.as_str()))
                .collect();
            format!("{preview}{notes}")
        }
        Err(error) => format!("refused\n{error}\n"),
    }
}

fn outcome(case: &Case) -> Value {
    match case.inject() {
        Ok(injection) => success(&injection),
        Err(Refusal { reason, message }) => {
            json!({"refused": {"reason": reason.as_str(), "message": message}})
        }
    }
}

fn success(injection: &Injection) -> Value {
    let register_input: Value = serde_json::from_str(&injection.register_input).unwrap();
    let notes: Vec<Value> = injection
        .notes
        .iter()
        .map(|note| json!({"code": note.code.as_str(), "message": note.message}))
        .collect();
    let objects: Vec<Value> = injection
        .objects
        .iter()
        .map(|object| {
            let lines: Vec<&str> = object.body.lines().collect();
            json!({"bucket": object.bucket, "key": object.key, "lines": lines})
        })
        .collect();
    json!({
        "router": injection.router,
        "containers": injection.containers,
        "hash": injection.hash,
        "notes": notes,
        "iamMode": injection.iam_mode.as_str(),
        "grants": injection.grants,
        "objects": objects,
        "registerInput": register_input,
    })
}
