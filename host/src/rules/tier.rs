//! Named sets of limits, as examples to start from, and what holds for a workspace that has one. Pure. Not here: holding
//! to them.

use crate::domain::config::Workspace;
use crate::domain::workspace_features::WorkspaceFeatures;
use crate::domain::workspace_limits::WorkspaceLimits;

/// A named set of limits.
#[derive(Clone, Copy, Debug)]
pub struct LimitTier {
    /// As workspaces name it.
    pub name: &'static str,
    /// For whom it is.
    pub about: &'static str,
    /// What it bounds.
    pub limits: WorkspaceLimits,
}

const TIERS: [LimitTier; 3] = [
    LimitTier {
        name: "starter",
        about: "For trying things out.",
        limits: WorkspaceLimits {
            sources: Some(3),
            destinations: Some(5),
            connections: Some(5),
            tables: Some(1),
            table_rows: Some(1000),
            plugins: Some(0),
            events_per_second: Some(10),
            events_per_month: Some(10_000),
            bytes_per_month: Some(100 << 20),
            retention_days: Some(7),
            features: Some(WorkspaceFeatures {
                batches: Some(false),
                chains: Some(false),
                ..WorkspaceFeatures::ALL
            }),
        },
    },
    LimitTier {
        name: "pro",
        about: "For a product of its own.",
        limits: WorkspaceLimits {
            sources: Some(25),
            destinations: Some(50),
            connections: Some(100),
            tables: Some(20),
            table_rows: Some(100_000),
            plugins: Some(10),
            events_per_second: Some(100),
            events_per_month: Some(1_000_000),
            bytes_per_month: Some(10 << 30),
            retention_days: Some(30),
            features: Some(WorkspaceFeatures::ALL),
        },
    },
    LimitTier {
        name: "team",
        about: "For several products and the people behind them.",
        limits: WorkspaceLimits {
            sources: Some(200),
            destinations: Some(500),
            connections: Some(1000),
            tables: Some(100),
            table_rows: Some(1_000_000),
            plugins: Some(100),
            events_per_second: Some(1000),
            events_per_month: Some(20_000_000),
            bytes_per_month: Some(200 << 30),
            retention_days: Some(90),
            features: Some(WorkspaceFeatures::ALL),
        },
    },
];

/// All of them, the smallest first.
pub fn all() -> &'static [LimitTier] {
    &TIERS
}

/// The one of that name.
pub fn named(name: &str) -> Option<&'static LimitTier> {
    all().iter().find(|tier| tier.name == name)
}

/// What holds for a workspace: its own limits over those of its tier.
pub fn limits_of(workspace: &Workspace) -> WorkspaceLimits {
    match workspace.tier.as_deref().and_then(named) {
        Some(tier) => workspace.limits.over(&tier.limits),
        None => workspace.limits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_grow() {
        let events: Vec<u64> = all().iter().filter_map(|tier| tier.limits.events_per_month).collect();
        assert!(events.len() == 3 && events.is_sorted(), "{events:?}");
    }
}
