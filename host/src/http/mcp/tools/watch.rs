//! `watch`: waits until a new event comes in, until the deliveries of an event have come to an end, or until one has
//! failed (`failures`). It looks every half second, so that all that is shown is what the API's lists have by then; how
//! long it waits has a bound, and it ends when the gateway stops. Not here: why something came to what it came to
//! (`explain`).

mod failures;

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::domain::delivery::DeliveryState;
use crate::domain::id::EventId;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::caller::ToolRefusal;
use crate::http::mcp::findings::Findings;
use crate::http::mcp::names::ResourceNames;
use crate::http::mcp::tools::entries::trace;
use crate::http::mcp::tools::explain::outcome;
use crate::http::mcp::tools::explain::show_event;
use crate::http::mcp::tools::explain::stopped;
use crate::http::mcp::tools::watch::failures::Failures;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(500);
/// Seconds to wait when nobody says, and at most: less than a call may take.
const SECONDS: u32 = 10;
const SECONDS_MAX: u32 = 30;
/// Events that are shown.
const EVENTS_MAX: &str = "20";
/// Deliveries of an event that are waited for.
const DELIVERIES_MAX: &str = "500";

/// What is waited for: one of `source`, `event` and `failed`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchArguments {
    /// A new event of this source, by its name or id.
    #[schema(nullable = false)]
    source: Option<String>,
    /// With `source`: one that came in after this event, such as the `after` of the last answer; if not given, after now.
    #[schema(nullable = false)]
    after: Option<String>,
    /// The end of all deliveries of this event (`evt_…`).
    #[schema(nullable = false)]
    event: Option<String>,
    /// A delivery that fails for good from now on.
    #[schema(nullable = false)]
    failed: Option<bool>,
    /// How long; 10 if not given.
    #[schema(minimum = 1, maximum = 30, nullable = false)]
    seconds: Option<u32>,
}

/// What is waited for.
enum Awaited {
    EventsOf { source: String, after: String },
    EndOf(EventId),
    Failure(Failures),
}

/// How it stands.
struct Sight {
    happened: bool,
    /// An object.
    found: Value,
}

/// Waits.
pub(crate) async fn run(caller: &ToolCaller, given: WatchArguments) -> Result<Findings, ToolRefusal> {
    let seconds = given.seconds.unwrap_or(SECONDS).clamp(1, SECONDS_MAX);
    let until = Instant::now() + Duration::from_secs(seconds.into());
    let mut awaited = Awaited::begin(caller, given).await?;
    loop {
        // The last look is at the end of the time.
        let left = until.saturating_duration_since(Instant::now());
        let Sight { happened, mut found } = awaited.look(caller).await?;
        if happened || left.is_zero() {
            found["happened"] = happened.into();
            if !happened {
                found["waited_s"] = seconds.into();
            }
            return Ok(Findings::new(found));
        }
        tokio::select! {
            () = caller.site.closing.cancelled() => return Err("the gateway stops; ask again when it is back".into()),
            () = tokio::time::sleep(LOOK.min(left)) => {}
        }
    }
}

impl Awaited {
    async fn begin(caller: &ToolCaller, given: WatchArguments) -> Result<Self, ToolRefusal> {
        let WatchArguments { source, after, event, failed, .. } = given;
        if after.is_some() && source.is_none() {
            return Err("`after` goes with `source` only".into());
        }
        match (source, event, failed) {
            (Some(source), None, None) => {
                let after = match after {
                    Some(after) => after,
                    None => newest(caller).await?,
                };
                Ok(Self::EventsOf { source, after })
            }
            (None, Some(event), None) => {
                let event = event.parse().map_err(|_| "this is no id of an event (`evt_…`)")?;
                Ok(Self::EndOf(event))
            }
            (None, None, Some(true)) => Ok(Self::Failure(Failures::begin(caller))),
            _ => Err("give one of `source`, `event` and `failed` (true)".into()),
        }
    }

