//! Reads templates: text with holes `{{ path | function: argument }}`. `{{ '{{' }}` writes two
//! braces. Not here: filling the holes (`write`).

use crate::shape::apply;
use crate::shape::apply::ApplyStep;
use crate::shape::filter::source;
use crate::shape::mapping::expr::Part;
use crate::shape::mapping::url_path;
use crate::shape::source::Path;
use crate::shape::source::ValueSource;
use crate::shape::tape::Document;
use crate::shape::tape::text::write_escaped;
use crate::shape::tape::text::write_string;

/// Compiles the path of a hole.
pub(super) type CompilePath<'c> = &'c mut dyn FnMut(&str) -> Result<Path, String>;

/// The parts of a template; in one of a URL path, holes are percent-encoded.
pub(super) fn parse(text: &str, in_url_path: bool, path: CompilePath<'_>) -> Result<Box<[Part]>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        push_text(&rest[..open], &mut parts);
        let inside = &rest[open + 2..];
        let (end, pipes) = scan(inside).ok_or_else(|| {
            format!(
                "the hole that begins with `{}` has no `}}}}`",
                crate::shape::fault::bounded(&rest[open..])
            )
        })?;
        hole(&inside[..end], &pipes, path, &mut parts)?;
        rest = &inside[end + 2..];
    }
    push_text(rest, &mut parts);
    if in_url_path {
        url_path::holes(&mut parts)?;
    }
    Ok(parts.into())
}

fn push_text(text: &str, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        let mut escaped = Vec::with_capacity(text.len());
        write_escaped(text, &mut escaped);
        parts.push(Part::Text(escaped.into()));
    }
}

/// Where a hole ends, and where its pipes are. Brackets and quotes are skipped.
fn scan(inside: &str) -> Option<(usize, Vec<usize>)> {
    let bytes = inside.as_bytes();
    let (mut at, mut depth, mut pipes) = (0, 0_usize, Vec::new());
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at += 1;
                while bytes.get(at)? != byte {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
            }
            b'}' if depth == 0 && bytes.get(at + 1) == Some(&b'}') => return Some((at, pipes)),
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth = depth.saturating_sub(1),
            b'|' if depth == 0 => pipes.push(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn hole(inside: &str, pipes: &[usize], path: CompilePath<'_>, parts: &mut Vec<Part>) -> Result<(), String> {
    let ends = pipes.iter().copied().chain([inside.len()]);
    let starts = std::iter::once(0).chain(pipes.iter().map(|pipe| pipe + 1));
    let mut pieces = starts.zip(ends).map(|(start, end)| inside[start..end].trim());
    let first = pieces.next().unwrap_or("");
    let steps = pieces.map(function).collect::<Result<Box<[ApplyStep]>, _>>()?;
    if first.starts_with(['\'', '"']) {
        let literal = quoted(first).ok_or_else(|| format!("`{first}` is not a string"))?;
        push_text(&literal, parts);
        return if steps.is_empty() { Ok(()) } else { Err("functions need a path, not a string".to_owned()) };
    }
    let source = hole_source(first, path)?;
    parts.push(Part::Hole { source, steps, url: None });
    Ok(())
}

fn hole_source(text: &str, path: CompilePath<'_>) -> Result<ValueSource, String> {
    if let Some(name) = text.strip_prefix("in_headers.") {
        return source("in_headers", name, false);
    }
    if let Some(name) = text.strip_prefix("in_event.") {
        return source("in_event", name, false);
    }
    if !text.starts_with(['$', '@']) {
        return Err(format!(
            "`{{{{{text}}}}}` is not a path: begin with `$`, or name `in_headers.…` or `in_event.…`"
        ));
    }
    path(text).map(ValueSource::Path)
}

/// `name`, or `name: argument`, the argument being JSON or a string in single quotes.
fn function(text: &str) -> Result<ApplyStep, String> {
    let Some((name, argument)) = text.split_once(':') else { return apply::step(text, None) };
    let argument = argument.trim();
    let json = match quoted(argument).filter(|_| argument.starts_with('\'')) {
        Some(text) => {
            let mut json = Vec::new();
            write_string(&text, &mut json);
            json
        }
        None => argument.as_bytes().to_vec(),
    };
    let parsed = Document::parse(&json);
    let parsed =
        parsed.map_err(|_| format!("the argument `{argument}` is neither JSON nor a string in quotes"))?;
    apply::step(name.trim(), Some(parsed.root()))
}

/// What a string in single or double quotes stands for.
fn quoted(text: &str) -> Option<String> {
    if text.starts_with('"') {
        let parsed = Document::parse(text.as_bytes()).ok()?;
        return parsed.root().as_str().map(std::borrow::Cow::into_owned);
    }
    let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inside.replace("\\'", "'").replace("\\\\", "\\"))
}
