//! Expressions such as `={{ $json.body.email }}`: values that are named, and nothing that is computed. Not here: what
//! they are at a node (`shape`).

use serde_json::Value;

use crate::import::n8n::shape::ItemShape;
use crate::import::n8n::shape::Known;
use crate::import::shared::json::shown;
use crate::import::shared::path::PathStep;

/// Characters of an expression, and its holes.
const CHARS_MAX: usize = 100_000;
const HOLES_MAX: usize = 200;

/// What names can mean at a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpressionScope<'s> {
    /// What `$json` is.
    pub(super) shape: &'s ItemShape,
    /// The webhook node's name, whose item stays the request.
    pub(super) webhook: &'s str,
}

/// A text of a parameter in pieces: as it stands, or the inside of a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    Hole(&'t str),
}

/// The value of a parameter.
pub(super) fn value(given: &Value, scope: ExpressionScope<'_>) -> Result<Known, String> {
    let Some(text) = given.as_str().and_then(|text| text.strip_prefix('=')) else {
        return Ok(Known::Literal(given.clone()));
    };
    let pieces = pieces(text)?;
    let one = |piece: &Piece<'_>| match piece {
        Piece::Text(text) => Ok(Known::Literal((*text).into())),
        Piece::Hole(inside) => hole(inside, scope),
    };
    match pieces.as_slice() {
        [] => Ok(Known::Literal("".into())),
        [only] => one(only),
        several => several.iter().map(one).collect::<Result<_, _>>().map(Known::Text),
    }
}

/// A text without the `=` before it.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    if text.len() > CHARS_MAX {
        return Err("the expression is too long".to_owned());
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        if open > 0 {
            found.push(Piece::Text(&rest[..open]));
        }
        let inside = &rest[open + 2..];
        let close = inside.find("}}").ok_or("a `{{` has no `}}`")?;
        found.push(Piece::Hole(inside[..close].trim()));
        rest = &inside[close + 2..];
        if found.len() > HOLES_MAX {
            return Err("the expression has too many holes".to_owned());
        }
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    Ok(found)
}

/// A name, or a value as it is written.
pub(super) fn hole(inside: &str, scope: ExpressionScope<'_>) -> Result<Known, String> {
    let inside = inside.trim();
    if let Some(inner) = inside.strip_prefix("JSON.stringify(").and_then(|rest| rest.strip_suffix(')')) {
        return hole(inner, scope);
    }
    if let Ok(value @ (Value::Number(_) | Value::Bool(_) | Value::Null | Value::String(_))) =
        serde_json::from_str(inside)
    {
        return Ok(Known::Literal(value));
    }
    let quoted = inside.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(text) = quoted.filter(|text| !text.contains(['\'', '\\'])) {
        return Ok(Known::Literal(text.into()));
    }
    let computed = || format!("`{}` is computed, and not just named", shown(inside));
    let (shape, rest) = root(inside, scope).ok_or_else(computed)?;
    shape.get(&steps(rest).ok_or_else(computed)?)
}

/// What an expression begins with.
fn root<'e>(inside: &'e str, scope: ExpressionScope<'_>) -> Option<(ItemShape, &'e str)> {
    for own in ["$json", "$input.item.json", "$input.first().json", "$input.last().json"] {
        if let Some(rest) =
            inside.strip_prefix(own).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[', '?']))
        {
            return Some((scope.shape.clone(), rest));
        }
    }
    for (open, close) in [("$('", "')"), ("$(\"", "\")"), ("$node[\"", "\"]"), ("$node['", "']")] {
        let Some((name, rest)) = inside.strip_prefix(open).and_then(|rest| rest.split_once(close)) else {
            continue;
        };
        let items = [".item.json", ".first().json", ".last().json", ".json"];
        let rest = items.into_iter().find_map(|item| rest.strip_prefix(item))?;
        return (name == scope.webhook).then_some((ItemShape::Webhook, rest));
    }
    None
}

/// `.a`, `?.a`, `["a"]`, `[0]`, one after the other.
fn steps(mut rest: &str) -> Option<Vec<PathStep>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        if found.len() > 64 {
            return None;
        }
        rest = rest
            .strip_prefix("?.")
            .map_or(rest, |after| if after.starts_with('[') { after } else { &rest[1..] });
        if let Some(after) = rest.strip_prefix('.') {
            let may = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
            let end = after.find(|letter| !may(letter)).unwrap_or(after.len());
            let name = &after[..end];
            // A number is no name, and what is called computes something.
            if name.is_empty()
                || name.starts_with(|first: char| first.is_ascii_digit())
                || after[end..].starts_with('(')
            {
                return None;
            }
            // Of lists and texts, JavaScript gives the length, which is no member.
            if name == "length" {
                return None;
            }
            found.push(PathStep::Name(name.to_owned()));
            rest = &after[end..];
        } else {
            let inside = rest.strip_prefix('[')?;
            let quote = inside.chars().next().filter(|first| matches!(first, '"' | '\''));
            let (step, after) = match quote {
                Some(quote) => {
                    let (name, after) = inside[1..].split_once(quote)?;
                    let plain = !name.is_empty() && !name.contains('\\');
                    (plain.then(|| PathStep::Name(name.to_owned()))?, after.strip_prefix(']')?)
                }
                None => {
                    let (index, after) = inside.split_once(']')?;
                    (PathStep::Index(index.trim().parse::<u32>().ok()? as usize), after)
                }
            };
            found.push(step);
            rest = after;
        }
    }
    Some(found)
}
