//! Reads a filter's JSON. Not here: deciding (`eval`).

use jiff::Timestamp;

use crate::domain::event::RequestPart;
use crate::domain::suggest::suggest;
use crate::shape::fault::push_pointer;
use crate::shape::filter::clause::Body;
use crate::shape::filter::clause::Clause;
use crate::shape::filter::clause::Leaf;
use crate::shape::filter::clause::LengthTest;
use crate::shape::filter::clause::OrderTest;
use crate::shape::filter::clause::Test;
use crate::shape::filter::clause::Type;
use crate::shape::input::EventField;
use crate::shape::query::compile_regex;
use crate::shape::source::Path;
use crate::shape::source::ValueSource;
use crate::shape::spec;
use crate::shape::spec::SpecFaults;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::value::Value;

const OPERATORS: &[&str] = &[
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "not_in",
    "exists",
    "is_null",
    "type",
    "starts_with",
    "ends_with",
    "contains",
    "matches",
    "length_eq",
    "length_ne",
    "length_gt",
    "length_gte",
    "length_lt",
    "length_lte",
];
const SOURCES: &[&str] = &["path", "in_headers", "in_event"];
const GROUPS: &[&str] = &["all", "any", "not", "expr"];

/// Compiles clauses, here and in the conditions of mappings.
#[derive(Debug)]
pub(crate) struct ClauseCompiler<'f> {
    pub(crate) faults: &'f mut SpecFaults,
    /// Whether paths may begin with `@`.
    pub(crate) in_each: bool,
}

impl ClauseCompiler<'_> {
    /// The clause at `pointer`. `None` only if a fault was noted.
    pub(crate) fn clause(&mut self, node: Node<'_>, pointer: &str) -> Option<Clause> {
        if !self.faults.count(pointer) {
            return None;
        }
        if node.kind() != NodeKind::Object {
            let detail = format!("a clause must be an object, not {}", spec::seen(node));
            self.faults.add(pointer, detail);
            return None;
        }
        let group = GROUPS.iter().find_map(|name| Some((*name, node.get(name)?)));
        let body = match group {
            Some((name, inner)) => {
                self.alone(node, name, pointer);
                self.group(name, inner, &push_pointer(pointer, name))
            }
            None => self.leaf(node, pointer).map(Body::Leaf),
        };
        Some(Clause { pointer: pointer.into(), body: body? })
    }

    fn alone(&mut self, node: Node<'_>, name: &str, pointer: &str) {
        for (other, _) in node.members().filter(|(other, _)| other != name) {
            let detail = format!("`{other}` cannot stand beside `{name}`: make it a clause of its own");
            self.faults.add(&push_pointer(pointer, &other), detail);
        }
    }

    fn group(&mut self, name: &str, inner: Node<'_>, pointer: &str) -> Option<Body> {
        match name {
            "not" => Some(Body::Not(Box::new(self.clause(inner, pointer)?))),
            "expr" => {
                let path = spec::text(inner, "`expr`").and_then(|text| Path::wrapped(&text));
                self.faults.keep(pointer, path).map(Body::Expr)
            }
            _ if inner.kind() != NodeKind::Array => {
                self.faults.add(pointer, format!("`{name}` must be an array, not {}", spec::seen(inner)));
                None
            }
            _ => {
                let each = inner.elements().enumerate();
                let clauses: Vec<_> =
                    each.map(|(at, clause)| self.clause(clause, &format!("{pointer}/{at}"))).collect();
                let clauses = clauses.into_iter().collect::<Option<Box<[Clause]>>>()?;
                Some(if name == "all" { Body::All(clauses) } else { Body::Any(clauses) })
            }
        }
    }

    fn leaf(&mut self, node: Node<'_>, pointer: &str) -> Option<Leaf> {
        let source = self.source(node, pointer);
        let (mut tests, mut exists, mut every, mut as_number) = (Vec::new(), None, false, false);
        let mut good = true;
        for (name, value) in node.members().filter(|(name, _)| !SOURCES.contains(&&**name)) {
            let at = push_pointer(pointer, &name);
            match &*name {
                "every" => every = self.keep(&at, spec::boolean(value, "`every`"), &mut good) == Some(true),
                "as" => as_number = self.keep(&at, number_alone(value), &mut good).is_some(),
                "exists" => exists = self.keep(&at, spec::boolean(value, "`exists`"), &mut good),
                _ => tests.extend(self.keep(&at, test(&name, value), &mut good)),
            }
        }
        if good && tests.is_empty() && exists.is_none() {
            let detail = format!("the clause tests nothing: add one of {}", OPERATORS.join(", "));
            self.faults.add(pointer, detail);
            return None;
        }
        let source = source?;
        good.then(|| Leaf { source, tests: tests.into(), exists, every, as_number })
    }

    fn keep<T>(&mut self, pointer: &str, result: Result<T, String>, good: &mut bool) -> Option<T> {
        *good &= result.is_ok();
        self.faults.keep(pointer, result)
    }

    fn source(&mut self, node: Node<'_>, pointer: &str) -> Option<ValueSource> {
        let mut given = SOURCES.iter().filter_map(|name| Some((*name, node.get(name)?)));
        let Some((name, value)) = given.next() else {
            let detail =
                "a clause needs `path`, `in_headers` or `in_event`, or is `all`, `any`, `not` or `expr`";
            self.faults.add(pointer, detail);
            return None;
        };
        if let Some((other, _)) = given.next() {
            let detail = format!("`{name}` and `{other}` cannot stand together");
            self.faults.add(&push_pointer(pointer, other), detail);
            return None;
        }
        let made = spec::text(value, &format!("`{name}`")).and_then(|text| source(name, &text, self.in_each));
        self.faults.keep(&push_pointer(pointer, name), made)
    }
}

