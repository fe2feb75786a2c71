//! `/v1/plugins/{plugin}/usage`: what a plugin cost, by version and connection, and over time.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::Control;
use crate::domain::id::ConnectionId;
use crate::domain::plugin::Digest;
use crate::domain::time::Timestamp;
use crate::http::api::code::plugins;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::observe::UsageRow;
use crate::observe::UsageSums;
use crate::observe::merged;

/// Calls of one span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsagePointView {
    /// When the span begins.
    pub at: Timestamp,
    /// Calls.
    pub calls: u64,
    /// Of these, how many ended in a fault; refusals are among them.
    pub faults: u64,
    /// CPU time, microseconds.
    pub cpu_us: u64,
    /// The most memory of a call, bytes.
    pub memory_peak_bytes: u64,
    /// Bytes of the payloads it gave.
    pub output_bytes: u64,
}

/// CPU microseconds of single calls, within 10 %.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CpuView {
    /// All calls together.
    pub total_us: u64,
    /// Half of them took at most this.
    pub p50_us: u64,
    /// 95 in a hundred.
    pub p95_us: u64,
    /// 99 in a hundred.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// What one version did in one connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageRowView {
    /// The version.
    pub version: Digest,
    /// The connection.
    pub connection: ConnectionId,
    /// Its name, while it exists.
    #[schema(required = true)]
    pub connection_name: Option<String>,
    /// Calls since the server started.
    pub calls: u64,
    /// Of these, those that ended in a fault, by its name.
    pub faults: BTreeMap<&'static str, u64>,
    /// CPU time.
    pub cpu: CpuView,
    /// The most memory of a call, bytes.
    pub memory_peak_bytes: u64,
    /// Bytes of the payloads it gave.
    pub output_bytes: u64,
    /// The last hour by the minute, oldest first; minutes without a call are left out.
    pub minutes: Vec<UsagePointView>,
    /// The last day by the hour, in the same way.
    pub hours: Vec<UsagePointView>,
}

/// What a plugin cost since the server started. Only calls for live events count: not previews, tests or shadows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageView {
    /// The plugin's name.
    pub plugin: String,
    /// Calls.
    pub calls: u64,
    /// Of these, how many ended in a fault.
    pub faults: u64,
    /// CPU time, microseconds.
    pub cpu_us: u64,
    /// The most memory of a call, bytes.
    pub memory_peak_bytes: u64,
    /// Bytes of the payloads it gave.
    pub output_bytes: u64,
    /// The last hour of all rows together, by the minute.
    pub minutes: Vec<UsagePointView>,
    /// The last day of all rows together, by the hour.
    pub hours: Vec<UsagePointView>,
    /// By version and connection, most calls first.
    pub rows: Vec<UsageRowView>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read(), routes!(usage))
}

/// Calls, faults, CPU time, memory and output of a plugin, by version and connection.
#[utoipa::path(
    get,
    path = "/v1/plugins/{plugin}/usage",
    params(("plugin" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = UsageView)),
)]
async fn usage(call: Call, PathParams(plugin): PathParams<String>) -> Answer {
    let plugin = plugins::find(&call, &plugin)?;
    let rows = call.insight.usage(plugin.workspace, &plugin.name);
    let mut total = UsageSums::default();
    rows.iter().for_each(|row| total.merge(&row.total));
    let minutes = merged(rows.iter().flat_map(|row| row.minutes.iter().copied()));
    let hours = merged(rows.iter().flat_map(|row| row.hours.iter().copied()));
    Ok(reply::ok(&UsageView {
        plugin: plugin.name.clone(),
        calls: total.calls,
        faults: total.faults,
        cpu_us: total.cpu_us,
        memory_peak_bytes: total.memory_peak_bytes,
        output_bytes: total.output_bytes,
        minutes: points(minutes),
        hours: points(hours),
        rows: rows.into_iter().map(|row| show(&call.control, row)).collect(),
    }))
}

fn show(control: &Control, row: UsageRow) -> UsageRowView {
    let snapshot = control.snapshot();
    let connection = snapshot.documents.connections.get(row.connection);
    UsageRowView {
        version: row.version,
        connection: row.connection,
        connection_name: connection.map(|connection| connection.name.clone()),
        calls: row.total.calls,
        faults: row.faults,
        cpu: CpuView {
            total_us: row.total.cpu_us,
            p50_us: row.cpu_p50_us,
            p95_us: row.cpu_p95_us,
            p99_us: row.cpu_p99_us,
            max_us: row.cpu_max_us,
        },
        memory_peak_bytes: row.total.memory_peak_bytes,
        output_bytes: row.total.output_bytes,
        minutes: points(row.minutes),
        hours: points(row.hours),
    }
}

/// A series, for whoever draws it.
pub(in crate::http::api) fn points(series: Vec<(Timestamp, UsageSums)>) -> Vec<UsagePointView> {
    let point = |(at, sums): (Timestamp, UsageSums)| UsagePointView {
        at,
        calls: sums.calls,
        faults: sums.faults,
        cpu_us: sums.cpu_us,
        memory_peak_bytes: sums.memory_peak_bytes,
        output_bytes: sums.output_bytes,
    };
    series.into_iter().map(point).collect()
}
