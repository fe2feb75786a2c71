//! Why a value that looks right does not pass: it is of another type than what it is compared with. For people alone:
//! it decides nothing.

use crate::shape::filter::clause::Leaf;
use crate::shape::filter::clause::Test;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;
use crate::shape::value::number_in;

/// Such as "text, not a number"; nothing where the types are not to blame.
pub(super) fn mismatch(leaf: &Leaf, value: &Value<'_>) -> Option<String> {
    let seen = value.kind();
    let reads = value.as_text().is_some_and(|text| number_in(&text).is_some());
    if leaf.as_number && reads {
        return None;
    }
    let wanted = leaf.tests.iter().find_map(|test| wanted(test, seen))?;
    let hint = match wanted {
        NodeKind::Number if reads => ": `\"as\": \"number\"` in the clause reads it as one",
        _ => "",
    };
    Some(format!("{}, not {}{hint}", name(seen), name(wanted)))
}

/// The type that a test takes, if it is another than the one seen.
fn wanted(test: &Test, seen: NodeKind) -> Option<NodeKind> {
    let scalar = |kind: NodeKind| matches!(kind, NodeKind::String | NodeKind::Number | NodeKind::Boolean);
    let one = match test {
        Test::Order(_, bound) => Some(bound.kind()),
        Test::Equal(wanted) => Some(wanted.kind()).filter(|wanted| scalar(*wanted) && scalar(seen)),
        Test::In(wanted) => {
            let first = wanted.first().map(Value::kind);
            first.filter(|first| {
                scalar(*first) && scalar(seen) && wanted.iter().all(|one| one.kind() == *first)
            })
        }
        Test::Instant(..) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Matches(_) => {
            Some(NodeKind::String)
        }
        _ => None,
    };
    one.filter(|wanted| *wanted != seen)
}

fn name(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Null => "null",
        NodeKind::Boolean => "true or false",
        NodeKind::Number => "a number",
        NodeKind::String => "text",
        NodeKind::Array => "an array",
        NodeKind::Object => "an object",
    }
}
