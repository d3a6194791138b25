//! The size of a task, and what its containers reserve of it.
//!
//! A task without a size has none here; it is not estimated.

mod units;

use std::fmt;

pub(crate) use units::UNITS;
pub use units::{cpu_units, memory_mib};

use firelens_taskdef::{ContainerView, TaskDefinitionDoc};
use units::{cpu_units_of, memory_mib_of};

/// CPU and memory of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskSize {
    /// CPU units; 1024 are one vCPU.
    pub cpu_units: u64,
    /// Memory, in MiB.
    pub memory_mib: u64,
}

/// Formats as `256/512`: CPU units and MiB, as is usual for Fargate sizes.
impl fmt::Display for TaskSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cpu_units, self.memory_mib)
    }
}

impl TaskSize {
    /// Returns the CPU units at task level; `None` if they are absent or cannot be read.
    #[must_use]
    pub fn cpu_of(document: &TaskDefinitionDoc) -> Option<u64> {
        document.json("cpu").and_then(cpu_units_of)
    }

    /// Returns the memory at task level in MiB; `None` if it is absent or cannot be read.
    #[must_use]
    pub fn memory_of(document: &TaskDefinitionDoc) -> Option<u64> {
        document.json("memory").and_then(memory_mib_of)
    }

    /// Returns what a task takes from an instance: its own size, or, if it has none, what its containers
    /// reserve.
    #[must_use]
    pub fn taken_by(document: &TaskDefinitionDoc) -> Self {
        let reserved = reserved(document.containers());
        Self {
            cpu_units: Self::cpu_of(document).unwrap_or(reserved.cpu_units),
            memory_mib: Self::memory_of(document).unwrap_or(reserved.memory_mib),
        }
    }
}

/// What containers reserve of their task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    /// Sum of `cpu`.
    pub cpu_units: u64,
    /// Sum of `memoryReservation`, or `memory` if there is none: what ECS reserves.
    /// Source: `memoryReservation` in
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.
    pub memory_mib: u64,
    /// Largest `memory` of a container; 0 if none has one.
    pub largest_limit_mib: u64,
}

impl Reserved {
    /// Adds one more container.
    #[must_use]
    pub fn and(
        self,
        cpu: Option<u64>,
        limit_mib: Option<u64>,
        reservation_mib: Option<u64>,
    ) -> Self {
        let memory_mib = reservation_mib.or(limit_mib).unwrap_or(0);
        Self {
            cpu_units: self.cpu_units.saturating_add(cpu.unwrap_or(0)),
            memory_mib: self.memory_mib.saturating_add(memory_mib),
            largest_limit_mib: self.largest_limit_mib.max(limit_mib.unwrap_or(0)),
        }
    }

    /// Returns the least size of a task that has room for all of it.
    #[must_use]
    pub fn least_size(&self) -> TaskSize {
        TaskSize {
            cpu_units: self.cpu_units,
            memory_mib: self.memory_mib.max(self.largest_limit_mib),
        }
    }
}

/// Returns what these containers reserve together. A reservation of 0 counts as absent.
pub fn reserved<'a>(containers: impl Iterator<Item = ContainerView<'a>>) -> Reserved {
    containers.fold(Reserved::default(), |sum, container| {
        let non_zero = |mib: Option<u64>| mib.filter(|mib| *mib > 0);
        sum.and(
            container.cpu(),
            non_zero(container.memory_mib()),
            non_zero(container.memory_reservation_mib()),
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn doc(members: &str, containers: &str) -> TaskDefinitionDoc {
        let text = format!(r#"{{"family":"f"{members},"containerDefinitions":[{containers}]}}"#);
        TaskDefinitionDoc::parse(&text).unwrap()
    }

    #[test]
    fn a_reservation_counts_before_a_limit() {
        let task = doc(
            r#","cpu":"1 vCPU","memory":"2 GB""#,
            r#"{"name":"a","cpu":10,"memory":500},{"name":"b","memory":300,"memoryReservation":100},{"name":"c","memoryReservation":0}"#,
        );
        let sum = reserved(task.containers());
        assert_eq!(
            (sum.cpu_units, sum.memory_mib, sum.largest_limit_mib),
            (10, 600, 500)
        );
        assert_eq!(TaskSize::taken_by(&task).to_string(), "1024/2048");
        let bare = doc("", r#"{"name":"a","cpu":10,"memory":500}"#);
        assert_eq!(TaskSize::taken_by(&bare).to_string(), "10/500");
        assert_eq!(TaskSize::memory_of(&bare), None);
        assert_eq!(TaskSize::cpu_of(&bare), None);
    }

    #[test]
    fn a_limit_above_everything_reserved_decides_the_least_size() {
        let task = doc("", r#"{"name":"a","memory":900,"memoryReservation":100}"#);
        assert_eq!(reserved(task.containers()).least_size().memory_mib, 900);
    }
}
