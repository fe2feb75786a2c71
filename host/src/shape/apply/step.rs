//! The functions as a type. Not here: reading one (`compile`), running one (`run`).

use crate::shape::apply::date::DateStep;
use crate::shape::number::Decimal;
use crate::shape::number::Rounding;
use crate::shape::query::RegexPattern;
use crate::shape::value::Value;

/// One function with its arguments.
#[derive(Debug)]
pub(crate) enum ApplyStep {
    /// Of each string, or of each scalar's text.
    Text(TextStep),
    /// Of each number, or of each string that is one.
    Number(NumberStep),
    /// Of a whole array.
    List(ListStep),
    Length,
    Default(Value<'static>),
    Lookup(Vec<(Box<str>, Value<'static>)>),
    ToJson,
    FromJson,
    Date(DateStep),
}

#[derive(Debug)]
pub(crate) enum TextStep {
    Trim,
    Lowercase,
    Uppercase,
    Title,
    Split(Box<str>),
    Replace {
        from: Box<str>,
        to: Box<str>,
    },
    ReplaceMatches {
        pattern: RegexPattern,
        to: Box<str>,
    },
    /// Characters from (negative: from the end), and up to which one.
    Substring(i64, Option<i64>),
    Base64,
    Unbase64,
    Sha256,
    /// All but so many characters at the end become `*`.
    Mask(usize),
    Uuid5([u8; 16]),
    /// Percent-encoded for a URL, with or without the slashes.
    UrlEncode {
        slashes: bool,
    },
}

#[derive(Debug)]
pub(crate) enum NumberStep {
    Round(Rounding, i32),
    Abs,
    Add(Decimal),
    Subtract(Decimal),
    Multiply(Decimal),
    Divide(Decimal),
}

#[derive(Debug)]
pub(crate) enum ListStep {
    Join(Box<str>),
    First,
    Last,
    Unique,
    Sort { descending: bool },
    Flatten(usize),
    Sum,
    Min,
    Max,
    Count,
}
