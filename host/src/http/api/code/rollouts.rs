//! `/v1/plugins/{plugin}/rollouts`: a version tried on live events, as a canary or as a shadow. Not here: what the
//! answers look like (`rollout_views`).

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa_axum::routes;

use crate::control::rollouts::GuardsDraft;
use crate::control::rollouts::RolloutDraft;
use crate::domain::config::PluginConfig;
use crate::domain::grant::Grant;
use crate::domain::id::RolloutId;
use crate::domain::plugin::Digest;
use crate::http::api::code::comparison_views::FoundView;
use crate::http::api::code::plugins;
use crate::http::api::code::plugins::ActivateQuery;
use crate::http::api::code::rollout_views;
use crate::http::api::code::rollout_views::RolloutView;
use crate::http::api::parts;
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
use crate::http::request::not_found;
use crate::http::schema::one_of;
use crate::http::view::Extended;
use crate::http::view::PageView;

/// When a canary is to be rolled back by itself.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuardsBody {
    /// Events the version must have had before a ratio counts; 100 if not given: one failure among fewer says little.
    #[schema(minimum = 1, maximum = 1000000, nullable = false)]
    events_min: Option<u64>,
    /// Percent of its events the version may fail on (a fault or a refusal) where the active version does not; 1 if not
    /// given.
    #[schema(minimum = 0, maximum = 100, nullable = false)]
    errors_percent_max: Option<f64>,
    /// So many of those failures in a row end it at once, whatever the ratio; 5 if not given.
    #[schema(minimum = 1, nullable = false)]
    errors_in_row_max: Option<u32>,
    /// So many times the active version's CPU time it may take, both at the 95th percentile; less than a millisecond
    /// more is never too much. 2 if not given, null for any.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<f64>, minimum = 1, maximum = 1000)]
    time_factor_max: Option<Option<f64>>,
    /// Percent of its events that may come to another result than with the active version; any if not given.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 100)]
    changed_percent_max: Option<Option<f64>>,
}

/// What a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RolloutKindBody {
    /// Makes what is delivered of its share of the events.
    Canary,
    /// Only looks on.
    Shadow,
}

/// A version that is to be tried on live events.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolloutBody {
    /// A canary makes what is delivered of its share of the events; a shadow only looks on, and what it makes is
    /// compared and thrown away.
    #[schema(required = true, nullable = false)]
    kind: Option<RolloutKindBody>,
    /// The version to try: a digest such as `sha256:…`.
    #[schema(required = true, nullable = false)]
    version: Option<Digest>,
    /// Of the events of steps that follow the active version, chosen by their id: 0.1 to 100. A canary needs it; 100
    /// for a shadow if not given.
    #[schema(minimum = 0.1, maximum = 100, nullable = false)]
    percent: Option<f64>,
    /// When a canary is rolled back by itself.
    #[schema(nullable = false)]
    guards: Option<GuardsBody>,
    /// Grants that connections get which follow the active version, if this one needs them.
    #[schema(schema_with = accepted)]
    accept: Option<Vec<Option<Grant>>>,
}

fn accepted() -> RefOr<Schema> {
    ArrayBuilder::new()
        .items(one_of("A grant that needs no more than its name.", &["clock", "kv", "random"]))
        .description(Some(
            "Grants that connections get which follow the active version, if this one needs them.",
        ))
        .into()
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered(), routes!(start))
        .add(Door::read(), routes!(show_one))
        .add(Door::write().remembered(), routes!(cancel))
        .add(Door::write().remembered(), routes!(promote))
}

fn read(body: RolloutBody, _: &mut RequestFaults) -> RolloutDraft {
    RolloutDraft {
        is_canary: body.kind.map(|kind| kind == RolloutKindBody::Canary),
        version: body.version,
        percent: body.percent,
        guards: body.guards.map(|guards| GuardsDraft {
            events_min: guards.events_min,
            errors_percent_max: guards.errors_percent_max,
            errors_in_row_max: guards.errors_in_row_max,
            time_factor_max: guards.time_factor_max,
            changed_percent_max: guards.changed_percent_max,
        }),
        accept: body.accept.into_iter().flatten().flatten().collect(),
    }
}

