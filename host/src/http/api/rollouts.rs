//! `/v1/plugins/{plugin}/rollouts`: a version tried on live events, as a canary or as a shadow. Not here: what the
//! answers look like (`rollout_views`).

use crate::control::rollouts::GuardsDraft;
use crate::control::rollouts::RolloutDraft;
use crate::domain::config::PluginConfig;
use crate::domain::id::RolloutId;
use crate::http::api::comparison_views::FoundView;
use crate::http::api::plugins;
use crate::http::api::rollout_views;
use crate::http::api::rollout_views::RolloutView;
use crate::http::api::steps;
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
use crate::http::reply;
use crate::http::view::Extended;
use crate::http::view::PageView;
use crate::http::view::View;

const GUARDS: &[Field] = &[
    field(
        "events_min",
        Shape::Whole,
        "Events the version must have had before a ratio counts; 100 if not given: one failure among fewer says little.",
    ),
    field(
        "errors_percent_max",
        Shape::Number,
        "Percent of its events the version may fail on (a fault or a refusal) where the active version does not; 1 if not given.",
    ),
    field(
        "errors_in_row_max",
        Shape::Whole,
        "So many of those failures in a row end it at once, whatever the ratio; 5 if not given.",
    ),
    field(
        "time_factor_max",
        Shape::Number,
        "So many times the active version's CPU time it may take, both at the 95th percentile; less than a millisecond more is never too much. 2 if not given, null for any.",
    )
    .nullable(),
    field(
        "changed_percent_max",
        Shape::Number,
        "Percent of its events that may come to another result than with the active version; any if not given.",
    )
    .nullable(),
];

const ROLLOUT: &[Field] = &[
    field(
        "kind",
        Shape::Choice(&["canary", "shadow"]),
        "A canary makes what is delivered of its share of the events; a shadow only looks on, and what it makes is compared and thrown away.",
    )
    .required(),
    field("version", Shape::Text, "The version to try: a digest such as `sha256:…`.").required(),
    field(
        "percent",
        Shape::Number,
        "Of the events of steps that follow the active version, chosen by their id: 0.1 to 100. A canary needs it; 100 for a shadow if not given.",
    ),
    field("guards", Shape::Object(GUARDS), "When a canary is rolled back by itself."),
    field(
        "accept",
        Shape::List(&Shape::Choice(&["clock", "kv", "random"])),
        "Grants that connections get which follow the active version, if this one needs them.",
    ),
];

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/v1/plugins/{plugin}/rollouts",
            "Lists the rollouts of a plugin: the one under way, and the last twenty that are over.",
            |call| Box::pin(list(call)),
        )
        .output(200, Output::Json(PageView::<RolloutView>::describe)),
        Endpoint::post(
            "/v1/plugins/{plugin}/rollouts",
            "Begins to try a version on live events, as a canary or as a shadow; one at a time.",
            |call| Box::pin(start(call)),
        )
        .input(Input::Json(ROLLOUT))
        .output(201, Output::Json(RolloutView::describe)),
        Endpoint::get(
            "/v1/plugins/{plugin}/rollouts/{rollout}",
            "Shows a rollout: what was counted, and, while it is under way, differences grouped by what changed.",
            |call| Box::pin(show_one(call)),
        )
        .output(200, Output::Json(Extended::<RolloutView, FoundView>::describe)),
        Endpoint::post(
            "/v1/plugins/{plugin}/rollouts/{rollout}/cancel",
            "Ends a rollout; the active version stays.",
            |call| Box::pin(cancel(call)),
        )
        .output(200, Output::Json(RolloutView::describe)),
        Endpoint::post(
            "/v1/plugins/{plugin}/rollouts/{rollout}/promote",
            "Makes the version of a rollout the active one.",
            |call| Box::pin(promote(call)),
        )
        .query(plugins::ACTIVATE)
        .output(200, Output::Json(RolloutView::describe)),
    ]
}

