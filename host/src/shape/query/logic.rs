//! What is inside `[?…]`: tests, comparisons and the five functions of RFC 9535.
//! Not here: segments and selectors (`eval`).

use std::borrow::Cow;

use crate::shape::budget::Exhausted;
use crate::shape::query::compare;
use crate::shape::query::compare::Operand;
use crate::shape::query::eval::Cached;
use crate::shape::query::eval::Evaluation;
use crate::shape::query::eval::WalkEnd;
use crate::shape::query::pattern;
use crate::shape::query::plan::Logic;
use crate::shape::query::plan::MatchPattern;
use crate::shape::query::plan::SubQuery;
use crate::shape::query::plan::Term;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

impl<'e> Evaluation<'e> {
    pub(super) fn holds(&mut self, logic: &Logic, node: u32) -> Result<bool, Exhausted> {
        match logic {
            Logic::Or(parts) => {
                for part in parts {
                    if self.holds(part, node)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Logic::And(parts) => {
                for part in parts {
                    if !self.holds(part, node)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Logic::Not(inner) => Ok(!self.holds(inner, node)?),
            Logic::Exists(query) => self.exists(query, node),
            Logic::Compare { op, left, right } => {
                let left = self.term(left, node)?;
                let right = self.term(right, node)?;
                compare::compare(*op, &left, &right, self.budget)
            }
            Logic::Match { text, pattern, whole } => self.matches(text, pattern, *whole, node),
        }
    }

    fn cached(&self, query: &SubQuery) -> Option<Cached> {
        query.slot.and_then(|slot| *self.cache.get(slot)?)
    }

    fn keep(&mut self, query: &SubQuery, result: Cached) {
        if let Some(kept) = query.slot.and_then(|slot| self.cache.get_mut(slot)) {
            *kept = Some(result);
        }
    }

    fn base(&self, query: &SubQuery, node: u32) -> u32 {
        if query.slot.is_some() { self.root } else { node }
    }

    fn exists(&mut self, query: &SubQuery, node: u32) -> Result<bool, Exhausted> {
        if let Some(Cached::Exists(known)) = self.cached(query) {
            return Ok(known);
        }
        let base = self.base(query, node);
        let exists = match self.run(base, &query.segments, &mut |_| Err(WalkEnd::Enough)) {
            Ok(()) => false,
            Err(WalkEnd::Enough) => true,
            Err(WalkEnd::Exhausted(exhausted)) => return Err(exhausted),
        };
        self.keep(query, Cached::Exists(exists));
        Ok(exists)
    }

    /// How many nodes a query has, and the first of them.
    fn count(&mut self, query: &SubQuery, node: u32, most: u64) -> Result<(u64, Option<u32>), Exhausted> {
        let base = self.base(query, node);
        let (mut count, mut first) = (0, None);
        let run = self.run(base, &query.segments, &mut |node| {
            first = first.or(Some(node));
            count += 1;
            if count == most { Err(WalkEnd::Enough) } else { Ok(()) }
        });
        match run {
            Err(WalkEnd::Exhausted(exhausted)) => Err(exhausted),
            _ => Ok((count, first)),
        }
    }

    fn term<'t>(&mut self, term: &'t Term, node: u32) -> Result<Operand<'t>, Exhausted>
    where
        'e: 't,
    {
        Ok(match term {
            Term::Null => Operand::Null,
            Term::Bool(bool) => Operand::Bool(*bool),
            Term::Number(text) => Operand::Number(Cow::Borrowed(text)),
            Term::Text(text) => Operand::Text(text),
            Term::Singular(query) => {
                let found = match self.cached(query) {
                    Some(Cached::Node(known)) => known,
                    _ => {
                        let base = self.base(query, node);
                        let found = self.singular(base, &query.segments)?;
                        self.keep(query, Cached::Node(found));
                        found
                    }
                };
                found.map_or(Operand::Nothing, |found| Operand::Node(self.node(found)))
            }
            Term::Value(query) => {
                let only = match self.cached(query) {
                    Some(Cached::Node(known)) => known,
                    _ => {
                        let (count, first) = self.count(query, node, 2)?;
                        let only = first.filter(|_| count == 1);
                        self.keep(query, Cached::Node(only));
                        only
                    }
                };
                only.map_or(Operand::Nothing, |only| Operand::Node(self.node(only)))
            }
            Term::Count(query) => {
                let count = match self.cached(query) {
                    Some(Cached::Count(known)) => known,
                    _ => {
                        let (count, _) = self.count(query, node, u64::MAX)?;
                        self.keep(query, Cached::Count(count));
                        count
                    }
                };
                Operand::Number(Cow::Owned(count.to_string()))
            }
            Term::Length(inner) => match self.term(inner, node)? {
                Operand::Text(text) => length(text.chars().count()),
                Operand::Node(node) => self.length_of(node)?,
                _ => Operand::Nothing,
            },
        })
    }

    fn length_of<'t>(&mut self, node: Node<'_>) -> Result<Operand<'t>, Exhausted> {
        let count = match node.kind() {
            NodeKind::String => node.as_str().map_or(0, |text| text.chars().count()),
            NodeKind::Array | NodeKind::Object => node.len(),
            _ => return Ok(Operand::Nothing),
        };
        self.budget.visit(count as u64 / 8 + 1)?;
        Ok(length(count))
    }

    fn matches(&mut self, text: &Term, by: &MatchPattern, whole: bool, node: u32) -> Result<bool, Exhausted> {
        let text = match self.term(text, node)? {
            Operand::Text(text) => Cow::Borrowed(text),
            Operand::Node(node) => match node.as_str() {
                Some(text) => text,
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        match by {
            MatchPattern::Ready(Some(regex)) => regex.is_match(&text, self.budget),
            MatchPattern::Ready(None) => Ok(false),
            MatchPattern::Computed(term) => {
                let pattern = match self.term(term, node)? {
                    Operand::Node(node) => match node.as_str() {
                        Some(pattern) => pattern,
                        None => return Ok(false),
                    },
                    _ => return Ok(false),
                };
                self.matches_computed(&pattern, &text, whole)
            }
        }
    }

    fn matches_computed(&mut self, pattern: &str, text: &str, whole: bool) -> Result<bool, Exhausted> {
        let known = self.regex.as_ref().is_some_and(|(last, _)| last == pattern);
        if !known {
            // Compiling takes microseconds per byte of the pattern, repetitions more.
            self.budget.visit(500 + 50 * pattern.len() as u64)?;
            let regex = pattern::compile_computed(pattern, whole);
            self.regex = Some((pattern.to_owned(), regex));
        }
        match self.regex.as_ref().and_then(|(_, regex)| regex.as_ref()) {
            Some(regex) => regex.is_match(text, self.budget),
            None => Ok(false),
        }
    }
}

fn length<'t>(count: usize) -> Operand<'t> {
    Operand::Number(Cow::Owned(count.to_string()))
}
