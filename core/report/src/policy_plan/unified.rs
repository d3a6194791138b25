//! Two documents as a unified diff, for people who read it like a change of code.
//!
//! Values that look like secrets are hidden.

use serde_json::Value;
use similar::TextDiff;

use firelens_inject::difference::presentable;

/// The number of lines around each change.
const CONTEXT_LINES: usize = 3;

/// Returns the unified diff between two documents, secrets hidden; empty where they do not differ. A null document
/// is an empty text.
#[must_use]
pub fn unified_diff(before: &Value, after: &Value, before_name: &str, after_name: &str) -> String {
    let (before, after) = (text(before), text(after));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    diff.unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(before_name, after_name)
        .to_string()
}

fn text(document: &Value) -> String {
    if document.is_null() {
        return String::new();
    }
    let shown = presentable(document);
    serde_json::to_string_pretty(&shown).map_or_else(|_| String::new(), |text| text + "\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_shown_with_what_is_around_it() {
        let before = json!({"family": "web", "cpu": "256", "memory": "512", "links": []});
        let after = json!({"family": "web", "cpu": "256", "memory": "1024"});
        assert_eq!(
            unified_diff(&before, &after, "web:1", "web (planned)"),
            "--- web:1\n+++ web (planned)\n@@ -1,5 +1,5 @@\n {\n   \"family\": \"web\",\n   \"cpu\": \"256\",\n\
             -  \"memory\": \"512\"\n+  \"memory\": \"1024\"\n }\n"
        );
    }

    #[test]
    fn what_ecs_adds_by_itself_is_no_difference() {
        let before = json!({"containerDefinitions": [{"name": "app", "cpu": 0, "links": []}]});
        let after = json!({"containerDefinitions": [{"name": "app"}]});
        assert_eq!(unified_diff(&before, &after, "a", "b"), "");
    }

    #[test]
    fn secrets_are_hidden_on_both_sides_and_around() {
        let document = |image: &str| {
            json!({"containerDefinitions": [{
                "image": image,
                "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}],
                "logConfiguration": {"options": {"splunk-token": "very-secret"}},
            }]})
        };
        let diff = unified_diff(&document("a:1"), &document("a:2"), "a", "b");
        assert!(diff.contains("a:2"), "{diff}");
        assert!(
            !diff.contains("hunter2") && !diff.contains("very-secret"),
            "{diff}"
        );
    }

    #[test]
    fn what_is_not_there_yet_is_all_new() {
        let diff = unified_diff(
            &Value::Null,
            &json!({"Version": "2012-10-17"}),
            "now",
            "then",
        );
        assert!(diff.contains("+  \"Version\": \"2012-10-17\""), "{diff}");
        assert!(!diff.contains("\n-"), "{diff}");
    }
}
