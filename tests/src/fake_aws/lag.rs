//! Values whose reads may lag behind their writes, as ECS and IAM document it.
//! Only reads lag; writes always see the newest version.

use std::time::Duration;

/// How far reads may lag: a version shows once it is both this old and this often asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Driven time before a write shows.
    pub age: Duration,
    /// Reads that still see the older version.
    pub reads: u32,
}

/// How long `DescribeTaskDefinition`, `ListTaskDefinitions` and `UpdateService` do not know a revision that was
/// registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevisionLag {
    /// Driven time.
    pub age: Duration,
    /// Also those that others registered.
    pub of_everybody: bool,
}

impl RevisionLag {
    /// Whether a revision from that time is known now.
    pub(super) fn is_over(self, registered_ms: i64, by_others: bool, now_ms: i64) -> bool {
        let age_ms = i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX);
        (by_others && !self.of_everybody) || now_ms - registered_ms >= age_ms
    }
}

#[derive(Clone, Debug)]
struct Version<T> {
    value: T,
    at_ms: i64,
    reads: u32,
}

/// A value with the versions that reads may still see, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Lagged<T> {
    versions: Vec<Version<T>>,
    newest: T,
}

impl<T: Clone> Lagged<T> {
    pub(super) fn new(value: T, now_ms: i64) -> Self {
        Self {
            versions: vec![Version {
                value: value.clone(),
                at_ms: now_ms,
                reads: 0,
            }],
            newest: value,
        }
    }

    /// The truth, as writers see it.
    pub(super) fn newest(&self) -> &T {
        &self.newest
    }

    /// Changes the value; reads see it after the lag.
    pub(super) fn write<R>(&mut self, now_ms: i64, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.newest);
        self.versions.push(Version {
            value: self.newest.clone(),
            at_ms: now_ms,
            reads: 0,
        });
        result
    }

    /// What a read sees now; `None` when not even the first version shows.
    pub(super) fn read(&mut self, now_ms: i64, lag: Lag) -> Option<&T> {
        let age_ms = i64::try_from(lag.age.as_millis()).unwrap_or(i64::MAX);
        let shown = self
            .versions
            .iter()
            .rposition(|version| now_ms - version.at_ms >= age_ms && version.reads >= lag.reads);
        for version in &mut self.versions {
            version.reads = version.reads.saturating_add(1);
        }
        let shown = shown?;
        self.versions.drain(..shown);
        self.versions.first().map(|version| &version.value)
    }

    /// Forgets history: reads see the newest version from now on.
    pub(super) fn collapse(&mut self) {
        self.versions = vec![Version {
            value: self.newest.clone(),
            at_ms: i64::MIN / 2,
            reads: u32::MAX / 2,
        }];
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_read_returns_the_old_version_until_the_lag_passes() {
        let lag = Lag {
            age: Duration::from_secs(5),
            reads: 0,
        };
        let mut value = Lagged::new(1, 0);
        value.write(10_000, |v| *v = 2);
        assert_eq!(value.read(14_999, lag), Some(&1));
        assert_eq!(value.read(15_000, lag), Some(&2));
        assert_eq!(*value.newest(), 2);
    }

    #[test]
    fn a_read_returns_the_old_version_for_several_reads() {
        let lag = Lag {
            age: Duration::ZERO,
            reads: 2,
        };
        let mut value = Lagged::new(1, 0);
        value.collapse();
        value.write(0, |v| *v = 2);
        assert_eq!(value.read(0, lag), Some(&1));
        assert_eq!(value.read(0, lag), Some(&1));
        assert_eq!(value.read(0, lag), Some(&2));
    }
}
