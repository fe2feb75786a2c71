//! One filter or mapping over one payload. Not here: plugins, and what a step's effect leads to.

use std::time::Duration;

use bytes::Bytes;

use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::CompiledStep;
use crate::domain::plan::StepAnswer;
use crate::pipeline::payload::Carried;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::steps::Effect;
use crate::pipeline::steps::StepContext;
use crate::pipeline::steps::error;
use crate::shape::Document;
use crate::shape::EvalFault;
use crate::shape::Input;
use crate::shape::Work;

/// A filter or a mapping: synchronous, over the shared parse while the payload is the event's own. A payload that is
/// no JSON only fails it if it looks there.
pub(crate) fn apply_declared(
    step: &CompiledStep,
    context: &StepContext<'_>,
    work: &mut Work,
    input: Carried,
) -> Effect {
    if input.original {
        return evaluate(step, context, context.body.document().map_err(str::to_owned), work, input);
    }
    let (content_type, payload) = (input.content_type.clone(), input.payload.clone());
    if let Err(spent) = work.within(|budget| budget.parse(payload.len())) {
        return error(step.on_error, "not_json", spent.to_string(), true, input, Vec::new());
    }
    let text = json_text(&content_type, &payload);
    let parsed = Document::parse_with(&text, context.body.limits());
    let parsed = parsed.map_err(|fault| format!("the payload of the step before is not JSON: {fault}"));
    evaluate(step, context, parsed.as_ref().map_err(Clone::clone), work, input)
}

fn evaluate(
    step: &CompiledStep,
    context: &StepContext<'_>,
    document: Result<&Document<'_>, String>,
    work: &mut Work,
    mut carried: Carried,
) -> Effect {
    let event_type = carried.event_type.clone();
    let nothing;
    let (document, not_json) = match document {
        Ok(document) => (document, None),
        Err(detail) => {
            nothing = Document::parse(b"null").expect("this is JSON");
            (&nothing, Some(detail))
        }
    };
    let input = Input {
        document,
        request: &context.event.data.request,
        unreadable: not_json.is_some(),
        headers: &context.event.data.headers.0,
        id: &context.id,
        event_type: &event_type,
        source: &context.source,
        received_at: &context.received_at,
    };
    match &step.kind {
        CompiledKind::Filter(filter) => match work.within(|budget| filter.test(&input, budget)) {
            Ok(decision) if decision.pass => forward(carried),
            Ok(decision) => Effect {
                outputs: Vec::new(),
                answer: StepAnswer::Drop {
                    reason: decision.reason(),
                    clause: Some(decision.clause.to_owned()),
                    path: decision.path.map(str::to_owned),
                    seen: decision.seen.map(std::borrow::Cow::into_owned),
                },
                logs: Vec::new(),
                cpu: Duration::ZERO,
            },
            Err(fault) => failed(step, "filter_failed", not_json, &fault, carried),
        },
        CompiledKind::Mapping(mapping) => {
            let mut output = Vec::with_capacity(512);
            match work.within(|budget| mapping.apply(&input, budget, &mut output)) {
                Ok(mapped) => {
                    carried.becomes_json(Bytes::from(output), mapped.headers);
                    if let Some(given) = mapped.event_type {
                        carried.event_type = given.into();
                    }
                    carried.method = mapped.method.or(carried.method);
                    carried.path = mapped.path.or(carried.path);
                    forward(carried)
                }
                Err(fault) => failed(step, "mapping_failed", not_json, &fault, carried),
            }
        }
        CompiledKind::Plugin(_) => forward(carried),
    }
}

/// A step that could not be evaluated; if there was no JSON to look at, that is why.
fn failed(
    step: &CompiledStep,
    code: &str,
    not_json: Option<String>,
    fault: &EvalFault,
    carried: Carried,
) -> Effect {
    let (code, detail) = not_json.map_or_else(|| (code, fault.to_string()), |detail| ("not_json", detail));
    error(step.on_error, code, detail, true, carried, Vec::new())
}

fn forward(carried: Carried) -> Effect {
    let answer = StepAnswer::Forward { outputs: 1 };
    Effect { outputs: vec![carried], answer, logs: Vec::new(), cpu: Duration::ZERO }
}
