//! The path that was probably meant by one that matches nothing. Not here: what is explained with it (`explain`,
//! `filter`).

use std::cell::Cell;
use std::cell::OnceCell;

use crate::shape::budget::Budget;
use crate::shape::paths;
use crate::shape::source::Path;
use crate::shape::source::PathBase;
use crate::shape::source::ValueScope;
use crate::shape::spec::Letters;
use crate::shape::spec::distance;

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
    pub(crate) fn nearest(&self, path: &Path, scope: &ValueScope<'_>, budget: &mut Budget) -> Option<String> {
        if path.first(scope, budget).ok()?.is_some() {
            return None;
        }
        let mut left = self.left.get();
        let best = if path.base == PathBase::Item {
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
