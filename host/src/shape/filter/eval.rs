//! Deciding: does an event pass, and which clause said so. Not here: single tests (`test`).

use std::borrow::Cow;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::fault::EvalFault;
use crate::shape::fault::SpecFault;
use crate::shape::fault::bounded;
use crate::shape::filter::clause::Body;
use crate::shape::filter::clause::Clause;
use crate::shape::filter::clause::Leaf;
use crate::shape::filter::clause::Test;
use crate::shape::filter::compile::ClauseCompiler;
use crate::shape::filter::mismatch::mismatch;
use crate::shape::input::Input;
use crate::shape::query::WalkEnd;
use crate::shape::source::ValueScope;
use crate::shape::spec;
use crate::shape::spec::SpecFaults;
use crate::shape::value::Value;
use crate::shape::value::number_in;

/// A compiled filter.
#[derive(Debug)]
pub struct Filter {
    clause: Clause,
}

/// What a filter said of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Whether the event passes.
    pub pass: bool,
    /// The clause that decided, as a JSON pointer into the filter: the one that failed in an `all`,
    /// the one that passed in an `any`; the group itself if no single one decided.
    pub clause: &'a str,
    /// What it looked at: a path, a header's name, an event's field; `None` for a group.
    pub path: Option<&'a str>,
    /// The value it decided on, as JSON cut to 200 bytes; `None` if there was none.
    pub seen: Option<Cow<'a, str>>,
    /// That it is of another type than the clause compares it with, such as "text, not a number".
    pub mismatch: Option<String>,
}

impl Decision<'_> {
    /// The decision as a sentence for people.
    pub fn reason(&self) -> String {
        let verb = if self.pass { "passes" } else { "does not pass" };
        let clause = if self.clause.is_empty() { "the filter" } else { self.clause };
        match (self.path, &self.seen) {
            (Some(path), Some(seen)) => {
                let mismatch =
                    self.mismatch.as_ref().map(|text| format!(", which is {text}")).unwrap_or_default();
                format!("{clause} {verb}: {path} is {seen}{mismatch}")
            }
            (Some(path), None) => format!("{clause} {verb}: {path} is not there"),
            (None, _) => format!("{clause} {verb}"),
        }
    }
}

/// One clause of [`Filter::explain`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseReport {
    /// Its place, as a JSON pointer into the filter.
    pub clause: String,
    /// What it looks at; empty for a group.
    pub path: String,
    /// Whether it holds on its own.
    pub pass: bool,
    /// The value it decided on, as JSON cut to 200 bytes.
    pub seen: Option<String>,
    /// The path that was probably meant, if this one matches nothing.
    pub did_you_mean: Option<String>,
}

impl Filter {
    /// Compiles a filter's JSON; all faults at once.
    pub fn compile(json: &[u8]) -> Result<Self, Vec<SpecFault>> {
        let document = spec::parse(json)?;
        let mut faults = SpecFaults::default();
        let clause = ClauseCompiler { faults: &mut faults, in_each: false }.clause(document.root(), "");
        faults.finish(clause.map(|clause| Self { clause }))
    }

    /// Decides on one event. An error only when the budget is used up.
    pub fn test<'a>(&'a self, input: &'a Input<'a>, budget: &mut Budget) -> Result<Decision<'a>, EvalFault> {
        decide(&self.clause, &ValueScope::of(input), budget)
    }

    /// Every clause with its own result, in the order of the document.
    pub fn explain(&self, input: &Input<'_>, budget: &mut Budget) -> Result<Vec<ClauseReport>, EvalFault> {
        let mut reports = Vec::new();
        let hints = crate::shape::hints::Hints::default();
        explain(&self.clause, &ValueScope::of(input), budget, &hints, &mut reports)?;
        Ok(reports)
    }
}

fn explain(
    clause: &Clause,
    scope: &ValueScope<'_>,
    budget: &mut Budget,
    hints: &crate::shape::hints::Hints,
    reports: &mut Vec<ClauseReport>,
) -> Result<(), EvalFault> {
    let decision = decide(clause, scope, budget)?;
    let own = *decision.clause == *clause.pointer;
    let did_you_mean = match &clause.body {
        Body::Leaf(Leaf { source: crate::shape::source::ValueSource::Path(path), .. }) => {
            hints.nearest(path, scope, budget)
        }
        _ => None,
    };
    reports.push(ClauseReport {
        clause: clause.pointer.to_string(),
        path: if own { decision.path.unwrap_or_default().to_owned() } else { String::new() },
        pass: decision.pass,
        seen: if own { decision.seen.map(Cow::into_owned) } else { None },
        did_you_mean,
    });
    match &clause.body {
        Body::All(clauses) | Body::Any(clauses) => {
            clauses.iter().try_for_each(|one| explain(one, scope, budget, hints, reports))
        }
        Body::Not(inner) => explain(inner, scope, budget, hints, reports),
        Body::Leaf(_) | Body::Expr(_) => Ok(()),
    }
}

