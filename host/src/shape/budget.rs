//! Bounds: what one evaluation may cost, what all of a request or a run may cost together, and how
//! large a filter, mapping or query may be.
//! Not here: who decides the numbers for an installation (`config`).

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// Longest JSONPath query, in bytes.
pub const MAX_QUERY_BYTES: usize = 4096;
/// Deepest nesting of brackets and parentheses in a query.
pub const MAX_QUERY_NESTING: usize = 32;
/// Deepest nesting of function calls in a query; the parser's work doubles with each.
pub const MAX_CALL_NESTING: usize = 4;
/// Most selectors in one query, those in its filters included.
pub const MAX_SELECTORS: usize = 256;
/// Longest regular expression, in bytes.
pub const MAX_REGEX_BYTES: usize = 1024;
/// Largest compiled regular expression, in bytes.
pub const MAX_REGEX_SIZE: usize = 256 * 1024;
/// Longest filter or mapping document, in bytes.
pub const MAX_SPEC_BYTES: usize = 256 * 1024;
/// Most clauses of a filter or nodes of a mapping.
pub const MAX_SPEC_NODES: usize = 4096;
/// Deepest nesting of clauses or of a mapping's output.
pub const MAX_SPEC_DEPTH: usize = 64;
/// Deepest nesting of `$each`.
pub const MAX_EACH_NESTING: usize = 4;

/// Bytes that are parsed, or written of paths, in the time of a visit.
pub(crate) const PARSED_FOR_A_VISIT: u64 = 16;

/// Why an evaluation was broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// Too many keys, values and regular-expression steps were looked at.
    #[error("the budget of visited nodes is used up: make the path more specific")]
    Nodes,
    /// Too much output.
    #[error("the output is larger than allowed: map fewer or smaller values")]
    Bytes,
    /// There is nothing to look at.
    #[error("the payload is not JSON")]
    Unreadable,
}

/// What one evaluation may still cost. Make a new one for each filter or mapping of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    nodes: u64,
    bytes: u64,
}

impl Default for Budget {
    /// Two million visited nodes (some tens of milliseconds) and 16 MiB of output.
    fn default() -> Self {
        Self::new(2_000_000, 16 * 1024 * 1024)
    }
}

impl Budget {
    /// `nodes`: keys and values that may be looked at; `bytes`: output that may be produced.
    pub const fn new(nodes: u64, bytes: u64) -> Self {
        Self { nodes, bytes }
    }

    /// Visits left.
    pub const fn nodes_left(&self) -> u64 {
        self.nodes
    }

    /// Bytes left.
    pub const fn bytes_left(&self) -> u64 {
        self.bytes
    }

    #[inline]
    pub(crate) fn visit(&mut self, nodes: u64) -> Result<(), Exhausted> {
        match self.nodes.checked_sub(nodes) {
            Some(left) => {
                self.nodes = left;
                Ok(())
            }
            None => {
                self.nodes = 0;
                Err(Exhausted::Nodes)
            }
        }
    }

    /// Pays for JSON of so many bytes that is to be parsed.
    pub(crate) fn parse(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.visit(bytes as u64 / PARSED_FOR_A_VISIT)
    }

    #[inline]
    pub(crate) fn produce(&mut self, bytes: usize) -> Result<(), Exhausted> {
        match self.bytes.checked_sub(bytes as u64) {
            Some(left) => {
                self.bytes = left;
                Ok(())
            }
            None => {
                self.bytes = 0;
                Err(Exhausted::Bytes)
            }
        }
    }
}

/// Whether somebody still waits for what is computed. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Ended(Arc<AtomicBool>);

impl Ended {
    /// Nobody waits any more: what computes stops soon.
    pub fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits any more.
    pub fn has_ended(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What many evaluations may cost together: each takes a [`Budget`] out of it, gives it back when it is done, and gets
/// nothing once all is spent or nobody waits any more.
#[derive(Clone, Debug)]
pub struct Work {
    left: Budget,
    spent: Option<Exhausted>,
    ended: Ended,
}

impl Work {
    /// What the steps of one connection may cost on one event: some evaluations that each take all they may.
    pub fn of_run() -> Self {
        Self::new(Budget::new(8_000_000, 64 * 1024 * 1024), Ended::default())
    }

    /// What one request of the API may cost.
    pub fn of_request(ended: Ended) -> Self {
        Self::new(Budget::new(4_000_000, 32 * 1024 * 1024), ended)
    }

    /// So much, for as long as somebody waits.
    pub fn new(left: Budget, ended: Ended) -> Self {
        Self { left, spent: None, ended }
    }

    /// Does something within the usual budget of one evaluation, or what is left if that is less.
    pub fn within<T>(&mut self, evaluate: impl FnOnce(&mut Budget) -> T) -> T {
        let most = Budget::default();
        let given = match self.ended.has_ended() {
            true => Budget::new(0, 0),
            false => Budget::new(most.nodes.min(self.left.nodes), most.bytes.min(self.left.bytes)),
        };
        let mut budget = given;
        let made = evaluate(&mut budget);
        // Spent is what had to be broken off because of the others, not what is too much on its own.
        if budget.nodes == 0 && given.nodes < most.nodes {
            self.spent = self.spent.or(Some(Exhausted::Nodes));
        }
        if budget.bytes == 0 && given.bytes < most.bytes {
            self.spent = self.spent.or(Some(Exhausted::Bytes));
        }
        self.left.nodes -= given.nodes - budget.nodes;
        self.left.bytes -= given.bytes - budget.bytes;
        made
    }

    /// What ran out, if something had to be broken off.
    pub fn spent(&self) -> Option<Exhausted> {
        self.spent
    }

    /// Whether nobody waits any more.
    pub fn has_ended(&self) -> bool {
        self.ended.has_ended()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_share_what_there_is() {
        let mut work = Work::new(Budget::new(3, 3_000_000_000), Ended::default());
        assert_eq!(work.within(|budget| budget.visit(2)), Ok(()));
        assert_eq!(work.spent(), None);
        assert_eq!(work.within(|budget| budget.visit(2)), Err(Exhausted::Nodes));
        assert_eq!(work.spent(), Some(Exhausted::Nodes));
    }

    #[test]
    fn one_that_is_too_much_on_its_own_leaves_something_for_others() {
        let mut work = Work::of_run();
        assert_eq!(work.within(|budget| budget.visit(1 << 40)), Err(Exhausted::Nodes));
        assert_eq!(work.spent(), None);
        assert_eq!(work.within(|budget| budget.visit(1)), Ok(()));
    }

    #[test]
    fn nothing_is_done_for_nobody() {
        let ended = Ended::default();
        let mut work = Work::of_request(ended.clone());
        ended.end();
        assert_eq!(work.within(|budget| budget.visit(1)), Err(Exhausted::Nodes));
    }
}
