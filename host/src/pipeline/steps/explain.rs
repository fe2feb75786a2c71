//! Why a filter or mapping gave what it gave, for the preview: every clause with the value it
//! saw, every field with the path that fed it and the path that was probably meant.

use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::CompiledStep;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::steps::context::StepContext;
use crate::pipeline::steps::declared::input_of;
use crate::pipeline::steps::filter;
use crate::pipeline::steps::mapping;
use crate::shape::ClauseReport;
use crate::shape::Document;
use crate::shape::FieldReport;
use crate::shape::Work;

/// What there is to say about one step. Plugins explain themselves by their log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Of a filter: every clause.
    pub clauses: Vec<ClauseReport>,
    /// Of a mapping: every field.
    pub fields: Vec<FieldReport>,
}

/// Explains one step on the payload it got: the event's own, or `payload`, which the step before
/// made. Nothing where the payload is no JSON or the budget is used up: the step says that itself.
pub(crate) fn explain(
    step: &CompiledStep,
    context: &StepContext<'_>,
    payload: Option<&[u8]>,
    work: &mut Work,
) -> Option<Explanation> {
    match payload {
        Some(bytes) => {
            work.within(|budget| budget.parse(bytes.len())).ok()?;
            on_document(step, context, &Document::parse_with(bytes, context.body.limits()).ok()?, work)
        }
        None => on_document(step, context, BodyView::document(context.body).ok()?, work),
    }
}

fn on_document(
    step: &CompiledStep,
    context: &StepContext<'_>,
    document: &Document<'_>,
    work: &mut Work,
) -> Option<Explanation> {
    let input = input_of(context, document, &context.event.data.event_type);
    match &step.kind {
        CompiledKind::Filter(filter) => {
            let clauses = filter::explain(filter, &input, work)?;
            Some(Explanation { clauses, fields: Vec::new() })
        }
        CompiledKind::Mapping(mapping) => {
            let fields = mapping::explain(mapping, &input, work)?;
            Some(Explanation { clauses: Vec::new(), fields })
        }
        CompiledKind::Plugin(_) => None,
    }
}
