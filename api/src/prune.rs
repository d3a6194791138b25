//! Removes one field from an object, given the path of an error.
//! Nothing is removed unless the path matches exactly.

use serde_json::Value;

/// Removes the field at `path`, such as `spec.outputs[0].s3.bukcet` or `spec.labels[a.b/c]`.
/// Returns whether there was one.
pub(crate) fn remove(object: &mut Value, path: &str) -> bool {
    let path = path.strip_prefix('.').unwrap_or(path);
    match object {
        Value::Object(map) => {
            // A key may contain dots and brackets itself, so the longest matching key is used.
            let mut keys: Vec<String> = map
                .keys()
                .filter_map(|key| fits(path, key).map(|_| key.clone()))
                .collect();
            keys.sort_by_key(|key| std::cmp::Reverse(key.len()));
            for key in keys {
                let rest = fits(path, &key).unwrap_or_default();
                if rest.is_empty() {
                    return map.shift_remove(&key).is_some();
                }
                if map.get_mut(&key).is_some_and(|inner| remove(inner, rest)) {
                    return true;
                }
            }
            false
        }
        Value::Array(items) => {
            let Some((index, rest)) = path.strip_prefix('[').and_then(|p| p.split_once(']')) else {
                return false;
            };
            let item = index
                .parse()
                .ok()
                .and_then(|index: usize| items.get_mut(index));
            !rest.is_empty() && item.is_some_and(|item| remove(item, rest))
        }
        _ => false,
    }
}

/// Returns what follows `key` in `path`, if `path` begins with it.
fn fits<'a>(path: &'a str, key: &str) -> Option<&'a str> {
    if let Some(rest) = path.strip_prefix('[') {
        let rest = rest.strip_prefix(key).or_else(|| {
            let rest = rest.strip_prefix('"')?.strip_prefix(key)?;
            rest.strip_prefix('"')
        })?;
        return rest.strip_prefix(']');
    }
    let rest = path.strip_prefix(key)?;
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_named_field_goes() {
        let object = json!({"a": [{"b": 1, "b.c": {"d": 2}}, {"b": 3}], "m": {"x/y.z": 1, "k": 2}});
        for (path, pointer) in [
            ("a[0].b", Some("/a/0/b")),
            ("a[0].b.c.d", Some("/a/0/b.c/d")),
            ("a[1].b", Some("/a/1/b")),
            ("m[x/y.z]", Some("/m/x~1y.z")),
            ("m[\"k\"]", Some("/m/k")),
            ("m.k", Some("/m/k")),
            ("a[0]", None),
            ("a[7].b", None),
            ("nope", None),
        ] {
            let mut pruned = object.clone();
            assert_eq!(remove(&mut pruned, path), pointer.is_some(), "{path}");
            if let Some(pointer) = pointer {
                assert!(
                    pruned.pointer(pointer).is_none() && pruned != object,
                    "{path}"
                );
            } else {
                assert_eq!(pruned, object, "{path}");
            }
        }
    }
}
