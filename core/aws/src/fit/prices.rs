//! What a larger Fargate task costs more, at list price.
//!
//! Spot, Savings Plans and discounts are not included, and every result says of which region and day
//! its prices are.

use std::fmt;

use crate::size::{TaskSize, UNITS};

/// The price list: comments, the day it was taken, one price a line.
const PRICE_LIST: &str = include_str!("prices.txt");

/// Hours in a month as AWS's own calculator counts them (365 days x 24 / 12).
pub const HOURS_PER_MONTH: i64 = 730;

/// The region whose prices stand for those that the table does not have.
const STAND_IN: &str = "us-east-1";

/// CPU architecture of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// `X86_64`, also when nothing is said.
    X86,
    /// `ARM64`.
    Arm,
}

/// One price: on-demand, Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Price {
    region: &'static str,
    architecture: Architecture,
    /// One vCPU for one hour, in millionths of a US dollar.
    vcpu_hour_micro_usd: i64,
    /// One GB for one hour, in millionths of a US dollar.
    gb_hour_micro_usd: i64,
}

impl Price {
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let price = Self {
            region: words.next()?,
            architecture: match words.next()? {
                "X86_64" => Architecture::X86,
                "ARM64" => Architecture::Arm,
                _ => return None,
            },
            vcpu_hour_micro_usd: words.next()?.parse().ok()?,
            gb_hour_micro_usd: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(price)
    }

    fn of(region: &str, architecture: Architecture) -> Option<Self> {
        lines()
            .filter_map(Self::parse)
            .find(|price| price.region == region && price.architecture == architecture)
    }
}

/// The lines of the price list that are no comments.
fn lines() -> impl Iterator<Item = &'static str> {
    PRICE_LIST.lines().filter(|line| !line.starts_with('#'))
}

/// The day on which the prices were taken from AWS's page, as `2026-09-23`.
fn as_of() -> &'static str {
    lines()
        .find_map(|line| line.strip_prefix("as-of "))
        .unwrap_or_default()
}

/// What changing the size of a task costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceChange {
    /// More a month for one task, in millionths of a US dollar; less when negative.
    pub per_task_micro_usd: i64,
    /// Tasks the service wants; 0 when that is not known.
    pub tasks: u64,
    /// The region asked for.
    pub region: String,
    /// The region the prices are of.
    pub price_region: &'static str,
}

/// What a month of a task of size `to` costs more than one of size `from`, for a service of `tasks`
/// tasks (0: not known). A region that the table does not have gets the prices of us-east-1, and the
/// answer says so.
#[must_use]
pub fn price_change(
    from: TaskSize,
    to: TaskSize,
    architecture: Architecture,
    region: &str,
    tasks: u64,
) -> PriceChange {
    let price = Price::of(region, architecture).or_else(|| Price::of(STAND_IN, architecture));
    let (price_region, vcpu, gb) = price.map_or((STAND_IN, 0, 0), |price| {
        (
            price.region,
            price.vcpu_hour_micro_usd,
            price.gb_hour_micro_usd,
        )
    });
    let units = i64::try_from(UNITS).unwrap_or(i64::MAX);
    let per_hour =
        more(from.cpu_units, to.cpu_units) * vcpu + more(from.memory_mib, to.memory_mib) * gb;
    PriceChange {
        per_task_micro_usd: per_hour * HOURS_PER_MONTH / units,
        tasks,
        region: region.to_owned(),
        price_region,
    }
}

fn more(from: u64, to: u64) -> i64 {
    let whole = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
    whole(to).saturating_sub(whole(from))
}

/// `about +$1.62 a month per task, +$4.87 for 3 tasks (…)`.
impl fmt::Display for PriceChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "about {} a month per task",
            dollars(self.per_task_micro_usd)
        )?;
        let tasks = i64::try_from(self.tasks).unwrap_or(i64::MAX);
        if tasks > 1 {
            let all = self.per_task_micro_usd.saturating_mul(tasks);
            write!(f, ", {} for {tasks} tasks", dollars(all))?;
        }
        write!(
            f,
            " (Fargate list price of {} on {}",
            self.price_region,
            as_of()
        )?;
        if self.region != self.price_region {
            write!(f, "; {} differs", self.region)?;
        }
        f.write_str(")")
    }
}

/// Rounded to cents, with its sign.
fn dollars(micro_usd: i64) -> String {
    const CENT: i64 = 10_000;
    let cents = (micro_usd.saturating_abs() + CENT / 2) / CENT;
    let sign = if micro_usd < 0 { '-' } else { '+' };
    format!("{sign}${}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(cpu_units: u64, memory_mib: u64) -> TaskSize {
        TaskSize {
            cpu_units,
            memory_mib,
        }
    }

    #[test]
    fn every_line_of_the_price_list_is_read() {
        assert!(as_of().parse::<jiff::civil::Date>().is_ok());
        let unread: Vec<&str> = lines()
            .filter(|line| !line.starts_with("as-of ") && Price::parse(line).is_none())
            .collect();
        assert!(unread.is_empty(), "{unread:?}");
        assert!(Price::of(STAND_IN, Architecture::X86).is_some());
        assert!(Price::of(STAND_IN, Architecture::Arm).is_some());
    }

    #[test]
    fn a_month_costs_what_the_price_page_says() {
        let whole = |architecture| {
            price_change(size(0, 0), size(1024, 1024), architecture, "us-east-1", 1)
                .per_task_micro_usd
        };
        assert_eq!(whole(Architecture::X86), (40_480 + 4445) * 730);
        assert_eq!(whole(Architecture::Arm), (32_380 + 3560) * 730);
    }

    #[test]
    fn the_sentence_names_region_and_day() {
        let change = price_change(
            size(256, 512),
            size(256, 1024),
            Architecture::X86,
            "us-east-1",
            3,
        );
        assert_eq!(
            change.to_string(),
            "about +$1.62 a month per task, +$4.87 for 3 tasks (Fargate list price of us-east-1 on 2026-09-23)"
        );
        let change = price_change(
            size(512, 1024),
            size(256, 512),
            Architecture::Arm,
            "eu-west-1",
            0,
        );
        assert_eq!(
            change.to_string(),
            "about -$7.21 a month per task (Fargate list price of us-east-1 on 2026-09-23; eu-west-1 differs)"
        );
    }
}
