//! What is said of a value that does not fit its schema: what was wanted, what was seen, what was probably meant. Not
//! here: the looking.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::domain::suggest::suggest;
use crate::http::request::faults::RequestFaults;
use crate::http::request::faults::pointer_to;
use crate::http::request::shape::outline::BodyOutline;
use crate::http::request::shape::place::SchemaPlace;

/// Notes what an error of the validation means, and in `wrong` what must be taken away before the rest can be read.
pub(super) fn note(
    error: &ValidationError<'_>,
    value: &Value,
    outline: &BodyOutline<'_>,
    root: SchemaPlace<'_>,
    faults: &mut RequestFaults,
    wrong: &mut Vec<String>,
) {
    let pointer = error.instance_path().as_str().to_owned();
    let place = root.at(&pointer, value).unwrap_or(root);
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let about = here(root, &pointer, value).property(name).map_or("", SchemaPlace::about);
            faults.add(pointer_to(&pointer, name), format!("this {} is needed: {about}", faults.noun()));
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known: Vec<&str> = here(root, &pointer, value).names().collect();
            for name in unexpected {
                if faults.is_full() {
                    break;
                }
                let pointer = pointer_to(&pointer, name);
                faults.add(pointer.clone(), unknown(name, &known, faults.noun()));
                wrong.push(pointer);
            }
        }
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            match inner(context, &pointer) {
                Some(errors) => {
                    errors.iter().for_each(|error| note(error, value, outline, root, faults, wrong))
                }
                None => wrong_value(pointer, place, outline, faults, wrong),
            }
        }
        // Of a value that is wrong in two ways, the first is enough.
        _ if wrong.contains(&pointer) => {}
        kind => {
            let detail = bound(kind, place).map(|bound| match seen(outline, &pointer, place) {
                Some(seen) => format!("{bound}, not {seen}"),
                None => bound,
            });
            match detail {
                Some(detail) => {
                    faults.add(pointer.clone(), detail);
                    wrong.push(pointer);
                }
                None => wrong_value(pointer, place, outline, faults, wrong),
            }
        }
    }
}

/// Of alternatives the one that was meant: the only one that fits but for what is inside, or at least has the type.
fn inner<'c>(
    context: &'c [Vec<ValidationError<'static>>],
    pointer: &str,
) -> Option<&'c [ValidationError<'static>]> {
    let is_here = |error: &&ValidationError<'_>| error.instance_path().as_str() == pointer;
    let is_other = |error: &&ValidationError<'_>| {
        is_here(error)
            && matches!(error.kind(), ValidationErrorKind::Type { .. } | ValidationErrorKind::Enum { .. })
    };
    only(context, |errors| !errors.iter().any(|error| is_here(&error)))
        .or_else(|| only(context, |errors| !errors.iter().any(|error| is_other(&error))))
}

fn only<'c>(
    context: &'c [Vec<ValidationError<'static>>],
    fits: impl Fn(&[ValidationError<'static>]) -> bool,
) -> Option<&'c [ValidationError<'static>]> {
    let mut fitting = context.iter().filter(|errors| fits(errors));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn here<'s>(root: SchemaPlace<'s>, pointer: &str, value: &Value) -> SchemaPlace<'s> {
    let found = value.pointer(pointer).unwrap_or(&Value::Null);
    root.at(pointer, value).unwrap_or(root).for_value(found)
}

fn wrong_value(
    pointer: String,
    place: SchemaPlace<'_>,
    outline: &BodyOutline<'_>,
    faults: &mut RequestFaults,
    wrong: &mut Vec<String>,
) {
    let detail = match seen(outline, &pointer, place) {
        Some(seen) if seen == "null" => "null is not possible here; leave the field out".to_owned(),
        Some(seen) => format!("expected {}, not {seen}", place.wanted()),
        None => format!("expected {}", place.wanted()),
    };
    faults.add(pointer.clone(), detail);
    wrong.push(pointer);
}

/// What was seen there; of a secret only what it is.
fn seen(outline: &BodyOutline<'_>, pointer: &str, place: SchemaPlace<'_>) -> Option<String> {
    let found = outline.at(pointer)?;
    Some(if place.is_secret() { found.kind().to_owned() } else { found.to_string() })
}

/// What a bound asks for.
fn bound(kind: &ValidationErrorKind, place: SchemaPlace<'_>) -> Option<String> {
    Some(match kind {
        ValidationErrorKind::Minimum { limit } | ValidationErrorKind::Maximum { limit } => {
            match (place.limit("minimum"), place.limit("maximum"), kind) {
                (Some(least), Some(most), _) => format!("expected a number from {least} to {most}"),
                (.., ValidationErrorKind::Minimum { .. }) => format!("expected at least {limit}"),
                _ => format!("expected at most {limit}"),
            }
        }
        ValidationErrorKind::MinLength { limit } | ValidationErrorKind::MaxLength { limit } => {
            match (place.limit("minLength"), place.limit("maxLength"), kind) {
                (Some(least), Some(most), _) => format!("expected {least} to {most} characters"),
                (.., ValidationErrorKind::MinLength { .. }) => {
                    format!("expected at least {limit} characters")
                }
                _ => format!("expected at most {limit} characters"),
            }
        }
        ValidationErrorKind::MinItems { limit: 1 } => {
            "name at least one; leave the field out for none".to_owned()
        }
        ValidationErrorKind::MinItems { limit } => format!("expected at least {limit}"),
        ValidationErrorKind::MaxItems { limit } => format!("expected at most {limit}"),
        _ => return None,
    })
}

/// A name that is none, and the one that was probably meant.
fn unknown(name: &str, known: &[&str], noun: &str) -> String {
    match suggest(name, known.iter().copied()) {
        Some(meant) => format!("there is no such {noun}; did you mean `{meant}`?"),
        None if known.is_empty() => format!("this request takes no {noun}s"),
        None => format!("there is no such {noun}; there are {}", known.join(", ")),
    }
}
