//! Names that hold parts known only at run time, as IAM resources.
//!
//! Never leaves `${` in an ARN, which IAM would take for a policy variable, and never lets a user's
//! own `*` or `?` widen a resource.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

/// A name as the last part of an ARN: `${…}` (router environment) and `$(…)` (Go plugins) become
/// `*`; so does everything from another `$` on, since only Fluent Bit knows where such a part ends.
///
/// Returns none when the name itself holds a wildcard.
pub(super) fn resource(name: &str) -> Option<String> {
    if name.contains(['*', '?']) {
        return None;
    }
    let mut out = String::new();
    let mut rest = name;
    while let Some((literal, dynamic)) = rest.split_once('$') {
        out.push_str(literal);
        push_wildcard(&mut out);
        rest = match dynamic.as_bytes().first() {
            Some(b'{') => dynamic.split_once('}').map_or("", |(_, rest)| rest),
            Some(b'(') => dynamic.split_once(')').map_or("", |(_, rest)| rest),
            _ => "",
        };
    }
    out.push_str(rest);
    Some(out)
}

/// The fixed beginning of an S3 key format, as a resource: up to the first `$` or `%`.
pub(super) fn key_prefix(format: &str) -> Option<String> {
    if format.contains(['*', '?']) {
        return None;
    }
    let fixed = format.split(['$', '%']).next().unwrap_or_default();
    Some(format!("{}*", fixed.trim_start_matches('/')))
}

fn push_wildcard(out: &mut String) {
    if !out.ends_with('*') {
        out.push('*');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_parts_become_wildcards() {
        for (name, expected) in [
            ("/ecs/app", Some("/ecs/app")),
            ("/ecs/${ECS_CLUSTER}/app", Some("/ecs/*/app")),
            ("/ecs/$(ecs_cluster)/app", Some("/ecs/*/app")),
            ("${A}${B}", Some("*")),
            ("/ecs/$ecs_cluster.$container_name", Some("/ecs/*")),
            ("/ecs/$kubernetes['ns']", Some("/ecs/*")),
            ("/ecs/${OPEN", Some("/ecs/*")),
            ("/ecs/*", None),
            ("a?c", None),
        ] {
            assert_eq!(resource(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_key_format_is_cut_at_its_first_dynamic_part() {
        for (format, expected) in [
            ("/fluent-bit-logs/$TAG/%Y/%m/%d", Some("fluent-bit-logs/*")),
            ("/logs/%Y/x", Some("logs/*")),
            ("/$TAG", Some("*")),
            ("/fixed", Some("fixed*")),
            ("/a*/x", None),
        ] {
            assert_eq!(key_prefix(format).as_deref(), expected, "{format}");
        }
    }
}
