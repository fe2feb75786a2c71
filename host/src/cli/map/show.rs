//! How results look, for people and for programs. Not here: getting them.

use serde_json::Value;
use serde_json::json;

use crate::cli::text::one_line;
use crate::shape::ClauseReport;
use crate::shape::Decision;
use crate::shape::FieldReport;
use crate::shape::NodeKind;
use crate::shape::PathInfo;
use crate::shape::Suggestion;

/// One line of JSON, or the columns of each row, aligned.
fn table<T>(
    items: &[T],
    json: bool,
    object: impl Fn(&T) -> Value,
    row: impl Fn(&T) -> Vec<String>,
) -> String {
    if json {
        return format!("{}\n", Value::from(items.iter().map(object).collect::<Vec<_>>()));
    }
    let shown = |cells: Vec<String>| cells.iter().map(|cell| one_line(cell).into_owned()).collect();
    let rows: Vec<Vec<String>> = items.iter().map(row).map(shown).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// JSON that was cut at a length may be none any more; then it is shown as text.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn meant(hint: Option<&String>) -> String {
    hint.map(|path| format!("did you mean {path} ?")).unwrap_or_default()
}

/// Whether a filter lets a payload pass, and why.
pub(super) fn decision(decision: &Decision<'_>, json: bool) -> String {
    if json {
        let seen = decision.seen.as_deref().map(value_of);
        let object =
            json!({"pass": decision.pass, "clause": decision.clause, "path": decision.path, "seen": seen});
        return format!("{object}\n");
    }
    format!("{}: {}\n", if decision.pass { "pass" } else { "drop" }, decision.reason())
}

/// What each clause of a filter saw.
pub(super) fn clauses(reports: &[ClauseReport], json: bool) -> String {
    let object = |report: &ClauseReport| {
        json!({"clause": report.clause, "path": report.path, "pass": report.pass,
            "seen": report.seen.as_deref().map(value_of), "did_you_mean": report.did_you_mean})
    };
    table(reports, json, object, |report| {
        let clause = if report.clause.is_empty() { "/" } else { &report.clause };
        let seen = report.seen.clone().unwrap_or_else(|| "nothing".to_owned());
        let pass = if report.pass { "pass" } else { "drop" };
        vec![
            clause.to_owned(),
            pass.to_owned(),
            report.path.clone(),
            seen,
            meant(report.did_you_mean.as_ref()),
        ]
    })
}

/// What fed each field of a mapping.
pub(super) fn fields(reports: &[FieldReport], json: bool) -> String {
    let object = |report: &FieldReport| {
        json!({"field": report.pointer, "path": report.path, "matched": report.matched,
            "outcome": report.outcome.name(), "value": report.value.as_deref().map(value_of),
            "did_you_mean": report.did_you_mean, "detail": report.detail})
    };
    table(reports, json, object, |report| {
        let value = report.detail.clone().or_else(|| report.value.clone()).unwrap_or_default();
        let outcome = report.outcome.name().to_owned();
        vec![report.pointer.clone(), outcome, report.path.clone(), value, meant(report.did_you_mean.as_ref())]
    })
}

/// The paths of samples.
pub(super) fn paths(found: &[PathInfo], json: bool) -> String {
    let types = |info: &PathInfo| info.types.iter().map(|kind: &NodeKind| kind.name()).collect::<Vec<_>>();
    let object = |info: &PathInfo| {
        json!({"path": info.path, "types": types(info), "example": value_of(&info.example),
            "present": info.present, "null": info.null, "samples": info.samples})
    };
    table(found, json, object, |info| {
        let seen = format!("{}/{}", info.present, info.samples);
        vec![info.path.clone(), types(info).join("|"), seen, info.example.clone()]
    })
}

/// The path for each wanted field.
pub(super) fn suggestions(found: &[Suggestion], json: bool) -> String {
    let object = |one: &Suggestion| json!({"target": one.target, "path": one.path, "score": one.score, "reason": one.reason});
    table(found, json, object, |one| {
        vec![one.target.clone(), one.path.clone(), format!("{:.2}", one.score), one.reason.clone()]
    })
}