/// The source that `name` (`path`, `in_headers` or `in_event`) and its text make.
pub(crate) fn source(name: &str, text: &str, in_each: bool) -> Result<ValueSource, String> {
    match name {
        "path" => Path::compile(text, in_each).map(ValueSource::Path),
        "in_headers" if text.is_empty() => Err("the header's name is empty".to_owned()),
        "in_headers" => Ok(ValueSource::Header(text.to_ascii_lowercase().into())),
        _ => match RequestPart::named(text) {
            Some(part) => Ok(ValueSource::Request(part)),
            None => EventField::named(text).map(ValueSource::Event),
        },
    }
}

fn test(name: &str, value: Node<'_>) -> Result<Test, String> {
    let string = || spec::text(value, &format!("`{name}`"));
    if let Some(relation) = name.strip_prefix("length_") {
        let relation = match relation {
            "eq" => LengthTest::Equal,
            "ne" => LengthTest::NotEqual,
            other => LengthTest::Order(order(other).ok_or_else(|| unknown(name))?),
        };
        let bound = value.as_i64().and_then(|bound| usize::try_from(bound).ok());
        let bound = bound.ok_or_else(|| format!("`{name}` must be a whole number from 0 on"))?;
        return Ok(Test::Length(relation, bound));
    }
    if let Some(order) = order(name) {
        if let Some(text) = value.as_str()
            && let Ok(instant) = text.parse::<Timestamp>()
        {
            return Ok(Test::Instant(order, instant, text.into()));
        }
        return match value.kind() {
            NodeKind::Number | NodeKind::String => Ok(Test::Order(order, Value::copied(value))),
            _ => Err(format!("`{name}` must be a number or a string, not {}", spec::seen(value))),
        };
    }
    Ok(match name {
        "eq" => Test::Equal(Value::copied(value)),
        "ne" => Test::NotEqual(Value::copied(value)),
        "in" | "not_in" if value.kind() != NodeKind::Array => {
            return Err(format!("`{name}` must be an array, not {}", spec::seen(value)));
        }
        "in" => Test::In(value.elements().map(Value::copied).collect()),
        "not_in" => Test::NotIn(value.elements().map(Value::copied).collect()),
        "is_null" => Test::IsNull(spec::boolean(value, "`is_null`")?),
        "type" => Test::Type(types(value)?),
        "starts_with" => Test::StartsWith(string()?.into()),
        "ends_with" => Test::EndsWith(string()?.into()),
        "contains" => Test::Contains(Value::copied(value)),
        "matches" => Test::Matches(compile_regex(&string()?)?),
        _ => return Err(unknown(name)),
    })
}

fn unknown(name: &str) -> String {
    let known: Vec<&str> =
        OPERATORS.iter().chain(SOURCES).chain(GROUPS).chain(&["every", "as"]).copied().collect();
    match suggest(name, known) {
        Some(near) => format!("there is no operator `{name}`; did you mean `{near}`?"),
        None => format!("there is no operator `{name}`; there are {}", OPERATORS.join(", ")),
    }
}

/// What `as` takes.
fn number_alone(value: Node<'_>) -> Result<(), String> {
    match &*spec::text(value, "`as`")? {
        "number" => Ok(()),
        other => {
            Err(format!("`as` takes number, which reads a text such as \"250.00\" as one, not `{other}`"))
        }
    }
}

fn order(name: &str) -> Option<OrderTest> {
    Some(match name {
        "gt" => OrderTest::Greater,
        "gte" => OrderTest::GreaterOrEqual,
        "lt" => OrderTest::Less,
        "lte" => OrderTest::LessOrEqual,
        _ => return None,
    })
}

fn types(value: Node<'_>) -> Result<Box<[Type]>, String> {
    let one = |node: Node<'_>| {
        let name = spec::text(node, "`type`")?;
        Ok(match &*name {
            "null" => Type::NodeKind(NodeKind::Null),
            "boolean" => Type::NodeKind(NodeKind::Boolean),
            "number" => Type::NodeKind(NodeKind::Number),
            "integer" => Type::Integer,
            "string" => Type::NodeKind(NodeKind::String),
            "array" => Type::NodeKind(NodeKind::Array),
            "object" => Type::NodeKind(NodeKind::Object),
            _ => {
                return Err(format!(
                    "there is no type `{name}`; there are string, number, integer, boolean, null, array and object"
                ));
            }
        })
    };
    if value.kind() == NodeKind::Array {
        value.elements().map(one).collect()
    } else {
        Ok(Box::new([one(value)?]))
    }
}
