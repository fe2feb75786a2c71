//! Bounds: what one evaluation may cost, and how large a filter, mapping or query may be.
//! Not here: who decides the numbers for an installation (`config`).

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
