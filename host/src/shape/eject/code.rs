//! Pieces of Rust with what they are, and values as literals. Not here: where values come from.

use crate::shape::budget::Budget;
use crate::shape::tape::Document;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

/// Values in a constant from which on it is read from its JSON: a macro would be expanded too deep.
const MACRO_VALUES_MAX: usize = 24;

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// `Value`
    Value,
    /// `Option<Value>`
    Maybe,
    /// `&Value`, written with the `&`.
    Lent,
    /// `Option<&Value>`
    MaybeLent,
    /// `Object` or `List`
    Builder,
    /// `&str`
    Str,
    /// `String`
    Text,
}

/// An expression. Lines after the first are indented from column 0.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) text: String,
    pub(super) is: Is,
}

impl Code {
    pub(super) fn new(is: Is, text: impl Into<String>) -> Self {
        Self { text: text.into(), is }
    }

    /// Whether there may be no value.
    pub(super) fn is_optional(&self) -> bool {
        matches!(self.is, Is::Maybe | Is::MaybeLent)
    }

    /// As a `Value`; what may be nothing must not come here.
    pub(super) fn value(self) -> String {
        match self.is {
            Is::Value | Is::Maybe | Is::MaybeLent => self.text,
            Is::Lent => format!("{}.clone()", self.text.trim_start_matches('&')),
            // A block that begins a statement would end there.
            Is::Builder if self.text.starts_with('{') => format!("List::value({})", self.text),
            Is::Builder if self.text.contains('\n') => format!("{}\n    .value()", self.text),
            Is::Builder => format!("{}.value()", self.text),
            Is::Str | Is::Text => format!("Value::from({})", self.text),
        }
    }

    /// As an `Option<Value>`.
    pub(super) fn option(self) -> String {
        match self.is {
            Is::Maybe => self.text,
            Is::MaybeLent => format!("{}.cloned()", self.text),
            _ => format!("Some({})", self.value()),
        }
    }
}

/// The text with its lines after the first further in.
pub(super) fn indented(text: &str, spaces: usize) -> String {
    text.replace('\n', &format!("\n{}", " ".repeat(spaces)))
}

/// A string literal.
pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A value that JSON has, written as short as Rust allows.
pub(super) fn constant(json: &str) -> Code {
    let Ok(document) = Document::parse(json.as_bytes()) else { return of_text(json) };
    let root = document.root();
    match root.kind() {
        NodeKind::Null => Code::new(Is::Value, "Value::Null"),
        NodeKind::Boolean => Code::new(Is::Value, format!("Value::from({})", root.raw())),
        NodeKind::String => Code::new(Is::Str, quoted(&root.as_str().unwrap_or_default())),
        NodeKind::Number if is_plain(root.raw()) => Code::new(Is::Value, format!("json!({})", root.raw())),
        NodeKind::Number => Code::new(Is::Value, format!("number({})", quoted(root.raw()))),
        NodeKind::Array | NodeKind::Object => {
            let mut values = 0;
            match in_macro(root, &mut values) {
                Some(text) if values <= MACRO_VALUES_MAX => Code::new(Is::Value, format!("json!({text})")),
                _ => of_text(json),
            }
        }
    }
}

/// A constant of a function's argument.
pub(super) fn constant_of(value: &Value<'_>) -> String {
    // A constant is part of the mapping and fits any budget.
    constant(&value.to_json(&mut Budget::default()).unwrap_or_default()).value()
}

fn of_text(json: &str) -> Code {
    let json = json.replace('\r', " ");
    let mut hashes = "#".to_owned();
    while json.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    Code::new(Is::Value, format!("literal(r{hashes}\"{json}\"{hashes})"))
}

/// What stands between the parentheses of `json!`; `None` for numbers that a literal does not keep.
fn in_macro(node: Node<'_>, values: &mut usize) -> Option<String> {
    *values += 1;
    Some(match node.kind() {
        NodeKind::Null | NodeKind::Boolean => node.raw().to_owned(),
        NodeKind::Number => Some(node.raw()).filter(|text| is_plain(text))?.to_owned(),
        NodeKind::String => quoted(&node.as_str()?),
        NodeKind::Array => {
            let inner: Option<Vec<String>> = node.elements().map(|one| in_macro(one, values)).collect();
            format!("[{}]", inner?.join(", "))
        }
        NodeKind::Object => {
            let member = |(name, value): (std::borrow::Cow<'_, str>, Node<'_>)| {
                Some(format!("{}: {}", quoted(&name), in_macro(value, values)?))
            };
            let inner: Option<Vec<String>> = node.members().map(member).collect();
            format!("{{{}}}", inner?.join(", "))
        }
    })
}

/// Whether a literal of Rust keeps the number as it is spelled.
fn is_plain(text: &str) -> bool {
    let whole = text.parse::<i32>().is_ok_and(|number| number.to_string() == text);
    let fraction = || text.parse::<f64>().is_ok_and(|number| format!("{number:?}") == text);
    whole || (text.contains('.') && !text.contains(['e', 'E']) && fraction())
}
