//! `/v1/comparisons`: a version or other steps run over stored events and compared with what was
//! sent. Not here: what the answers look like (`comparison_views`).

use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::http::api::code::comparison_views;
use crate::http::api::code::comparison_views::ComparisonView;
use crate::http::api::code::comparison_views::DifferenceView;
use crate::http::api::code::comparison_views::FoundView;
use crate::http::api::configuration::steps;
use crate::http::api::configuration::steps::StepBody;
use crate::http::api::configuration::steps::StepsBody;
use crate::http::api::configuration::steps::Version;
use crate::http::api::page::Cursor;
use crate::http::api::page::PageQuery;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RequestFaults;
use crate::http::request::id;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::insight::comparisons::Comparison;
use crate::insight::comparisons::ComparisonDraft;

/// A version that is to be tried.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriedBody {
    /// A plugin of the connection's steps.
    #[schema(required = true, nullable = false)]
    name: Option<String>,
    /// `active`, or a digest such as `sha256:…`; `active` if not given.
    #[schema(nullable = false)]
    version: Option<Version>,
}

/// What is to be compared with what.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComparisonBody {
    /// The connection whose events are compared.
    #[schema(required = true, nullable = false)]
    connection: Option<String>,
    /// The connection's steps are tried with this version of this plugin; its step's configuration stays.
    #[schema(nullable = false)]
    plugin: Option<TriedBody>,
    /// These steps are tried instead of the connection's.
    #[schema(value_type = Option<Vec<StepBody>>, nullable = false)]
    steps: Option<StepsBody>,
    /// At most so many events, the newest: 1 to 1000000; 1000 if not given.
    #[schema(minimum = 1, maximum = 1000000, nullable = false)]
    last: Option<u64>,
    /// Only events received at this time or after.
    #[schema(nullable = false)]
    since: Option<Timestamp>,
    /// Only events received before this time.
    #[schema(nullable = false)]
    until: Option<Timestamp>,
    /// Only events whose type matches this pattern with `*`.
    #[schema(nullable = false)]
    event_type: Option<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered().in_background(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::read(), routes!(differences))
        .add(Door::write().remembered(), routes!(cancel))
}

fn read(body: ComparisonBody, faults: &mut RequestFaults) -> ComparisonDraft {
    let plugin = body.plugin.and_then(|plugin| Some((plugin.name?, Version::of(plugin.version))));
    ComparisonDraft {
        connection: body.connection,
        plugin,
        steps: body.steps.map(|given| steps::read(given, "/steps", faults)),
        last: body.last,
        since: body.since,
        until: body.until,
        event_type: body.event_type,
    }
}

/// Runs a version of a plugin, or other steps, over stored events and compares with what was sent. Nothing is stored or delivered.
#[utoipa::path(
    post,
    path = "/v1/comparisons",
    request_body = ComparisonBody,
    responses((status = 202, body = ComparisonView)),
)]
async fn create(call: Call, body: JsonBody<ComparisonBody>) -> Answer {
    let (draft, faults) = body.map(read);
    let job = call.insight.compare(call.workspace()?, draft, faults).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &comparison_views::show(&job, call.control.now())))
}

/// Lists comparisons: those that wait or run, and the last twenty that are over. They are lost on a restart.
#[utoipa::path(
    get,
    path = "/v1/comparisons",
    params(PageQuery),
    responses((status = 200, body = PageView<ComparisonView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (jobs, page) = (call.insight.list_comparisons(call.workspace()?), query.whole()?.page());
    let now = call.control.now();
    Ok(reply::ok(&page.of(jobs.iter(), |job| job.id.bits(), |job| comparison_views::show(job, now))))
}

fn find(call: &Call, comparison: &str) -> Result<std::sync::Arc<Comparison>, Problem> {
    Ok(call.insight.comparison(call.workspace()?, id("comparison", comparison)?)?)
}

/// Shows how far a comparison is and what it found, grouped by what changed.
#[utoipa::path(
    get,
    path = "/v1/comparisons/{comparison}",
    params(("comparison" = String, Path, description = "Its id.")),
    responses((status = 200, body = Extended<ComparisonView, FoundView>)),
)]
async fn show_one(call: Call, PathParams(comparison): PathParams<String>) -> Answer {
    let job = find(&call, &comparison)?;
    let base = comparison_views::show(&job, call.control.now());
    Ok(reply::ok(&Extended { base, more: comparison_views::found(&job) }))
}

/// Lists the events that differ, newest first; at most 100000 of them.
#[utoipa::path(
    get,
    path = "/v1/comparisons/{comparison}/differences",
    params(("comparison" = String, Path, description = "Its id."), PageQuery),
    responses((status = 200, body = PageView<DifferenceView>)),
)]
async fn differences(
    call: Call,
    PathParams(comparison): PathParams<String>,
    query: QueryParams<PageQuery>,
) -> Answer {
    let page = query.whole()?.page();
    let (job, limit, before) = (find(&call, &comparison)?, page.limit, page.before.map(EventId::from_bits));
    let progress = job.progress();
    let listed = &progress.tally.listed;
    // Newest first: those before the cursor are the tail.
    let from = before.map_or(0, |before| listed.partition_point(|one| one.event >= before));
    let rest = listed.get(from..).unwrap_or_default();
    let shown = rest.get(..limit.min(rest.len())).unwrap_or_default();
    let more = rest.len() > shown.len();
    let next_cursor = shown.last().filter(|_| more).map(|last| Cursor(last.event.bits()).show());
    let items = shown.iter().map(|one| comparison_views::difference(&progress.tally, one)).collect();
    Ok(reply::ok(&PageView { items, next_cursor }))
}

/// Ends a comparison; what it found stays.
#[utoipa::path(
    post,
    path = "/v1/comparisons/{comparison}/cancel",
    params(("comparison" = String, Path, description = "Its id.")),
    responses((status = 200, body = ComparisonView)),
)]
async fn cancel(call: Call, PathParams(comparison): PathParams<String>) -> Answer {
    let id = id("comparison", &comparison)?;
    let job = call.insight.cancel_comparison(call.workspace()?, id)?;
    Ok(reply::ok(&comparison_views::show(&job, call.control.now())))
}
