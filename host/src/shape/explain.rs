//! Why a mapping wrote what it wrote: for each field its path, its value, and what was probably
//! meant if there is none. Not here: writing (`mapping`).

use crate::shape::budget::Budget;
use crate::shape::fault::EvalFault;
use crate::shape::filter::decide;
use crate::shape::hints::Hints;
use crate::shape::input::Input;
use crate::shape::mapping::Expr;
use crate::shape::mapping::From;
use crate::shape::mapping::MappedField;
use crate::shape::mapping::Mapping;
use crate::shape::mapping::Part;
use crate::shape::mapping::Rule;
use crate::shape::mapping::Writer;
use crate::shape::query::WalkEnd;
use crate::shape::source::Path;
use crate::shape::source::ValueScope;
use crate::shape::source::ValueSource;

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOutcome {
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

impl FieldOutcome {
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
    pub outcome: FieldOutcome,
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
    fn expr(&mut self, expr: &Expr, scope: &ValueScope<'_>) -> Result<(), EvalFault> {
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
                    outcome: FieldOutcome::Value,
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
                    Some(item) => self.expr(&each.value, &ValueScope { item: Some(item.index()), ..*scope }),
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
        scope: &ValueScope<'_>,
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

    fn field(&mut self, field: &MappedField, scope: &ValueScope<'_>) -> Result<(), EvalFault> {
        let matched = match &field.from {
            From::Source(source) => self.count(source, scope, &field.pointer)?,
            From::Template(_) => 0,
        };
        let did_you_mean = match &field.from {
            From::Source(ValueSource::Path(path)) if matched == 0 => {
                self.hints.nearest(path, scope, self.budget)
            }
            _ => None,
        };
        let mut json = Vec::new();
        let written = Writer { budget: self.budget }.write_field(field, scope, &mut json);
        let from_rule = matched == 0 && matches!(field.from, From::Source(_));
        let (outcome, detail) = match (&written, &field.missing) {
            (Err(fault), _) => (FieldOutcome::Failed, Some(fault.to_string())),
            (Ok(()), Rule::Omit) if json.is_empty() => (FieldOutcome::Omitted, None),
            (Ok(()), Rule::Default(_)) if from_rule => (FieldOutcome::Default, None),
            (Ok(()), Rule::Null) if from_rule && json == b"null" => (FieldOutcome::Null, None),
            _ => (FieldOutcome::Value, None),
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

    fn holes(
        &mut self,
        parts: &[Part],
        field: &MappedField,
        scope: &ValueScope<'_>,
    ) -> Result<(), EvalFault> {
        for part in parts {
            let Part::Hole { source, .. } = part else { continue };
            let mut value = None;
            let matched = self.count_with(source, scope, &field.pointer, &mut value)?;
            let did_you_mean = match source {
                ValueSource::Path(path) if matched == 0 => self.hints.nearest(path, scope, self.budget),
                _ => None,
            };
            self.reports.push(FieldReport {
                pointer: field.pointer.to_string(),
                path: source.describe().to_owned(),
                matched,
                outcome: FieldOutcome::Hole,
                value,
                did_you_mean,
                detail: None,
            });
        }
        Ok(())
    }

    fn count(
        &mut self,
        source: &ValueSource,
        scope: &ValueScope<'_>,
        pointer: &str,
    ) -> Result<usize, EvalFault> {
        self.count_with(source, scope, pointer, &mut None)
    }

    /// How many values a source has; the first goes to `shown`.
    fn count_with(
        &mut self,
        source: &ValueSource,
        scope: &ValueScope<'_>,
        pointer: &str,
        shown: &mut Option<String>,
    ) -> Result<usize, EvalFault> {
        let mut matched = 0;
        let counted = source.each(scope, self.budget, &mut |value| -> Result<(), WalkEnd> {
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
