//! Whether events of a workspace are let in. Not here: counting (`count`).

use crate::domain::alert::AlertCause;
use crate::domain::alert::AlertEvidence;
use crate::domain::id::WorkspaceId;
use crate::domain::workspace_limits::EventLimit;
use crate::pipeline::OverLimit;
use crate::pipeline::Pipeline;
use crate::pipeline::allowance::count::AllowanceTaken;
use crate::pipeline::allowance::count::AllowanceUsed;
use crate::rules::tier;

impl Pipeline {
    /// Lets events of a workspace in, or says which limit they are over.
    pub(crate) fn admit(
        &self,
        workspace: WorkspaceId,
        events: u64,
        bytes: u64,
    ) -> Result<AllowanceTaken, OverLimit> {
        let snapshot = self.snapshot();
        let bounded = snapshot.documents.workspaces.get(workspace).filter(|found| found.is_bounded());
        let limits = bounded.map(|found| tier::limits_of(found)).unwrap_or_default();
        let now = self.now();
        match AllowanceTaken::new(self.allowances().of(workspace), &limits, (events, bytes), now) {
            Ok(taken) => {
                if bounded.is_some() && !self.alerts().is_quiet() {
                    let all =
                        [EventLimit::EventsPerSecond, EventLimit::EventsPerMonth, EventLimit::BytesPerMonth];
                    let causes = all.into_iter().map(|limit| AlertCause::LimitReached(workspace, limit));
                    causes.for_each(|cause| self.alerts().succeeded(cause, now));
                }
                Ok(taken)
            }
            Err(over) => {
                let cause = AlertCause::LimitReached(workspace, over.limit);
                self.alert(workspace, cause, || AlertEvidence {
                    error: Some(over.limit.name().to_owned()),
                    detail: over.to_string(),
                    ..AlertEvidence::default()
                });
                Err(over)
            }
        }
    }

    /// What a workspace took in this month.
    pub fn allowance_used(&self, workspace: WorkspaceId) -> AllowanceUsed {
        let count = self.allowances().of(workspace);
        let mut count = count.lock();
        count.turn_to(self.now());
        AllowanceUsed { events: count.events, bytes: count.bytes, resets_at: count.ends }
    }
}
