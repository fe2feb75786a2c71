//! What plans of events say of their connections: whether their steps run. Not here: planning (`plan`).

use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::plan::Plan;
use crate::domain::plan::Route;
use crate::domain::plan::RouteEnd;
use crate::domain::plan::StepAnswer;
use crate::pipeline::Pipeline;
use crate::rules::alert::detail;

impl Pipeline {
    pub(in crate::pipeline) fn alert_of_plan(&self, plan: &Plan) {
        for route in &plan.routes {
            let cause = AlertCause::StepsFailing(route.connection);
            match route.end {
                RouteEnd::Failed(delivery) => self.alert(plan.workspace, cause, || AlertEvidence {
                    event: Some(plan.event),
                    delivery: Some(delivery),
                    error: Some("step_failed".to_owned()),
                    detail: reason(route),
                    ..AlertEvidence::default()
                }),
                RouteEnd::Delivering(_) | RouteEnd::Dropped => {
                    if !self.alerts().is_quiet() {
                        self.alerts().succeeded(cause, self.now());
                    }
                }
                RouteEnd::Held(_) => {}
            }
        }
    }
}

/// Of the step that failed.
fn reason(route: &Route) -> String {
    let said = route.steps.iter().rev().find_map(|step| match &step.answer {
        StepAnswer::Error { code, detail, .. } => Some(format!("{code}: {detail}")),
        _ => None,
    });
    detail(&said.unwrap_or_default())
}
