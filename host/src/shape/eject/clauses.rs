//! Conditions of `$if`. Not here: what is inside `[?…]` of a path (`logic`).

use crate::shape::eject::code::constant_of;
use crate::shape::eject::code::quoted;
use crate::shape::eject::writer::CodeWriter;
use crate::shape::filter::Body;
use crate::shape::filter::Clause;
use crate::shape::filter::Leaf;
use crate::shape::filter::LengthTest;
use crate::shape::filter::OrderTest;
use crate::shape::filter::Test;
use crate::shape::filter::Type;
use crate::shape::input::EventField;
use crate::shape::source::ValueSource;
use crate::shape::tape::NodeKind;

impl CodeWriter {
    /// The condition.
    pub(super) fn clause(&mut self, clause: &Clause) -> String {
        match &clause.body {
            Body::All(clauses) => self.group(clauses, " && ", "true"),
            Body::Any(clauses) => self.group(clauses, " || ", "false"),
            Body::Not(inner) => match inner.body {
                Body::Leaf(_) => format!("!({})", self.clause(inner)),
                _ => format!("!{}", self.closed(inner)),
            },
            Body::Leaf(leaf) => self.leaf(leaf, &clause.pointer),
            Body::Expr(path) => {
                let found = self.many(path, &clause.pointer);
                let wrapped = "let wrapped = &list().push(Value::clone(payload)).value();";
                format!("{{\n    {wrapped}\n    {found}.exists()\n}}")
            }
        }
    }

    fn group(&mut self, clauses: &[Clause], with: &str, of_none: &str) -> String {
        let parts: Vec<String> = clauses.iter().map(|clause| self.closed(clause)).collect();
        if parts.is_empty() { of_none.to_owned() } else { parts.join(with) }
    }

    /// In parentheses if it has several parts.
    fn closed(&mut self, clause: &Clause) -> String {
        let text = self.clause(clause);
        match &clause.body {
            Body::All(parts) | Body::Any(parts) if parts.len() > 1 => format!("({text})"),
            _ => text,
        }
    }

    fn leaf(&mut self, leaf: &Leaf, pointer: &str) -> String {
        let nothing = leaf.holds_of_nothing();
        if let ValueSource::Path(path) = &leaf.source
            && path.query.is_singular()
        {
            let found = self.first(path, pointer).text;
            if leaf.exists == Some(false) {
                return if nothing { format!("{found}.is_none()") } else { "false".to_owned() };
            }
            return match (leaf.tests.is_empty(), nothing) {
                (true, false) => format!("{found}.is_some()"),
                (true, true) => "true".to_owned(),
                (false, false) => format!("{found}.is_some_and(|it| {})", self.tests(leaf)),
                (false, true) => format!("{found}.is_none_or(|it| {})", self.tests(leaf)),
            };
        }
        let found = match &leaf.source {
            ValueSource::Path(path) => self.many(path, pointer),
            source @ (ValueSource::Header(_) | ValueSource::Request(_)) => {
                let name = self.asked_for(source);
                format!("select(&Value::Array(headers(event, {}))).all()", quoted(&name))
            }
            ValueSource::Event(field) => format!("select(&{})", self.event_field(*field)),
        };
        if leaf.exists == Some(false) {
            return if nothing { format!("!{found}.exists()") } else { "false".to_owned() };
        }
        let how = if leaf.every { "every" } else { "any" };
        let tests = if leaf.tests.is_empty() { "true".to_owned() } else { self.tests(leaf) };
        let it = if tests.contains("it") { "it" } else { "_" };
        let holds = format!("{found}.{how}(|{it}| {tests})");
        if nothing { format!("(!{found}.exists() || {holds})") } else { holds }
    }

    fn tests(&mut self, leaf: &Leaf) -> String {
        let tests: Vec<String> = leaf.tests.iter().map(|test| self.test(test)).collect();
        let tests = tests.join(" && ");
        if leaf.as_number { format!("{{\n    let it = &number_in(it);\n    {tests}\n}}") } else { tests }
    }

