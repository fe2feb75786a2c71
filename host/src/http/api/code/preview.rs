//! `/v1/preview`: steps tried out on a payload or a stored event; nothing is stored or sent.

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa_axum::routes;

use crate::domain::event::RequestLine;
use crate::domain::id::EventId;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::domain::plugin::LogLine;
use crate::http::api::code::hints;
use crate::http::api::code::hints::ExplainView;
use crate::http::api::code::hints::PathView;
use crate::http::api::code::hints::SuggestionView;
use crate::http::api::configuration::steps;
use crate::http::api::configuration::steps::StepBody;
use crate::http::api::configuration::steps::StepsBody;
use crate::http::api::parts;
use crate::http::api::parts::HeaderView;
use crate::http::api::parts::HeadersBody;
use crate::http::api::payload;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::RequestFaults;
use crate::http::request::WorkAllowance;
use crate::http::schema::anything_but_null;
use crate::insight::PreviewOutput;
use crate::insight::PreviewRequest;
use crate::shape::HintFault;

/// Steps to be tried out on a payload, or on a stored event.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewBody {
    /// Run in this order; each has one of `filter`, `mapping`, `plugin`.
    #[schema(value_type = Vec<StepBody>)]
    steps: Option<StepsBody>,
    /// The payload; any JSON.
    #[serde(default, deserialize_with = "parts::present")]
    #[schema(value_type = serde_json::Value, required = false)]
    payload: Option<Box<RawValue>>,
    /// The id of a stored event instead of a payload.
    #[schema(nullable = false)]
    event: Option<EventId>,
    /// The type the payload is to have.
    #[schema(nullable = false)]
    event_type: Option<String>,
    /// The headers it is to have.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    headers: Option<HeadersBody>,
    /// The method its request is to have, as `in_event` sees it.
    #[schema(nullable = false)]
    method: Option<String>,
    /// The path behind the source's URL that it is to have, such as `/tenant/42`.
    #[schema(nullable = false)]
    path: Option<String>,
    /// The query it is to have, without `?`.
    #[schema(nullable = false)]
    query: Option<String>,
    /// Whether filters and mappings explain every clause and field.
    #[schema(nullable = false)]
    explain: Option<bool>,
    /// Whether to list every path of the payload.
    #[schema(nullable = false)]
    paths: Option<bool>,
    /// An example or JSON Schema of what a mapping is to make: asks for proposals.
    #[schema(schema_with = target)]
    suggest: Option<Box<RawValue>>,
}

fn target() -> RefOr<Schema> {
    anything_but_null("An example or JSON Schema of what a mapping is to make: asks for proposals.")
}

/// What one step did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewStepView {
    /// `filter`, `mapping` or `plugin`.
    pub step: &'static str,
    /// `forward`, `drop` or `error`.
    pub verdict: &'static str,
    /// Why it was dropped, or what went wrong.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The payload that went on; a list of them if there are several; null if there is none.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub output: Option<Box<RawValue>>,
    /// How many payloads went on.
    pub outputs: u64,
    /// How long it took, microseconds.
    pub duration_us: u32,
    /// The clause that decided, a JSON pointer into the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub clause: Option<String>,
    /// The path it looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub path: Option<String>,
    /// The value it saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seen: Option<Value>,
    /// The error's stable name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<String>,
    /// The plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub plugin: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<String>,
    /// What the plugin logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub logs: Option<Vec<LogLine>>,
    /// Every clause or field, if `explain` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub explain: Option<Vec<ExplainView>>,
}

/// What would be delivered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewOutputView {
    /// The payload as JSON or text; null when it is neither.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// The payload, if it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload_base64: Option<String>,
    /// Its media type, which a delivery says; empty if it has none.
    pub content_type: String,
    /// The type, if a step gave another.
    #[schema(required = true)]
    pub event_type: Option<String>,
    /// Headers the steps added.
    pub headers: Vec<HeaderView>,
}

/// What came of a preview.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewView {
    /// One per step that ran.
    pub steps: Vec<PreviewStepView>,
    /// What would be delivered.
    pub outputs: Vec<PreviewOutputView>,
    /// Every path of the payload, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub paths: Option<Vec<PathView>>,
    /// Proposals for a mapping, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub suggestions: Option<Vec<SuggestionView>>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default().add(Door::read().in_background_while_asked(), routes!(preview))
}

