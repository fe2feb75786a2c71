//! Retry policies as JSON: a preset's name, a list of delays, or a formula.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error as _;
use serde_json::Value;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::OneOfBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::Type;

use crate::domain::retry::RetryPolicy;
use crate::domain::retry::RetryPreset;
use crate::domain::retry::Schedule;
use crate::domain::retry::StatusRange;
use crate::http::request::RequestFaults;
use crate::http::request::Wait;
use crate::http::schema::one_of;

/// Waits by a formula.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExponentialBody {
    /// The first wait.
    #[schema(required = true, nullable = false)]
    base: Option<Wait>,
    /// How much longer each wait is than the one before; 2 if not given.
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    factor: Option<f64>,
    /// No wait is longer; one day if not given.
    #[schema(nullable = false)]
    max: Option<Wait>,
    /// Attempts in all, the first included.
    #[schema(required = true, minimum = 1, maximum = 200, nullable = false)]
    attempts: Option<u32>,
}

/// When a failed delivery is tried again: exactly one of `preset`, `delays` and `exponential`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryBody {
    /// A schedule by name.
    #[schema(schema_with = preset_names)]
    preset: Option<String>,
    /// One wait per retry; an empty list means no retry.
    #[schema(value_type = Option<Vec<Wait>>, nullable = false, max_items = 199)]
    delays: Option<Vec<Option<Wait>>>,
    /// Waits by a formula.
    #[schema(nullable = false)]
    exponential: Option<ExponentialBody>,
    /// The part of each wait that is random, 0 to 1.
    #[schema(minimum = 0, maximum = 1, nullable = false)]
    jitter: Option<f64>,
    /// Statuses that are tried again, such as 429 or "500-599"; every one that is not 2xx, save 410, if not given. A
    /// 410 from the destination's own URL pauses the destination; one from a path that a mapping made fails that
    /// delivery alone.
    #[schema(value_type = Option<Vec<Statuses>>)]
    statuses: Option<Vec<Option<Statuses>>>,
}

fn preset_names() -> RefOr<Schema> {
    one_of("A schedule by name.", &RetryPreset::ALL.map(|(name, _)| name))
}

/// A status, or a range of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statuses(StatusRange);

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Value::deserialize(deserializer)?;
        let text = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
        range_of(&text).map(Self).ok_or_else(|| D::Error::custom("no status"))
    }
}

impl PartialSchema for Statuses {
    fn schema() -> RefOr<Schema> {
        let one = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(300)).maximum(Some(599));
        let range = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[3-5][0-9]{2}( ?- ?[3-5][0-9]{2})?$"));
        OneOfBuilder::new()
            .description(Some(
                "A status from 300 to 599, such as 429, or a range of them, such as \"500-599\".",
            ))
            .item(one)
            .item(range)
            .into()
    }
}

impl ToSchema for Statuses {}

/// Waits by a formula.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExponentialView {
    /// The first wait.
    pub base: String,
    /// How much longer each wait is than the one before.
    pub factor: f64,
    /// No wait is longer.
    pub max: String,
    /// Attempts in all, the first included.
    pub attempts: u32,
}

/// When a failed delivery is tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetryView {
    /// The schedule's name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub preset: Option<&'static str>,
    /// One wait per retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delays: Option<Vec<String>>,
    /// Waits by a formula.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub exponential: Option<ExponentialView>,
    /// The part of each wait that is random.
    pub jitter: f64,
    /// Statuses that are tried again; null: every one that is not 2xx, save 410.
    #[schema(required = true)]
    pub statuses: Option<Vec<Value>>,
}

impl RetryBody {
    /// The policy that is meant; what is wrong is told at `pointer` and below.
    pub(in crate::http::api) fn policy(
        self,
        pointer: &str,
        faults: &mut RequestFaults,
    ) -> Option<RetryPolicy> {
        let given = [self.preset.is_some(), self.delays.is_some(), self.exponential.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            // Of what could not be read it has been told already.
            if !faults.has_below(pointer) {
                faults.add(pointer, "give exactly one of `preset`, `delays` and `exponential`");
            }
            return None;
        }
        let mut policy = match (self.preset, self.delays, self.exponential) {
            (Some(name), ..) => RetryPreset::ALL.into_iter().find(|(known, _)| *known == name)?.1.policy(),
            // An unreadable one is noted; the others keep their places.
            (_, Some(delays), _) => {
                let millis = delays.into_iter().map(|delay| delay.map_or(0, |delay| delay.0));
                blank(Schedule::Delays(millis.collect()))
            }
            (.., formula) => blank(formula?.schedule()),
        };
        policy.jitter = self.jitter.unwrap_or(policy.jitter);
        let ranges =
            |statuses: Vec<Option<Statuses>>| statuses.into_iter().flatten().map(|one| one.0).collect();
        policy.statuses = self.statuses.map(ranges);
        Some(policy)
    }
}

/// A policy that is given, or taken away; `None` where what is given is none.
pub(in crate::http::api) fn change(
    given: Option<RetryBody>,
    faults: &mut RequestFaults,
) -> Option<Option<RetryPolicy>> {
    match given {
        None => Some(None),
        Some(body) => body.policy("/retry", faults).map(Some),
    }
}

fn blank(schedule: Schedule) -> RetryPolicy {
    RetryPolicy { schedule, jitter: 0.0, statuses: None }
}

impl ExponentialBody {
    /// What is missing or wrong has been told; the rest is looked at all the same, beside something harmless.
    fn schedule(self) -> Schedule {
        const DAY_MS: u64 = 86_400_000;
        // Out of range becomes a number that the check refuses; a cast saturates.
        let factor_milli = (self.factor.unwrap_or(2.0) * 1000.0).round() as u64;
        Schedule::Exponential {
            base_ms: self.base.map_or(1000, |base| base.0),
            factor_milli,
            max_ms: self.max.map_or(DAY_MS, |max| max.0),
            attempts: self.attempts.unwrap_or(1),
        }
    }
}

fn range_of(text: &str) -> Option<StatusRange> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    Some(StatusRange { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? })
}

/// Shows a policy: by its preset's name where it is one.
pub(in crate::http::api) fn show(policy: &RetryPolicy) -> RetryView {
    let statuses =
        policy.statuses.as_ref().map(|ranges| ranges.iter().map(|range| show_range(*range)).collect());
    let preset = RetryPreset::ALL.into_iter().find(|(_, preset)| preset.policy().schedule == policy.schedule);
    let mut view =
        RetryView { preset: None, delays: None, exponential: None, jitter: policy.jitter, statuses };
    match (&policy.schedule, preset) {
        (_, Some((name, _))) => view.preset = Some(name),
        (Schedule::Delays(delays), None) => {
            view.delays = Some(delays.iter().map(|delay| Wait(*delay).show()).collect())
        }
        (Schedule::Exponential { base_ms, factor_milli, max_ms, attempts }, None) => {
            view.exponential = Some(ExponentialView {
                base: Wait(*base_ms).show(),
                factor: *factor_milli as f64 / 1000.0,
                max: Wait(*max_ms).show(),
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
    use crate::http::request::Shapes;

    /// Reads a policy, and shows it as it is kept; or the pointers of its faults.
    fn check(given: Value, expected: Value) {
        let (body, mut faults) = Shapes::default().read::<RetryBody>(&given.to_string()).unwrap();
        let policy = body.policy("", &mut faults);
        let seen = match policy {
            Some(policy) if faults.is_empty() => serde_json::to_value(show(&policy)).unwrap(),
            _ => faults.as_slice().iter().map(|fault| format!("/retry{}", fault.pointer)).collect(),
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
