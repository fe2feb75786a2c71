//! `/v1/stats`: what happened in a workspace since the server started.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::id::DestinationId;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::http::api::code::usage;
use crate::http::api::code::usage::UsagePointView;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::insight::DestinationStats;
use crate::insight::SourceStats;

/// What one source saw.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceCountView {
    /// Which.
    pub source: SourceId,
    /// Its name.
    pub name: String,
    /// Events taken, copies not counted.
    pub received: u64,
    /// Requests refused, by cause.
    pub rejected: BTreeMap<&'static str, u64>,
    /// When the last event came in.
    #[schema(required = true)]
    pub last_received_at: Option<Timestamp>,
}

/// What one destination saw.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DestinationCountView {
    /// Which.
    pub destination: DestinationId,
    /// Its name.
    pub name: String,
    /// Requests made.
    pub attempts: u64,
    /// Deliveries that came into each state by an attempt.
    pub states: BTreeMap<&'static str, u64>,
    /// Deliveries that wait, for a slot or a retry.
    pub waiting: u64,
}

/// Microseconds from an event's arrival to its delivery at the first attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LatencyView {
    /// How many deliveries this is about.
    pub count: u64,
    /// Half of them took at most this.
    pub p50_us: u64,
    /// Nine in ten.
    pub p90_us: u64,
    /// 99 in a hundred.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// What happened in a workspace since the server started.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatsView {
    /// Events taken, copies not counted.
    pub received: u64,
    /// Requests refused.
    pub rejected: u64,
    /// Deliveries the receiver took.
    pub delivered: u64,
    /// Deliveries that ended without.
    pub failed: u64,
    /// Requests made.
    pub attempts: u64,
    /// Deliveries that wait, for a slot or a retry.
    pub waiting: u64,
    /// Latencies of the last minute.
    pub latency: LatencyView,
    /// What plugins cost in the last hour, all together, by the minute; minutes without a call are left out.
    pub plugins: Vec<UsagePointView>,
    /// Each source.
    pub sources: Vec<SourceCountView>,
    /// Each destination.
    pub destinations: Vec<DestinationCountView>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(stats))
}

/// Counts since the server started, and latencies of the last minute.
#[utoipa::path(
    get,
    path = "/v1/stats",
    responses((status = 200, body = StatsView)),
)]
async fn stats(call: Call) -> Answer {
    let stats = call.insight.stats(call.workspace()?);
    let plugins = usage::points(call.insight.usage_of_last_hour(call.workspace()?));
    Ok(reply::ok(&StatsView {
        received: stats.received,
        rejected: stats.rejected,
        delivered: stats.delivered,
        failed: stats.failed,
        attempts: stats.attempts,
        waiting: stats.waiting,
        latency: LatencyView {
            count: stats.latency.count,
            p50_us: stats.latency.p50_us,
            p90_us: stats.latency.p90_us,
            p99_us: stats.latency.p99_us,
            max_us: stats.latency.max_us,
        },
        plugins,
        sources: stats.sources.into_iter().map(show_source).collect(),
        destinations: stats.destinations.into_iter().map(show_destination).collect(),
    }))
}

fn show_source(source: SourceStats) -> SourceCountView {
    SourceCountView {
        source: source.source,
        name: source.name,
        received: source.received,
        rejected: source.rejected,
        last_received_at: source.last_received_at,
    }
}

fn show_destination(destination: DestinationStats) -> DestinationCountView {
    DestinationCountView {
        destination: destination.destination,
        name: destination.name,
        attempts: destination.attempts,
        states: destination.states,
        waiting: destination.waiting,
    }
}