    async fn look(&mut self, caller: &ToolCaller) -> Result<Sight, ToolRefusal> {
        match self {
            Self::EventsOf { source, after } => events_of(caller, source, after).await,
            Self::EndOf(event) => end_of(caller, *event).await,
            Self::Failure(failures) => {
                let found = failures.look(caller).await?;
                let happened = !found.is_empty();
                let says = if happened { "this has failed for good" } else { "no delivery has failed" };
                let mut found = json!({"says": says, "deliveries": found});
                if failures.missed() {
                    found["missed"] =
                        "so much happened that some failures may be left out; see `find`".into();
                }
                Ok(Sight { happened, found })
            }
        }
    }
}

/// The newest event of all sources: a list of those of one may have to be looked for. Empty if there is none.
async fn newest(caller: &ToolCaller) -> Result<String, ToolRefusal> {
    let page = caller.find("/v1/events", &[("limit", "1")]).await?;
    Ok(page["items"][0]["id"].as_str().unwrap_or_default().to_owned())
}

async fn events_of(caller: &ToolCaller, source: &str, after: &str) -> Result<Sight, ToolRefusal> {
    let query = [("source", source), ("after", after), ("limit", EVENTS_MAX)];
    let page = caller.find("/v1/events", &query).await?;
    let events = page["items"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let more = if page["next_cursor"].is_null() { "" } else { ", and more before these" };
    let says = match events.len() {
        0 => "no new event has come in".to_owned(),
        count => format!("new events: {count}{more}"),
    };
    let names = ResourceNames::of(caller);
    let shown: Vec<Value> = events.iter().map(|event| show_event(&names, event)).collect();
    // The newest comes first.
    let last = events.first().and_then(|event| event["id"].as_str()).unwrap_or(after);
    let mut found = json!({"says": says, "events": shown});
    if !last.is_empty() {
        found["after"] = last.into();
    }
    Ok(Sight { happened: !events.is_empty(), found })
}

/// Ended is what was planned and of which no delivery waits for anything.
async fn end_of(caller: &ToolCaller, event: EventId) -> Result<Sight, ToolRefusal> {
    // The trace first: once that has the plan, the list has its deliveries.
    let entries = trace(caller, event).await?;
    let query = [("event", &*event.to_string()), ("limit", DELIVERIES_MAX)];
    let page = caller.find("/v1/deliveries", &query).await?;
    let deliveries = page["items"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let open = deliveries.iter().filter(|delivery| !is_over(delivery)).count();
    let happened = open == 0 && entries.iter().any(|found| is_planned(&found["stage"]));
    let says = match (happened, deliveries.len()) {
        (true, 0) => "it has come to no delivery".to_owned(),
        (true, count) => format!("all of its deliveries have ended: {count}"),
        (false, 0) => "its steps have not run yet".to_owned(),
        (false, count) => format!("{open} of its {count} deliveries have not ended"),
    };
    let names = ResourceNames::of(caller);
    let outcomes = deliveries.iter().map(|found| outcome(&names, found));
    let stopped = entries.iter().filter_map(|found| stopped(&names, found));
    let outcomes: Vec<Value> = outcomes.chain(stopped).collect();
    let found = json!({"says": says, "event": event.to_string(), "outcomes": outcomes});
    Ok(Sight { happened, found })
}

/// Whether a delivery's state is one that it stays in.
fn is_over(delivery: &Value) -> bool {
    let state: Option<DeliveryState> = serde_json::from_value(delivery["state"].clone()).ok();
    state.is_some_and(DeliveryState::is_terminal)
}

/// Whether an entry of a trace is there only of events whose steps have run.
fn is_planned(stage: &Value) -> bool {
    !matches!(stage.as_str(), Some("received" | "verified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over() {
        let over = |state: &str| is_over(&json!({"state": state}));
        assert!(over("delivered") && over("failed_by_gateway") && over("dropped"));
        assert!(!over("held") && !over("retrying") && !over("what?") && !is_over(&json!({})));
        assert!(is_planned(&json!("routed")) && !is_planned(&json!("verified")));
    }
}
