//! What a preview adds on request: explanations of steps, the paths of the payload, suggestions
//! for a mapping. Not here: the preview itself (`preview`).

use serde::Serialize;
use utoipa::ToSchema;

use crate::pipeline::Explanation;
use crate::shape;
use crate::shape::Budget;
use crate::shape::ClauseReport;
use crate::shape::FieldReport;
use crate::shape::HintFault;

/// One clause of a filter or field of a mapping, explained.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplainView {
    /// Its place, a JSON pointer into the filter or mapping.
    pub at: String,
    /// What it looks at; null for a group or a template as a whole.
    #[schema(required = true)]
    pub path: Option<String>,
    /// Whether the clause holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pass: Option<bool>,
    /// What became of the field: `value`, `null`, `default`, `omitted`, `failed` or `hole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome: Option<&'static str>,
    /// How many values the path gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub matched: Option<u64>,
    /// The value, as JSON text cut to 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub value: Option<String>,
    /// The path that was probably meant, if this one matches nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub did_you_mean: Option<String>,
    /// What is wrong, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
}

/// A path of the payload.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PathView {
    /// The path.
    pub path: String,
    /// The types its values have.
    pub types: Vec<&'static str>,
    /// One of its values, as JSON text.
    pub example: String,
    /// In how many samples it is there.
    pub present: u64,
    /// In how many it is null.
    pub null: u64,
    /// How many samples there are.
    pub samples: u64,
}

/// A proposal for one field of a mapping. Nothing is applied that is not accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionView {
    /// The field, a JSON pointer into the target.
    pub target: String,
    /// The path that probably feeds it.
    pub path: String,
    /// How sure: 0 to 1.
    pub score: f64,
    /// Why.
    pub reason: String,
}

/// An explanation, clause by clause or field by field.
pub(in crate::http::api) fn show(explanation: &Explanation) -> Vec<ExplainView> {
    let clauses = explanation.clauses.iter().map(clause);
    clauses.chain(explanation.fields.iter().map(field)).collect()
}

fn some(path: &str) -> Option<String> {
    (!path.is_empty()).then(|| path.to_owned())
}

fn clause(report: &ClauseReport) -> ExplainView {
    ExplainView {
        at: report.clause.clone(),
        path: some(&report.path),
        pass: Some(report.pass),
        outcome: None,
        matched: None,
        value: report.seen.clone(),
        did_you_mean: report.did_you_mean.clone(),
        detail: None,
    }
}

fn field(report: &FieldReport) -> ExplainView {
    ExplainView {
        at: report.pointer.clone(),
        path: some(&report.path),
        pass: None,
        outcome: Some(report.outcome.name()),
        matched: Some(report.matched as u64),
        value: report.value.clone(),
        did_you_mean: report.did_you_mean.clone(),
        detail: report.detail.clone(),
    }
}

/// Every path of a payload.
pub(in crate::http::api) fn paths(payload: &[u8], budget: &mut Budget) -> Result<Vec<PathView>, HintFault> {
    let found = shape::paths(&[payload], budget)?;
    let view = |info: shape::PathInfo| PathView {
        path: info.path,
        types: info.types.iter().map(|kind| kind.name()).collect(),
        example: info.example,
        present: info.present as u64,
        null: info.null as u64,
        samples: info.samples as u64,
    };
    Ok(found.into_iter().map(view).collect())
}

/// What probably feeds each field of `target`, an example or a JSON Schema.
pub(in crate::http::api) fn suggestions(
    payload: &[u8],
    target: &[u8],
    budget: &mut Budget,
) -> Result<Vec<SuggestionView>, HintFault> {
    let found = shape::suggest(&[payload], target, budget)?;
    let view = |made: shape::Suggestion| SuggestionView {
        target: made.target,
        path: made.path,
        score: made.score,
        reason: made.reason,
    };
    Ok(found.into_iter().map(view).collect())
}
