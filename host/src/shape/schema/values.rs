//! The values that keywords have: counts, bounds, names, lists. What is none is a fault with its place. Not here: what
//! they mean (`keywords`).

use crate::shape::fault::bounded;
use crate::shape::fault::push_pointer;
use crate::shape::number::Decimal;
use crate::shape::query::RegexPattern;
use crate::shape::schema::compile::SchemaCompiler;
use crate::shape::schema::rule::SchemaRule;
use crate::shape::schema::rule::SchemaType;
use crate::shape::schema::rule::Side;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

impl<'s> SchemaCompiler<'s> {
    fn wrong<T>(&mut self, node: Node<'s>, at: &str, wanted: &str) -> Option<T> {
        self.fault(at, format!("expected {wanted}; saw {}", bounded(node.raw())));
        None
    }

    /// A whole number of zero or more, which may be written `2.0`.
    pub(super) fn count(&mut self, node: Node<'s>, at: &str) -> Option<usize> {
        let number = node.as_number().and_then(Decimal::parse).filter(|number| number.is_whole());
        match number.and_then(Decimal::to_integer).and_then(|count| usize::try_from(count).ok()) {
            Some(count) => Some(count),
            None => self.wrong(node, at, "a whole number of 0 or more"),
        }
    }

    pub(super) fn bound(&mut self, node: Node<'s>, at: &str, side: Side) -> Option<SchemaRule> {
        match node.as_number() {
            Some(number) => Some(SchemaRule::Bound(side, number.into())),
            None => self.wrong(node, at, "a number"),
        }
    }

    pub(super) fn divisor(&mut self, node: Node<'s>, at: &str) -> Option<Decimal> {
        let number = node.as_number().filter(|text| !text.starts_with('-')).and_then(Decimal::parse);
        match number.filter(|number| !number.is_zero()) {
            Some(number) => Some(number),
            None => self.wrong(node, at, "a number above 0 of at most 38 digits"),
        }
    }

    pub(super) fn pattern(&mut self, node: Node<'s>, at: &str) -> Option<RegexPattern> {
        let Some(text) = node.as_str() else { return self.wrong(node, at, "a regular expression") };
        self.regex(&text, at)
    }

    pub(super) fn kinds(&mut self, node: Node<'s>, at: &str) -> Option<Vec<SchemaType>> {
        let named = |node: Node<'s>| node.as_str().and_then(|name| SchemaType::named(&name));
        let kinds: Option<Vec<SchemaType>> = match node.kind() {
            NodeKind::Array => node.elements().map(named).collect(),
            _ => named(node).map(|kind| vec![kind]),
        };
        match kinds {
            Some(kinds) => Some(kinds),
            None => {
                let names = SchemaType::NAMES.map(|(name, _)| name).join(", ");
                self.wrong(node, at, &format!("one of {names}, or a list of them"))
            }
        }
    }

    pub(super) fn values(&mut self, node: Node<'s>, at: &str) -> Option<Vec<Value<'static>>> {
        match node.kind() {
            NodeKind::Array => Some(node.elements().map(Value::copied).collect()),
            _ => self.wrong(node, at, "a list of values"),
        }
    }

    pub(super) fn names(&mut self, node: Node<'s>, at: &str) -> Option<Vec<Box<str>>> {
        let text = |node: Node<'s>| node.as_str().map(|text| text.as_ref().into());
        let names: Option<Vec<Box<str>>> =
            (node.kind() == NodeKind::Array).then(|| node.elements().map(text).collect()).flatten();
        if names.is_some() { names } else { self.wrong(node, at, "a list of names") }
    }

    /// By member, further members or a schema.
    pub(super) fn dependencies(&mut self, node: Node<'s>, at: &str) -> Vec<SchemaRule> {
        if node.kind() != NodeKind::Object {
            self.wrong::<()>(node, at, "an object");
        }
        let mut rules = Vec::new();
        for (name, needs) in node.members() {
            let at = push_pointer(at, &name);
            let name: Box<str> = name.as_ref().into();
            match needs.kind() {
                NodeKind::Array => {
                    rules.extend(self.names(needs, &at).map(|needed| SchemaRule::Dependent(name, needed)));
                }
                _ => rules.push(SchemaRule::DependentSchema(name, self.place(needs, at))),
            }
        }
        rules
    }
}
