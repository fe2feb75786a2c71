//! `/v1/presets`: whole set-ups by name. With parameters one becomes documents, and these a plan. Not here: what is in
//! them (`rules::config_presets`), plans (`documents`).

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::http::api::configuration::documents;
use crate::http::api::configuration::documents::ConfigPlanView;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::PathParams;
use crate::http::request::RequestFaults;
use crate::http::request::not_found;
use crate::http::request::pointer_to;
use crate::http::view::PageView;
use crate::rules::config_presets::ConfigPreset;
use crate::rules::config_presets::ConfigPresetGroup;
use crate::rules::config_presets::ParameterKind;
use crate::rules::config_presets::PresetParameter;
use crate::rules::config_presets::config_presets;

/// A set-up by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigPresetView {
    /// As it is asked for.
    pub name: String,
    /// For people.
    pub title: String,
    /// `system`: the webhooks of a product; `template`: a receiver.
    #[schema(value_type = String)]
    pub group: ConfigPresetGroup,
    /// What it does.
    pub about: String,
}

/// What is put into a preset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresetParameterView {
    /// As it is given.
    pub name: String,
    /// `text`, `secret` (a text that is not shown again), `events` (a list of event types and groups) or `object`.
    #[schema(value_type = String)]
    pub kind: ParameterKind,
    /// What it is.
    pub about: String,
    /// Whether there must be one.
    pub required: bool,
    /// What it is if not given.
    #[schema(required = true)]
    pub default: Option<Value>,
    /// What it may look like.
    #[schema(required = true)]
    pub example: Option<Value>,
}

/// An event type.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresetEventTypeView {
    /// The type.
    pub name: String,
    /// When there is one.
    pub about: String,
}

/// Event types that belong together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypeGroupView {
    /// What they are called together.
    pub group: String,
    /// Each of them.
    pub types: Vec<PresetEventTypeView>,
}

/// A payload as it comes in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PresetSampleView {
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The payload.
    pub payload: Value,
}

/// A set-up with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigPresetDetailView {
    /// As it is asked for.
    pub name: String,
    /// For people.
    pub title: String,
    /// `system`: the webhooks of a product; `template`: a receiver.
    #[schema(value_type = String)]
    pub group: ConfigPresetGroup,
    /// What it does.
    pub about: String,
    /// What is put in.
    pub parameters: Vec<PresetParameterView>,
    /// The event types that belong to it.
    pub event_types: Vec<EventTypeGroupView>,
    /// Payloads as they come in.
    pub samples: Vec<PresetSampleView>,
}

/// What is put in.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresetPlanBody {
    /// By the names of the preset's parameters.
    #[schema(value_type = Option<Object>, nullable = false)]
    parameters: Option<Map<String, Value>>,
}

/// The operations.
pub(in crate::http::api::configuration) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::read(), routes!(show_one))
        .add(Door::write().remembered(), routes!(plan))
}

/// Lists whole set-ups by name.
#[utoipa::path(
    get,
    path = "/v1/presets",
    responses((status = 200, body = PageView<ConfigPresetView>)),
)]
async fn list(_: Call) -> Answer {
    let show = |preset: ConfigPreset| ConfigPresetView {
        name: preset.name,
        title: preset.title,
        group: preset.group,
        about: preset.about,
    };
    Ok(reply::ok(&PageView { items: config_presets().into_iter().map(show).collect(), next_cursor: None }))
}

/// Shows one with its parameters, event types and samples.
#[utoipa::path(
    get,
    path = "/v1/presets/{preset}",
    params(("preset" = String, Path, description = "Its name.")),
    responses((status = 200, body = ConfigPresetDetailView)),
)]
async fn show_one(_: Call, PathParams(preset): PathParams<String>) -> Answer {
    Ok(reply::ok(&detail(find(&preset)?)))
}

/// Says what would have to change for a preset to be in place, and changes nothing.
#[utoipa::path(
    post,
    path = "/v1/presets/{preset}/plans",
    params(("preset" = String, Path, description = "Its name.")),
    request_body = PresetPlanBody,
    responses((status = 201, body = ConfigPlanView)),
)]
async fn plan(call: Call, PathParams(preset): PathParams<String>, body: JsonBody<PresetPlanBody>) -> Answer {
    let given = body.whole()?.parameters.unwrap_or_default();
    let documents = find(&preset)?.render(&given).map_err(|found| {
        let mut faults = RequestFaults::default();
        found.into_iter().for_each(|fault| faults.add(pointer_to("/parameters", &fault.name), fault.detail));
        Problem::invalid(Kind::InvalidParameters, faults.into_inner())
    })?;
    let raw: Vec<Box<RawValue>> =
        documents.iter().filter_map(|document| to_raw_value(document).ok()).collect();
    documents::plan_of(&call, &raw, None).await
}

fn find(name: &str) -> Result<ConfigPreset, Problem> {
    config_presets().into_iter().find(|preset| preset.name == name).ok_or_else(|| not_found("preset", name))
}

fn detail(preset: ConfigPreset) -> ConfigPresetDetailView {
    let event_types = preset.event_types.into_iter().map(|group| EventTypeGroupView {
        group: group.group,
        types: group
            .types
            .into_iter()
            .map(|about| PresetEventTypeView { name: about.name, about: about.about })
            .collect(),
    });
    let samples = preset.samples.into_iter();
    ConfigPresetDetailView {
        name: preset.name,
        title: preset.title,
        group: preset.group,
        about: preset.about,
        parameters: preset.parameters.into_iter().map(show_parameter).collect(),
        event_types: event_types.collect(),
        samples: samples
            .map(|sample| PresetSampleView { event_type: sample.event_type, payload: sample.payload })
            .collect(),
    }
}

fn show_parameter(parameter: PresetParameter) -> PresetParameterView {
    PresetParameterView {
        name: parameter.name,
        kind: parameter.kind,
        about: parameter.about,
        required: parameter.required,
        default: parameter.default,
        example: parameter.example,
    }
}
