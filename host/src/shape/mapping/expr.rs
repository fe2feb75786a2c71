//! A compiled output. Not here: how it is read (`output`) and how it is written (`write`).

use crate::shape::apply::ApplyStep;
use crate::shape::apply::Cast;
use crate::shape::filter::Clause;
use crate::shape::source::Path;
use crate::shape::source::ValueSource;

/// What becomes of one place of the output.
#[derive(Debug)]
pub(crate) enum Expr {
    /// JSON as it stands.
    Raw(Box<[u8]>),
    Field(Box<MappedField>),
    Object(Box<[Member]>),
    Array(Box<[Expr]>),
    Each(Box<Each>),
    If(Box<If>),
}

#[derive(Debug)]
pub(crate) struct Member {
    /// The key as JSON with its colon.
    pub(crate) key: Box<[u8]>,
    pub(crate) value: Expr,
}

/// A value that comes from the event.
#[derive(Debug)]
pub(crate) struct MappedField {
    /// Its place in the mapping, as a JSON pointer.
    pub(crate) pointer: Box<str>,
    pub(crate) from: From,
    pub(crate) take: Take,
    pub(crate) steps: Box<[ApplyStep]>,
    pub(crate) cast: Option<Cast>,
    /// What is written if there is no value.
    pub(crate) missing: Rule,
    /// Whether that was said of this field, and not only of the document: then a path that could
    /// give several and gives none is missing too, where otherwise it is an empty array.
    pub(crate) own_rule: bool,
}

#[derive(Debug)]
pub(crate) enum From {
    Source(ValueSource),
    Template(Box<[Part]>),
}

/// How many of the values are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// One if there can be only one, else an array.
    ByPath,
    First,
    /// Always an array.
    All,
}

#[derive(Debug)]
pub(crate) enum Rule {
    Null,
    Omit,
    Error,
    Default(Box<Expr>),
}

/// A piece of a template.
#[derive(Debug)]
pub(crate) enum Part {
    /// Escaped as the inside of a JSON string.
    Text(Box<[u8]>),
    Hole {
        source: ValueSource,
        steps: Box<[ApplyStep]>,
        /// In a URL path: how its value stays one part of it.
        url: Option<UrlHole>,
    },
}

/// A hole of a URL path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UrlHole {
    /// Percent-encodes the value; not where its last function did.
    pub(crate) encode: bool,
    /// Ends a segment that is made of holes alone, which must not come out empty.
    pub(crate) closes: bool,
}

#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) pointer: Box<str>,
    pub(crate) over: Path,
    pub(crate) value: Expr,
}

#[derive(Debug)]
pub(crate) struct If {
    pub(crate) condition: Clause,
    pub(crate) then: Expr,
    /// What is written if the condition does not hold; nothing at all if `None`.
    pub(crate) otherwise: Option<Expr>,
}
