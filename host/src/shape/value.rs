//! A value on its way to the output: a node as it came, or what a function made of one.
//! Not here: the functions (`apply`).

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::number;
use crate::shape::number::Decimal;
use crate::shape::query::same_value;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::tape::number_end;
use crate::shape::tape::text::decode;
use crate::shape::tape::text::write_escaped;
use crate::shape::tape::text::write_string;

/// A value. Scalars may be nodes or not; arrays and objects that are nodes are never copied.
#[derive(Clone, Debug)]
pub(crate) enum Value<'v> {
    Null,
    Bool(bool),
    /// JSON's text of a number.
    Number(Cow<'v, str>),
    /// A number that was computed.
    Decimal(Decimal),
    Text(Cow<'v, str>),
    List(Vec<Value<'v>>),
    Object(Vec<(Cow<'v, str>, Value<'v>)>),
    Node(Node<'v>),
}

impl<'v> Value<'v> {
    pub(crate) fn owned_text(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// A copy that outlives the document. At most 128 deep.
    pub(crate) fn copied(node: Node<'_>) -> Value<'static> {
        match node.kind() {
            NodeKind::Null => Value::Null,
            NodeKind::Boolean => Value::Bool(node.as_bool() == Some(true)),
            NodeKind::Number => Value::Number(Cow::Owned(node.raw().to_owned())),
            NodeKind::String => Value::owned_text(node.as_str().unwrap_or_default().into_owned()),
            NodeKind::Array => Value::List(node.elements().map(Self::copied).collect()),
            NodeKind::Object => Value::Object(
                node.members()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), Self::copied(value)))
                    .collect(),
            ),
        }
    }

    #[inline]
    pub(crate) fn kind(&self) -> NodeKind {
        match self {
            Self::Null => NodeKind::Null,
            Self::Bool(_) => NodeKind::Boolean,
            Self::Number(_) | Self::Decimal(_) => NodeKind::Number,
            Self::Text(_) => NodeKind::String,
            Self::List(_) => NodeKind::Array,
            Self::Object(_) => NodeKind::Object,
            Self::Node(node) => node.kind(),
        }
    }

    #[inline]
    pub(crate) fn is_null(&self) -> bool {
        self.kind() == NodeKind::Null
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            Self::Node(node) => node.as_bool(),
            _ => None,
        }
    }

    /// A number's JSON text.
    #[inline]
    pub(crate) fn as_number(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Number(text) => Some(Cow::Borrowed(text)),
            Self::Decimal(decimal) => Some(Cow::Owned(decimal.to_json())),
            Self::Node(node) => node.as_number().map(Cow::Borrowed),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Node(node) => node.as_str(),
            _ => None,
        }
    }

    /// An array's elements; `Err` gives other kinds back.
    pub(crate) fn into_list(self) -> Result<Vec<Value<'v>>, Value<'v>> {
        match self {
            Self::List(list) => Ok(list),
            Self::Node(node) if node.kind() == NodeKind::Array => {
                Ok(node.elements().map(Value::Node).collect())
            }
            other => Err(other),
        }
    }

    /// Appends its JSON; a node's exactly as it came.
    pub(crate) fn write(&self, budget: &mut Budget, out: &mut Vec<u8>) -> Result<(), Exhausted> {
        match self {
            Self::Node(node) => {
                budget.produce(node.raw().len())?;
                out.extend_from_slice(node.raw().as_bytes());
            }
            Self::Null => emit(b"null", budget, out)?,
            Self::Bool(true) => emit(b"true", budget, out)?,
            Self::Bool(false) => emit(b"false", budget, out)?,
            Self::Number(text) => emit(text.as_bytes(), budget, out)?,
            Self::Decimal(decimal) => {
                let before = out.len();
                decimal.write(out);
                budget.produce(out.len() - before)?;
            }
            Self::Text(text) => {
                budget.produce(text.len() + 2)?;
                write_string(text, out);
            }
            Self::List(list) => {
                out.push(b'[');
                for (at, value) in list.iter().enumerate() {
                    budget.visit(1)?;
                    if at > 0 {
                        out.push(b',');
                    }
                    value.write(budget, out)?;
                }
                out.push(b']');
                budget.produce(list.len() + 2)?;
            }
            Self::Object(members) => {
                out.push(b'{');
                for (at, (name, value)) in members.iter().enumerate() {
                    budget.visit(1)?;
                    budget.produce(name.len() + 4)?;
                    if at > 0 {
                        out.push(b',');
                    }
                    write_string(name, out);
                    out.push(b':');
                    value.write(budget, out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }

    /// Its JSON.
    pub(crate) fn to_json(&self, budget: &mut Budget) -> Result<String, Exhausted> {
        if let Self::Node(node) = self {
            budget.produce(node.raw().len())?;
            return Ok(node.raw().to_owned());
        }
        let mut out = Vec::new();
        self.write(budget, &mut out)?;
        Ok(String::from_utf8(out).unwrap_or_default())
    }

    /// Appends it as it reads inside a string: text without quotes, nothing for null, JSON for
    /// arrays and objects. Escaped for JSON.
    pub(crate) fn write_inside(&self, budget: &mut Budget, out: &mut Vec<u8>) -> Result<(), Exhausted> {
        match self {
            Self::Text(text) => {
                budget.produce(text.len())?;
                write_escaped(text, out);
            }
            // Already escaped, and nothing to gain from doing it again.
            Self::Node(node) if node.kind() == NodeKind::String => {
                let inside = node.string_inside().unwrap_or_default();
                emit(inside.as_bytes(), budget, out)?;
            }
            _ if self.is_null() => {}
            Self::Node(node) if !matches!(node.kind(), NodeKind::Array | NodeKind::Object) => {
                emit(node.raw().as_bytes(), budget, out)?;
            }
            _ => write_escaped(&self.to_json(budget)?, out),
        }
        Ok(())
    }

    /// As it reads inside a string, not escaped. `None` for arrays and objects.
    pub(crate) fn plain_text(&self) -> Option<Cow<'_, str>> {
        match self.kind() {
            NodeKind::Null => Some(Cow::Borrowed("")),
            NodeKind::Boolean => {
                Some(Cow::Borrowed(if self.as_bool() == Some(true) { "true" } else { "false" }))
            }
            NodeKind::Number => self.as_number(),
            NodeKind::String => self.as_text(),
            NodeKind::Array | NodeKind::Object => None,
        }
    }

    /// As [`Value::plain_text`], copying only what has to be; gives arrays and objects back.
    pub(crate) fn into_plain_text(self) -> Result<Cow<'v, str>, Self> {
        match self {
            Self::Text(text) | Self::Number(text) => Ok(text),
            Self::Node(node) => match node.kind() {
                NodeKind::String => Ok(node.as_str().unwrap_or_default()),
                NodeKind::Number | NodeKind::Boolean => Ok(Cow::Borrowed(node.raw())),
                NodeKind::Null => Ok(Cow::Borrowed("")),
                NodeKind::Array | NodeKind::Object => Err(self),
            },
            Self::List(_) | Self::Object(_) => Err(self),
            other => Ok(Cow::Owned(other.plain_text().unwrap_or_default().into_owned())),
        }
    }

    /// Some of its JSON, for messages.
    pub(crate) fn shown(&self) -> String {
        if let Self::Node(node) = self {
            return crate::shape::fault::bounded(node.raw()).to_owned();
        }
        let mut out = Vec::new();
        // Cut short when the small budget is used up, which is all that is wanted.
        let _cut = self.write(&mut Budget::new(1000, 1000), &mut out);
        crate::shape::fault::bounded(&String::from_utf8_lossy(&out)).to_owned()
    }

    /// Whether both are equal as JSON values.
    pub(crate) fn same(&self, other: &Value<'_>, budget: &mut Budget) -> Result<bool, Exhausted> {
        budget.visit(1)?;
        if let (Self::Node(left), Value::Node(right)) = (self, other) {
            return same_value(*left, *right, budget);
        }
        Ok(match (self.kind(), other.kind()) {
            (NodeKind::Null, NodeKind::Null) => true,
            (NodeKind::Boolean, NodeKind::Boolean) => self.as_bool() == other.as_bool(),
            (NodeKind::Number, NodeKind::Number) => self.order(other) == Some(Ordering::Equal),
            (NodeKind::String, NodeKind::String) => self.as_text() == other.as_text(),
            (NodeKind::Array, NodeKind::Array) | (NodeKind::Object, NodeKind::Object) => {
                let (left, right) = (self.to_json(budget)?, other.to_json(budget)?);
                same_json(&left, &right, budget)?
            }
            _ => false,
        })
    }

    /// The order of two numbers or two strings.
    #[inline]
    pub(crate) fn order(&self, other: &Value<'_>) -> Option<Ordering> {
        if let (Some(left), Some(right)) = (self.as_number(), other.as_number()) {
            return Some(number::compare(&left, &right));
        }
        Some(self.as_text()?.as_bytes().cmp(other.as_text()?.as_bytes()))
    }

    /// The same, but that texts which are both numbers are ordered as numbers: "99" is below "100".
    pub(crate) fn order_read(&self, other: &Value<'_>) -> Option<Ordering> {
        if let (Some(left), Some(right)) = (self.as_text(), other.as_text())
            && let (Some(left), Some(right)) = (number_in(&left), number_in(&right))
        {
            return Some(number::compare(left, right));
        }
        self.order(other)
    }

    /// Characters of a string, elements of an array, members of an object.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.chars().count()),
            Self::List(list) => Some(list.len()),
            Self::Object(members) => Some(members.len()),
            Self::Node(node) => match node.kind() {
                NodeKind::String => Some(decode(node.string_inside()?).chars().count()),
                NodeKind::Array | NodeKind::Object => Some(node.len()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A text that is a number as JSON writes it, but for white space around it.
pub(crate) fn number_in(text: &str) -> Option<&str> {
    let text = text.trim();
    (number_end(text.as_bytes(), 0) == Some(text.len())).then_some(text)
}

#[inline]
fn emit(bytes: &[u8], budget: &mut Budget, out: &mut Vec<u8>) -> Result<(), Exhausted> {
    budget.produce(bytes.len())?;
    out.extend_from_slice(bytes);
    Ok(())
}

fn same_json(left: &str, right: &str, budget: &mut Budget) -> Result<bool, Exhausted> {
    let parse = |text| Document::parse(text);
    match (parse(left.as_bytes()), parse(right.as_bytes())) {
        (Ok(left), Ok(right)) => same_value(left.root(), right.root(), budget),
        _ => Ok(left == right),
    }
}
