//! Tries steps out on a payload or a stored event: the same functions as the live flow, and
//! nothing is stored or sent. For mappings it also explains, lists paths and suggests.

use std::sync::Arc;

use bytes::Bytes;

use crate::control::FieldFault;
use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::CompiledStep;
use crate::domain::config::Step;
use crate::domain::event::Event;
use crate::domain::event::Headers;
use crate::domain::event::NewEvent;
use crate::domain::event::RequestLine;
use crate::domain::id::EventId;
use crate::domain::id::WorkspaceId;
use crate::domain::plan::StepTrace;
use crate::insight::Insight;
use crate::insight::PreviewError;
use crate::pipeline::Explanation;
use crate::pipeline::host::kept::EventContext;
use crate::pipeline::host::kept::Purpose;
use crate::pipeline::payload::Payload;
use crate::pipeline::payload::body_view::BodyView;
use crate::pipeline::payload::body_view::json_text;
use crate::pipeline::plan;
use crate::pipeline::steps;
use crate::pipeline::steps::RunEnd;
use crate::pipeline::steps::StepContext;
use crate::pipeline::steps::explain;
use crate::sandbox::Plugin;
use crate::shape::Document;
use crate::shape::Work;
use crate::store::Store;

/// What to try.
#[derive(Clone, Debug)]
pub struct PreviewRequest {
    /// The steps.
    pub steps: Vec<Step>,
    /// The payload, JSON of any kind; not looked at when an event is given.
    pub payload: Bytes,
    /// A stored event instead of a payload.
    pub event: Option<EventId>,
    /// The type the payload is to have.
    pub event_type: String,
    /// The headers it is to have.
    pub headers: Headers,
    /// The request it is to have come by.
    pub request: RequestLine,
    /// Whether filters and mappings explain themselves.
    pub explain: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Preview {
    /// One per step that ran: its trace and the payloads that went on after it.
    pub steps: Vec<(StepTrace, Vec<PreviewOutput>)>,
    /// What would be delivered.
    pub outputs: Vec<PreviewOutput>,
    /// One per step that ran, if it was asked for and there is something to say.
    pub explanations: Vec<Option<Explanation>>,
    /// The payload that was used, as JSON if it has such a view.
    pub payload: Bytes,
}

/// A payload after a step.
#[derive(Clone, Debug)]
pub struct PreviewOutput {
    /// The bytes.
    pub payload: Bytes,
    /// Their media type; empty if nobody said one.
    pub content_type: Arc<str>,
    /// The type, if a step gave another.
    pub event_type: Option<String>,
    /// Headers the steps added.
    pub headers: Vec<(String, String)>,
}

impl Insight {
    /// Runs steps without storing or sending anything.
    pub async fn preview(
        &self,
        workspace: WorkspaceId,
        request: PreviewRequest,
        work: &mut Work,
    ) -> Result<Preview, PreviewError> {
        let mut faults = self.control().check_steps(workspace, &request.steps);
        if faults.is_empty() {
            faults = self.control().check_plugin_configs(workspace, &request.steps).await;
        }
        if !faults.is_empty() {
            return Err(PreviewError::Steps(faults));
        }
        let event = self.preview_event(workspace, &request).await?;
        let snapshot = self.snapshot().clone();
        let compiled = self.compiler().compile_steps(&snapshot.documents, workspace, &request.steps).await;
        let mut compiled = compiled
            .map_err(|detail| PreviewError::Steps(vec![FieldFault { pointer: String::new(), detail }]))?;
        for step in &mut compiled {
            let CompiledKind::Plugin(step) = &mut step.kind else { continue };
            step.plugin = step.plugin.as_ref().map(Plugin::in_passing).map_err(Arc::clone);
        }
        let json = json_text(&event.data.content_type, &event.data.body);
        let body = BodyView::new(&json, self.limits().json());
        // Plugins see what they kept; what they write is forgotten.
        let kept = EventContext::new(self.pipeline(), workspace, Purpose::Look);
        let context = plan::context(&snapshot, &event, &body, &kept);
        let mut seen = Vec::new();
        let run = steps::run_within(&compiled, &context, work, |trace, payloads| {
            seen.push((trace.clone(), payloads.iter().map(|carried| output(&event, carried)).collect()));
        });
        let run = run.await;
        if let Some(spent) = work.spent() {
            return Err(PreviewError::TooCostly(spent));
        }
        if let (RunEnd::HostFault(_), Some(trace)) = (&run.end, run.traces.last()) {
            seen.push((trace.clone(), Vec::new()));
        }
        let explanations =
            if request.explain { explain_all(&compiled, &context, &seen, work) } else { Vec::new() };
        let outputs = match run.end {
            RunEnd::Forward(payloads) => payloads.iter().map(|carried| output(&event, carried)).collect(),
            RunEnd::Dropped | RunEnd::Failed | RunEnd::HostFault(_) | RunEnd::Held => Vec::new(),
        };
        Ok(Preview { steps: seen, outputs, explanations, payload: Bytes::copy_from_slice(&json) })
    }

    async fn preview_event(
        &self,
        workspace: WorkspaceId,
        request: &PreviewRequest,
    ) -> Result<Event, PreviewError> {
        if let Some(id) = request.event {
            let found = self.store().event(id).await?.filter(|event| event.data.workspace == workspace);
            return found.ok_or_else(|| PreviewError::NoEvent(id.to_string()));
        }
        if let Err(fault) = Document::parse_with(&request.payload, self.limits().json()) {
            return Err(PreviewError::Payload(fault.to_string()));
        }
        let data = NewEvent {
            workspace,
            source: None,
            event_type: request.event_type.as_str().into(),
            content_type: "application/json".into(),
            headers: request.headers.clone(),
            request: request.request.clone(),
            body: request.payload.clone(),
            received_at: self.now(),
            revision: self.snapshot().revision(),
            idempotency: None,
            verified_by: "".into(),
        };
        Ok(Event { id: EventId::from_bits(self.new_id()), data })
    }
}

/// A step's input is what the one before let through; of several payloads the first is explained.
fn explain_all(
    compiled: &[CompiledStep],
    context: &StepContext<'_>,
    seen: &[(StepTrace, Vec<PreviewOutput>)],
    work: &mut Work,
) -> Vec<Option<Explanation>> {
    let before = std::iter::once(None).chain(seen.iter().map(|(_, outputs)| Some(outputs)));
    let ran = compiled.iter().zip(before).take(seen.len());
    ran.map(|(step, before)| match before {
        None => explain(step, context, None, work),
        Some(outputs) => explain(step, context, Some(&outputs.first()?.payload), work),
    })
    .collect()
}

fn output(event: &Event, carried: &Payload) -> PreviewOutput {
    let changed = carried.event_type != event.data.event_type;
    PreviewOutput {
        payload: carried.payload.clone(),
        content_type: carried.content_type.clone(),
        event_type: changed.then(|| carried.event_type.as_ref().to_owned()),
        headers: carried.headers.clone(),
    }
}
