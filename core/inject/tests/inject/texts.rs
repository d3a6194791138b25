//! Whatever an option says, what the ECS agent writes of it is one line.

use firelens_taskdef::TaskDefinitionDoc;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::case::Case;

const BASE: &str = r#"{"family":"app","taskRoleArn":"arn:aws:iam::111122223333:role/task","executionRoleArn":"arn:aws:iam::111122223333:role/execution","containerDefinitions":[{"name":"app","image":"app:1"}],"requiresCompatibilities":["FARGATE"]}"#;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[a-z ]{1,8}(\n\t?[a-z\"@\\[\\]]{1,8}){1,3}",
        1 => "\\PC{1,12}",
        1 => "[a-z\n\t\r$\\{\\}\u{0}\u{2028}]{1,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn multiline_text_becomes_a_router_variable_not_log_option(
        option in text(), record in text(), with_filter in any::<bool>()
    ) {
        let mut case = Case::load("fargate-awsvpc");
        let destination = json!({"custom": {"plugin": "stdout", "options": {"note": option}}});
        case.policy.spec.outputs[0].destination = serde_json::from_value(destination).unwrap();
        case.policy.spec.outputs[0].destination_ref = None;
        if with_filter {
            let filter = json!({"recordModifier": {"record": {"note": record}}});
            case.policy.spec.filters = vec![serde_json::from_value(filter).unwrap()];
            case.place.config_bucket = Some(serde_json::from_value(json!({"name": "configs"})).unwrap());
        }
        let base = TaskDefinitionDoc::parse(BASE).unwrap();
        let Ok(injection) = case.inject_into(&base) else { return Ok(()) };
        let body: Value = serde_json::from_str(&injection.register_input).unwrap();
        let containers = body["containerDefinitions"].as_array().unwrap();
        let options = containers[0]["logConfiguration"]["options"].as_object().unwrap();
        let router = containers.last().unwrap();
        let variable = |name: &str| {
            let all = router["environment"].as_array().cloned().unwrap_or_default();
            let found = all.iter().find(|one| one["name"] == name).cloned();
            found.map(|one| one["value"].as_str().unwrap().to_owned())
        };
        let holds = |value: &str| {
            let name = value.trim_matches('"').strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            name.and_then(variable).unwrap_or_else(|| value.to_owned())
        };
        for value in options.values() {
            let value = value.as_str().unwrap();
            prop_assert!(!value.chars().any(char::is_control), "{value:?}");
        }
        if let Some(value) = options.get("note") {
            prop_assert_eq!(holds(value.as_str().unwrap()), option);
        }
        for object in &injection.objects {
            prop_assert!(!object.body.lines().any(|line| line.chars().any(char::is_control)));
        }
    }
}
