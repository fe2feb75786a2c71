//! Takes the steps of a connection in order. Not here: what one does (a file for each kind).

use tokio::time::Instant;

use crate::control::snapshot::CompiledKind;
use crate::control::snapshot::CompiledStep;
use crate::domain::plan::StepKind;
use crate::domain::plan::StepTrace;
use crate::pipeline::payload::Payload;
use crate::pipeline::steps::context::StepContext;
use crate::pipeline::steps::declared::on_payload;
use crate::pipeline::steps::effect::Run;
use crate::pipeline::steps::effect::RunEnd;
use crate::pipeline::steps::effect::StepEffect;
use crate::pipeline::steps::effect::StepEffects;
use crate::pipeline::steps::effect::Stepped;
use crate::pipeline::steps::effect::Stop;
use crate::pipeline::steps::effect::forward;
use crate::pipeline::steps::effect::micros;
use crate::pipeline::steps::filter;
use crate::pipeline::steps::mapping;
use crate::pipeline::steps::plugin;
use crate::pipeline::steps::rollout;
use crate::shape::Work;

/// Runs `steps` in order; `watch` sees each step's trace and what goes on after it.
pub(crate) async fn run(
    steps: &[CompiledStep],
    context: &StepContext<'_>,
    watch: impl FnMut(&StepTrace, &[Payload]),
) -> Run {
    run_within(steps, context, &mut Work::of_run(), watch).await
}

/// The same, where filters and mappings may cost so much together.
pub(crate) async fn run_within(
    steps: &[CompiledStep],
    context: &StepContext<'_>,
    work: &mut Work,
    mut watch: impl FnMut(&StepTrace, &[Payload]),
) -> Run {
    let mut carried = vec![Payload::of(context.event)];
    let mut traces = Vec::with_capacity(steps.len());
    for (at, step) in steps.iter().enumerate() {
        context.kept.at_step(at);
        let Stepped { trace, next, end, .. } = match take(step, context, carried, work, &mut traces).await {
            Ok(stepped) => stepped,
            Err(stop) => {
                let (trace, end) = stop.end(kind_of(step));
                traces.push(trace);
                return Run { traces, end };
            }
        };
        watch(&trace, &next);
        traces.push(trace);
        if let Some(end) = end {
            return Run { traces, end };
        }
        carried = next;
    }
    Run { traces, end: RunEnd::Forward(carried) }
}

/// One step on all payloads of an event; `Err` where it has no effect. A canary that failed in it is told in
/// `traces`.
async fn take(
    step: &CompiledStep,
    context: &StepContext<'_>,
    inputs: Vec<Payload>,
    work: &mut Work,
    traces: &mut Vec<StepTrace>,
) -> Result<Stepped, Stop> {
    match step.kind.plugin() {
        Some(plugin) => match &plugin.rollout {
            None => plugin::run(plugin, step.on_error, context, inputs).await,
            Some(tried) => {
                // Rare and large: the future of every other step need not have room for it.
                let tried = Box::pin(rollout::run(tried, plugin, step.on_error, context, inputs)).await?;
                traces.extend(tried.failed);
                Ok(tried.stepped)
            }
        },
        None => {
            let (started, mut effects) = (Instant::now(), StepEffects::default());
            inputs.into_iter().for_each(|input| effects.add(apply(step, context, work, input)));
            Ok(effects.close(kind_of(step), micros(started)))
        }
    }
}

/// The kind of a compiled step.
pub(crate) fn kind_of(step: &CompiledStep) -> StepKind {
    match &step.kind {
        CompiledKind::Filter(_) => StepKind::Filter,
        CompiledKind::Mapping(_) => StepKind::Mapping,
        CompiledKind::Plugin(plugin) => plugin::kind(plugin),
    }
}

/// A step that runs no guest, on one payload.
pub(crate) fn apply(
    step: &CompiledStep,
    context: &StepContext<'_>,
    work: &mut Work,
    input: Payload,
) -> StepEffect {
    let on_error = step.on_error;
    on_payload(context, work, on_error, input, |seen, work, carried| match &step.kind {
        CompiledKind::Filter(filter) => filter::run(filter, on_error, seen, work, carried),
        CompiledKind::Mapping(mapping) => mapping::run(mapping, on_error, seen, work, carried),
        CompiledKind::Plugin(_) => forward(carried),
    })
}
