//! Bodies that are JSON with holes in it. Not here: what stands in a hole (`expression`).

use serde_json::Value;

use crate::import::n8n::expression::ExpressionScope;
use crate::import::n8n::expression::Piece;
use crate::import::n8n::expression::hole;
use crate::import::n8n::expression::pieces;
use crate::import::n8n::shape::Known;

/// Around the number of a hole, where it stands in JSON: nobody writes these.
const OPEN: char = '\u{F0000}';
const CLOSE: char = '\u{F0001}';

/// What a `jsonBody` comes to.
pub(super) fn json(given: &Value, scope: ExpressionScope<'_>) -> Result<Known, String> {
    let Some(text) = given.as_str() else { return Ok(Known::Literal(given.clone())) };
    let unreadable = |_| "the body is no JSON as it stands".to_owned();
    let Some(text) = text.strip_prefix('=') else {
        return serde_json::from_str(text).map(Known::Literal).map_err(unreadable);
    };
    let pieces = pieces(text.trim())?;
    if let [Piece::Hole(only)] = pieces.as_slice() {
        return hole(only, scope);
    }
    let mut holes = Vec::new();
    let mut written = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for piece in pieces {
        match piece {
            Piece::Text(plain) => {
                for letter in plain.chars() {
                    if matches!(letter, OPEN | CLOSE) {
                        return Err("the body has characters that no text has".to_owned());
                    }
                    quoted ^= letter == '"' && !escaped;
                    escaped = quoted && letter == '\\' && !escaped;
                    written.push(letter);
                }
            }
            Piece::Hole(inside) => {
                let mark = format!("{OPEN}{}{CLOSE}", holes.len());
                holes.push(hole(inside, scope)?);
                if quoted {
                    written.push_str(&mark);
                } else {
                    // Twice the mark: the value itself, and no text with it.
                    written.push_str(&format!("\"{OPEN}{mark}\""));
                }
            }
        }
    }
    let read: Value = serde_json::from_str(&written).map_err(unreadable)?;
    filled(&read, &holes)
}

fn filled(value: &Value, holes: &[Known]) -> Result<Known, String> {
    match value {
        Value::String(text) if text.contains(OPEN) => filled_text(text, holes),
        Value::Array(items) => {
            items.iter().map(|item| filled(item, holes)).collect::<Result<_, _>>().map(Known::Array)
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match name.contains(OPEN) {
                true => Err("the name of a field is computed".to_owned()),
                false => Ok((name.clone(), filled(value, holes)?)),
            };
            members.iter().map(member).collect::<Result<_, _>>().map(Known::Object)
        }
        plain => Ok(Known::Literal(plain.clone())),
    }
}

fn filled_text(text: &str, holes: &[Known]) -> Result<Known, String> {
    let broken = || "the body could not be read".to_owned();
    let of =
        |number: &str| number.parse::<usize>().ok().and_then(|at| holes.get(at)).cloned().ok_or_else(broken);
    let twice: String = [OPEN, OPEN].iter().collect();
    if let Some(number) = text.strip_prefix(&twice).and_then(|rest| rest.strip_suffix(CLOSE)) {
        return of(number);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        if !before.is_empty() {
            parts.push(Known::Literal(before.into()));
        }
        let (number, after) = after.split_once(CLOSE).ok_or_else(broken)?;
        parts.push(of(number)?);
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Known::Literal(rest.into()));
    }
    Ok(Known::Text(parts))
}
