//! `$apply` and `$as` as methods of `Field`. Not here: where their value comes from (`fields`).

use crate::shape::apply::ApplyStep;
use crate::shape::apply::Cast;
use crate::shape::apply::DateForm;
use crate::shape::apply::ListStep;
use crate::shape::apply::NumberStep;
use crate::shape::apply::TextStep;
use crate::shape::eject::code::constant_of;
use crate::shape::eject::code::quoted;
use crate::shape::eject::writer::CodeWriter;
use crate::shape::number::Decimal;
use crate::shape::number::Rounding;

/// What is known of a value's spelling between two functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// It may still be as it came in the payload.
    AsItCame,
    /// A function made it, and it has only one.
    Made,
}

impl CodeWriter {
    /// The chain of methods.
    pub(super) fn steps(&mut self, steps: &[ApplyStep], begins: Spelling, pointer: &str) -> Vec<String> {
        let mut spelling = begins;
        let mut calls = Vec::with_capacity(steps.len());
        for step in steps {
            if matches!(step, ApplyStep::ToJson) && spelling == Spelling::AsItCame {
                self.fault(
                    pointer,
                    "`to_json` after other functions gives the payload's own text, white space and all, which code \
                     over parsed values has no more; make it the first function, or leave it out",
                );
            }
            calls.push(self.step(step));
            let keeps = matches!(
                step,
                ApplyStep::Default(_)
                    | ApplyStep::List(
                        ListStep::First
                            | ListStep::Last
                            | ListStep::Unique
                            | ListStep::Sort { .. }
                            | ListStep::Flatten(_)
                            | ListStep::Min
                            | ListStep::Max
                    )
            );
            spelling = if keeps { spelling } else { Spelling::Made };
        }
        calls
    }

    fn step(&mut self, step: &ApplyStep) -> String {
        match step {
            ApplyStep::Text(step) => self.text_step(step),
            ApplyStep::Number(step) => number_step(step),
            ApplyStep::List(step) => list_step(step),
            ApplyStep::Length => "length()".to_owned(),
            ApplyStep::Default(value) => format!("default({})", constant_of(value)),
            ApplyStep::Lookup(table) => {
                let rows: Vec<String> = table
                    .iter()
                    .map(|(name, value)| format!("({}, {})", quoted(name), constant_of(value)))
                    .collect();
                format!("lookup(&[{}])", rows.join(", "))
            }
            ApplyStep::ToJson => "to_json()".to_owned(),
            ApplyStep::FromJson => "from_json()".to_owned(),
            ApplyStep::Date(date) => {
                self.dates = true;
                let from =
                    date.from.as_ref().map_or("None".to_owned(), |from| format!("Some({})", form(from)));
                match &date.zone {
                    Some(zone) => format!("date_in({}, {from}, {})", quoted(&zone.name), form(&date.to)),
                    None => format!("date({from}, {})", form(&date.to)),
                }
            }
        }
    }

    fn text_step(&mut self, step: &TextStep) -> String {
        match step {
            TextStep::Trim => "trim()".to_owned(),
            TextStep::Lowercase => "lowercase()".to_owned(),
            TextStep::Uppercase => "uppercase()".to_owned(),
            TextStep::Title => "title()".to_owned(),
            TextStep::Split(separator) => format!("split({})", quoted(separator)),
            TextStep::Replace { from, to } => format!("replace({}, {})", quoted(from), quoted(to)),
            TextStep::ReplaceMatches { pattern, to } => {
                self.patterns = true;
                format!("replace_matches({}, {})", quoted(pattern.text()), quoted(to))
            }
            TextStep::Substring(from, to) => format!("substring({from}, {to:?})"),
            TextStep::UrlEncode { slashes } => self.codec(&format!("url_encode({slashes})")),
            TextStep::Mask(keep) => format!("mask({keep})"),
            TextStep::Base64 => self.codec("base64()"),
            TextStep::Unbase64 => self.codec("unbase64()"),
            TextStep::Sha256 => self.codec("sha256()"),
            TextStep::Uuid5(namespace) => {
                let bytes = u128::from_be_bytes(*namespace);
                self.codec(&format!("uuid5(0x{bytes:032x}_u128.to_be_bytes())"))
            }
        }
    }

    fn codec(&mut self, call: &str) -> String {
        self.codecs = true;
        call.to_owned()
    }
}

fn number_step(step: &NumberStep) -> String {
    let with = |name: &str, number: &Decimal| format!("{name}({})", quoted(&number.to_json()));
    match step {
        NumberStep::Round(Rounding::Nearest, places) => format!("round({places})"),
        NumberStep::Round(Rounding::Floor, _) => "floor()".to_owned(),
        NumberStep::Round(Rounding::Ceil, _) => "ceil()".to_owned(),
        NumberStep::Abs => "abs()".to_owned(),
        NumberStep::Add(other) => with("add", other),
        NumberStep::Subtract(other) => with("subtract", other),
        NumberStep::Multiply(by) => with("multiply", by),
        NumberStep::Divide(by) => with("divide", by),
    }
}

fn list_step(step: &ListStep) -> String {
    match step {
        ListStep::Join(separator) => format!("join({})", quoted(separator)),
        ListStep::First => "first()".to_owned(),
        ListStep::Last => "last()".to_owned(),
        ListStep::Unique => "unique()".to_owned(),
        ListStep::Sort { descending } => format!("sort({descending})"),
        ListStep::Flatten(levels) => format!("flatten({levels})"),
        ListStep::Sum => "sum()".to_owned(),
        ListStep::Min => "min()".to_owned(),
        ListStep::Max => "max()".to_owned(),
        ListStep::Count => "count()".to_owned(),
    }
}

fn form(form: &DateForm) -> String {
    match form {
        DateForm::Iso => "Form::Iso".to_owned(),
        DateForm::UnixSeconds => "Form::Unix".to_owned(),
        DateForm::UnixMillis => "Form::UnixMs".to_owned(),
        DateForm::Format(format) => format!("Form::Format({})", quoted(format)),
    }
}

/// The method for `$as`.
pub(super) fn cast(cast: Cast) -> String {
    format!("as_{}()", cast.name())
}
