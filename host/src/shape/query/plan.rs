//! What a compiled query is. Not here: how it is made (`check`) and run (`run`).

use crate::shape::query::pattern;

/// One JSONPath query, ready to run on any document.
#[derive(Debug)]
pub struct Query {
    pub(super) text: Box<str>,
    pub(super) segments: Box<[Segment]>,
    pub(super) singular: bool,
    /// Subqueries from the root, each evaluated once per run.
    pub(super) slots: usize,
}

#[derive(Debug)]
pub(crate) enum Segment {
    Child(Box<[Selector]>),
    Descendant(Box<[Selector]>),
}

#[derive(Debug)]
pub(crate) enum Selector {
    Name(Box<str>),
    Index(i64),
    Wildcard,
    Slice { start: Option<i64>, end: Option<i64>, step: i64 },
    Filter(Box<Logic>),
}

#[derive(Debug)]
pub(crate) enum Logic {
    Or(Box<[Logic]>),
    And(Box<[Logic]>),
    Not(Box<Logic>),
    Exists(SubQuery),
    Compare { op: CompareOp, left: Term, right: Term },
    Match { text: Term, pattern: MatchPattern, whole: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompareOp {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
}

/// What gives one value, or nothing.
#[derive(Debug)]
pub(crate) enum Term {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    /// A query with at most one node.
    Singular(SubQuery),
    /// `value(…)`: the node of a query that happens to have exactly one.
    Value(SubQuery),
    Count(SubQuery),
    Length(Box<Term>),
}

#[derive(Debug)]
pub(crate) enum MatchPattern {
    /// Compiled when the query was; `None` if it is no regular expression, which matches nothing.
    Ready(Option<pattern::RegexPattern>),
    /// Comes from the document.
    Computed(Term),
}

#[derive(Debug)]
pub(crate) struct SubQuery {
    pub(crate) segments: Box<[Segment]>,
    /// For a query from the root: where its result is kept during a run.
    pub(crate) slot: Option<usize>,
}
