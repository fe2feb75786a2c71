//! Templates of a URL path: what an event brings stays in the place that its hole has in the template, one segment or
//! one value of the query. Not here: what a path may be as a whole (`envelope`).

use crate::shape::apply::ApplyStep;
use crate::shape::apply::TextStep;
use crate::shape::mapping::expr::Part;
use crate::shape::mapping::expr::UrlHole;

/// Says of every hole how it is written.
pub(super) fn holes(parts: &mut [Part]) -> Result<(), String> {
    if let Some(Part::Hole { source, .. }) = parts.first() {
        return Err(format!(
            "a path begins with `/`, not with a hole, which would be encoded; for a path that is whole in the event \
             write {{\"$path\": \"{}\"}}",
            source.describe()
        ));
    }
    if let Some(Part::Text(text)) = parts.first()
        && (text.first() != Some(&b'/') || text.starts_with(b"//"))
    {
        return Err("the path must begin with one `/`".to_owned());
    }
    // Whether what is written so far of the segment is nothing but holes; in the query it does not matter.
    let (mut only_holes, mut in_query) = (false, false);
    for at in 0..parts.len() {
        let ends = match parts.get(at + 1) {
            None => true,
            Some(Part::Text(next)) => matches!(next.first(), Some(b'/' | b'?')),
            Some(Part::Hole { .. }) => false,
        };
        match &mut parts[at] {
            Part::Text(text) => {
                literal(text)?;
                in_query |= text.contains(&b'?');
                only_holes = text.last() == Some(&b'/');
            }
            Part::Hole { steps, url, .. } => {
                let encoded = matches!(steps.last(), Some(ApplyStep::Text(TextStep::UrlEncode { .. })));
                *url = Some(UrlHole { encode: !encoded, closes: ends && only_holes && !in_query });
            }
        }
    }
    Ok(())
}

/// What stands in the template is written as it is.
fn literal(escaped: &[u8]) -> Result<(), String> {
    match String::from_utf8_lossy(escaped)
        .chars()
        .find(|char| !char.is_ascii_graphic() || "#\\".contains(*char))
    {
        Some(char) => {
            Err(format!("a path cannot have `{}`: write it percent-encoded", char.escape_default()))
        }
        None => Ok(()),
    }
}
