//! Task sizes: how ECS reads `cpu` and `memory`, and which pairs Fargate (Linux) has.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html>

use serde_json::Value;

/// CPU units of `"1024"`, `"1 vCPU"` or `".5 vcpu"`.
pub(super) fn cpu_units(value: &Value) -> Option<u64> {
    let text = plain(value)?;
    match text.strip_suffix("vcpu") {
        Some(vcpus) => scaled(vcpus.trim()),
        None => text.parse().ok(),
    }
}

/// MiB of `"2048"`, `"2 GB"` or `"0.5GB"`.
pub(super) fn memory_mib(value: &Value) -> Option<u64> {
    let text = plain(value)?;
    match text.strip_suffix("gb") {
        Some(gigabytes) => scaled(gigabytes.trim()),
        None => text.parse().ok(),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_ascii_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A decimal number times 1024, without going through floating point.
fn scaled(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction: u64 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    Some(whole * 1024 + fraction * 1024 / scale)
}

/// Whether Fargate has a task of this size.
pub(super) fn fargate_has(cpu: u64, memory: u64) -> bool {
    match cpu {
        256 => [512, 1024, 2048].contains(&memory),
        512 => stepped(memory, 1024, 4096, 1024),
        1024 => stepped(memory, 2048, 8192, 1024),
        2048 => stepped(memory, 4096, 16_384, 1024),
        4096 => stepped(memory, 8192, 30_720, 1024),
        8192 => stepped(memory, 16_384, 61_440, 4096),
        16_384 => stepped(memory, 32_768, 122_880, 8192),
        _ => false,
    }
}

fn stepped(memory: u64, from: u64, to: u64, step: u64) -> bool {
    (from..=to).contains(&memory) && (memory - from).is_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sizes_are_read_as_units() {
        assert_eq!(cpu_units(&json!("1 vCPU")), Some(1024));
        assert_eq!(cpu_units(&json!(".25 vCPU")), Some(256));
        assert_eq!(cpu_units(&json!("512")), Some(512));
        assert_eq!(memory_mib(&json!("2GB")), Some(2048));
        assert_eq!(memory_mib(&json!("0.5 GB")), Some(512));
    }

    #[test]
    fn fargate_has_only_the_listed_sizes() {
        assert!(fargate_has(256, 512));
        assert!(!fargate_has(256, 4096));
        assert!(!fargate_has(8192, 17_408));
        assert!(fargate_has(8192, 20_480));
    }
}