/// Begins to try a version on live events, as a canary or as a shadow; one at a time.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/rollouts",
    params(("plugin" = String, Path, description = "Its id or name.")),
    request_body = RolloutBody,
    responses((status = 201, body = RolloutView)),
)]
async fn start(call: Call, PathParams(plugin): PathParams<String>, body: JsonBody<RolloutBody>) -> Answer {
    let (draft, faults) = body.map(read);
    let plugin = call.control.start_rollout(call.principal()?, &plugin, draft, faults).await?;
    let Some(rollout) = &plugin.rollout else {
        return Err(not_found("rollout", &plugin.name));
    };
    let location = format!("/v1/plugins/{}/rollouts/{}", plugin.name, rollout.id);
    let watch = call.control.rollout_watch(rollout.id);
    let view = rollout_views::running(&plugin, rollout, &watch.counts());
    Ok(reply::created(&location, &view))
}

/// Lists the rollouts of a plugin: the one under way, and the last twenty that are over.
#[utoipa::path(
    get,
    path = "/v1/plugins/{plugin}/rollouts",
    params(("plugin" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = PageView<RolloutView>)),
)]
async fn list(call: Call, PathParams(plugin): PathParams<String>) -> Answer {
    let plugin = plugins::find(&call, &plugin)?;
    let watch = plugin.rollout.as_ref().map(|rollout| (rollout, call.control.rollout_watch(rollout.id)));
    let running = watch.map(|(rollout, watch)| rollout_views::running(&plugin, rollout, &watch.counts()));
    let over = plugin.rollouts.iter().rev().map(|ended| rollout_views::over(&plugin, ended));
    let items = running.into_iter().chain(over).collect::<Vec<RolloutView>>();
    Ok(reply::ok(&PageView { items, next_cursor: None }))
}

/// Shows a rollout: what was counted, and, while it is under way, differences grouped by what changed.
#[utoipa::path(
    get,
    path = "/v1/plugins/{plugin}/rollouts/{rollout}",
    params(("plugin" = String, Path, description = "Its id or name."), ("rollout" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = Extended<RolloutView, FoundView>)),
)]
async fn show_one(call: Call, PathParams((plugin, rollout)): PathParams<(String, String)>) -> Answer {
    let (plugin, id) = (plugins::find(&call, &plugin)?, id("rollout", &rollout)?);
    if let Some(rollout) = plugin.rollout.as_ref().filter(|rollout| rollout.id == id) {
        let watch = call.control.rollout_watch(rollout.id);
        let counts = watch.counts();
        let base = rollout_views::running(&plugin, rollout, &counts);
        return Ok(reply::ok(&Extended { base, more: rollout_views::found(&counts) }));
    }
    let base = show_ended(&plugin, id)?;
    Ok(reply::ok(&Extended { base, more: FoundView { groups: Vec::new(), ungrouped: 0 } }))
}

fn show_ended(plugin: &PluginConfig, id: RolloutId) -> Result<RolloutView, Problem> {
    let ended = plugin.rollouts.iter().find(|ended| ended.rollout.id == id);
    let ended = ended.ok_or_else(|| not_found("rollout", &id.to_string()))?;
    Ok(rollout_views::over(plugin, ended))
}

/// Ends a rollout; the active version stays.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/rollouts/{rollout}/cancel",
    params(("plugin" = String, Path, description = "Its id or name."), ("rollout" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = RolloutView)),
)]
async fn cancel(call: Call, PathParams((plugin, rollout)): PathParams<(String, String)>) -> Answer {
    let id = id("rollout", &rollout)?;
    let plugin = call.control.cancel_rollout(call.workspace()?, &plugin, id).await?;
    Ok(reply::ok(&show_ended(&plugin, id)?))
}

/// Makes the version of a rollout the active one.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/rollouts/{rollout}/promote",
    params(("plugin" = String, Path, description = "Its id or name."), ("rollout" = String, Path, description = "Its id or name."), ActivateQuery),
    responses((status = 200, body = RolloutView)),
)]
async fn promote(
    call: Call,
    PathParams((plugin, rollout)): PathParams<(String, String)>,
    query: QueryParams<ActivateQuery>,
) -> Answer {
    let activate = query.agreed()?;
    let (id, name) = (id("rollout", &rollout)?, &plugin);
    let version = call.control.rollout_version(call.workspace()?, name, id)?;
    let plugin = call.control.activate(call.principal()?, name, version, activate).await?;
    Ok(reply::ok(&show_ended(&plugin, id)?))
}
