//! Retries, storage and what a destination needs before it takes a line.
//!
//! Of a key only its presence is checked, not whether it is right.

use super::output::Output;
use super::{Code, Findings};

/// Keys of which a plugin needs one: plugin, options, what they are called.
const CREDENTIALS: [(&str, &[&str]); 6] = [
    ("datadog", &["apikey"]),
    ("splunk", &["splunk_token", "http_passwd"]),
    ("nrlogs", &["license_key", "api_key"]),
    ("logdna", &["api_key"]),
    ("azure", &["shared_key"]),
    ("slack", &["webhook"]),
];
/// Plugins that send to a service, and so may fail.
const LOCAL: [&str; 5] = ["null", "stdout", "exit", "counter", "flowcounter"];

/// Checks the retries of an output.
pub(super) fn check_output(output: &Output, filesystem: bool, findings: &mut Findings) {
    check_retries(output, findings);
    if output.has("storage.total_limit_size") && !filesystem {
        let message = "chunks are kept in memory, where this limit has no effect";
        findings.add(
            Code::StorageLimitWithoutFilesystem,
            output.field("storage.total_limit_size"),
            message,
        );
    }
    check_credentials(output, findings);
}

fn check_retries(output: &Output, findings: &mut Findings) {
    if output.is_plugin(&LOCAL) {
        return;
    }
    let field = output.field("retry_limit");
    let Some(value) = output.value("retry_limit") else {
        if !output.plugin.contains("${") {
            let message = "a chunk that cannot be sent is retried once, and then lost";
            findings.add(Code::RetryDefault, field, message);
        }
        return;
    };
    let is = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if is(&["no_limits", "false", "off"]) {
        let limited = output.has("storage.total_limit_size");
        if !limited {
            let message = "chunks are retried forever, and nothing limits them";
            findings.add(Code::RetryUnlimited, field, message);
        }
    } else if is(&["no_retries"]) {
        let message = "a chunk that cannot be sent at the first attempt is lost";
        findings.add(Code::RetryNever, field, message);
    } else if !value.contains("${") && !value.parse::<u32>().is_ok_and(|number| number > 0) {
        let shown = super::options::shown("retry_limit", value);
        let message = format!("{shown} is not a valid retry limit; Fluent Bit uses 1 instead");
        findings.add(Code::RetryLimitInvalid, field, message);
    }
}

fn check_credentials(output: &Output, findings: &mut Findings) {
    let needed = CREDENTIALS
        .iter()
        .find(|(plugin, _)| output.is_plugin(&[plugin]));
    if let Some((plugin, options)) = needed
        && !options.iter().any(|option| output.has(option))
    {
        let message = format!("{plugin} requires {}", options.join(" or "));
        findings.add(Code::CredentialMissing, &output.at, message);
    }
}
