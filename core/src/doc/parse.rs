//! Reading a task definition from what people and AWS hand over.
//!
//! Never repairs: what is not a task definition is refused.

use super::json::{elements, is_json, refuse_duplicate_names, without_white_space};
use super::{CONTAINERS, DocError, Identity, RawObject, TAGS, TaskDefinitionDoc};

impl TaskDefinitionDoc {
    /// Reads an answer of `DescribeTaskDefinition` or `RegisterTaskDefinition` (`taskDefinition` with
    /// `tags` beside it), a bare task definition, or an input of `RegisterTaskDefinition`.
    ///
    /// # Errors
    /// Not a JSON object, a member name twice, no list of containers, or containers without a name of
    /// their own.
    pub fn parse(text: &str) -> Result<Self, DocError> {
        refuse_duplicate_names(text)?;
        let outer = RawObject::parse_compact(&without_white_space(text))?;
        let top = match (outer.get("taskDefinition"), outer.get(CONTAINERS)) {
            (Some(inner), None) => unwrap_answer(inner, outer.get(TAGS))?,
            _ => outer,
        };
        let containers = read_containers(&top)?;
        let identity = Identity::of(&top);
        let mut doc = Self {
            top,
            containers,
            identity,
        };
        doc.top.set_text(CONTAINERS, String::new());
        Ok(doc)
    }
}

/// Tags stand beside the task definition in answers and inside it in requests: move them inside.
fn unwrap_answer(inner: &str, tags: Option<&str>) -> Result<RawObject, DocError> {
    let mut top = RawObject::parse_compact(inner)?;
    if let Some(tags) = tags
        && is_json(tags)
        && elements(tags).is_some_and(|tags| !tags.is_empty())
    {
        top.set_text(TAGS, tags.to_owned());
    }
    Ok(top)
}

fn read_containers(top: &RawObject) -> Result<Vec<RawObject>, DocError> {
    let elements = top
        .get(CONTAINERS)
        .and_then(elements)
        .ok_or(DocError::NoContainers)?;
    let mut containers: Vec<RawObject> = Vec::with_capacity(elements.len());
    let mut names: Vec<String> = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let container = RawObject::parse_compact(element)?;
        let name = container
            .string("name")
            .filter(|name| !name.is_empty())
            .ok_or(DocError::Unnamed(index))?;
        if names.contains(&name) {
            return Err(DocError::SameName(name));
        }
        names.push(name);
        containers.push(container);
    }
    Ok(containers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const BARE: &str = r#"{"family":"web","containerDefinitions":[{"name":"app","image":"nginx","cpu":0}],"revision":3,"status":"ACTIVE","taskDefinitionArn":"arn:aws:ecs:us-east-1:111122223333:task-definition\/web:3","taskRoleArn":"","runtimePlatform":null,"volumes":[]}"#;

    #[test]
    fn a_bare_task_definition_keeps_its_text() {
        let doc = TaskDefinitionDoc::parse(BARE).unwrap();
        assert_eq!(doc.to_string(), BARE);
        assert_eq!(doc.family(), Some("web"));
        assert_eq!(
            doc.arn(),
            Some("arn:aws:ecs:us-east-1:111122223333:task-definition/web:3")
        );
        assert_eq!(doc.status(), Some("ACTIVE"));
        assert_eq!(doc.task_role_arn(), None);
        assert_eq!(doc.container_names(), ["app"]);
    }

    #[test]
    fn the_register_input_leaves_out_what_ecs_does_not_take() {
        let doc = TaskDefinitionDoc::parse(BARE).unwrap();
        assert_eq!(
            doc.to_register_input(),
            r#"{"family":"web","containerDefinitions":[{"name":"app","image":"nginx","cpu":0}],"volumes":[]}"#
        );
        assert_eq!(doc.register_size_bytes(), doc.to_register_input().len());
    }

    #[test]
    fn tags_beside_the_task_definition_are_sent_again_except_those_of_aws() {
        let answer = format!(
            r#"{{"taskDefinition":{BARE},"tags":[{{"key":"team","value":"a"}},{{"key":"aws:cloudformation:stack-name","value":"s"}}]}}"#
        );
        let input = TaskDefinitionDoc::parse(&answer)
            .unwrap()
            .to_register_input();
        assert!(
            input.ends_with(r#","volumes":[],"tags":[{"key":"team","value":"a"}]}"#),
            "{input}"
        );
    }

    #[test]
    fn tags_inside_a_register_input_are_kept() {
        let text = r#"{"tags":[{"key":"a","value":"b"}],"family":"f","containerDefinitions":[{"name":"x"}]}"#;
        let input = TaskDefinitionDoc::parse(text).unwrap().to_register_input();
        assert_eq!(
            input,
            r#"{"family":"f","containerDefinitions":[{"name":"x"}],"tags":[{"key":"a","value":"b"}]}"#
        );
    }

    #[test]
    fn what_is_not_a_task_definition_is_refused() {
        let cases = [
            ("[]", "not a JSON object"),
            ("{}", "no list `containerDefinitions`"),
            (
                r#"{"containerDefinitions":{}}"#,
                "no list `containerDefinitions`",
            ),
            (r#"{"taskDefinition":{}}"#, "no list `containerDefinitions`"),
            (r#"{"containerDefinitions":[1]}"#, "not a JSON object"),
            (
                r#"{"containerDefinitions":[{"image":"x"}]}"#,
                "containerDefinitions[0] has no name",
            ),
            (
                r#"{"containerDefinitions":[{"name":"x"},{"name":"x"}]}"#,
                "two containers are named \"x\"",
            ),
            (
                r#"{"containerDefinitions":[{"name":"x","a":{"b":1,"b":2}}]}"#,
                "is there twice",
            ),
        ];
        for (text, message) in cases {
            let error = TaskDefinitionDoc::parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn containers_are_appended_and_removed_by_name() {
        let mut doc = TaskDefinitionDoc::parse(BARE).unwrap();
        doc.append_container(RawObject::parse(r#"{"name":"b"}"#).unwrap())
            .unwrap();
        assert_eq!(doc.container_names(), ["app", "b"]);
        assert!(
            doc.append_container(RawObject::parse(r#"{"name":"b"}"#).unwrap())
                .is_err()
        );
        assert!(
            doc.append_container(RawObject::parse(r#"{"image":"b"}"#).unwrap())
                .is_err()
        );
        doc.remove_container("b").unwrap();
        assert_eq!(doc.to_string(), BARE);
    }

    #[test]
    fn debug_shows_no_values() {
        let doc = TaskDefinitionDoc::parse(
            r#"{"family":"f","containerDefinitions":[{"name":"x","environment":[{"name":"P","value":"hunter2"}]}]}"#,
        )
        .unwrap();
        let shown = format!("{doc:?}");
        assert!(
            shown.contains("\"f\"") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