    fn test(&mut self, test: &Test) -> String {
        let list = |wanted: &[crate::shape::value::Value<'_>]| {
            wanted.iter().map(constant_of).collect::<Vec<_>>().join(", ")
        };
        match test {
            Test::Equal(wanted) => format!("same(it, &{})", constant_of(wanted)),
            Test::NotEqual(wanted) => format!("!same(it, &{})", constant_of(wanted)),
            Test::Order(order, bound) => {
                let name = match order {
                    OrderTest::Greater => "above",
                    OrderTest::GreaterOrEqual => "at_least",
                    OrderTest::Less => "below",
                    OrderTest::LessOrEqual => "at_most",
                };
                format!("{name}(it, &{})", constant_of(bound))
            }
            Test::Instant(order, _, bound) => {
                self.dates = true;
                let how = match order {
                    OrderTest::Greater => "is_gt",
                    OrderTest::GreaterOrEqual => "is_ge",
                    OrderTest::Less => "is_lt",
                    OrderTest::LessOrEqual => "is_le",
                };
                format!("since(it, {}).is_some_and(std::cmp::Ordering::{how})", quoted(bound))
            }
            Test::In(wanted) => format!("is_in(it, &[{}])", list(wanted)),
            Test::NotIn(wanted) => format!("!is_in(it, &[{}])", list(wanted)),
            Test::IsNull(true) => "it.is_null()".to_owned(),
            Test::IsNull(false) => "!it.is_null()".to_owned(),
            Test::Type(types) => {
                let types: Vec<&str> = types.iter().map(|one| type_test(*one)).collect();
                if types.len() == 1 { types.concat() } else { format!("({})", types.join(" || ")) }
            }
            Test::StartsWith(prefix) => format!("starts_with(it, {})", quoted(prefix)),
            Test::EndsWith(suffix) => format!("ends_with(it, {})", quoted(suffix)),
            Test::Contains(part) => format!("contains(it, &{})", constant_of(part)),
            Test::Matches(pattern) => {
                self.patterns = true;
                format!("matches(Some(it), {})", quoted(pattern.text()))
            }
            Test::Length(length, bound) => {
                let op = match length {
                    LengthTest::Equal => "==",
                    LengthTest::NotEqual => "!=",
                    LengthTest::Order(OrderTest::Greater) => ">",
                    LengthTest::Order(OrderTest::GreaterOrEqual) => ">=",
                    LengthTest::Order(OrderTest::Less) => "<",
                    LengthTest::Order(OrderTest::LessOrEqual) => "<=",
                };
                format!("length(it).is_some_and(|length| length {op} {bound})")
            }
        }
    }

    /// What a plugin asks for to get this, among the headers: things of the request with a colon before them.
    pub(super) fn asked_for(&mut self, source: &ValueSource) -> String {
        let name = match source {
            ValueSource::Request(part) => format!(":{}", part.name()),
            other => other.describe().to_owned(),
        };
        self.uses.event = true;
        self.headers.insert(name.clone());
        name
    }

    /// A field of the event, as a value.
    pub(super) fn event_field(&mut self, field: EventField) -> String {
        format!("Value::from({}.as_str())", self.event_text(field))
    }

    /// A field of the event, as a string.
    pub(super) fn event_text(&mut self, field: EventField) -> &'static str {
        self.uses.event = true;
        match field {
            EventField::Id => "event.id",
            EventField::Type => "event.event_type",
            EventField::Source => "event.source",
            EventField::ReceivedAt => "event.received_at",
        }
    }
}

fn type_test(wanted: Type) -> &'static str {
    match wanted {
        Type::Integer => "is_integer(it)",
        Type::NodeKind(NodeKind::Null) => "it.is_null()",
        Type::NodeKind(NodeKind::Boolean) => "it.is_boolean()",
        Type::NodeKind(NodeKind::Number) => "it.is_number()",
        Type::NodeKind(NodeKind::String) => "it.is_string()",
        Type::NodeKind(NodeKind::Array) => "it.is_array()",
        Type::NodeKind(NodeKind::Object) => "it.is_object()",
    }
}
