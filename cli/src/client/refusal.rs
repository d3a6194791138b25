//! Formats an error of the API as lines for people: the reason, then every cause.
//!
//! No request header is shown, because one of them is the token.

use serde_json::Value;

/// Longest shown part of a body that is no `Status`, in characters: a proxy responds with a page of HTML.
const FOREIGN_BODY_MAX_CHARS: usize = 200;

/// Returns the lines for a response with an error code.
pub(super) fn lines(server: &str, code: u16, body: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let status: Value = serde_json::from_str(&text).unwrap_or_default();
    if status["kind"] != "Status" {
        let start: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(FOREIGN_BODY_MAX_CHARS)
            .collect();
        return vec![format!(
            "error: {server} returned {code}, not in the format of the firelens API: {start}"
        )];
    }
    let reason = status["reason"].as_str().unwrap_or("Unknown");
    let causes = status["details"]["causes"].as_array();
    let causes: Vec<String> = causes.into_iter().flatten().map(cause).collect();
    if causes.is_empty() {
        let message = status["message"].as_str().unwrap_or_default();
        return vec![format!("error: {message} ({code} {reason})")];
    }
    let details = &status["details"];
    let (kind, name) = (details["kind"].as_str(), details["name"].as_str());
    let mut lines = vec![format!(
        "error: {} {} was rejected ({code} {reason}):",
        kind.unwrap_or("the object"),
        name.unwrap_or_default()
    )];
    lines.extend(causes);
    lines
}

fn cause(cause: &Value) -> String {
    let text = |member: &str| cause[member].as_str().unwrap_or_default();
    format!("  {}: {}", text("field"), text("message"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_cause_has_a_line() {
        let body = json!({"kind": "Status", "reason": "Invalid", "message": "all in one line", "details": {
        "kind": "LoggingPolicy", "name": "a", "causes": [
            {"field": "spec.mode", "message": "Unsupported value: \"x\""},
            {"field": "spec.outputs", "message": "Required value"},
        ]}});
        assert_eq!(
            lines("http://x", 422, body.to_string().as_bytes()),
            [
                "error: LoggingPolicy a was rejected (422 Invalid):",
                "  spec.mode: Unsupported value: \"x\"",
                "  spec.outputs: Required value",
            ]
        );
    }

    #[test]
    fn a_response_that_is_not_from_the_api_is_reported() {
        let body = json!({"kind": "Status", "reason": "NotFound", "message": "no such thing"});
        assert_eq!(
            lines("http://x", 404, body.to_string().as_bytes()),
            ["error: no such thing (404 NotFound)"]
        );
        let page = format!("<html>\n{}", "x".repeat(900));
        let shown = lines("http://x", 502, page.as_bytes());
        assert!(shown[0].starts_with(
            "error: http://x returned 502, not in the format of the firelens API: <html>x"
        ));
        assert!(shown[0].len() < 300, "{shown:?}");
    }
}
