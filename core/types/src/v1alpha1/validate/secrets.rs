//! Recognises what may be a secret, and references to secrets.
//!
//! A false positive costs the user a line in `secretOptions`; a false negative puts a secret into
//! PostgreSQL, S3 and a task definition.

/// An option whose name contains one of these, in lower case without separators, holds a secret.
const SECRET_PARTS: [&str; 10] = [
    "apikey",
    "licensekey",
    "passwd",
    "password",
    "secret",
    "sharedkey",
    "cloudauth",
    "accesskey",
    "privatekey",
    "bearertoken",
];

/// Option names that contain such a part and hold no secret.
const NO_SECRETS: [&str; 1] = ["emptysharedkey"];

/// Whether an option (or environment variable, or header) of this name holds a secret.
pub fn is_secret_option(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    !NO_SECRETS.contains(&plain.as_str())
        && (plain.ends_with("token") || SECRET_PARTS.iter().any(|part| plain.contains(part)))
}

/// Whether an environment variable of this name holds a secret. Many names refer to the location of a secret
/// (`SECRET_NAME`, `TOKEN_FILE`), so only the end of a name counts.
pub fn is_secret_variable(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(['_', '-', '.'], "");
    plain.ends_with("token") || SECRET_PARTS.iter().any(|part| plain.ends_with(part))
}

/// Whether a header of this form (`Name value`) contains a secret.
pub fn is_secret_header(header: &str) -> bool {
    let name = header.split_whitespace().next().unwrap_or_default();
    let name = name.trim_end_matches(':').to_ascii_lowercase();
    matches!(
        name.as_str(),
        "authorization" | "proxy-authorization" | "cookie"
    ) || name.ends_with("-key")
        || is_secret_option(&name)
}

/// Whether the value is only a reference to a variable, `${NAME}`, and so no secret itself.
pub fn is_variable(value: &str) -> bool {
    value
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(super::names::is_environment_name)
}

/// The detail of an error: what `valueFrom` may be.
pub(crate) const VALUE_FROM: &str = "must be the ARN of a Secrets Manager secret or of an SSM \
     parameter, or the name of an SSM parameter in the region of the task";

/// Whether ECS can read a secret from this `valueFrom`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html>
pub fn is_value_from(text: &str) -> bool {
    if !text.starts_with("arn:") {
        return is_parameter_name(text);
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [_, partition, service, region, account, resource] = parts.as_slice() else {
        return false;
    };
    let known = match *service {
        "secretsmanager" => resource
            .strip_prefix("secret:")
            .is_some_and(is_secret_resource),
        "ssm" => resource
            .strip_prefix("parameter")
            .is_some_and(|name| name.starts_with('/') && is_parameter_name(name)),
        _ => false,
    };
    known
        && partition.starts_with("aws")
        && super::names::is_region(region)
        && super::names::is_account_id(account)
}

/// `NAME`, or `NAME:JSON-KEY:STAGE:VERSION` with any of the three empty.
fn is_secret_resource(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let name = parts.first().copied().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c);
    matches!(parts.len(), 1 | 4) && !name.is_empty() && name.chars().all(allowed)
}

/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
fn is_parameter_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
    !text.is_empty() && text.len() <= 1011 && text.chars().all(allowed) && !text.ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_options_are_known_by_name() {
        for (name, expected) in [
            ("apikey", true),
            ("license_key", true),
            ("splunk_token", true),
            ("HTTP_Passwd", true),
            ("rdkafka.sasl.password", true),
            ("tls.key_passwd", true),
            ("oauth2.client_secret", true),
            ("Shared_Key", true),
            ("empty_shared_key", false),
            ("oauth2.token_url", false),
            ("time_key", false),
            ("tls.key_file", false),
            ("message_key", false),
        ] {
            assert_eq!(is_secret_option(name), expected, "{name}");
        }
    }

    #[test]
    fn value_from_is_an_arn_or_a_parameter_name() {
        let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:dd-AbCdEf";
        for (text, expected) in [
            (arn, true),
            (&format!("{arn}:apikey::"), true),
            (&format!("{arn}:apikey"), false),
            (
                "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/dd/key",
                true,
            ),
            ("arn:aws:ssm:us-east-1:111122223333:parameterdd", false),
            ("arn:aws:s3:::bucket/key", false),
            ("/dd/key", true),
            ("dd-key", true),
            ("not a reference", false),
            ("", false),
        ] {
            assert_eq!(is_value_from(text), expected, "{text}");
        }
    }
}
