//! Runs a plugin's step while another version of the plugin is tried. Not here: running a plugin (`steps`), which
//! events get which version (`rules::rollout`).

use std::sync::Arc;

use crate::control::rollouts::StepFault;
use crate::control::snapshot::PluginStep;
use crate::control::snapshot::RolloutStep;
use crate::domain::config::OnError;
use crate::domain::plan::FELL_BACK;
use crate::domain::plan::StepAnswer;
use crate::domain::plan::StepTrace;
use crate::domain::rollout::RolloutKind;
use crate::pipeline::payload::Payload;
use crate::pipeline::steps::context::StepContext;
use crate::pipeline::steps::effect::Stepped;
use crate::pipeline::steps::effect::Stop;
use crate::pipeline::steps::effect::host_fault;
use crate::pipeline::steps::effect::outcome;
use crate::pipeline::steps::plugin;
use crate::pipeline::steps::rollout::beside;
use crate::pipeline::steps::rollout::guards;

/// What a step that tries a version came to.
pub(crate) struct Tried {
    /// How the canary failed, before the active version ran instead.
    pub failed: Option<StepTrace>,
    /// What goes on.
    pub stepped: Stepped,
}

/// Runs one step on all payloads of an event; `Err` where it has no effect.
pub(crate) async fn run(
    tried: &Arc<RolloutStep>,
    active: &PluginStep,
    on_error: OnError,
    context: &StepContext<'_>,
    inputs: Vec<Payload>,
) -> Result<Tried, Stop> {
    let event = context.event.id;
    if tried.delivers(event) {
        return canary(tried, active, on_error, context, inputs).await;
    }
    let looks_on = tried.rollout.kind == RolloutKind::Shadow && tried.takes(event) && context.live.is_some();
    let kept = if looks_on { inputs.clone() } else { Vec::new() };
    let stepped = plugin::run(active, on_error, context, inputs).await?;
    if let Some(live) = &context.live {
        tried.watch.counts().active_ran(stepped.cpu);
        if looks_on {
            beside::offer(live.pipeline, tried, &tried.candidate, context, kept, &stepped);
        }
    }
    Ok(Tried { failed: None, stepped })
}

/// The version that is tried; where it fails, for whatever reason, the active one, as if the other had never run.
async fn canary(
    tried: &Arc<RolloutStep>,
    active: &PluginStep,
    on_error: OnError,
    context: &StepContext<'_>,
    inputs: Vec<Payload>,
) -> Result<Tried, Stop> {
    let mark = context.kept.mark();
    // Its faults count here, not towards quarantine: the guards are stricter, and no event has to be held.
    let beside = StepContext { live: None, ..context.clone() };
    let ran = plugin::run(&tried.candidate, on_error, &beside, inputs.clone()).await;
    let (fault, cpu, mut failed) = match ran {
        Ok(Stepped { fault: Some(fault), cpu, trace, .. }) => (Ok(fault), cpu, trace),
        Ok(stepped) => {
            if let Some(live) = &context.live {
                tried.watch.counts().ran(stepped.cpu);
                guards::check(live.pipeline, tried);
                if tried.is_compared {
                    beside::offer(live.pipeline, tried, active, context, inputs, &stepped);
                }
            }
            return Ok(Tried { failed: None, stepped });
        }
        Err(Stop::Host(detail) | Stop::Held(detail)) => {
            let trace = host_fault(plugin::kind(&tried.candidate), detail.clone());
            (Err(detail), std::time::Duration::ZERO, trace)
        }
    };
    context.kept.back_to(mark);
    let stepped = plugin::run(active, on_error, context, inputs).await?;
    failed.answer = answer(&fault);
    if let (Some(live), Ok(fault)) = (&context.live, &fault) {
        tried.watch.counts().failed(context.event.id, fault, cpu, &outcome(&stepped));
        guards::check(live.pipeline, tried);
    }
    Ok(Tried { failed: Some(failed), stepped })
}

/// What the trace says of a canary that failed; `Err`: by the gateway's fault.
fn answer(fault: &Result<StepFault, String>) -> StepAnswer {
    let (code, detail, guest) = match fault {
        Ok(fault) => (fault.code.clone(), fault.detail.clone(), true),
        Err(detail) => ("host".to_owned(), detail.clone(), false),
    };
    StepAnswer::Error { code, detail, guest, policy: FELL_BACK.to_owned() }
}
