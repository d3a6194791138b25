//! The queue of targets: when which target gets its pass; one entry for each target, never two passes of one at
//! once.
//!
//! Pure: time is an argument. The reason why an entry was woken is not kept; only its priority and due time are.

use std::collections::BTreeMap;
use std::time::Duration;

/// The first pause after a failed pass; it doubles with each further failure.
const BACKOFF_BASE: Duration = Duration::from_secs(2);

/// The longest pause after failed passes.
const BACKOFF_MAX: Duration = Duration::from_secs(300);

/// Why a target gets a pass, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// People changed what they want.
    Change,
    /// A rollout is under way.
    Rollout,
    /// A resync is due.
    Resync,
}

impl Priority {
    /// Every priority.
    pub(crate) const ALL: [Self; 3] = [Self::Change, Self::Rollout, Self::Resync];

    /// The value of the `priority` label.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Rollout => "rollout",
            Self::Resync => "resync",
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    due: Duration,
    priority: Priority,
    running_since: Option<Duration>,
    /// Whether it was woken while its pass was under way.
    again: bool,
    failures: u32,
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BTreeMap<String, Entry>,
}

impl Queue {
    /// Requests a pass over `target` at `due` or sooner.
    pub(crate) fn wake(&mut self, target: &str, priority: Priority, due: Duration) {
        let entry = self.entries.entry(target.to_owned()).or_insert(Entry {
            due,
            priority,
            running_since: None,
            again: false,
            failures: 0,
        });
        if entry.running_since.is_some() {
            entry.again = true;
            return;
        }
        if due < entry.due {
            entry.due = due;
        }
        entry.priority = entry.priority.min(priority);
    }

    /// Requests a pass over every known target.
    pub(crate) fn wake_all(&mut self, priority: Priority, due: Duration) {
        let targets: Vec<String> = self.entries.keys().cloned().collect();
        for target in targets {
            self.wake(&target, priority, due);
        }
    }

    /// Returns the most urgent target that is due, and how long it waited beyond that. Its pass counts as under
    /// way until [`Queue::done`].
    pub(crate) fn next(&mut self, now: Duration) -> Option<(String, Duration)> {
        let (target, entry) = self
            .entries
            .iter_mut()
            .filter(|(_, entry)| entry.running_since.is_none() && entry.due <= now)
            .min_by_key(|(_, entry)| (entry.priority, entry.due))?;
        entry.running_since = Some(now);
        Some((target.clone(), now.saturating_sub(entry.due)))
    }

    /// Notes the end of a pass and when the next one is due. A target woken meanwhile is due at once.
    pub(crate) fn done(
        &mut self,
        target: &str,
        failed: bool,
        rolling: bool,
        after: Duration,
        now: Duration,
    ) {
        let Some(entry) = self.entries.get_mut(target) else {
            return;
        };
        entry.failures = if failed {
            entry.failures.saturating_add(1)
        } else {
            0
        };
        let pause = if failed {
            backoff(entry.failures).max(after)
        } else {
            after
        };
        entry.priority = if rolling {
            Priority::Rollout
        } else {
            Priority::Resync
        };
        entry.due = now.saturating_add(pause);
        if std::mem::take(&mut entry.again) {
            entry.due = now;
            entry.priority = Priority::Change;
        }
        entry.running_since = None;
    }

    /// Whether a target has an entry.
    pub(crate) fn knows(&self, target: &str) -> bool {
        self.entries.contains_key(target)
    }

    /// Forgets a target.
    pub(crate) fn remove(&mut self, target: &str) {
        self.entries.remove(target);
    }

    /// The time at which the next pass that is not under way is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let idle = self
            .entries
            .values()
            .filter(|entry| entry.running_since.is_none());
        idle.map(|entry| entry.due).min()
    }

    /// The number of targets that are due, by priority.
    pub(crate) fn depth(&self, now: Duration) -> BTreeMap<Priority, i64> {
        let mut depth: BTreeMap<Priority, i64> = Priority::ALL
            .into_iter()
            .map(|priority| (priority, 0))
            .collect();
        for entry in self.entries.values() {
            if entry.running_since.is_none() && entry.due <= now {
                *depth.entry(entry.priority).or_default() += 1;
            }
        }
        depth
    }

    /// How long the oldest pass under way has been running.
    pub(crate) fn longest_running(&self, now: Duration) -> Duration {
        let running = self
            .entries
            .values()
            .filter_map(|entry| entry.running_since);
        running
            .min()
            .map(|since| now.saturating_sub(since))
            .unwrap_or_default()
    }
}

fn backoff(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    BACKOFF_BASE.saturating_mul(doubled).min(BACKOFF_MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_target_runs_one_pass_at_a_time_keeping_wakeups() {
        let mut queue = Queue::default();
        queue.wake("a", Priority::Resync, s(0));
        assert_eq!(queue.next(s(1)).unwrap(), ("a".to_owned(), s(1)));
        queue.wake("a", Priority::Change, s(2));
        assert_eq!(queue.next(s(2)), None);
        queue.done("a", false, false, s(300), s(3));
        assert_eq!(queue.next(s(3)).unwrap().0, "a");
        queue.done("a", false, false, s(300), s(4));
        assert_eq!(queue.next(s(5)), None);
        assert_eq!(queue.next_due(), Some(s(304)));
    }

    #[test]
    fn changes_by_people_go_before_rollouts_and_those_before_resyncs() {
        let mut queue = Queue::default();
        queue.wake("resync", Priority::Resync, s(0));
        queue.wake("rollout", Priority::Rollout, s(1));
        queue.wake("change", Priority::Change, s(2));
        let order: Vec<String> =
            std::iter::from_fn(|| queue.next(s(3)).map(|(target, _)| target)).collect();
        assert_eq!(order, ["change", "rollout", "resync"]);
    }

    #[test]
    fn a_later_wake_up_never_delays_an_earlier_one() {
        let mut queue = Queue::default();
        queue.wake("a", Priority::Change, s(1));
        queue.wake("a", Priority::Resync, s(50));
        assert_eq!(queue.next_due(), Some(s(1)));
        assert_eq!(queue.depth(s(1))[&Priority::Change], 1);
    }

    #[test]
    fn failures_back_off_up_to_a_limit_until_a_success() {
        let mut queue = Queue::default();
        queue.wake("a", Priority::Resync, s(0));
        let mut now = s(0);
        for _ in 0..20 {
            queue.next(now).unwrap();
            queue.done("a", true, false, s(1), now);
            now = queue.next_due().unwrap();
        }
        queue.next(now).unwrap();
        queue.done("a", true, false, s(1), now);
        assert_eq!(queue.next_due().unwrap() - now, BACKOFF_MAX);
        now = queue.next_due().unwrap();
        queue.next(now).unwrap();
        queue.done("a", false, false, s(7), now);
        assert_eq!(queue.next_due().unwrap() - now, s(7));
    }

    #[test]
    fn a_target_that_is_gone_is_never_due() {
        let mut queue = Queue::default();
        queue.wake("a", Priority::Resync, s(0));
        queue.next(s(0)).unwrap();
        queue.done("a", false, false, Duration::MAX, s(1));
        assert_eq!(queue.next(s(1_000_000_000)), None);
        queue.remove("a");
        assert_eq!(queue.next_due(), None);
    }
}
