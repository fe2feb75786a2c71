//! Why a mapping wrote what it wrote: for each field its path, its value, and what was probably
//! meant if there is none. Not here: writing (`mapping`).

use std::cell::Cell;
use std::cell::OnceCell;

use crate::shape::budget::Budget;
use crate::shape::fault::EvalFault;
use crate::shape::filter::decide;
use crate::shape::input::Input;
use crate::shape::mapping::Expr;
use crate::shape::mapping::Field;
use crate::shape::mapping::From;
use crate::shape::mapping::Mapping;
use crate::shape::mapping::Part;
use crate::shape::mapping::Rule;
use crate::shape::mapping::Writer;
use crate::shape::paths;
use crate::shape::query::Stop;
use crate::shape::source::Base;
use crate::shape::source::Path;
use crate::shape::source::Scope;
use crate::shape::source::Source;
use crate::shape::spec::Letters;
use crate::shape::spec::distance;

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A value was written.
    Value,
    /// There was none; null was written.
    Null,
    /// There was none; the default was written.
    Default,
    /// There was none; the field was left out.
    Omitted,
    /// There was none, or a function or type refused it: the mapping fails.
    Failed,
    /// One hole of a template; the template is the field.
    Hole,
}

impl Outcome {
    /// Its name in answers of the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Null => "null",
            Self::Default => "default",
            Self::Omitted => "omitted",
            Self::Failed => "failed",
            Self::Hole => "hole",
        }
    }
}

/// One field of a mapping on one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldReport {
    /// Its place in the mapping, as a JSON pointer.
    pub pointer: String,
    /// The path, header or event field it reads; empty for a template as a whole.
    pub path: String,
    /// How many values that gave.
    pub matched: usize,
    /// What became of it.
    pub outcome: Outcome,
    /// The JSON written, cut to 200 bytes.
    pub value: Option<String>,
    /// The path that was probably meant, if this one matches nothing.
    pub did_you_mean: Option<String>,
    /// The fault, if it failed.
    pub detail: Option<String>,
}

impl Mapping {
    /// Every field in the order of the mapping; of an `$each` those of its first item; of an `$if`
    /// those of the branch taken. An error only when the budget is used up.
    pub fn explain(&self, input: &Input<'_>, budget: &mut Budget) -> Result<Vec<FieldReport>, EvalFault> {
        let hints = Hints::default();
        self.with_scope(input, budget, |scope, budget| {
            let mut explainer = Explainer { budget, hints: &hints, reports: Vec::new() };
            for expr in self.output.iter().chain(self.envelope.parts()) {
                explainer.expr(expr, scope)?;
            }
            Ok(explainer.reports)
        })
    }
}

struct Explainer<'e> {
    budget: &'e mut Budget,
    hints: &'e Hints,
    reports: Vec<FieldReport>,
}

impl Explainer<'_> {
    fn expr(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<(), EvalFault> {
        match expr {
            Expr::Raw(_) => Ok(()),
            Expr::Field(field) => self.field(field, scope),
            Expr::Object(members) => members.iter().try_for_each(|member| self.expr(&member.value, scope)),
            Expr::Array(values) => values.iter().try_for_each(|value| self.expr(value, scope)),
            Expr::Each(each) => {
                let over = &each.over;
                let (matched, first) = self.matches(over, scope, &each.pointer)?;
                self.reports.push(FieldReport {
                    pointer: each.pointer.to_string(),
                    path: over.text.to_string(),
                    matched,
                    outcome: Outcome::Value,
                    value: None,
                    did_you_mean: match matched {
                        0 => self.hints.nearest(over, scope, self.budget),
                        _ => None,
                    },
                    detail: None,
                });
                let first = first.map(|token| scope.node(token));
                let item =
                    first.map(|node| node.element(0).filter(|_| over.query.is_singular()).unwrap_or(node));
                match item {
                    Some(item) => self.expr(&each.value, &Scope { item: Some(item.index()), ..*scope }),
                    None => Ok(()),
                }
            }
            Expr::If(choice) => {
                let branch = if decide(&choice.condition, scope, self.budget)?.pass {
                    Some(&choice.then)
                } else {
                    choice.otherwise.as_ref()
                };
                branch.map_or(Ok(()), |expr| self.expr(expr, scope))
            }
        }
    }

    /// How many nodes a path has, and the first.
    fn matches(
        &mut self,
        path: &Path,
        scope: &Scope<'_>,
        pointer: &str,
    ) -> Result<(usize, Option<u32>), EvalFault> {
        let (mut matched, mut first) = (0, None);
        let counted = path.each(scope, self.budget, &mut |node| {
            matched += 1;
            first = first.or(Some(node.index()));
            Ok(())
        });
        counted.map_err(|why| EvalFault {
            pointer: pointer.to_owned(),
            path: path.text.to_string(),
            seen: String::new(),
            detail: why.to_string(),
        })?;
        Ok((matched, first))
    }

    fn field(&mut self, field: &Field, scope: &Scope<'_>) -> Result<(), EvalFault> {
        let matched = match &field.from {
            From::Source(source) => self.count(source, scope, &field.pointer)?,
            From::Template(_) => 0,
        };
        let did_you_mean = match &field.from {
            From::Source(Source::Path(path)) if matched == 0 => self.hints.nearest(path, scope, self.budget),
            _ => None,
        };
        let mut json = Vec::new();
        let written = Writer { budget: self.budget }.write_field(field, scope, &mut json);
        let from_rule = matched == 0 && matches!(field.from, From::Source(_));
        let (outcome, detail) = match (&written, &field.missing) {
            (Err(fault), _) => (Outcome::Failed, Some(fault.to_string())),
            (Ok(()), Rule::Omit) if json.is_empty() => (Outcome::Omitted, None),
            (Ok(()), Rule::Default(_)) if from_rule => (Outcome::Default, None),
            (Ok(()), Rule::Null) if from_rule && json == b"null" => (Outcome::Null, None),
            _ => (Outcome::Value, None),
        };
        let text = String::from_utf8_lossy(&json);
        self.reports.push(FieldReport {
            pointer: field.pointer.to_string(),
            path: field.describe().to_owned(),
            matched,
            outcome,
            value: (!json.is_empty()).then(|| crate::shape::fault::bounded(&text).to_owned()),
            did_you_mean,
            detail,
        });
        if let From::Template(parts) = &field.from {
            self.holes(parts, field, scope)?;
        }
        Ok(())
    }

    fn holes(&mut self, parts: &[Part], field: &Field, scope: &Scope<'_>) -> Result<(), EvalFault> {
        for part in parts {
            let Part::Hole { source, .. } = part else { continue };
            let mut value = None;
            let matched = self.count_with(source, scope, &field.pointer, &mut value)?;
            let did_you_mean = match source {
                Source::Path(path) if matched == 0 => self.hints.nearest(path, scope, self.budget),
                _ => None,
            };
            self.reports.push(FieldReport {
                pointer: field.pointer.to_string(),
                path: source.describe().to_owned(),
                matched,
                outcome: Outcome::Hole,
                value,
                did_you_mean,
                detail: None,
            });
        }
        Ok(())
    }

    fn count(&mut self, source: &Source, scope: &Scope<'_>, pointer: &str) -> Result<usize, EvalFault> {
        self.count_with(source, scope, pointer, &mut None)
    }

    /// How many values a source has; the first goes to `shown`.
    fn count_with(
        &mut self,
        source: &Source,
        scope: &Scope<'_>,
        pointer: &str,
        shown: &mut Option<String>,
    ) -> Result<usize, EvalFault> {
        let mut matched = 0;
        let counted = source.each(scope, self.budget, &mut |value| -> Result<(), Stop> {
            if matched == 0 {
                *shown = Some(value.shown());
            }
            matched += 1;
            Ok(())
        });
        counted.map(|()| matched).map_err(|why| EvalFault {
            pointer: pointer.to_owned(),
            path: source.describe().to_owned(),
            seen: String::new(),
            detail: why.to_string(),
        })
    }
}

