//! Maintenance windows: when deployments may start.
//!
//! The time is an argument. The names of time zones are IANA's; their rules come with the library.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::v1alpha1::MaintenanceWindow;

/// Fields of a schedule: minute, hour, day of month, month, day of week.
const SCHEDULE_FIELDS: usize = 5;
/// The zone of a window that names none.
const DEFAULT_ZONE: &str = "UTC";

/// Whether deployments may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// They may, until then (`None`: always).
    Open(Option<Timestamp>),
    /// They may from then on.
    At(Timestamp),
    /// No window opens any more: a schedule that never comes, such as 30 February.
    Never,
}

/// Whether a time zone of that name is known.
#[must_use]
pub fn is_zone(name: &str) -> bool {
    !name.is_empty() && TimeZone::get(name).is_ok()
}

/// Checks the schedule of a window.
///
/// # Errors
/// The text describes what is wrong with it, and what is allowed.
pub fn check(window: &MaintenanceWindow) -> Result<(), String> {
    parse(window).map(drop)
}

/// Reports whether deployments may start at `now`. Without windows they always may. Where windows overlap, the
/// last to close counts.
#[must_use]
pub fn opening(windows: &[MaintenanceWindow], now: Timestamp) -> Opening {
    if windows.is_empty() {
        return Opening::Open(None);
    }
    let mut closes: Option<Timestamp> = None;
    let mut opens: Option<Timestamp> = None;
    for window in windows {
        let Ok(schedule) = parse(window) else {
            continue; // refused when it is written
        };
        let length = SignedDuration::from_mins(i64::from(window.duration_minutes));
        if let Some(closing) = closing(&schedule, length, now) {
            closes = closes.max(Some(closing));
        }
        if let Ok(next) = schedule.find_next(now) {
            let next = next.timestamp();
            opens = Some(opens.map_or(next, |known| known.min(next)));
        }
    }
    match (closes, opens) {
        (Some(until), _) => Opening::Open(Some(until)),
        (None, Some(at)) => Opening::At(at),
        (None, None) => Opening::Never,
    }
}

/// Returns when the window closes, if it is open at `now`. A window opens in the minute that the schedule
/// names, and a later opening within it extends it.
fn closing(
    schedule: &cronexpr::Crontab,
    length: SignedDuration,
    now: Timestamp,
) -> Option<Timestamp> {
    // The search begins after the minute it is given, so one that opened `length` ago has closed.
    let mut from = now.checked_sub(length).ok()?;
    let mut closes = None;
    while let Ok(opened) = schedule.find_next(from) {
        let opened = opened.timestamp();
        if opened > now {
            break;
        }
        closes = opened.checked_add(length).ok();
        // Only the newest opening counts; a schedule of every minute must not be iterated minute by minute.
        from = opened.max(now.checked_sub(SignedDuration::from_mins(1)).ok()?);
    }
    closes.filter(|closes| *closes > now)
}

fn parse(window: &MaintenanceWindow) -> Result<cronexpr::Crontab, String> {
    let fields = window.schedule.split_ascii_whitespace().count();
    if fields != SCHEDULE_FIELDS {
        return Err(format!(
            "must be a cron expression of five fields (minute, hour, day of month, month, day of week), such as \"0 2 * * MON-FRI\"; it has {fields}"
        ));
    }
    let zone = window.timezone.as_deref().unwrap_or(DEFAULT_ZONE);
    cronexpr::parse_crontab(&format!("{} {zone}", window.schedule)).map_err(|error| {
        let detail = error.to_string();
        let last = detail.lines().last().unwrap_or_default().trim();
        format!(
            "must be a cron expression of five fields (minute, hour, day of month, month, day of week), such as \"0 2 * * MON-FRI\": {last}"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn window(schedule: &str, duration_minutes: u32, timezone: Option<&str>) -> MaintenanceWindow {
        MaintenanceWindow {
            schedule: schedule.to_owned(),
            duration_minutes,
            timezone: timezone.map(str::to_owned),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_is_open_from_its_minute_to_its_end() {
        let nights = [window("0 2 * * MON-FRI", 120, None)];
        // 2026-11-23 is a Monday.
        for (now, expected) in [
            (
                "2026-11-23T01:59:59Z",
                Opening::At(at("2026-11-23T02:00:00Z")),
            ),
            (
                "2026-11-23T02:00:00Z",
                Opening::Open(Some(at("2026-11-23T04:00:00Z"))),
            ),
            (
                "2026-11-23T03:59:59Z",
                Opening::Open(Some(at("2026-11-23T04:00:00Z"))),
            ),
            (
                "2026-11-23T04:00:00Z",
                Opening::At(at("2026-11-24T02:00:00Z")),
            ),
            (
                "2026-11-28T12:00:00Z",
                Opening::At(at("2026-11-30T02:00:00Z")),
            ),
        ] {
            assert_eq!(opening(&nights, at(now)), expected, "{now}");
        }
    }

    #[test]
    fn a_window_follows_its_time_zone_in_summer_and_winter() {
        let berlin = [window("0 22 * * *", 60, Some("Europe/Berlin"))];
        assert_eq!(
            opening(&berlin, at("2026-07-01T20:30:00Z")),
            Opening::Open(Some(at("2026-07-01T21:00:00Z")))
        );
        assert_eq!(
            opening(&berlin, at("2026-12-01T20:30:00Z")),
            Opening::At(at("2026-12-01T21:00:00Z"))
        );
    }

    #[test]
    fn several_windows_use_the_latest_close_and_earliest_opening() {
        let windows = [
            window("0 1 * * *", 60, None),
            window("30 1 * * *", 60, None),
            window("0 12 * * *", 5, None),
        ];
        assert_eq!(
            opening(&windows, at("2026-11-28T01:45:00Z")),
            Opening::Open(Some(at("2026-11-28T02:30:00Z")))
        );
        assert_eq!(
            opening(&windows, at("2026-11-28T03:00:00Z")),
            Opening::At(at("2026-11-28T12:00:00Z"))
        );
    }

    #[test]
    fn no_windows_means_always_open_and_impossible_dates_never_open() {
        assert_eq!(
            opening(&[], at("2026-11-28T03:00:00Z")),
            Opening::Open(None)
        );
        let never = [window("0 0 30 2 *", 60, None)];
        assert_eq!(opening(&never, at("2026-11-28T03:00:00Z")), Opening::Never);
        let always = [window("* * * * *", 10_080, None)];
        assert!(matches!(
            opening(&always, at("2026-11-28T03:00:30Z")),
            Opening::Open(Some(_))
        ));
    }

    #[test]
    fn schedules_and_zones_that_mean_nothing_are_refused() {
        for schedule in [
            "",
            "0 2 * *",
            "0 2 * * * UTC",
            "61 2 * * *",
            "H 2 * * *",
            "x",
        ] {
            assert!(check(&window(schedule, 5, None)).is_err(), "{schedule}");
        }
        assert!(check(&window("*/15 0-6 * * 1-5", 5, None)).is_ok());
        assert!(is_zone("Europe/Berlin") && is_zone("UTC"));
        assert!(!is_zone("Mars/Olympus") && !is_zone(""));
    }
}
