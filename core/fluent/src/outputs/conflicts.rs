//! Options that a plugin refuses together, or refuses alone: a router with them dies at start.
//!
//! Each rule is an error of the plugin's own start.

use super::OutputError;
use super::compile::Options;

/// Pairs that exclude each other: plugin, option, option.
/// <https://github.com/fluent/fluent-bit/tree/v5.1.1/plugins>
const PAIRS: [(&str, &str, &str); 3] = [
    ("kinesis_firehose", "time_key", "log_key"),
    ("kinesis_streams", "time_key", "log_key"),
    ("forward", "time_as_integer", "compress"),
];

/// What a token needs by the two ways that prove the client with its secret.
const OAUTH2: [&str; 3] = [
    "oauth2.token_url",
    "oauth2.client_id",
    "oauth2.client_secret",
];

/// Refuses what would end the router at start.
pub(super) fn check(options: &Options<'_>) -> Result<(), OutputError> {
    for (plugin, first, second) in PAIRS {
        let on = |option: &str| options.has(option) && options.value(option) != Some("Off");
        if options.plugin() == plugin && on(first) && on(second) {
            return Err(OutputError::new(
                options.field(&format!("({second})")),
                format!("{first} and {second} exclude each other; give one of them"),
            ));
        }
    }
    let by_key = options.value("oauth2.auth_method") == Some("private_key_jwt");
    if options.is_on("oauth2.enable") && !by_key {
        for option in OAUTH2 {
            if !options.has(option) {
                let message =
                    format!("oauth2.enable needs {option}; without it the router does not start");
                return Err(OutputError::new(
                    options.field(&format!("({option})")),
                    message,
                ));
            }
        }
    }
    Ok(())
}
