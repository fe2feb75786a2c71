//! What filters and mappings have in common: they look at a payload as JSON, the shared parse while it is the event's
//! own. A payload that is no JSON only fails a step that looks there. Not here: what they do (`filter`, `mapping`).

use crate::domain::config::OnError;
use crate::pipeline::payload::Payload;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::steps::context::StepContext;
use crate::pipeline::steps::effect::StepEffect;
use crate::pipeline::steps::effect::error;
use crate::shape::Document;
use crate::shape::EvalFault;
use crate::shape::Input;
use crate::shape::Work;

/// What a step sees of a payload.
pub(super) struct StepInput<'a> {
    /// For the evaluation.
    pub input: Input<'a>,
    /// Why there is no JSON to look at.
    not_json: Option<String>,
}

impl StepInput<'_> {
    /// A step that could not be evaluated; if there was no JSON to look at, that is why.
    pub(super) fn failed(
        self,
        on_error: OnError,
        code: &str,
        fault: &EvalFault,
        carried: Payload,
    ) -> StepEffect {
        let known = |detail| ("not_json", detail);
        let (code, detail) = self.not_json.map_or_else(|| (code, fault.to_string()), known);
        error(on_error, code, detail, true, carried, Vec::new())
    }
}

/// Has `step` look at a payload.
pub(super) fn on_payload(
    context: &StepContext<'_>,
    work: &mut Work,
    on_error: OnError,
    input: Payload,
    step: impl FnOnce(StepInput<'_>, &mut Work, Payload) -> StepEffect,
) -> StepEffect {
    if input.original {
        let document = context.body.document().map_err(str::to_owned);
        return on_document(context, document, work, input, step);
    }
    let (content_type, payload) = (input.content_type.clone(), input.payload.clone());
    if let Err(spent) = work.within(|budget| budget.parse(payload.len())) {
        return error(on_error, "not_json", spent.to_string(), true, input, Vec::new());
    }
    let text = json_text(&content_type, &payload);
    let parsed = Document::parse_with(&text, context.body.limits());
    let parsed = parsed.map_err(|fault| format!("the payload of the step before is not JSON: {fault}"));
    on_document(context, parsed.as_ref().map_err(Clone::clone), work, input, step)
}

fn on_document(
    context: &StepContext<'_>,
    document: Result<&Document<'_>, String>,
    work: &mut Work,
    carried: Payload,
    step: impl FnOnce(StepInput<'_>, &mut Work, Payload) -> StepEffect,
) -> StepEffect {
    let event_type = carried.event_type.clone();
    let nothing;
    let (document, not_json) = match document {
        Ok(document) => (document, None),
        Err(detail) => {
            nothing = Document::parse(b"null").expect("this is JSON");
            (&nothing, Some(detail))
        }
    };
    let input = Input { unreadable: not_json.is_some(), ..input_of(context, document, &event_type) };
    step(StepInput { input, not_json }, work, carried)
}

/// The event beside a payload that is this document.
pub(super) fn input_of<'a>(
    context: &'a StepContext<'_>,
    document: &'a Document<'a>,
    event_type: &'a str,
) -> Input<'a> {
    Input {
        document,
        request: &context.event.data.request,
        unreadable: false,
        headers: &context.event.data.headers.0,
        id: &context.id,
        event_type,
        source: &context.source,
        received_at: &context.received_at,
    }
}
