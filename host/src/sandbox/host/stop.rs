//! What stops a guest while it runs, apart from its own faults. Not here: what that is called and who is to blame for it
//! (`instance::faults`).

use crate::domain::plugin::PluginLimits;

/// Stops a guest that used up its CPU time, or its wall time while it ran all along.
#[derive(Debug, thiserror::Error)]
#[error("the CPU budget is used up")]
pub(crate) struct BudgetSpent;

/// Stops a guest that the machine did not give its CPU time within the wall budget.
#[derive(Debug, thiserror::Error)]
#[error("the wall budget is used up before the CPU budget")]
pub(crate) struct Starved;

/// Stops a guest because the gateway could not give it what it may have.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unavailable(pub String);

/// Stops a guest that asks for too much.
#[derive(Debug, thiserror::Error)]
#[error("kv: {0}")]
pub(crate) struct TooMuch(pub String);

/// Bytes that one call over the border may carry from guest to host. It bounds what a guest can
/// make the host allocate, whatever lengths it claims, and leaves outputs room for what surrounds
/// their payloads.
pub(crate) fn border_bytes(limits: &PluginLimits) -> usize {
    usize::try_from(limits.output_bytes.saturating_mul(2)).unwrap_or(usize::MAX).max(8 << 20)
}

/// Stops a call that carries more than [`border_bytes`].
#[derive(Debug, thiserror::Error)]
#[error("more than a call may carry")]
pub(crate) struct BorderPassed;
