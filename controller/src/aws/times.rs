//! Conversions between the times of the SDK and ours.
//!
//! A time that does not fit counts as not known.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// Nanoseconds in a second.
const NANOSECONDS: i128 = 1_000_000_000;

pub(super) fn from_sdk(at: &DateTime) -> Option<Timestamp> {
    Timestamp::from_nanosecond(at.as_nanos()).ok()
}

pub(super) fn to_sdk(at: Timestamp) -> DateTime {
    let nanoseconds = at.as_nanosecond();
    let second = i64::try_from(nanoseconds.div_euclid(NANOSECONDS)).unwrap_or_default();
    let rest = u32::try_from(nanoseconds.rem_euclid(NANOSECONDS)).unwrap_or_default();
    DateTime::from_secs_and_nanos(second, rest)
}
