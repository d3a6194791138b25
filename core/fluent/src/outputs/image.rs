//! What old router images lack.
//!
//! An image that is not known to be old is taken to be able; nothing is refused on a guess.

/// Why a 2.x image cannot run this option, if it cannot.
pub(super) fn refused_by_v2(plugin: &str, option: &str) -> Option<String> {
    if plugin == "opentelemetry" {
        return Some(
            "logs over OTLP need aws-for-fluent-bit 3 or later; the router image is 2.x".to_owned(),
        );
    }
    crate::catalogue::is_missing_in_v2(plugin, option)
        .then(|| format!("{option} needs aws-for-fluent-bit 3 or later; the router image is 2.x"))
}
