//! The filter kind: lets a payload pass or drops it, with the clause that decided. Not here: how clauses are evaluated
//! and what that costs (`shape::filter`).

use std::borrow::Cow;
use std::time::Duration;

use crate::domain::config::OnError;
use crate::domain::plan::StepAnswer;
use crate::pipeline::payload::Payload;
use crate::pipeline::steps::declared::StepInput;
use crate::pipeline::steps::effect::StepEffect;
use crate::pipeline::steps::effect::forward;
use crate::shape::ClauseReport;
use crate::shape::Filter;
use crate::shape::Input;
use crate::shape::Work;

/// On one payload.
pub(super) fn run(
    filter: &Filter,
    on_error: OnError,
    seen: StepInput<'_>,
    work: &mut Work,
    carried: Payload,
) -> StepEffect {
    let answer = match work.within(|budget| filter.test(&seen.input, budget)) {
        Ok(decision) if decision.pass => return forward(carried),
        Ok(decision) => StepAnswer::Drop {
            reason: decision.reason(),
            clause: Some(decision.clause.to_owned()),
            path: decision.path.map(str::to_owned),
            seen: decision.seen.map(Cow::into_owned),
        },
        Err(fault) => return seen.failed(on_error, "filter_failed", &fault, carried),
    };
    StepEffect { outputs: Vec::new(), answer, logs: Vec::new(), cpu: Duration::ZERO }
}

/// Every clause with the value it saw; `None` where that cannot be said.
pub(super) fn explain(filter: &Filter, input: &Input<'_>, work: &mut Work) -> Option<Vec<ClauseReport>> {
    work.within(|budget| filter.explain(input, budget).ok())
}