/// Runs steps on a payload or an event without storing or sending anything.
#[utoipa::path(
    post,
    path = "/v1/preview",
    request_body = PreviewBody,
    responses((status = 200, body = PreviewView)),
)]
async fn preview(call: Call, WorkAllowance(mut work): WorkAllowance, body: JsonBody<PreviewBody>) -> Answer {
    let ((request, hints), mut faults) = body.map(read);
    let workspace = call.workspace()?;
    if !faults.is_empty() {
        // Steps that were readable are checked as well, so that all faults are told at once.
        let more = call.control.check_steps(workspace, &request.steps);
        faults.extend(more.into_iter().map(|fault| crate::control::FieldFault {
            pointer: format!("/steps{}", fault.pointer),
            detail: fault.detail,
        }));
        return Err(Problem::invalid(Kind::InvalidPreview, faults));
    }
    let insight = call.insight.clone();
    let preview = insight.preview(workspace, request, &mut work).await?;
    let mut steps: Vec<PreviewStepView> =
        preview.steps.iter().map(|(trace, outputs)| show_step(trace, outputs)).collect();
    for (step, explanation) in steps.iter_mut().zip(&preview.explanations) {
        step.explain = explanation.as_ref().map(hints::show);
    }
    let outputs = preview.outputs.iter().map(show_output).collect();
    let work = &mut work;
    let paths = hints.paths.then(|| work.within(|budget| hints::paths(&preview.payload, budget))).transpose();
    let paths = paths.map_err(|fault| hint_fault("/paths", fault))?;
    let suggest = |target| work.within(|budget| hints::suggestions(&preview.payload, target, budget));
    let suggestions = hints.target.as_deref().map(suggest).transpose();
    let suggestions = suggestions.map_err(|fault| hint_fault("/suggest", fault))?;
    Ok(reply::ok(&PreviewView { steps, outputs, paths, suggestions }))
}

/// Why there are no hints.
fn hint_fault(pointer: &str, fault: HintFault) -> Problem {
    match fault {
        HintFault::Sample(_) => {
            let detail = "the payload or the target is not JSON that can be taken apart".to_owned();
            let fault = crate::control::FieldFault { pointer: pointer.to_owned(), detail };
            Problem::invalid(Kind::InvalidPreview, vec![fault])
        }
        HintFault::Exhausted => {
            let what = pointer.trim_start_matches('/');
            Problem::new(
                Kind::TooCostly,
                format!("`{what}` is too much work: give a smaller payload, or a target with fewer fields"),
            )
        }
    }
}

/// What is asked for besides the steps.
struct Hints {
    paths: bool,
    target: Option<Bytes>,
}

fn read(body: PreviewBody, faults: &mut RequestFaults) -> (PreviewRequest, Hints) {
    let has_payload = body.payload.is_some() || faults.has_below("/payload");
    let has_event = body.event.is_some() || faults.has_below("/event");
    if has_payload == has_event {
        faults.add("/payload", "give either `payload` or `event`");
    }
    let bytes = |raw: &RawValue| Bytes::copy_from_slice(raw.get().as_bytes());
    let hints = Hints { paths: body.paths.unwrap_or_default(), target: body.suggest.as_deref().map(bytes) };
    let request = PreviewRequest {
        steps: body.steps.map(|given| steps::read(given, "/steps", faults)).unwrap_or_default(),
        payload: body.payload.as_deref().map_or(Bytes::from_static(b"null"), bytes),
        event: body.event,
        event_type: body.event_type.unwrap_or_default(),
        headers: parts::lower_headers(body.headers, "/headers", faults),
        request: RequestLine {
            method: body.method.unwrap_or_default(),
            path: body.path.unwrap_or_default(),
            query: body.query.unwrap_or_default(),
        },
        explain: body.explain.unwrap_or_default(),
    };
    (request, hints)
}

fn show_step(trace: &StepTrace, outputs: &[PreviewOutput]) -> PreviewStepView {
    let mut view = PreviewStepView {
        step: trace.kind.name(),
        verdict: "forward",
        reason: None,
        output: all(outputs),
        outputs: outputs.len() as u64,
        duration_us: trace.duration_us,
        clause: None,
        path: None,
        seen: None,
        code: None,
        plugin: None,
        version: None,
        logs: None,
        explain: None,
    };
    if let StepKind::Plugin { name, digest } = &trace.kind {
        view.plugin = Some(name.clone());
        view.version = Some(digest.to_string());
        view.logs = Some(trace.logs.clone());
    }
    match &trace.answer {
        StepAnswer::Forward { .. } => {}
        StepAnswer::Held { reason } => view.reason = Some(reason.clone()),
        StepAnswer::Drop { reason, clause, path, seen } => {
            view.verdict = "drop";
            view.reason = Some(reason.clone());
            view.clause.clone_from(clause);
            view.path.clone_from(path);
            view.seen =
                seen.as_deref().map(|seen| serde_json::from_str(seen).unwrap_or_else(|_| seen.into()));
        }
        StepAnswer::Error { code, detail, .. } => {
            view.verdict = "error";
            view.reason = Some(detail.clone());
            view.code = Some(code.clone());
        }
    }
    view
}

/// The only payload, or a list of several.
fn all(outputs: &[PreviewOutput]) -> Option<Box<RawValue>> {
    let mut shown: Vec<Box<RawValue>> = outputs
        .iter()
        .map(|output| payload::show(&output.payload).payload.unwrap_or_else(|| RawValue::NULL.to_owned()))
        .collect();
    match shown.len() {
        0 => None,
        1 => shown.pop(),
        _ => serde_json::value::to_raw_value(&shown).ok(),
    }
}

fn show_output(output: &PreviewOutput) -> PreviewOutputView {
    let body = payload::show(&output.payload);
    let header = |(name, value): &(String, String)| HeaderView { name: name.clone(), value: value.clone() };
    PreviewOutputView {
        payload: body.payload,
        payload_base64: body.base64,
        content_type: output.content_type.as_ref().to_owned(),
        event_type: output.event_type.clone(),
        headers: output.headers.iter().map(header).collect(),
    }
}
