//! Retry policies as JSON: a preset's name, a list of delays, or a formula.

use serde_json::Value;

use crate::domain::retry::RetryPolicy;
use crate::domain::retry::RetryPreset;
use crate::domain::retry::Schedule;
use crate::domain::retry::StatusRange;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::form::show_duration;
use crate::http::view::view;

const EXPONENTIAL: &[Field] = &[
    field("base", Shape::Duration, "The first wait.").required(),
    field("factor", Shape::Number, "How much longer each wait is than the one before; 2 if not given."),
    field("max", Shape::Duration, "No wait is longer; one day if not given."),
    field("attempts", Shape::Whole, "Attempts in all, the first included.").required(),
];

/// Fields of a policy.
pub(super) const RETRY: &[Field] = &[
    field("preset", Shape::Choice(&["standard", "10_in_24h", "1m_5m_30m", "none"]), "A schedule by name."),
    field("delays", Shape::List(&Shape::Duration), "One wait per retry; an empty list means no retry."),
    field("exponential", Shape::Object(EXPONENTIAL), "Waits by a formula."),
    field("jitter", Shape::Number, "The part of each wait that is random, 0 to 1."),
    field(
        "statuses",
        Shape::List(&Shape::Either(&[Shape::Text, Shape::Whole])),
        "Statuses that are tried again, such as 429 or \"500-599\"; every one that is not 2xx, save 410, if not given. A 410 from the destination's own URL pauses the destination; one from a path that a mapping made fails that delivery alone.",
    )
    .nullable(),
];

view! {
    /// Waits by a formula.
    ExponentialView {
        /// The first wait.
        base: String,
        /// How much longer each wait is than the one before.
        factor: f64,
        /// No wait is longer.
        max: String,
        /// Attempts in all, the first included.
        attempts: u32,
    }

    /// When a failed delivery is tried again.
    RetryView {
        /// The schedule's name, if it has one.
        ["Option::is_none"] preset: Option<&'static str>,
        /// One wait per retry.
        ["Option::is_none"] delays: Option<Vec<String>>,
        /// Waits by a formula.
        ["Option::is_none"] exponential: Option<ExponentialView>,
        /// The part of each wait that is random.
        jitter: f64,
        /// Statuses that are tried again; null: every one that is not 2xx, save 410.
        statuses: Option<Vec<Value>>,
    }
}

/// Reads a policy.
pub(super) fn read(object: &Object<'_>, name: &str) -> Option<RetryPolicy> {
    let retry = object.object(name)?;
    let given = ["preset", "delays", "exponential"].into_iter().filter(|field| retry.has(field)).count();
    if given != 1 {
        object.fault(name, "give exactly one of `preset`, `delays` and `exponential`");
        return None;
    }
    let mut policy = if retry.has("preset") {
        retry.choice("preset", &RetryPreset::ALL)?.policy()
    } else {
        let schedule =
            if retry.has("delays") { delays(&retry)? } else { exponential(&retry.object("exponential")?)? };
        RetryPolicy { schedule, jitter: 0.0, statuses: None }
    };
    policy.jitter = retry.number("jitter").unwrap_or(policy.jitter);
    policy.statuses = statuses(&retry);
    Some(policy)
}

fn delays(retry: &Object<'_>) -> Option<Schedule> {
    let items = retry.items("delays")?;
    // An unreadable one is noted; the others keep their places.
    Some(Schedule::Delays(items.iter().map(|item| item.duration().unwrap_or(0)).collect()))
}

fn exponential(formula: &Object<'_>) -> Option<Schedule> {
    const DAY_MS: u64 = 86_400_000;
    let factor = formula.number("factor").unwrap_or(2.0);
    // Out of range becomes a number that the check refuses; a cast saturates.
    let factor_milli = (factor * 1000.0).round() as u64;
    Some(Schedule::Exponential {
        base_ms: formula.duration("base")?,
        factor_milli,
        max_ms: formula.duration("max").unwrap_or(DAY_MS),
        attempts: formula.whole("attempts")?,
    })
}

