//! `/v1/comparisons`: a version or other steps run over stored events and compared with what was
//! sent. Not here: what the answers look like (`comparison_views`).

use http::StatusCode;

use crate::domain::id::EventId;
use crate::http::api::comparison_views;
use crate::http::api::comparison_views::ComparisonView;
use crate::http::api::comparison_views::DifferenceView;
use crate::http::api::comparison_views::FoundView;
use crate::http::api::page;
use crate::http::api::steps;
use crate::http::api::steps::STEPS;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::problem::Problem;
use crate::http::query::LIST;
use crate::http::query::cursor;
use crate::http::reply;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::insight::comparisons::Comparison;
use crate::insight::comparisons::ComparisonDraft;

const PLUGIN: &[Field] = &[
    field("name", Shape::Text, "A plugin of the connection's steps.").required(),
    field("version", Shape::Text, "`active`, or a digest such as `sha256:…`; `active` if not given."),
];

const COMPARISON: &[Field] = &[
    field("connection", Shape::Text, "The connection whose events are compared.").required(),
    field(
        "plugin",
        Shape::Object(PLUGIN),
        "The connection's steps are tried with this version of this plugin; its step's configuration stays.",
    ),
    Field { doc: "These steps are tried instead of the connection's.", ..STEPS },
    field("last", Shape::Whole, "At most so many events, the newest: 1 to 1000000; 1000 if not given."),
    field("since", Shape::Time, "Only events received at this time or after."),
    field("until", Shape::Time, "Only events received before this time."),
    field("event_type", Shape::Text, "Only events whose type matches this pattern with `*`."),
];

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/comparisons",
            "Lists comparisons: those that wait or run, and the last twenty that are over. They are lost on a restart.",
            |call| Box::pin(list(call)),
        )
        .query(LIST)
        .output(200, Output::Json(PageView::<ComparisonView>::describe)),
        Endpoint::post(
            "/v1/comparisons",
            "Runs a version of a plugin, or other steps, over stored events and compares with what was sent. Nothing is stored or delivered.",
            |call| Box::pin(create(call)),
        )
        .apart()
        .input(Input::Json(COMPARISON))
        .output(202, Output::Json(ComparisonView::describe)),
        Endpoint::get(
            "/v1/comparisons/{comparison}",
            "Shows how far a comparison is and what it found, grouped by what changed.",
            |call| Box::pin(show_one(call)),
        )
        .output(200, Output::Json(Extended::<ComparisonView, FoundView>::describe)),
        Endpoint::get(
            "/v1/comparisons/{comparison}/differences",
            "Lists the events that differ, newest first; at most 100000 of them.",
            |call| Box::pin(differences(call)),
        )
        .query(LIST)
        .output(200, Output::Json(PageView::<DifferenceView>::describe)),
        Endpoint::post(
            "/v1/comparisons/{comparison}/cancel",
            "Ends a comparison; what it found stays.",
            |call| Box::pin(cancel(call)),
        )
        .output(200, Output::Json(ComparisonView::describe)),
    ]
}

fn read(object: &Object<'_>) -> ComparisonDraft {
    let plugin = object.object("plugin").and_then(|plugin| {
        let version = steps::version(&plugin);
        Some((plugin.text("name")?, version))
    });
    ComparisonDraft {
        connection: object.text("connection"),
        plugin,
        steps: steps::read(object),
        last: object.whole("last"),
        since: object.parsed("since"),
        until: object.parsed("until"),
        event_type: object.text("event_type"),
    }
}

async fn create(call: Call) -> Answer {
    let (draft, faults) = call.form(read)?;
    let job = call.insight().compare(call.workspace()?, draft, faults).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &comparison_views::show(&job, call.control().now())))
}

async fn list(call: Call) -> Answer {
    let (jobs, params) = (call.insight().list_comparisons(call.workspace()?), call.params());
    let now = call.control().now();
    let page = page::of(jobs.iter(), &params, |job| job.id.bits(), |job| comparison_views::show(job, now));
    params.done()?;
    Ok(reply::ok(&page))
}

fn find(call: &Call) -> Result<std::sync::Arc<Comparison>, Problem> {
    Ok(call.insight().comparison(call.workspace()?, call.id("comparison", "comparison")?)?)
}

async fn show_one(call: Call) -> Answer {
    let job = find(&call)?;
    let base = comparison_views::show(&job, call.control().now());
    Ok(reply::ok(&Extended { base, more: comparison_views::found(&job) }))
}

async fn differences(call: Call) -> Answer {
    let (job, params) = (find(&call)?, call.params());
    let (limit, before) = (params.limit(), params.cursor().map(EventId::from_bits));
    params.done()?;
    let progress = job.progress();
    let listed = &progress.tally.listed;
    // Newest first: those before the cursor are the tail.
    let from = before.map_or(0, |before| listed.partition_point(|one| one.event >= before));
    let rest = listed.get(from..).unwrap_or_default();
    let shown = rest.get(..limit.min(rest.len())).unwrap_or_default();
    let more = rest.len() > shown.len();
    let next_cursor = shown.last().filter(|_| more).map(|last| cursor(last.event.bits()));
    let items = shown.iter().map(|one| comparison_views::difference(&progress.tally, one)).collect();
    Ok(reply::ok(&PageView { items, next_cursor }))
}

async fn cancel(call: Call) -> Answer {
    let id = call.id("comparison", "comparison")?;
    let job = call.insight().cancel_comparison(call.workspace()?, id)?;
    Ok(reply::ok(&comparison_views::show(&job, call.control().now())))
}