/// Decides one clause.
pub(crate) fn decide<'a>(
    clause: &'a Clause,
    scope: &ValueScope<'a>,
    budget: &mut Budget,
) -> Result<Decision<'a>, EvalFault> {
    match &clause.body {
        Body::All(clauses) => group(clause, clauses, false, scope, budget),
        Body::Any(clauses) => group(clause, clauses, true, scope, budget),
        Body::Not(inner) => {
            let decision = decide(inner, scope, budget)?;
            Ok(Decision { pass: !decision.pass, ..decision })
        }
        Body::Leaf(leaf) => leaf.decide(clause, scope, budget),
        Body::Expr(path) => {
            let found = path.first(scope, budget).map_err(|e| exhausted(clause, &path.text, e))?;
            let seen = found.map(|node| Cow::Borrowed(bounded(node.raw())));
            let (clause, path) = (&clause.pointer, Some(&*path.text));
            Ok(Decision { pass: seen.is_some(), clause, path, seen, mismatch: None })
        }
    }
}

/// An `any` is decided by the first clause that passes, an `all` by the first that fails.
fn group<'a>(
    clause: &'a Clause,
    clauses: &'a [Clause],
    any: bool,
    scope: &ValueScope<'a>,
    budget: &mut Budget,
) -> Result<Decision<'a>, EvalFault> {
    let mut last = None;
    for one in clauses {
        let decision = decide(one, scope, budget)?;
        if decision.pass == any {
            return Ok(decision);
        }
        last = Some(decision);
    }
    match last {
        Some(only) if clauses.len() == 1 => Ok(only),
        _ => Ok(Decision { pass: !any, clause: &clause.pointer, path: None, seen: None, mismatch: None }),
    }
}

fn exhausted(clause: &Clause, path: &str, why: Exhausted) -> EvalFault {
    EvalFault {
        pointer: clause.pointer.to_string(),
        path: path.to_owned(),
        seen: String::new(),
        detail: why.to_string(),
    }
}

impl Leaf {
    fn decide<'a>(
        &'a self,
        clause: &'a Clause,
        scope: &ValueScope<'a>,
        budget: &mut Budget,
    ) -> Result<Decision<'a>, EvalFault> {
        let path = self.source.describe();
        let (pass, seen) = self.run(scope, budget).map_err(|why| exhausted(clause, path, why))?;
        let mismatch = seen.as_ref().filter(|_| !pass).and_then(|value| mismatch(self, value));
        Ok(Decision { pass, clause: &clause.pointer, path: Some(path), seen: seen.map(show), mismatch })
    }

    /// Whether it passes, and the value that decided: the one that passed (or, with `every`, that
    /// failed), else the first.
    fn run<'i>(
        &self,
        scope: &ValueScope<'i>,
        budget: &mut Budget,
    ) -> Result<(bool, Option<Value<'i>>), Exhausted> {
        let mut first = None;
        let mut decided = None;
        // The walk has the budget; the tests on its values are paid from a copy afterwards.
        let mut left = *budget;
        let before = left.nodes_left();
        self.source.each(scope, budget, &mut |value| {
            let pass = self.exists != Some(false) && self.holds(&value, &mut left)?;
            if pass != self.every {
                decided = Some((pass, value));
                return Err(WalkEnd::Enough);
            }
            first.get_or_insert(value);
            Ok(())
        })?;
        budget.visit(before.saturating_sub(left.nodes_left()))?;
        if let Some((pass, value)) = decided {
            return Ok((pass, Some(value)));
        }
        Ok(match first {
            Some(value) => (self.every, Some(value)),
            None => (self.holds_of_nothing(), None),
        })
    }

    fn holds(&self, value: &Value<'_>, budget: &mut Budget) -> Result<bool, Exhausted> {
        let read = if self.as_number { value.as_text() } else { None };
        let read = read.as_deref().and_then(number_in).map(|number| Value::Number(Cow::Borrowed(number)));
        let value = read.as_ref().unwrap_or(value);
        for test in &self.tests {
            if !test.holds(value, budget)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn holds_of_nothing(&self) -> bool {
        self.exists != Some(true) && self.tests.iter().all(Test::holds_of_nothing)
    }
}

fn show(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Node(node) => Cow::Borrowed(bounded(node.raw())),
        other => Cow::Owned(other.shown()),
    }
}
