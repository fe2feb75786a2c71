//! What a rollout looks like: what was asked for, what was counted, how it ended. Not here: the operations (`rollouts`).

use std::collections::BTreeMap;

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
use crate::http::api::comparison_views;
use crate::http::api::comparison_views::FoundView;
use crate::http::view::view;

view! {
    /// When a canary is rolled back by itself.
    GuardsView {
        /// Events the version must have had before a ratio counts.
        events_min: u64,
        /// Percent of its events it may fail on where the active version does not.
        errors_percent_max: f64,
        /// So many of those failures in a row end it at once.
        errors_in_row_max: u32,
        /// So many times the active version's CPU time it may take; null: any.
        time_factor_max: Option<f64>,
        /// Percent of its events that may come to another result; null: any.
        changed_percent_max: Option<f64>,
    }

    /// What was counted since it began, or since the gateway was started last.
    FiguresView {
        /// Events the version was run on.
        events: u64,
        /// Of these, those it failed on (a fault or a refusal) and the active version did not.
        errors: u64,
        /// How many of those there were in a row, up to now.
        errors_in_row: u32,
        /// Events on which both versions were run, those in `errors` not counted.
        compared: u64,
        /// Of these, those that came to another result.
        changed: u64,
        /// Events that were not compared, because there were too many at a time.
        skipped: u64,
        /// How many events are of each class: `same`, `changed`, `newly_dropped`, `newly_forwarded`, `newly_failing`, `mended`.
        classes: BTreeMap<String, u64>,
        /// CPU time of the version, microseconds: 95 in a hundred events took at most so long.
        version_p95_us: u64,
        /// The same of the active version.
        active_p95_us: u64,
    }

    /// An event that shows what was wrong, or other.
    RolloutExampleView {
        /// Which.
        event: EventId,
        /// The code of the version's fault, or the class of the difference.
        what: String,
        /// The fault in words, or why it is dropped.
        detail: Option<String>,
        /// Places that changed: `~$.a` another value, `+$.b` added, `-$.c` removed.
        changes: Vec<String>,
    }

    /// A version that is, or was, tried on live events.
    RolloutView {
        /// Its id.
        id: RolloutId,
        /// Of which plugin.
        plugin: String,
        /// `canary` or `shadow`.
        kind: &'static str,
        /// `running`, `rolled_back`, `promoted` or `cancelled`.
        state: &'static str,
        /// Why it is over, with figures.
        reason: Option<String>,
        /// The version that is tried.
        version: Digest,
        /// The active version, with which it is compared.
        active: Digest,
        /// Of the events of steps that follow the active version.
        percent: f64,
        /// When it is rolled back; null for a shadow.
        guards: Option<GuardsView>,
        /// When it began.
        started_at: Timestamp,
        /// With which key.
        started_by: KeyId,
        /// When it was over.
        ended_at: Option<Timestamp>,
        /// What was counted.
        figures: FiguresView,
        /// The first events it failed on, then others that differ; at most ten.
        examples: Vec<RolloutExampleView>,
    }
}

/// One that is under way.
pub(super) fn running(plugin: &PluginConfig, rollout: &Rollout, counts: &Counts) -> RolloutView {
    let blank = (None, None);
    show(plugin, rollout, ("running", blank), &counts.figures(), &counts.examples())
}

/// One that is over.
pub(super) fn over(plugin: &PluginConfig, ended: &EndedRollout) -> RolloutView {
    let end = (Some(ended.reason.clone()), Some(ended.ended_at));
    show(plugin, &ended.rollout, (ended.end.name(), end), &ended.figures, &ended.examples)
}

/// Differences by what they have in common.
pub(super) fn found(counts: &Counts) -> FoundView {
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
