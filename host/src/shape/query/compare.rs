//! Comparing values as RFC 9535, 2.3.5.2.2 has it: numbers exactly, strings by code point, arrays
//! and objects deeply. Not here: where the values come from.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::number;
use crate::shape::query::plan::CompareOp;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;

/// A value to compare, or that there is none.
#[derive(Clone, Debug)]
pub(crate) enum Operand<'v> {
    Nothing,
    Null,
    Bool(bool),
    Number(Cow<'v, str>),
    Text(&'v str),
    Node(Node<'v>),
}

/// A scalar seen without its origin.
enum Plain<'v> {
    Nothing,
    Null,
    Bool(bool),
    Number(&'v str),
    Text(Cow<'v, str>),
    Deep(Node<'v>),
}

impl Operand<'_> {
    fn plain(&self) -> Plain<'_> {
        match self {
            Self::Nothing => Plain::Nothing,
            Self::Null => Plain::Null,
            Self::Bool(bool) => Plain::Bool(*bool),
            Self::Number(text) => Plain::Number(text),
            Self::Text(text) => Plain::Text(Cow::Borrowed(text)),
            Self::Node(node) => plain_node(*node),
        }
    }
}

fn plain_node(node: Node<'_>) -> Plain<'_> {
    match node.kind() {
        NodeKind::Null => Plain::Null,
        NodeKind::Boolean => Plain::Bool(node.as_bool() == Some(true)),
        NodeKind::Number => Plain::Number(node.raw()),
        NodeKind::String => Plain::Text(node.as_str().unwrap_or_default()),
        NodeKind::Array | NodeKind::Object => Plain::Deep(node),
    }
}

pub(super) fn compare(
    op: CompareOp,
    left: &Operand<'_>,
    right: &Operand<'_>,
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    let (left, right) = (left.plain(), right.plain());
    Ok(match op {
        CompareOp::Eq => same(&left, &right, budget)?,
        CompareOp::Ne => !same(&left, &right, budget)?,
        CompareOp::Lt => order(&left, &right) == Some(Ordering::Less),
        CompareOp::Gt => order(&left, &right) == Some(Ordering::Greater),
        CompareOp::Lte => order(&left, &right) == Some(Ordering::Less) || same(&left, &right, budget)?,
        CompareOp::Gte => order(&left, &right) == Some(Ordering::Greater) || same(&left, &right, budget)?,
    })
}

fn order(left: &Plain<'_>, right: &Plain<'_>) -> Option<Ordering> {
    match (left, right) {
        (Plain::Number(left), Plain::Number(right)) => Some(number::compare(left, right)),
        (Plain::Text(left), Plain::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        _ => None,
    }
}

fn same(left: &Plain<'_>, right: &Plain<'_>, budget: &mut Budget) -> Result<bool, Exhausted> {
    Ok(match (left, right) {
        (Plain::Nothing, Plain::Nothing) | (Plain::Null, Plain::Null) => true,
        (Plain::Bool(left), Plain::Bool(right)) => left == right,
        (Plain::Number(left), Plain::Number(right)) => number::compare(left, right) == Ordering::Equal,
        (Plain::Text(left), Plain::Text(right)) => left == right,
        (Plain::Deep(left), Plain::Deep(right)) => same_value(*left, *right, budget)?,
        _ => false,
    })
}

/// Whether two values are equal, whatever their spelling and the order of their members. The
/// depth is that of a document: at most 128.
pub(crate) fn same_value(left: Node<'_>, right: Node<'_>, budget: &mut Budget) -> Result<bool, Exhausted> {
    budget.visit(1)?;
    match (left.kind(), right.kind()) {
        (NodeKind::Array, NodeKind::Array) => {
            let (mut one, mut two) = (left.elements(), right.elements());
            loop {
                match (one.next(), two.next()) {
                    (None, None) => return Ok(true),
                    (Some(a), Some(b)) if same_value(a, b, budget)? => {}
                    _ => return Ok(false),
                }
            }
        }
        (NodeKind::Object, NodeKind::Object) => {
            let mut members = 0;
            for (name, value) in left.members() {
                members += 1;
                let (other, seen) = right.member(&name);
                budget.visit(seen)?;
                match other {
                    Some(other) if same_value(value, other, budget)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(members == right.members().count())
        }
        (NodeKind::Array | NodeKind::Object, _) | (_, NodeKind::Array | NodeKind::Object) => Ok(false),
        _ => same(&plain_node(left), &plain_node(right), budget),
    }
}