/// The paths an event has, found when a path first matches nothing.
#[derive(Debug)]
pub(crate) struct Hints {
    known: OnceCell<Vec<String>>,
    /// What looking for what was meant may still cost; a hint that is not found does not hurt.
    left: Cell<Budget>,
}

/// Cells of [`distance`] that are filled in the time of a visit.
const CELLS_FOR_A_VISIT: u64 = 4;

impl Default for Hints {
    fn default() -> Self {
        Self { known: OnceCell::new(), left: Cell::new(Budget::new(500_000, 0)) }
    }
}

impl Hints {
    /// The path nearest to one that matches nothing: one that differs by a few letters, else the
    /// shortest that ends in the same name. `None` if it matches, or nothing is near. `budget` is for finding out
    /// whether it matches.
    pub(crate) fn nearest(&self, path: &Path, scope: &Scope<'_>, budget: &mut Budget) -> Option<String> {
        if path.first(scope, budget).ok()?.is_some() {
            return None;
        }
        let mut left = self.left.get();
        let best = if path.base == Base::Item {
            best(&path.text, &paths::of_node(scope.node(scope.item?), "@", &mut left), &mut left)
        } else {
            let root = scope.input.document.root();
            let known = self.known.get_or_init(|| paths::of_node(root, "$", &mut left));
            best(&path.text, known, &mut left)
        };
        self.left.set(left);
        best
    }
}

fn best(text: &str, known: &[String], left: &mut Budget) -> Option<String> {
    let length = text.chars().count();
    let most = (length / 4).clamp(1, 4);
    left.visit(known.len() as u64).ok()?;
    let letters = Letters::of(text);
    let mut near: Option<(usize, &String)> = None;
    for candidate in known {
        let other = Letters::of(candidate);
        if other.count.abs_diff(length) > most || letters.differ_at_least(other) > most {
            continue;
        }
        left.visit((length * length) as u64 / CELLS_FOR_A_VISIT).ok()?;
        let found = (distance(text, candidate), candidate);
        near = near.into_iter().chain((found.0 <= most).then_some(found)).min();
    }
    if let Some((_, near)) = near {
        return Some(near.clone());
    }
    let name = last_name(text)?;
    let same = known
        .iter()
        .filter(|candidate| last_name(candidate).is_some_and(|last| last.eq_ignore_ascii_case(name)));
    same.min_by_key(|candidate| candidate.len()).cloned()
}

/// The name a path ends in, if it ends in one.
fn last_name(text: &str) -> Option<&str> {
    let (_, name) = text.rsplit_once('.')?;
    let plain = !name.is_empty() && !name.contains(['[', ']', '*']);
    plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant_is_not_sought_without_end() {
        let known: Vec<String> = (0..2000).map(|at| format!("$.{}{at:04}", "hgfedcba".repeat(7))).collect();
        let mut left = Budget::new(100_000, 0);
        let wrong = |at: usize| format!("$.{}{at:04}", "abcdefgh".repeat(7));
        assert!((0..4000).all(|at| best(&wrong(at), &known, &mut left).is_none()));
        assert_eq!(left.nodes_left(), 0, "it was paid for until there was nothing left");
    }
}
