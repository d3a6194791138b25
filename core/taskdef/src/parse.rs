//! Reading a task definition from what people and AWS hand over.
//!
//! What is not a task definition is refused, not repaired.

use std::sync::Arc;

use super::json::not_an_object;
use super::{
    CONTAINERS, DocError, Identity, Json, JsonKind, RawObject, Source, TAGS, TaskDefinitionDoc,
};

impl TaskDefinitionDoc {
    /// Reads an answer of `DescribeTaskDefinition` or `RegisterTaskDefinition` (`taskDefinition` with
    /// `tags` beside it), a bare task definition, or an input of `RegisterTaskDefinition`.
    ///
    /// # Errors
    /// Not a JSON object, a member name twice, no list of containers, or containers without a name of
    /// their own.
    pub fn parse(text: &str) -> Result<Self, DocError> {
        let source = Source::read(text)?;
        let outer = source.root();
        if outer.kind() != JsonKind::Object {
            return Err(not_an_object(text).into());
        }
        let (inner, tags) = match (outer.member("taskDefinition"), outer.member(CONTAINERS)) {
            (Some(inner), None) => (inner, outer.member(TAGS)),
            _ => (outer, None),
        };
        let mut top = object(&source, inner)?;
        // Tags stand beside the task definition in answers and inside it in requests.
        if let Some(tags) = tags.filter(|tags| tags.items().next().is_some()) {
            top.set_read(TAGS, tags);
        }
        let containers = read_containers(&source, inner)?;
        top.set_text(CONTAINERS, "null".to_owned());
        let identity = Identity::of(&top);
        Ok(Self {
            top,
            containers,
            identity: Arc::new(identity),
        })
    }
}

fn object(source: &Arc<Source>, json: Json<'_>) -> Result<RawObject, DocError> {
    RawObject::of(source, json).ok_or_else(|| not_an_object(json.text()).into())
}

fn read_containers(source: &Arc<Source>, top: Json<'_>) -> Result<Vec<RawObject>, DocError> {
    let list = top
        .member(CONTAINERS)
        .filter(|list| list.kind() == JsonKind::List)
        .ok_or(DocError::NoContainers)?;
    let mut containers: Vec<RawObject> = Vec::new();
    for (index, element) in list.items().enumerate() {
        let container = object(source, element)?;
        let name = container
            .string("name")
            .filter(|name| !name.is_empty())
            .ok_or(DocError::Unnamed(index))?;
        if containers.iter().any(|other| other.is_text("name", &name)) {
            return Err(DocError::SameName(name));
        }
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
    fn tags_are_registered_again_except_those_reserved_by_aws() {
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
        assert_eq!(input, text);
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
