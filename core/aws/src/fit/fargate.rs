//! The sizes that Fargate has for Linux tasks.
//!
//! ECS refuses every size that is not in the table ("No Fargate configuration exists for given values").
//! Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size>.
//! X86_64 and ARM64 have the same sizes.

use crate::size::TaskSize;

/// The memory values of one CPU value: from, to, and the step between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRow {
    /// CPU units.
    pub cpu_units: u64,
    /// Least memory, in MiB.
    pub from_mib: u64,
    /// Most memory, in MiB.
    pub to_mib: u64,
    /// Step, in MiB.
    pub step_mib: u64,
}

const fn row(cpu_units: u64, from_mib: u64, to_mib: u64, step_mib: u64) -> SizeRow {
    SizeRow {
        cpu_units,
        from_mib,
        to_mib,
        step_mib,
    }
}

/// Every size, by CPU and then by memory, least first. 8 and 16 vCPU need platform version 1.4.0.
pub const FARGATE_SIZES: [SizeRow; 8] = [
    row(256, 512, 512, 512),
    row(256, 1024, 2048, 1024),
    row(512, 1024, 4096, 1024),
    row(1024, 2048, 8192, 1024),
    row(2048, 4096, 16_384, 1024),
    row(4096, 8192, 30_720, 1024),
    row(8192, 16_384, 61_440, 4096),
    row(16_384, 32_768, 122_880, 8192),
];

/// Whether Fargate has a task of this size.
#[must_use]
pub fn is_fargate_size(size: TaskSize) -> bool {
    FARGATE_SIZES.iter().any(|row| {
        row.cpu_units == size.cpu_units
            && (row.from_mib..=row.to_mib).contains(&size.memory_mib)
            && (size.memory_mib - row.from_mib).is_multiple_of(row.step_mib)
    })
}

/// Returns the least size that has at least this much CPU and memory; `None` if Fargate has none so large.
///
/// The size with the least CPU is the cheapest, because more CPU costs more and does not come with less memory
/// than is needed.
#[must_use]
pub fn next_fargate_size(at_least: TaskSize) -> Option<TaskSize> {
    FARGATE_SIZES
        .iter()
        .filter(|row| row.cpu_units >= at_least.cpu_units)
        .find_map(|row| {
            let above = at_least.memory_mib.saturating_sub(row.from_mib);
            let memory_mib = row.from_mib + above.div_ceil(row.step_mib) * row.step_mib;
            (memory_mib <= row.to_mib).then_some(TaskSize {
                cpu_units: row.cpu_units,
                memory_mib,
            })
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::fit::{Architecture, price_change};
    use proptest::prelude::*;

    fn size(cpu_units: u64, memory_mib: u64) -> TaskSize {
        TaskSize {
            cpu_units,
            memory_mib,
        }
    }

    /// Returns every single size of the table.
    fn all() -> Vec<TaskSize> {
        let mut sizes = Vec::new();
        for row in FARGATE_SIZES {
            let mut memory_mib = row.from_mib;
            while memory_mib <= row.to_mib {
                sizes.push(size(row.cpu_units, memory_mib));
                memory_mib += row.step_mib;
            }
        }
        sizes
    }

    #[test]
    fn the_table_has_the_sizes_that_aws_lists() {
        let sizes = all();
        let of = |cpu_units: u64| {
            let mine = sizes.iter().filter(move |size| size.cpu_units == cpu_units);
            mine.map(|size| size.memory_mib).collect::<Vec<_>>()
        };
        assert_eq!(of(256), [512, 1024, 2048]);
        assert_eq!(of(512), [1024, 2048, 3072, 4096]);
        assert_eq!(of(1024), [2048, 3072, 4096, 5120, 6144, 7168, 8192]);
        let ends = |cpu_units| (of(cpu_units)[0], *of(cpu_units).last().unwrap());
        assert_eq!((ends(2048), of(2048).len()), ((4096, 16_384), 13));
        assert_eq!((ends(4096), of(4096).len()), ((8192, 30_720), 23));
        assert_eq!((ends(8192), of(8192).len()), ((16_384, 61_440), 12));
        assert_eq!((ends(16_384), of(16_384).len()), ((32_768, 122_880), 12));
        assert!(sizes.iter().all(|size| is_fargate_size(*size)));
    }

    #[test]
    fn pairs_that_aws_does_not_list_are_no_sizes() {
        for (cpu_units, memory_mib) in [
            (256, 256),
            (256, 1536),
            (256, 3072),
            (512, 512),
            (1024, 1024),
            (4096, 31_744),
            (8192, 17_408),
            (16_384, 36_864),
            (300, 1024),
            (0, 0),
        ] {
            assert!(!is_fargate_size(size(cpu_units, memory_mib)));
        }
    }

    #[test]
    fn the_next_size_is_the_one_a_person_would_pick() {
        for (need, next) in [
            (size(256, 512), Some(size(256, 512))),
            (size(256, 513), Some(size(256, 1024))),
            (size(256, 2049), Some(size(512, 3072))),
            (size(257, 512), Some(size(512, 1024))),
            (size(0, 0), Some(size(256, 512))),
            (size(4096, 30_721), Some(size(8192, 32_768))),
            (size(16_384, 122_880), Some(size(16_384, 122_880))),
            (size(16_384, 122_881), None),
            (size(16_385, 1), None),
        ] {
            assert_eq!(next_fargate_size(need), next, "{need:?}");
        }
    }

    proptest! {
        #[test]
        fn the_next_size_is_valid_sufficient_and_the_cheapest(cpu_units in 0_u64..20_000, memory_mib in 0_u64..130_000) {
            let need = size(cpu_units, memory_mib);
            let holds = |size: &TaskSize| size.cpu_units >= cpu_units && size.memory_mib >= memory_mib;
            match next_fargate_size(need) {
                None => prop_assert!(!all().iter().any(holds)),
                Some(next) => {
                    prop_assert!(is_fargate_size(next) && holds(&next));
                    for other in all().iter().filter(|size| holds(size)) {
                        for architecture in [Architecture::X86, Architecture::Arm] {
                            let change = price_change(next, *other, architecture, "us-east-1", 1);
                            prop_assert!(change.per_task_micro_usd >= 0, "{next} costs more than {other}");
                        }
                    }
                }
            }
        }
    }
}
