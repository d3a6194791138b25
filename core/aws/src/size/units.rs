//! How ECS reads the size of a task: `"1024"`, `"1 vCPU"`, `"2GB"`.
//!
//! No floating point is used, because ECS stores whole units.
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size>.

use serde_json::Value;

use firelens_taskdef::{Json, JsonKind};

/// Units in one vCPU, and MiB in one GB as ECS counts it.
pub(crate) const UNITS: u64 = 1024;

/// Returns the CPU units of `"1024"`, `1024`, `"1 vCPU"` or `".5 vcpu"`; `None` for any other text.
#[must_use]
pub fn cpu_units(value: &Value) -> Option<u64> {
    whole(value, "vcpu")
}

/// Returns the MiB of `"2048"`, `2048`, `"2 GB"` or `"0.5GB"`; `None` for any other text.
#[must_use]
pub fn memory_mib(value: &Value) -> Option<u64> {
    whole(value, "gb")
}

/// As [`cpu_units`], for a value in its document.
pub(super) fn cpu_units_of(value: Json<'_>) -> Option<u64> {
    whole_of(value, "vcpu")
}

/// As [`memory_mib`], for a value in its document.
pub(super) fn memory_mib_of(value: Json<'_>) -> Option<u64> {
    whole_of(value, "gb")
}

fn whole(value: &Value, unit: &str) -> Option<u64> {
    match value {
        Value::String(text) => read(text, unit),
        Value::Number(number) => read(&number.to_string(), unit),
        _ => None,
    }
}

fn whole_of(value: Json<'_>, unit: &str) -> Option<u64> {
    match value.kind() {
        JsonKind::Text => read(&value.string()?, unit),
        JsonKind::Number => read(value.text(), unit),
        _ => None,
    }
}

fn read(text: &str, unit: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    match text.strip_suffix(unit) {
        Some(number) => scaled(number.trim()),
        None => text.parse().ok(),
    }
}

/// Returns a decimal number times 1024, rounded down.
fn scaled(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let number = |digits: &str| match digits {
        "" => Some(0),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse::<u64>().ok(),
        _ => None,
    };
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = number(fraction)?.checked_mul(UNITS)? / scale;
    number(whole)?.checked_mul(UNITS)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn sizes_are_read_in_every_spelling_that_ecs_takes() {
        for (text, units) in [
            (json!("256"), Some(256)),
            (json!(256), Some(256)),
            (json!(" 1 vCPU "), Some(1024)),
            (json!(".25 vCPU"), Some(256)),
            (json!("0.5vcpu"), Some(512)),
            (json!("16 VCPU"), Some(16_384)),
            (json!(""), None),
            (json!("vCPU"), None),
            (json!("-1 vCPU"), None),
            (json!("+1 vCPU"), None),
            (json!("1 GB"), None),
            (json!("99999999999999999999 vCPU"), None),
            (json!(null), None),
            (json!([256]), None),
        ] {
            assert_eq!(cpu_units(&text), units, "{text}");
        }
        for (text, mib) in [
            (json!("512"), Some(512)),
            (json!("0.5 GB"), Some(512)),
            (json!("2GB"), Some(2048)),
            (json!("30 gb"), Some(30_720)),
            (json!("2 vCPU"), None),
        ] {
            assert_eq!(memory_mib(&text), mib, "{text}");
        }
    }
}
