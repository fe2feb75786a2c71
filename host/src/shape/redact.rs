//! Takes values out of a payload and leaves its shape: a text becomes as many `x`, a number 0; true, false and null
//! stay. Not here: which values.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::shape::Budget;
use crate::shape::Document;
use crate::shape::Exhausted;
use crate::shape::Node;
use crate::shape::NodeKind;
use crate::shape::Query;

/// A payload without the values that were to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// JSON; the white space is that of the original.
    pub payload: Vec<u8>,
    /// How many values each query found; below an object or list, all that it holds.
    pub found: Vec<usize>,
}

/// Redacts what the queries find.
pub fn redact(
    document: &Document<'_>,
    queries: &[Query],
    budget: &mut Budget,
) -> Result<Redacted, Exhausted> {
    let mut places: BTreeMap<usize, (Range<usize>, String)> = BTreeMap::new();
    let mut found = Vec::with_capacity(queries.len());
    for query in queries {
        let mut count = 0;
        for node in query.nodes(document, budget)? {
            leaves(node, &mut |leaf| {
                count += 1;
                let (from, length) = (leaf.offset(), leaf.raw().len());
                places.insert(from, (from..from + length, instead(leaf)));
            });
        }
        found.push(count);
    }
    let (text, mut payload, mut at) = (document.text(), Vec::new(), 0);
    for (range, instead) in places.into_values() {
        payload.extend_from_slice(&text.as_bytes()[at..range.start]);
        payload.extend_from_slice(instead.as_bytes());
        at = range.end;
    }
    payload.extend_from_slice(&text.as_bytes()[at..]);
    Ok(Redacted { payload, found })
}

fn leaves<'d>(node: Node<'d>, each: &mut dyn FnMut(Node<'d>)) {
    match node.kind() {
        NodeKind::Array => node.elements().for_each(|below| leaves(below, each)),
        NodeKind::Object => node.values().for_each(|below| leaves(below, each)),
        _ => each(node),
    }
}

fn instead(leaf: Node<'_>) -> String {
    match leaf.kind() {
        NodeKind::String => {
            format!("\"{}\"", "x".repeat(leaf.as_str().map_or(0, |text| text.chars().count())))
        }
        NodeKind::Number => "0".to_owned(),
        _ => leaf.raw().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_stays() {
        let check = |payload: &str, queries: &[&str], expected: &str, counts: &[usize]| {
            let queries: Vec<Query> = queries.iter().map(|text| Query::compile(text).unwrap()).collect();
            let document = Document::parse(payload.as_bytes()).unwrap();
            let redacted = redact(&document, &queries, &mut Budget::default()).unwrap();
            assert_eq!(String::from_utf8(redacted.payload).unwrap(), expected);
            assert_eq!(redacted.found, counts);
        };
        check(r#"{"a": "böse", "b":1}"#, &["$.a"], r#"{"a": "xxxx", "b":1}"#, &[1]);
        check(
            r#"{"who":{"name":"Ada\n","age":36,"ok":true,"none":null},"n":[1,[2]]}"#,
            &["$.who", "$.n", "$.missing"],
            r#"{"who":{"name":"xxxx","age":0,"ok":true,"none":null},"n":[0,[0]]}"#,
            &[4, 2, 0],
        );
        check(
            r#"[{"email":"a@b"},{"email":"c"}]"#,
            &["$..email", "$[0]"],
            r#"[{"email":"xxx"},{"email":"x"}]"#,
            &[2, 1],
        );
        check(r#""secret""#, &["$"], r#""xxxxxx""#, &[1]);
    }
}
