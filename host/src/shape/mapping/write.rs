//! Writes an output: straight to bytes, values as they came. Not here: functions (`apply`).

use crate::shape::apply;
use crate::shape::apply::ApplyFault;
use crate::shape::budget::Budget;
use crate::shape::budget::Exhausted;
use crate::shape::fault::EvalFault;
use crate::shape::filter::decide;
use crate::shape::mapping::expr::Each;
use crate::shape::mapping::expr::Expr;
use crate::shape::mapping::expr::From;
use crate::shape::mapping::expr::MappedField;
use crate::shape::mapping::expr::Part;
use crate::shape::mapping::expr::Rule;
use crate::shape::mapping::expr::Take;
use crate::shape::mapping::expr::UrlHole;
use crate::shape::query::WalkEnd;
use crate::shape::source::ValueScope;
use crate::shape::source::ValueSource;
use crate::shape::tape::Node;
use crate::shape::tape::NodeKind;
use crate::shape::tape::text::decode;
use crate::shape::value::Value;

/// Whether an expression wrote a value or is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    Something,
    Nothing,
}

/// Writes expressions within a budget.
#[derive(Debug)]
pub(crate) struct Writer<'b> {
    pub(crate) budget: &'b mut Budget,
}

impl Writer<'_> {
    /// Appends the JSON of `expr`. The recursion is as deep as the mapping, at most 64.
    pub(crate) fn write(
        &mut self,
        expr: &Expr,
        scope: &ValueScope<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Wrote, EvalFault> {
        match expr {
            Expr::Raw(json) => {
                self.emit(json, out).map_err(|why| fault("", "", why))?;
                Ok(Wrote::Something)
            }
            Expr::Field(field) => self.field(field, scope, out),
            Expr::Object(members) => {
                out.push(b'{');
                for member in members {
                    let before = out.len();
                    if out.last() != Some(&b'{') {
                        out.push(b',');
                    }
                    self.emit(&member.key, out).map_err(|why| fault("", "", why))?;
                    if self.write(&member.value, scope, out)? == Wrote::Nothing {
                        out.truncate(before);
                    }
                }
                out.push(b'}');
                Ok(Wrote::Something)
            }
            Expr::Array(values) => {
                let start = out.len();
                out.push(b'[');
                for value in values {
                    self.element(value, scope, start, out)?;
                }
                out.push(b']');
                Ok(Wrote::Something)
            }
            Expr::Each(each) => self.each(each, scope, out),
            Expr::If(choice) => {
                if decide(&choice.condition, scope, self.budget)?.pass {
                    return self.write(&choice.then, scope, out);
                }
                choice.otherwise.as_ref().map_or(Ok(Wrote::Nothing), |expr| self.write(expr, scope, out))
            }
        }
    }

    #[inline]
    fn emit(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Exhausted> {
        self.budget.produce(bytes.len())?;
        out.extend_from_slice(bytes);
        Ok(())
    }

    /// One element of the array that begins at `start`; nothing if it is left out.
    fn element(
        &mut self,
        expr: &Expr,
        scope: &ValueScope<'_>,
        start: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), EvalFault> {
        let before = out.len();
        if before > start + 1 {
            out.push(b',');
        }
        if self.write(expr, scope, out)? == Wrote::Nothing {
            out.truncate(before);
        }
        Ok(())
    }

    /// Every node of the path; if it can have only one and that is an array, its elements.
    fn each(&mut self, each: &Each, scope: &ValueScope<'_>, out: &mut Vec<u8>) -> Result<Wrote, EvalFault> {
        let stopped = |why: Exhausted| fault(&each.pointer, &each.over.text, why);
        let start = out.len();
        out.push(b'[');
        let mut item = |this: &mut Self, node: Node<'_>| {
            this.budget.visit(1).map_err(stopped)?;
            let inner = ValueScope { item: Some(node.index()), ..*scope };
            this.element(&each.value, &inner, start, out)
        };
        if each.over.query.is_singular() {
            match each.over.first(scope, self.budget).map_err(stopped)? {
                Some(node) if node.kind() == NodeKind::Array => {
                    node.elements().try_for_each(|element| item(self, element))?;
                }
                Some(node) if !node.is_null() => item(self, node)?,
                _ => {}
            }
        } else {
            let mut nodes = Vec::with_capacity(32);
            let mut keep = |node| {
                nodes.push(node);
                Ok(())
            };
            each.over.each(scope, self.budget, &mut keep).map_err(stopped)?;
            nodes.into_iter().try_for_each(|node| item(self, node))?;
        }
        out.push(b']');
        Ok(Wrote::Something)
    }

    fn field(
        &mut self,
        field: &MappedField,
        scope: &ValueScope<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Wrote, EvalFault> {
        if field.steps.is_empty() && field.cast.is_none() {
            if let Some(wrote) = self.plain(field, scope, out).map_err(|failure| failure.of(field))? {
                return Ok(wrote);
            }
        } else if let Some(value) = self.value(field, scope)? {
            value.write(self.budget, out).map_err(|why| Failure::from(why).of(field))?;
            return Ok(Wrote::Something);
        }
        match &field.missing {
            Rule::Null => {
                self.emit(b"null", out).map_err(|why| Failure::from(why).of(field))?;
                Ok(Wrote::Something)
            }
            Rule::Omit => Ok(Wrote::Nothing),
            Rule::Error => Err(Failure::new("the value is required, but there is none").of(field)),
            Rule::Default(default) => self.write(default, scope, out),
        }
    }

    /// Writes one field alone; nothing if it is left out.
    pub(crate) fn write_field(
        &mut self,
        field: &MappedField,
        scope: &ValueScope<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), EvalFault> {
        self.field(field, scope, out).map(|_| ())
    }

    /// A field without functions, written without a detour; `None` if it has no value.
    fn plain(
        &mut self,
        field: &MappedField,
        scope: &ValueScope<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Wrote>, Failure> {
        let source = match &field.from {
            From::Template(parts) => {
                out.push(b'"');
                self.template(parts, field, scope, out)?;
                out.push(b'"');
                return Ok(Some(Wrote::Something));
            }
            From::Source(source) => source,
        };
        if let (ValueSource::Path(path), true) = (source, field.one()) {
            let Some(node) = path.first(scope, self.budget)? else { return Ok(None) };
            self.emit(node.raw().as_bytes(), out)?;
            return Ok(Some(Wrote::Something));
        }
        let Some(value) = self.gather(field, source, scope)? else { return Ok(None) };
        value.write(self.budget, out)?;
        Ok(Some(Wrote::Something))
    }

    /// The field's value after its functions; `None` if there is none.
    pub(crate) fn value<'v>(
        &mut self,
        field: &'v MappedField,
        scope: &ValueScope<'v>,
    ) -> Result<Option<Value<'v>>, EvalFault> {
        let value = match &field.from {
            From::Source(source) => {
                self.gather(field, source, scope).map_err(|why| Failure::from(why).of(field))?
            }
            From::Template(parts) => {
                let mut escaped = Vec::new();
                self.template(parts, field, scope, &mut escaped).map_err(|failure| failure.of(field))?;
                let escaped = String::from_utf8(escaped).unwrap_or_default();
                Some(Value::owned_text(decode(&escaped).into_owned()))
            }
        };
        // Lists are not copied for the sake of a message.
        let before = value.as_ref().filter(|value| !matches!(value, Value::List(_))).cloned();
        let shown = || before.as_ref().map(Value::shown).unwrap_or_default();
        let value = apply::run(&field.steps, value, self.budget)
            .map_err(|why| Failure::of_apply(why, shown()).of(field))?;
        match (field.cast, value) {
            (Some(cast), Some(value)) => {
                let refused =
                    |value: Value<'_>| Failure { detail: cast.refusal(&value), seen: value.shown() };
                cast.apply(value).map(Some).map_err(|value| refused(value).of(field))
            }
            (_, value) => Ok(value),
        }
    }

    /// The values as `$first`, `$all` or the path itself have it.
    fn gather<'v>(
        &mut self,
        field: &MappedField,
        source: &'v ValueSource,
        scope: &ValueScope<'v>,
    ) -> Result<Option<Value<'v>>, Exhausted> {
        if field.one() {
            let mut only = None;
            source.each(scope, self.budget, &mut |value| {
                only = Some(value);
                Err(WalkEnd::Enough)
            })?;
            return Ok(only);
        }
        let mut values = Vec::new();
        source.each(scope, self.budget, &mut |value| {
            values.push(value);
            Ok(())
        })?;
        let missing = values.is_empty() && field.own_rule;
        Ok((!missing).then_some(Value::List(values)))
    }

    fn template(
        &mut self,
        parts: &[Part],
        field: &MappedField,
        scope: &ValueScope<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        for part in parts {
            match part {
                Part::Text(text) => self.emit(text, out)?,
                Part::Hole { source, steps, url } => {
                    let has_value = match url {
                        None => self.hole(source, steps, scope, out)?,
                        Some(url) => self.url_hole(source, steps, *url, scope, out)?,
                    };
                    if !has_value && matches!(field.missing, Rule::Error) {
                        return Err(Failure::new(&format!("{} has no value", source.describe())));
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes one hole of a URL path, so that its value stays the one part of it that the hole stands for.
    fn url_hole(
        &mut self,
        source: &ValueSource,
        steps: &[apply::ApplyStep],
        url: UrlHole,
        scope: &ValueScope<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        let mut escaped = Vec::new();
        let has_value = self.hole(source, steps, scope, &mut escaped)?;
        if url.encode {
            let escaped = String::from_utf8(escaped).unwrap_or_default();
            self.emit(apply::url_encode(&decode(&escaped), false).as_bytes(), out)?;
        } else {
            self.emit(&escaped, out)?;
        }
        if url.closes && out.last() == Some(&b'/') {
            let detail = format!(
                "{} has no value, or an empty one: the path would name something else",
                source.describe()
            );
            return Err(Failure::new(&detail));
        }
        Ok(has_value)
    }

    /// Writes one hole; `false` if it has no value. Several values are joined with commas.
    fn hole(
        &mut self,
        source: &ValueSource,
        steps: &[apply::ApplyStep],
        scope: &ValueScope<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Failure> {
        if let (ValueSource::Path(path), true) = (source, steps.is_empty())
            && path.query.is_singular()
        {
            let Some(node) = path.first(scope, self.budget)? else { return Ok(false) };
            Value::Node(node).write_inside(self.budget, out)?;
            return Ok(true);
        }
        let mut values = Vec::new();
        source.each(scope, self.budget, &mut |value| {
            values.push(value);
            Ok(())
        })?;
        let single = !matches!(source, ValueSource::Path(path) if !path.query.is_singular());
        let value = if single {
            values.into_iter().next()
        } else {
            (!values.is_empty()).then_some(Value::List(values))
        };
        let shown = value.as_ref().map(Value::shown).unwrap_or_default();
        match apply::run(steps, value, self.budget).map_err(|why| Failure::of_apply(why, shown))? {
            None => Ok(false),
            Some(Value::List(values)) => {
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        self.emit(b", ", out)?;
                    }
                    value.write_inside(self.budget, out)?;
                }
                Ok(true)
            }
            Some(value) => {
                value.write_inside(self.budget, out)?;
                Ok(true)
            }
        }
    }
}

impl MappedField {
    /// Whether it takes one value, not an array of them.
    #[inline]
    pub(crate) fn one(&self) -> bool {
        match (&self.from, self.take) {
            (_, Take::First) => true,
            (_, Take::All) => false,
            (From::Source(ValueSource::Path(path)), Take::ByPath) => path.query.is_singular(),
            _ => true,
        }
    }

    /// What it reads, for messages.
    pub(crate) fn describe(&self) -> &str {
        match &self.from {
            From::Source(source) => source.describe(),
            From::Template(_) => "",
        }
    }
}

/// A fault that does not know its field yet.
struct Failure {
    detail: String,
    seen: String,
}

impl Failure {
    fn new(detail: &str) -> Self {
        Self { detail: detail.to_owned(), seen: String::new() }
    }

    fn of_apply(why: ApplyFault, seen: String) -> Self {
        match why {
            ApplyFault::Exhausted(why) => why.into(),
            ApplyFault::Detail(detail) => Self { detail, seen },
        }
    }

    fn of(self, field: &MappedField) -> EvalFault {
        let (pointer, path) = (field.pointer.to_string(), field.describe().to_owned());
        EvalFault { pointer, path, seen: self.seen, detail: self.detail }
    }
}

impl std::convert::From<Exhausted> for Failure {
    fn from(why: Exhausted) -> Self {
        Self::new(&why.to_string())
    }
}

fn fault(pointer: &str, path: &str, why: Exhausted) -> EvalFault {
    EvalFault {
        pointer: pointer.to_owned(),
        path: path.to_owned(),
        seen: String::new(),
        detail: why.to_string(),
    }
}
