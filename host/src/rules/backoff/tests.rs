//! Schedules by name, the bounds of chance, and what receivers ask for.

use std::time::Duration;

use proptest::prelude::*;

use crate::domain::retry::ATTEMPTS_MAX;
use crate::domain::retry::RetryPolicy;
use crate::domain::retry::RetryPreset;
use crate::domain::retry::Schedule;
use crate::domain::time::Timestamp;
use crate::rules::backoff::delay;
use crate::rules::backoff::parse_retry_after;

#[track_caller]
fn check(schedule: Schedule, expected_ms: &[u64]) {
    let policy = RetryPolicy { schedule, jitter: 0.0, statuses: None };
    let waits: Vec<u64> =
        (1..1000).map_while(|n| delay(&policy, n, 0.5)).map(|wait| wait.as_millis() as u64).collect();
    assert_eq!(waits, expected_ms);
    assert_eq!(delay(&policy, 0, 0.5), None, "nothing was tried yet");
}

#[test]
fn schedules() {
    check(
        RetryPreset::Standard.policy().schedule,
        &[5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400].map(|secs| secs * 1000),
    );
    check(RetryPreset::ThreeThenFailed.policy().schedule, &[60_000, 300_000, 1_800_000]);
    check(RetryPreset::None.policy().schedule, &[]);
    let exponential = |factor_milli, max_ms, attempts| Schedule::Exponential {
        base_ms: 1000,
        factor_milli,
        max_ms,
        attempts,
    };
    check(exponential(2000, 5000, 6), &[1000, 2000, 4000, 5000, 5000]);
    check(exponential(1500, 60_000, 4), &[1000, 1500, 2250]);
    check(exponential(1000, 60_000, 3), &[1000, 1000]);
    check(exponential(0, 60_000, 3), &[1000, 0]);
    check(exponential(2000, 5000, 1), &[]);
    check(exponential(2000, 5000, 0), &[]);
    check(exponential(u64::MAX, 7, u32::MAX), &[7; ATTEMPTS_MAX as usize - 1]);
    check(Schedule::Delays(vec![1; 500]), &[1; ATTEMPTS_MAX as usize - 1]);
}

#[test]
fn ten_attempts_in_a_day() {
    let policy = RetryPolicy { jitter: 0.0, ..RetryPreset::TenIn24Hours.policy() };
    let waits: Vec<u64> = (1..20).map_while(|n| delay(&policy, n, 0.5)).map(|wait| wait.as_secs()).collect();
    let day = 24 * 3600;
    assert_eq!(waits.len() + 1, 10);
    assert!((day - 120..=day).contains(&waits.iter().sum::<u64>()), "{waits:?}");
}

#[test]
fn jitter_stays_around_the_wait() {
    for (jitter, chance, millis) in [
        (0.0, 0.9, 60_000),
        (0.5, 0.0, 30_000),
        (0.5, 0.5, 60_000),
        (0.5, 1.0, 90_000),
        (1.0, 0.0, 0),
        (1.0, 1.0, 120_000),
        (9.0, 1.0, 120_000),
        (-1.0, 0.0, 60_000),
        (f64::NAN, 0.3, 60_000),
        (0.5, f64::NAN, 60_000),
    ] {
        let policy = RetryPolicy { jitter, ..RetryPreset::ThreeThenFailed.policy() };
        assert_eq!(delay(&policy, 1, chance), Some(Duration::from_millis(millis)), "{jitter} {chance}");
    }
}

#[test]
fn retry_after() {
    let now: Timestamp = "2026-04-29T14:31:08Z".parse().unwrap();
    for (text, seconds) in [
        ("120", Some(120)),
        (" 7 ", Some(7)),
        ("0", Some(0)),
        ("99999999999999999999999", Some(86_400)),
        ("Wed, 29 Apr 2026 14:32:08 GMT", Some(60)),
        ("Wednesday, 29-Apr-26 14:32:08 GMT", Some(60)),
        ("Wed Apr 29 14:32:08 2026", Some(60)),
        ("Sun Nov  6 08:49:37 1994", Some(0)),
        ("Wed, 29 Apr 2020 14:32:08 GMT", Some(0)),
        ("Fri, 29 Apr 2050 14:32:08 GMT", Some(86_400)),
        ("Thu, 31 Dec 9998 23:59:59 GMT", Some(86_400)),
        ("Wed, 29 Apr 2026 14:32:08 PST", None),
        ("Wed, 31 Feb 2026 14:32:08 GMT", None),
        ("2026-04-29T14:32:08Z", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(parse_retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_wait_is_never_beyond_its_jitter(
        wait in 0..1u64 << 40, jitter in 0.0..=1.0f64, chance in 0.0..1.0f64,
    ) {
        let policy = RetryPolicy { schedule: Schedule::Delays(vec![wait]), jitter, statuses: None };
        let seen = delay(&policy, 1, chance).unwrap().as_millis() as f64;
        prop_assert!(seen >= wait as f64 * (1.0 - jitter) - 1.0 && seen <= wait as f64 * (1.0 + jitter) + 1.0);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", now in any::<u64>()) {
        let _either = parse_retry_after(&text, Timestamp::from_millis(now));
    }
}
