//! `/v1/preview`: steps tried out on a payload or a stored event; nothing is stored or sent.

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::domain::event::Headers;
use crate::domain::event::RequestLine;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::domain::plugin::LogLine;
use crate::http::api::hints;
use crate::http::api::hints::ExplainView;
use crate::http::api::hints::PathView;
use crate::http::api::hints::SuggestionView;
use crate::http::api::parts::HeaderView;
use crate::http::api::payload;
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
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::view::Described;
use crate::http::view::View;
use crate::http::view::view;
use crate::insight::PreviewOutput;
use crate::insight::PreviewRequest;
use crate::shape::HintFault;

const PREVIEW: &[Field] = &[
    STEPS.required(),
    field("payload", Shape::Any, "The payload; any JSON.").nullable(),
    field("event", Shape::Text, "The id of a stored event instead of a payload."),
    field("event_type", Shape::Text, "The type the payload is to have."),
    field("headers", Shape::Texts, "The headers it is to have."),
    field("method", Shape::Text, "The method its request is to have, as `in_event` sees it."),
    field("path", Shape::Text, "The path behind the source's URL that it is to have, such as `/tenant/42`."),
    field("query", Shape::Text, "The query it is to have, without `?`."),
    field("explain", Shape::Flag, "Whether filters and mappings explain every clause and field."),
    field("paths", Shape::Flag, "Whether to list every path of the payload."),
    field(
        "suggest",
        Shape::Any,
        "An example or JSON Schema of what a mapping is to make: asks for proposals.",
    ),
];

impl View for LogLine {
    fn describe() -> Described {
        let levels = ["debug", "info", "warn", "error"];
        Described::plain(serde_json::json!({
            "type": "object",
            "required": ["level", "message"],
            "properties": {"level": {"enum": levels}, "message": {"type": "string"}},
        }))
    }
}

view! {
    /// What one step did.
    PreviewStepView {
        /// `filter`, `mapping` or `plugin`.
        step: &'static str,
        /// `forward`, `drop` or `error`.
        verdict: &'static str,
        /// Why it was dropped, or what went wrong.
        reason: Option<String>,
        /// The payload that went on; a list of them if there are several; null if there is none.
        output: Option<Box<RawValue>>,
        /// How many payloads went on.
        outputs: u64,
        /// How long it took, microseconds.
        duration_us: u32,
        /// The clause that decided, a JSON pointer into the filter.
        ["Option::is_none"] clause: Option<String>,
        /// The path it looked at.
        ["Option::is_none"] path: Option<String>,
        /// The value it saw.
        ["Option::is_none"] seen: Option<Value>,
        /// The error's stable name.
        ["Option::is_none"] code: Option<String>,
        /// The plugin.
        ["Option::is_none"] plugin: Option<String>,
        /// Its version.
        ["Option::is_none"] version: Option<String>,
        /// What the plugin logged.
        ["Option::is_none"] logs: Option<Vec<LogLine>>,
        /// Every clause or field, if `explain` was asked for.
        ["Option::is_none"] explain: Option<Vec<ExplainView>>,
    }

    /// What would be delivered.
    PreviewOutputView {
        /// The payload as JSON or text; null when it is neither.
        payload: Option<Box<RawValue>>,
        /// The payload, if it is no text.
        ["Option::is_none"] payload_base64: Option<String>,
        /// The type, if a step gave another.
        event_type: Option<String>,
        /// Headers the steps added.
        headers: Vec<HeaderView>,
    }

    /// What came of a preview.
    PreviewView {
        /// One per step that ran.
        steps: Vec<PreviewStepView>,
        /// What would be delivered.
        outputs: Vec<PreviewOutputView>,
        /// Every path of the payload, if asked for.
        ["Option::is_none"] paths: Option<Vec<PathView>>,
        /// Proposals for a mapping, if asked for.
        ["Option::is_none"] suggestions: Option<Vec<SuggestionView>>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/v1/preview",
            "Runs steps on a payload or an event without storing or sending anything.",
            |call| Box::pin(preview(call)),
        )
        .scope(crate::domain::config::Scope::Read)
        .not_remembered()
        .apart_while_asked()
        .input(Input::Json(PREVIEW))
        .output(200, Output::Json(PreviewView::describe)),
    ]
}

async fn preview(mut call: Call) -> Answer {
    let ((request, hints), mut faults) = call.form(read)?;
    let workspace = call.workspace()?;
    if !faults.is_empty() {
        // Steps that were readable are checked as well, so that all faults are told at once.
        let more = call.control().check_steps(workspace, &request.steps);
        faults.extend(more.into_iter().map(|fault| crate::control::FieldFault {
            pointer: format!("/steps{}", fault.pointer),
            detail: fault.detail,
        }));
        return Err(Problem::invalid(Kind::InvalidPreview, faults));
    }
    let insight = call.insight().clone();
    let preview = insight.preview(workspace, request, &mut call.work).await?;
    let mut steps: Vec<PreviewStepView> =
        preview.steps.iter().map(|(trace, outputs)| show_step(trace, outputs)).collect();
    for (step, explanation) in steps.iter_mut().zip(&preview.explanations) {
        step.explain = explanation.as_ref().map(hints::show);
    }
    let outputs = preview.outputs.iter().map(show_output).collect();
    let work = &mut call.work;
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

fn read(object: &Object<'_>) -> (PreviewRequest, Hints) {
    let hints = Hints {
        paths: object.flag("paths").unwrap_or_default(),
        target: object.raw("suggest").map(|raw| Bytes::copy_from_slice(raw.get().as_bytes())),
    };
    (read_request(object), hints)
}

fn read_request(object: &Object<'_>) -> PreviewRequest {
    if object.has("payload") == object.has("event") {
        object.fault("payload", "give either `payload` or `event`");
    }
    let payload = match object.raw("payload") {
        Some(raw) => Bytes::copy_from_slice(raw.get().as_bytes()),
        None => Bytes::from_static(b"null"),
    };
    let headers = object.headers("headers").unwrap_or_default().0;
    let lower = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    PreviewRequest {
        steps: steps::read(object).unwrap_or_default(),
        payload,
        event: object.parsed("event"),
        event_type: object.text("event_type").unwrap_or_default(),
        headers: Headers(lower),
        request: RequestLine {
            method: object.text("method").unwrap_or_default(),
            path: object.text("path").unwrap_or_default(),
            query: object.text("query").unwrap_or_default(),
        },
        explain: object.flag("explain").unwrap_or_default(),
    }
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
        event_type: output.event_type.clone(),
        headers: output.headers.iter().map(header).collect(),
    }
}
