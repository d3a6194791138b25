//! The sizes of waves: the canaries, then each so many times as large as the one before, then the rest.
//!
//! Only numbers; `order` decides which workloads are in a wave.

use firelens_types::v1alpha1::RolloutStrategy;

/// The waves of one rollout. Wave 0 is the canary; without canaries the first is wave 1. The last wave
/// has no end: it is everything else, `maxConcurrent` at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waves {
    canary: usize,
    growth: usize,
    limit: usize,
}

impl Waves {
    /// Returns the waves of a strategy where it selects that many workloads.
    #[must_use]
    pub fn of(strategy: &RolloutStrategy, selected: usize) -> Self {
        let total = u32::try_from(selected).unwrap_or(u32::MAX);
        Self {
            canary: strategy.canary.count as usize,
            growth: strategy.wave_growth.max(1) as usize,
            limit: strategy.max_concurrent.of(total) as usize,
        }
    }

    /// The number of workloads that may be in flight at once.
    #[must_use]
    pub const fn limit(self) -> usize {
        self.limit
    }

    /// The number of workloads of a wave; `None` for the last, which has all that are left.
    #[must_use]
    pub fn size(self, wave: u32) -> Option<usize> {
        if wave == 0 {
            return Some(self.canary);
        }
        if self.canary == 0 {
            return None;
        }
        (0..wave).try_fold(self.canary, |size, _| {
            let grown = size.saturating_mul(self.growth);
            (grown < self.limit).then_some(grown)
        })
    }

    /// Returns the wave that is open once that many workloads are settled, and how many workloads are in it and
    /// all waves before it (`None`: no end).
    #[must_use]
    pub fn open(self, settled: usize) -> (u32, Option<usize>) {
        let mut end = 0_usize;
        let mut wave = 0;
        while let Some(size) = self.size(wave) {
            end = end.saturating_add(size);
            if settled < end {
                return (wave, Some(end));
            }
            wave += 1;
        }
        (wave, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firelens_types::v1alpha1::{Canary, IntOrPercent};

    fn waves(canary: u32, growth: u32, limit: u32) -> Waves {
        let strategy = RolloutStrategy {
            canary: Canary {
                count: canary,
                bake_seconds: 0,
            },
            wave_growth: growth,
            max_concurrent: IntOrPercent::Number(limit),
            ..RolloutStrategy::default()
        };
        Waves::of(&strategy, 1000)
    }

    #[test]
    fn waves_double_from_canary_and_last_wave_is_unlimited() {
        let waves = waves(1, 2, 10);
        let sizes: Vec<_> = (0..6).map(|wave| waves.size(wave)).collect();
        assert_eq!(sizes, [Some(1), Some(2), Some(4), Some(8), None, None]);
        for (settled, open) in [
            (0, (0, Some(1))),
            (1, (1, Some(3))),
            (2, (1, Some(3))),
            (3, (2, Some(7))),
            (14, (3, Some(15))),
            (15, (4, None)),
            (900, (4, None)),
        ] {
            assert_eq!(waves.open(settled), open, "{settled}");
        }
    }

    #[test]
    fn without_canaries_everything_is_one_wave() {
        assert_eq!(waves(0, 2, 10).open(0), (1, None));
    }

    #[test]
    fn a_limit_below_the_canaries_does_not_cut_them() {
        assert_eq!(waves(5, 3, 2).open(4), (0, Some(5)));
        assert_eq!(waves(5, 3, 2).open(5), (1, None));
    }

    #[test]
    fn waves_with_growth_one_keep_the_canary_size() {
        assert_eq!(waves(2, 1, 10).open(7), (3, Some(8)));
    }
}