fn statuses(retry: &Object<'_>) -> Option<Vec<StatusRange>> {
    let items = retry.items("statuses")?;
    let range = |item: &crate::http::form::Item<'_>| {
        let found = range_of(item.raw.get());
        if found.is_none() {
            item.fault("expected a status such as 429, or a range such as \"500-599\"");
        }
        found
    };
    Some(items.iter().filter_map(range).collect())
}

fn range_of(json: &str) -> Option<StatusRange> {
    let text = json.trim_matches('"');
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Some(StatusRange { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? })
}

/// Shows a policy: by its preset's name where it is one.
pub(super) fn show(policy: &RetryPolicy) -> RetryView {
    let statuses =
        policy.statuses.as_ref().map(|ranges| ranges.iter().map(|range| show_range(*range)).collect());
    let preset = RetryPreset::ALL.into_iter().find(|(_, preset)| preset.policy().schedule == policy.schedule);
    let mut view =
        RetryView { preset: None, delays: None, exponential: None, jitter: policy.jitter, statuses };
    match (&policy.schedule, preset) {
        (_, Some((name, _))) => view.preset = Some(name),
        (Schedule::Delays(delays), None) => {
            view.delays = Some(delays.iter().map(|delay| show_duration(*delay)).collect())
        }
        (Schedule::Exponential { base_ms, factor_milli, max_ms, attempts }, None) => {
            view.exponential = Some(ExponentialView {
                base: show_duration(*base_ms),
                factor: *factor_milli as f64 / 1000.0,
                max: show_duration(*max_ms),
                attempts: *attempts,
            });
        }
    }
    view
}

fn show_range(range: StatusRange) -> Value {
    if range.from == range.to { range.from.into() } else { format!("{}-{}", range.from, range.to).into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::form::Form;
    use crate::http::form::Mode;

    const FIELDS: &[Field] = &[field("retry", Shape::Object(RETRY), "")];

    /// Reads a policy, and shows it as it is kept; or the pointers of its faults.
    fn check(given: Value, expected: Value) {
        let body = json!({"retry": given}).to_string();
        let (policy, faults) =
            Form::read(body.as_bytes(), FIELDS, Mode::Whole, |object| read(object, "retry")).unwrap();
        let seen = match policy {
            Some(policy) if faults.is_empty() => serde_json::to_value(show(&policy)).unwrap(),
            _ => faults.iter().map(|fault| fault.pointer.as_str()).collect(),
        };
        assert_eq!(seen, expected, "{given}");
    }

    #[test]
    fn reads_and_shows() {
        check(json!({"preset": "standard"}), json!({"preset": "standard", "jitter": 0.1, "statuses": null}));
        check(
            json!({"delays": ["1m", "5m", "30m"]}),
            json!({"preset": "1m_5m_30m", "jitter": 0.0, "statuses": null}),
        );
        check(
            json!({"delays": ["1s", 1500], "jitter": 0.5, "statuses": ["500-599", 429]}),
            json!({"delays": ["1s", "1500ms"], "jitter": 0.5, "statuses": ["500-599", 429]}),
        );
        check(
            json!({"exponential": {"base": "5s", "factor": 1.5, "max": "1h", "attempts": 10}}),
            json!({"exponential": {"base": "5s", "factor": 1.5, "max": "1h", "attempts": 10}, "jitter": 0.0, "statuses": null}),
        );
    }

    #[test]
    fn faults_say_where() {
        check(json!({}), json!(["/retry"]));
        check(json!({"preset": "none", "delays": []}), json!(["/retry"]));
        check(json!({"preset": "often"}), json!(["/retry/preset"]));
        check(json!({"delays": ["1m", "soon", -1]}), json!(["/retry/delays/1", "/retry/delays/2"]));
        check(json!({"exponential": {"base": "5s"}}), json!(["/retry/exponential/attempts"]));
        check(json!({"preset": "none", "statuses": ["often"]}), json!(["/retry/statuses/0"]));
    }
}
