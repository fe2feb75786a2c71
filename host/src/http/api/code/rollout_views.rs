//! What a rollout looks like: what was asked for, what was counted, how it ended. Not here: the operations (`rollouts`).

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::control::rollouts::Counts;
use crate::domain::config::PluginConfig;
use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::RolloutId;
use crate::domain::plugin::Digest;
use crate::domain::rollout::EndedRollout;
use crate::domain::rollout::Figures;
use crate::domain::rollout::Guards;
use crate::domain::rollout::Rollout;
use crate::domain::rollout::RolloutExample;
use crate::domain::rollout::RolloutKind;
use crate::domain::time::Timestamp;
use crate::http::api::code::comparison_views;
use crate::http::api::code::comparison_views::FoundView;

/// When a canary is rolled back by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GuardsView {
    /// Events the version must have had before a ratio counts.
    pub events_min: u64,
    /// Percent of its events it may fail on where the active version does not.
    pub errors_percent_max: f64,
    /// So many of those failures in a row end it at once.
    pub errors_in_row_max: u32,
    /// So many times the active version's CPU time it may take; null: any.
    #[schema(required = true)]
    pub time_factor_max: Option<f64>,
    /// Percent of its events that may come to another result; null: any.
    #[schema(required = true)]
    pub changed_percent_max: Option<f64>,
}

/// What was counted since it began, or since the gateway was started last.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FiguresView {
    /// Events the version was run on.
    pub events: u64,
    /// Of these, those it failed on (a fault or a refusal) and the active version did not.
    pub errors: u64,
    /// How many of those there were in a row, up to now.
    pub errors_in_row: u32,
    /// Events on which both versions were run, those in `errors` not counted.
    pub compared: u64,
    /// Of these, those that came to another result.
    pub changed: u64,
    /// Events that were not compared, because there were too many at a time.
    pub skipped: u64,
    /// How many events are of each class: `same`, `changed`, `newly_dropped`, `newly_forwarded`, `newly_failing`, `mended`.
    pub classes: BTreeMap<String, u64>,
    /// CPU time of the version, microseconds: 95 in a hundred events took at most so long.
    pub version_p95_us: u64,
    /// The same of the active version.
    pub active_p95_us: u64,
}

/// An event that shows what was wrong, or other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RolloutExampleView {
    /// Which.
    pub event: EventId,
    /// The code of the version's fault, or the class of the difference.
    pub what: String,
    /// The fault in words, or why it is dropped.
    #[schema(required = true)]
    pub detail: Option<String>,
    /// Places that changed: `~$.a` another value, `+$.b` added, `-$.c` removed.
    pub changes: Vec<String>,
}

/// A version that is, or was, tried on live events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RolloutView {
    /// Its id.
    pub id: RolloutId,
    /// Of which plugin.
    pub plugin: String,
    /// `canary` or `shadow`.
    pub kind: &'static str,
    /// `running`, `rolled_back`, `promoted` or `cancelled`.
    pub state: &'static str,
    /// Why it is over, with figures.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The version that is tried.
    pub version: Digest,
    /// The active version, with which it is compared.
    pub active: Digest,
    /// Of the events of steps that follow the active version.
    pub percent: f64,
    /// When it is rolled back; null for a shadow.
    #[schema(required = true)]
    pub guards: Option<GuardsView>,
    /// When it began.
    pub started_at: Timestamp,
    /// With which key.
    pub started_by: KeyId,
    /// When it was over.
    #[schema(required = true)]
    pub ended_at: Option<Timestamp>,
    /// What was counted.
    pub figures: FiguresView,
    /// The first events it failed on, then others that differ; at most ten.
    pub examples: Vec<RolloutExampleView>,
}

/// One that is under way.
pub(in crate::http::api) fn running(
    plugin: &PluginConfig,
    rollout: &Rollout,
    counts: &Counts,
) -> RolloutView {
    let blank = (None, None);
    show(plugin, rollout, ("running", blank), &counts.figures(), &counts.examples())
}

/// One that is over.
pub(in crate::http::api) fn over(plugin: &PluginConfig, ended: &EndedRollout) -> RolloutView {
    let end = (Some(ended.reason.clone()), Some(ended.ended_at));
    show(plugin, &ended.rollout, (ended.end.name(), end), &ended.figures, &ended.examples)
}

/// Differences by what they have in common.
pub(in crate::http::api) fn found(counts: &Counts) -> FoundView {
    comparison_views::found_in(&counts.tally)
}

fn show(
    plugin: &PluginConfig,
    rollout: &Rollout,
    (state, (reason, ended_at)): (&'static str, (Option<String>, Option<Timestamp>)),
    figures: &Figures,
    examples: &[RolloutExample],
) -> RolloutView {
    RolloutView {
        id: rollout.id,
        plugin: plugin.name.clone(),
        kind: rollout.kind.name(),
        state,
        reason,
        version: rollout.version,
        active: rollout.active,
        percent: rollout.share.percent(),
        guards: match &rollout.kind {
            RolloutKind::Canary(guards) => Some(show_guards(guards)),
            RolloutKind::Shadow => None,
        },
        started_at: rollout.started_at,
        started_by: rollout.started_by,
        ended_at,
        figures: show_figures(figures),
        examples: examples.iter().map(show_example).collect(),
    }
}

fn show_guards(guards: &Guards) -> GuardsView {
    GuardsView {
        events_min: guards.events_min,
        errors_percent_max: guards.errors_percent_max,
        errors_in_row_max: guards.errors_in_row_max,
        time_factor_max: guards.time_factor_max,
        changed_percent_max: guards.changed_percent_max,
    }
}

fn show_figures(figures: &Figures) -> FiguresView {
    FiguresView {
        events: figures.events,
        errors: figures.errors,
        errors_in_row: figures.errors_in_row,
        compared: figures.compared,
        changed: figures.changed,
        skipped: figures.skipped,
        classes: figures.classes.clone(),
        version_p95_us: figures.version.p95_us,
        active_p95_us: figures.active.p95_us,
    }
}

fn show_example(example: &RolloutExample) -> RolloutExampleView {
    RolloutExampleView {
        event: example.event,
        what: example.what.clone(),
        detail: example.detail.clone(),
        changes: example.changes.clone(),
    }
}
