//! A compiled clause. Not here: how it is read (`compile`) and how it is decided (`eval`).

use jiff::Timestamp;

use crate::shape::query::RegexPattern;
use crate::shape::source::Path;
use crate::shape::source::ValueSource;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

/// One clause and where it stands in the document.
#[derive(Debug)]
pub(crate) struct Clause {
    /// JSON pointer.
    pub(crate) pointer: Box<str>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    All(Box<[Clause]>),
    Any(Box<[Clause]>),
    Not(Box<Clause>),
    Leaf(Leaf),
    /// Passes if the query over the wrapped payload gives anything.
    Expr(Path),
}

/// Tests on the values of one source.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) source: ValueSource,
    /// All of them must hold of the same value.
    pub(crate) tests: Box<[Test]>,
    /// Whether there must be a value, or must be none.
    pub(crate) exists: Option<bool>,
    /// Whether every value must pass instead of any.
    pub(crate) every: bool,
    /// Whether a text that is a number is tested as that number.
    pub(crate) as_number: bool,
}

#[derive(Debug)]
pub(crate) enum Test {
    Equal(Value<'static>),
    NotEqual(Value<'static>),
    Order(OrderTest, Value<'static>),
    /// The bound is an instant with its offset or `Z`: values that are one too are ordered in time, whatever their
    /// offset, and others as texts.
    Instant(OrderTest, Timestamp, Box<str>),
    In(Box<[Value<'static>]>),
    NotIn(Box<[Value<'static>]>),
    IsNull(bool),
    Type(Box<[Type]>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    /// Part of a string, or element of an array.
    Contains(Value<'static>),
    Matches(RegexPattern),
    Length(LengthTest, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderTest {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthTest {
    Equal,
    NotEqual,
    Order(OrderTest),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    NodeKind(NodeKind),
    /// A number without fraction.
    Integer,
}

impl Test {
    /// Whether it holds when there is no value at all: what is not there equals nothing.
    pub(crate) fn holds_of_nothing(&self) -> bool {
        matches!(self, Self::NotEqual(_) | Self::NotIn(_))
    }
}
