//! What a node gets, in terms of the event that came in. Not here: how it is asked for (`expression`).

use serde_json::Value;
use serde_json::json;

use crate::import::shared::leaf::LeafTarget;
use crate::import::shared::path::PathStep;
use crate::import::shared::path::jsonpath;

/// A value, as it can be had from the event.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    /// The payload below these steps.
    Body(Vec<PathStep>),
    Header(String),
    Query(String),
    /// The same for every event.
    Literal(Value),
    /// Texts and values, one after the other.
    Text(Vec<Self>),
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    /// A value as another type.
    As(Box<Self>, &'static str),
}

/// What `$json` is at a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ItemShape {
    /// `headers`, `params`, `query` and `body`, as the webhook has them.
    Webhook,
    /// Members that were set, before those of what was there.
    Set { members: Vec<(String, Known)>, rest: Option<Box<Self>> },
    /// Nobody can say.
    Unknown,
}

impl ItemShape {
    /// The value below these steps.
    pub(super) fn get(&self, steps: &[PathStep]) -> Result<Known, String> {
        match self {
            Self::Unknown => Err("nobody can say what an earlier node makes of the event".to_owned()),
            Self::Webhook => webhook(steps),
            Self::Set { members, rest } => match (steps.split_first(), rest) {
                (None, None) => Ok(Known::Object(members.clone())),
                (None, Some(_)) => Err("the whole item has the request in it: name its fields".to_owned()),
                (Some((PathStep::Name(name), below)), rest) => {
                    match (members.iter().find(|(known, _)| known == name), rest) {
                        (Some((_, known)), _) => known.below(below),
                        (None, Some(rest)) => rest.get(steps),
                        (None, None) => Err(format!("an earlier node leaves no field `{name}`")),
                    }
                }
                (Some(_), _) => Err("an item is no list".to_owned()),
            },
        }
    }
}

fn webhook(steps: &[PathStep]) -> Result<Known, String> {
    let names: Vec<Option<&str>> = steps
        .iter()
        .map(|step| match step {
            PathStep::Name(name) => Some(name.as_str()),
            PathStep::Index(_) | PathStep::Any => None,
        })
        .collect();
    match names.as_slice() {
        [Some("body"), ..] => Ok(Known::Body(steps[1..].to_vec())),
        [Some("headers"), Some(name)] => Ok(Known::Header(name.to_ascii_lowercase())),
        [Some("query"), Some(name)] => Ok(Known::Query((*name).to_owned())),
        [] => Err("the whole item has headers, query and body in it: name its fields".to_owned()),
        _ => Err("of a webhook there are `body`, one of `headers`, and one of `query`".to_owned()),
    }
}

impl Known {
    fn below(&self, steps: &[PathStep]) -> Result<Self, String> {
        let Some((first, rest)) = steps.split_first() else { return Ok(self.clone()) };
        match (self, first) {
            (Self::Body(before), _) => Ok(Self::Body([before.as_slice(), steps].concat())),
            (Self::Object(members), PathStep::Name(name)) => {
                let found = members.iter().find(|(known, _)| known == name);
                found.ok_or_else(|| format!("an earlier node leaves no field `{name}`"))?.1.below(rest)
            }
            (Self::As(inner, "object" | "array"), _) => inner.below(steps),
            _ => Err("an earlier node leaves nothing below this field".to_owned()),
        }
    }

    /// What a clause looks at.
    pub(super) fn target(&self) -> Result<LeafTarget, String> {
        match self {
            Self::Body(steps) => Ok(LeafTarget::Body(steps.clone())),
            Self::Header(name) => Ok(LeafTarget::Header(name.clone())),
            Self::Query(name) => Ok(LeafTarget::Query(name.clone())),
            _ => Err("only what came in can be tested, and not what was made of it".to_owned()),
        }
    }

    /// As a mapping writes it.
    pub(super) fn output(&self) -> Result<Value, String> {
        Ok(match self {
            Self::Body(steps) => jsonpath("$", steps).into(),
            Self::Header(name) => json!({"$in_headers": name, "$first": true}),
            Self::Query(name) => json!({"$in_event": format!("query.{name}"), "$first": true}),
            Self::Literal(value) => literal(value),
            Self::Text(parts) => template(parts)?,
            Self::Array(items) => items.iter().map(Self::output).collect::<Result<_, _>>()?,
            Self::Object(members) => {
                let mut written = serde_json::Map::new();
                for (name, known) in members {
                    if name.starts_with('$') {
                        return Err(format!("a field cannot be called `{name}`"));
                    }
                    written.insert(name.clone(), known.output()?);
                }
                written.into()
            }
            Self::As(inner, kind) => match &**inner {
                Self::Body(steps) => json!({"$path": jsonpath("$", steps), "$as": kind}),
                Self::Header(name) => json!({"$in_headers": name, "$first": true, "$as": kind}),
                Self::Query(name) => {
                    json!({"$in_event": format!("query.{name}"), "$first": true, "$as": kind})
                }
                other => other.output()?,
            },
        })
    }
}

/// As it stands, also where it looks like a path.
fn literal(value: &Value) -> Value {
    let is_plain = match value {
        Value::String(text) => !text.starts_with('$'),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => true,
    };
    if is_plain { value.clone() } else { json!({ "$literal": value }) }
}

fn template(parts: &[Known]) -> Result<Value, String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Known::Body(steps) => text.push_str(&format!("{{{{ {} }}}}", jsonpath("$", steps))),
            Known::Literal(Value::String(plain)) if !plain.contains("{{") => text.push_str(plain),
            Known::Literal(Value::String(_)) => {
                return Err("a text with two braces is not written here".to_owned());
            }
            Known::Literal(other) => text.push_str(&other.to_string()),
            _ => return Err("within a text, only values of the body can be written".to_owned()),
        }
    }
    Ok(json!({ "$template": text }))
}
