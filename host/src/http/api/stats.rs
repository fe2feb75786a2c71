//! `/v1/stats`: what happened in a workspace since the server started.

use std::collections::BTreeMap;

use crate::domain::id::DestinationId;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::http::api::usage;
use crate::http::api::usage::UsagePointView;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;
use crate::http::reply;
use crate::http::view::View;
use crate::http::view::view;
use crate::insight::DestinationStats;
use crate::insight::SourceStats;

view! {
    /// What one source saw.
    SourceCountView {
        /// Which.
        source: SourceId,
        /// Its name.
        name: String,
        /// Events taken, copies not counted.
        received: u64,
        /// Requests refused, by cause.
        rejected: BTreeMap<&'static str, u64>,
        /// When the last event came in.
        last_received_at: Option<Timestamp>,
    }

    /// What one destination saw.
    DestinationCountView {
        /// Which.
        destination: DestinationId,
        /// Its name.
        name: String,
        /// Requests made.
        attempts: u64,
        /// Deliveries that came into each state by an attempt.
        states: BTreeMap<&'static str, u64>,
        /// Deliveries that wait, for a slot or a retry.
        waiting: u64,
    }

    /// Microseconds from an event's arrival to its delivery at the first attempt.
    LatencyView {
        /// How many deliveries this is about.
        count: u64,
        /// Half of them took at most this.
        p50_us: u64,
        /// Nine in ten.
        p90_us: u64,
        /// 99 in a hundred.
        p99_us: u64,
        /// The longest.
        max_us: u64,
    }

    /// What happened in a workspace since the server started.
    StatsView {
        /// Events taken, copies not counted.
        received: u64,
        /// Requests refused.
        rejected: u64,
        /// Deliveries the receiver took.
        delivered: u64,
        /// Deliveries that ended without.
        failed: u64,
        /// Requests made.
        attempts: u64,
        /// Deliveries that wait, for a slot or a retry.
        waiting: u64,
        /// Latencies of the last minute.
        latency: LatencyView,
        /// What plugins cost in the last hour, all together, by the minute; minutes without a call are left out.
        plugins: Vec<UsagePointView>,
        /// Each source.
        sources: Vec<SourceCountView>,
        /// Each destination.
        destinations: Vec<DestinationCountView>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/stats",
            "Counts since the server started, and latencies of the last minute.",
            |call| Box::pin(stats(call)),
        )
        .output(200, Output::Json(StatsView::describe)),
    ]
}

async fn stats(call: Call) -> Answer {
    let stats = call.insight().stats(call.workspace()?);
    let plugins = usage::points(call.insight().usage_of_last_hour(call.workspace()?));
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
