//! What a schema says, one rule each. Places are indexes into [`super::Schema::places`]. Not here: reading them
//! (`keywords`), applying them (`check`).

use std::collections::HashMap;

use crate::shape::number::Decimal;
use crate::shape::query::RegexPattern;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

/// Values or names that are looked through one by one without counting.
const SIMPLE_MAX: usize = 20;

/// A place of a schema's text.
pub(super) type SubSchema = usize;

/// What `type` may name; integers are numbers without a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SchemaType {
    Integer,
    Other(NodeKind),
}

impl SchemaType {
    pub(super) const NAMES: [(&'static str, Self); 7] = [
        ("null", Self::Other(NodeKind::Null)),
        ("boolean", Self::Other(NodeKind::Boolean)),
        ("integer", Self::Integer),
        ("number", Self::Other(NodeKind::Number)),
        ("string", Self::Other(NodeKind::String)),
        ("array", Self::Other(NodeKind::Array)),
        ("object", Self::Other(NodeKind::Object)),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Other(kind) => kind.name(),
        }
    }
}

/// Which side of a number is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Characters,
    Elements,
    Members,
}

/// Smallest and largest number of something.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountBounds {
    pub(super) min: usize,
    pub(super) max: usize,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) enum SchemaRule {
    /// The schema `false`.
    Nothing,
    Type(Vec<SchemaType>),
    /// One of these values.
    Values(Vec<Value<'static>>),
    /// A bound of numbers, as JSON text.
    Bound(Side, Box<str>),
    MultipleOf(Decimal),
    Count(Counted, CountBounds),
    Pattern(RegexPattern),
    Unique,
    Required(Vec<Box<str>>),
    /// If the first is there, so must be the others.
    Dependent(Box<str>, Vec<Box<str>>),
    /// If the member is there, the object has to fit the place.
    DependentSchema(Box<str>, SubSchema),
    Names(SubSchema),
    Members(MemberRules),
    Elements(ElementRules),
    Contains(SubSchema, CountBounds),
    All(Vec<SubSchema>),
    Any(Vec<SubSchema>),
    One(Vec<SubSchema>),
    Not(SubSchema),
    If(SubSchema, Option<SubSchema>, Option<SubSchema>),
    /// Members that nothing else looked at.
    UnevaluatedMembers(SubSchema),
    /// Elements that nothing else looked at.
    UnevaluatedElements(SubSchema),
}

impl SchemaRule {
    /// Whether it looks at a value, and at each member or element, once.
    pub(super) fn is_simple(&self) -> bool {
        match self {
            Self::Nothing
            | Self::Type(_)
            | Self::Bound(..)
            | Self::MultipleOf(_)
            | Self::Count(..)
            | Self::Elements(_) => true,
            Self::Values(values) => values.len() <= SIMPLE_MAX,
            Self::Required(names) => names.len() <= SIMPLE_MAX,
            Self::Members(rules) => rules.patterns.is_empty(),
            _ => false,
        }
    }
}

/// What members have to fit.
#[derive(Debug, Default)]
pub(super) struct MemberRules {
    pub(super) named: HashMap<Box<str>, SubSchema>,
    pub(super) patterns: Vec<(RegexPattern, SubSchema)>,
    pub(super) others: Option<SubSchema>,
}

/// What elements have to fit.
#[derive(Debug, Default)]
pub(super) struct ElementRules {
    pub(super) first: Vec<SubSchema>,
    pub(super) others: Option<SubSchema>,
}