fn read(object: &Object<'_>) -> RolloutDraft {
    RolloutDraft {
        is_canary: object.choice("kind", &[("canary", true), ("shadow", false)]),
        version: object.parsed("version"),
        percent: object.number("percent"),
        guards: object.object("guards").map(|guards| read_guards(&guards)),
        accept: steps::read_grants(object, "accept"),
    }
}

fn read_guards(guards: &Object<'_>) -> GuardsDraft {
    GuardsDraft {
        events_min: guards.whole("events_min"),
        errors_percent_max: guards.number("errors_percent_max"),
        errors_in_row_max: guards.whole("errors_in_row_max"),
        time_factor_max: guards.optional("time_factor_max", |guards| guards.number("time_factor_max")),
        changed_percent_max: guards
            .optional("changed_percent_max", |guards| guards.number("changed_percent_max")),
    }
}

async fn start(call: Call) -> Answer {
    let (draft, faults) = call.form(read)?;
    let plugin = call.control().start_rollout(call.principal()?, call.path("plugin"), draft, faults).await?;
    let Some(rollout) = &plugin.rollout else {
        return Err(Call::not_found("rollout", call.path("plugin")));
    };
    let location = format!("/v1/plugins/{}/rollouts/{}", plugin.name, rollout.id);
    let watch = call.control().rollout_watch(rollout.id);
    let view = rollout_views::running(&plugin, rollout, &watch.counts());
    Ok(reply::created(&location, &view))
}

async fn list(call: Call) -> Answer {
    let plugin = plugins::find(&call)?;
    let watch = plugin.rollout.as_ref().map(|rollout| (rollout, call.control().rollout_watch(rollout.id)));
    let running = watch.map(|(rollout, watch)| rollout_views::running(&plugin, rollout, &watch.counts()));
    let over = plugin.rollouts.iter().rev().map(|ended| rollout_views::over(&plugin, ended));
    let items = running.into_iter().chain(over).collect::<Vec<RolloutView>>();
    Ok(reply::ok(&PageView { items, next_cursor: None }))
}

fn id(call: &Call) -> Result<RolloutId, Problem> {
    call.id("rollout", "rollout")
}

async fn show_one(call: Call) -> Answer {
    let (plugin, id) = (plugins::find(&call)?, id(&call)?);
    if let Some(rollout) = plugin.rollout.as_ref().filter(|rollout| rollout.id == id) {
        let watch = call.control().rollout_watch(rollout.id);
        let counts = watch.counts();
        let base = rollout_views::running(&plugin, rollout, &counts);
        return Ok(reply::ok(&Extended { base, more: rollout_views::found(&counts) }));
    }
    let base = show_ended(&plugin, id)?;
    Ok(reply::ok(&Extended { base, more: FoundView { groups: Vec::new(), ungrouped: 0 } }))
}

fn show_ended(plugin: &PluginConfig, id: RolloutId) -> Result<RolloutView, Problem> {
    let ended = plugin.rollouts.iter().find(|ended| ended.rollout.id == id);
    let ended = ended.ok_or_else(|| Call::not_found("rollout", &id.to_string()))?;
    Ok(rollout_views::over(plugin, ended))
}

async fn cancel(call: Call) -> Answer {
    let id = id(&call)?;
    let plugin = call.control().cancel_rollout(call.workspace()?, call.path("plugin"), id).await?;
    Ok(reply::ok(&show_ended(&plugin, id)?))
}

async fn promote(call: Call) -> Answer {
    let params = call.params();
    let activate = plugins::agreed(&params);
    params.done()?;
    let (id, name) = (id(&call)?, call.path("plugin"));
    let version = call.control().rollout_version(call.workspace()?, name, id)?;
    let plugin = call.control().activate(call.principal()?, name, version, activate).await?;
    Ok(reply::ok(&show_ended(&plugin, id)?))
}
