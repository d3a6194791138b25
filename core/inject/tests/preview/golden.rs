//! Each case previews to the text that was written by hand, byte for byte, or to its problems.

use firelens_inject::preview::AgentProblem;

use crate::case::{file, load, names, preview};

#[test]
fn every_case_previews_to_the_same_text() {
    let mut different = Vec::new();
    for case in names() {
        let Some(expected) = file(&case, "expected.conf") else {
            continue;
        };
        match preview(&load(&case)) {
            Ok(found) if found.main.text == expected => {}
            Ok(found) => different.push(format!("{case}: found\n{}", found.main.text)),
            Err(error) => different.push(format!("{case}: {error}")),
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn every_case_that_cannot_start_tells_all_its_problems() {
    for case in names() {
        let Some(expected) = file(&case, "problems.txt") else {
            continue;
        };
        let error = preview(&load(&case)).expect_err(&case);
        let found: String = error
            .problems
            .iter()
            .map(|problem| format!("{}\n", words(problem)))
            .collect();
        assert_eq!(found, expected, "{case}");
        for problem in &error.problems {
            assert!(!problem.consequence().is_empty());
            assert!(error.to_string().contains(&problem.explained()), "{error}");
        }
    }
}

#[test]
fn every_case_is_one_of_the_two() {
    for case in names() {
        let kinds = [file(&case, "expected.conf"), file(&case, "problems.txt")];
        assert_eq!(kinds.iter().flatten().count(), 1, "{case}");
    }
}

#[test]
fn the_list_of_cases_names_each_of_them() {
    let list = file("", "README.md").unwrap();
    for case in names() {
        assert!(list.contains(&format!("`{case}`")), "{case}");
    }
}

/// The problem in words that do not change with its message.
fn words(problem: &AgentProblem) -> String {
    match problem {
        AgentProblem::NoRouter => "NoRouter".to_owned(),
        AgentProblem::Windows => "Windows".to_owned(),
        AgentProblem::InvalidType { found, .. } => format!("InvalidType {found}"),
        AgentProblem::InvalidConfigFileType { found, .. } => {
            format!("InvalidConfigFileType {found}")
        }
        AgentProblem::MissingConfigFileValue { .. } => "MissingConfigFileValue".to_owned(),
        AgentProblem::ConfigFromS3 { platform, .. } => format!("ConfigFromS3 {platform}"),
        AgentProblem::InvalidS3Arn { found, .. } => format!("InvalidS3Arn {found}"),
        AgentProblem::InvalidUser { found, .. } => format!("InvalidUser {found}"),
        AgentProblem::NoExecutionRole { what } => format!("NoExecutionRole {what}"),
        AgentProblem::MissingOutputName {
            container,
            key,
            found,
        } => format!(
            "MissingOutputName {container} {key} {}",
            found.as_deref().unwrap_or_default()
        )
        .trim_end()
        .to_owned(),
        AgentProblem::SecretOfOtherDriver { container, driver } => {
            format!("SecretOfOtherDriver {container} {driver}")
        }
        AgentProblem::MissingSecretValue { container, option } => {
            format!("MissingSecretValue {container} {option}")
        }
    }
}
