//! Fields: a value from a path, a header, the event or a template, its functions, and what happens if
//! there is none. Not here: the functions themselves (`functions`).

use crate::shape::apply::ApplyStep;
use crate::shape::eject::code::Code;
use crate::shape::eject::code::Is;
use crate::shape::eject::code::indented;
use crate::shape::eject::code::quoted;
use crate::shape::eject::functions::Spelling;
use crate::shape::eject::functions::cast;
use crate::shape::eject::writer::CodeWriter;
use crate::shape::mapping::From;
use crate::shape::mapping::MappedField;
use crate::shape::mapping::Part;
use crate::shape::mapping::Rule;
use crate::shape::mapping::Take;
use crate::shape::source::ValueSource;

impl CodeWriter {
    /// What stands in a field's place.
    pub(super) fn field(&mut self, field: &MappedField) -> Code {
        if field.steps.is_empty() && field.cast.is_none() {
            return self.plain(field);
        }
        let (source, steps) = match (&field.from, &*field.steps) {
            (From::Source(ValueSource::Path(path)), [ApplyStep::ToJson, rest @ ..]) => {
                if field.one() {
                    let one = self.first(path, &field.pointer).text;
                    self.uses.payload = true;
                    (Code::new(Is::Maybe, format!("payload.json({one})")), rest)
                } else {
                    if field.own_rule {
                        let detail = "`to_json` of many values beside `$default`, `$omit` or `$required`";
                        self.fault(&field.pointer, detail);
                    }
                    let many = self.many(path, &field.pointer);
                    self.uses.payload = true;
                    (Code::new(Is::Value, format!("payload.json_list({many}.nodes())")), rest)
                }
            }
            (_, steps) => (self.source(field), steps),
        };
        let made =
            steps.len() < field.steps.len() || !matches!(field.from, From::Source(ValueSource::Path(_)));
        let begins = if made { Spelling::Made } else { Spelling::AsItCame };
        let mut calls = self.steps(steps, begins, &field.pointer);
        calls.extend(field.cast.map(cast));
        let begin = format!("field({}, {})", quoted(&field.pointer), source.text);
        let chain = |last: &str| chained(&begin, &calls, last);
        match &field.missing {
            Rule::Null => Code::new(Is::Value, chain("or_null()?")),
            Rule::Omit => Code::new(Is::Maybe, chain("or_omit()?")),
            Rule::Error => Code::new(Is::Value, chain("required()?")),
            Rule::Default(default) => {
                let default = self.expr(default);
                or_else(Code::new(Is::Maybe, chain("or_omit()?")), default)
            }
        }
    }

    /// A field without functions.
    fn plain(&mut self, field: &MappedField) -> Code {
        if let (From::Source(ValueSource::Path(path)), Rule::Null, true) =
            (&field.from, &field.missing, field.one())
            && let Some(code) = self.index(path)
        {
            return code;
        }
        let source = self.source(field);
        if !source.is_optional() {
            return source;
        }
        match &field.missing {
            Rule::Null => Code::new(Is::Value, format!("{}.unwrap_or_default()", source.option())),
            Rule::Omit => source,
            Rule::Error => {
                let (place, is_lent) = (quoted(&field.pointer), source.is == Is::MaybeLent);
                let text = format!("required({place}, {})?", source.text);
                // Lent: what is set or pushed may be lent, what is needed as a value is cloned.
                if is_lent {
                    Code::new(Is::Value, format!("{text}.clone()"))
                } else {
                    Code::new(Is::Value, text)
                }
            }
            Rule::Default(default) => {
                let default = self.expr(default);
                or_else(source, default)
            }
        }
    }

    /// The values, before any function.
    fn source(&mut self, field: &MappedField) -> Code {
        let from = match &field.from {
            From::Template(parts) => return self.template(parts, field),
            From::Source(source) => source,
        };
        match (from, field.one()) {
            (ValueSource::Path(path), true) => self.first(path, &field.pointer),
            (ValueSource::Path(path), false) => {
                let many = self.many(path, &field.pointer);
                listed(&many, field.own_rule)
            }
            (source @ (ValueSource::Header(_) | ValueSource::Request(_)), true) => {
                let name = self.asked_for(source);
                Code::new(Is::Maybe, format!("header(event, {})", quoted(&name)))
            }
            (source @ (ValueSource::Header(_) | ValueSource::Request(_)), false) => {
                let all = format!("Value::Array(headers(event, {}))", quoted(&self.asked_for(source)));
                if field.own_rule {
                    listed(&format!("select(&{all}).all()"), true)
                } else {
                    Code::new(Is::Value, all)
                }
            }
            (ValueSource::Event(at), one) => {
                let text = self.event_field(*at);
                let all = field.take == Take::All && !one;
                Code::new(Is::Value, if all { format!("json!([{text}])") } else { text })
            }
        }
    }

    fn template(&mut self, parts: &[Part], field: &MappedField) -> Code {
        let (mut text, mut holes) = (String::new(), Vec::new());
        for part in parts {
            match part {
                Part::Text(escaped) => {
                    let escaped = String::from_utf8_lossy(escaped);
                    text.push_str(&crate::shape::tape::text::decode(&escaped));
                }
                Part::Hole { .. } => text.push('\0'),
            }
            if let Part::Hole { source, steps, .. } = part {
                holes.push(self.hole(source, steps, field));
            }
        }
        if holes.is_empty() {
            return Code::new(Is::Str, quoted(&text));
        }
        let format = quoted(&text.replace('{', "{{").replace('}', "}}")).replace("\\0", "{}");
        let one_line = format!("format!({format}, {})", holes.join(", "));
        if one_line.len() < 100 && !one_line.contains('\n') {
            return Code::new(Is::Text, one_line);
        }
        let holes: Vec<String> = holes.iter().map(|hole| format!("    {},", indented(hole, 4))).collect();
        Code::new(Is::Text, format!("format!(\n    {format},\n{}\n)", holes.join("\n")))
    }

    /// The text of one hole.
    fn hole(&mut self, source: &ValueSource, steps: &[ApplyStep], field: &MappedField) -> String {
        let (pointer, place) = (&*field.pointer, quoted(&field.pointer));
        let is_required = matches!(field.missing, Rule::Error);
        if !steps.is_empty() {
            return self.hole_with_steps(source, steps, pointer, is_required);
        }
        match source {
            ValueSource::Event(at) => self.event_text(*at).to_owned(),
            ValueSource::Header(_) | ValueSource::Request(_) => {
                self.uses.payload = true;
                let header = format!("header(event, {})", quoted(&self.asked_for(source)));
                match is_required {
                    true => format!("payload.text(&required({place}, {header})?)"),
                    false => format!("payload.text({header}.as_ref())"),
                }
            }
            ValueSource::Path(path) if path.query.is_singular() => {
                let index =
                    if is_required { None } else { self.index(path).filter(|code| code.is == Is::Lent) };
                let one = match index {
                    Some(code) => code.text,
                    None => {
                        let first = self.first(path, pointer).text;
                        if is_required { format!("required({place}, {first})?") } else { first }
                    }
                };
                self.uses.payload = true;
                format!("payload.text({one})")
            }
            ValueSource::Path(path) => {
                let many = format!("{}.nodes()", self.many(path, pointer));
                self.uses.payload = true;
                match is_required {
                    true => format!(
                        "payload.texts(required({place}, Some({many}).filter(|found| !found.is_empty()))?)"
                    ),
                    false => format!("payload.texts({many})"),
                }
            }
        }
    }

    fn hole_with_steps(
        &mut self,
        source: &ValueSource,
        steps: &[ApplyStep],
        pointer: &str,
        is_required: bool,
    ) -> String {
        let (begin, begins, steps) = match source {
            ValueSource::Path(path) if path.query.is_singular() => {
                let one = self.first(path, pointer).text;
                match steps {
                    [ApplyStep::ToJson, rest @ ..] => {
                        self.uses.payload = true;
                        (format!("field({}, payload.json({one}))", quoted(pointer)), Spelling::Made, rest)
                    }
                    _ => (format!("field({}, {one})", quoted(pointer)), Spelling::AsItCame, steps),
                }
            }
            ValueSource::Path(path) => {
                let many = self.many(path, pointer);
                (format!("Field::of_many({}, {many})", quoted(pointer)), Spelling::AsItCame, steps)
            }
            ValueSource::Header(_) | ValueSource::Request(_) => {
                let name = self.asked_for(source);
                let header = format!("field({}, header(event, {}))", quoted(pointer), quoted(&name));
                (header, Spelling::Made, steps)
            }
            ValueSource::Event(at) => {
                let text = self.event_field(*at);
                (format!("field({}, {text})", quoted(pointer)), Spelling::Made, steps)
            }
        };
        let calls = self.steps(steps, begins, pointer);
        chained(&begin, &calls, if is_required { "required_text()?" } else { "text()?" })
    }
}

fn listed(many: &str, own_rule: bool) -> Code {
    match own_rule {
        true => Code::new(Is::Maybe, format!("{many}.list_or_none()")),
        false => Code::new(Is::Value, format!("{many}.list()")),
    }
}

/// A value, or what stands for it.
fn or_else(source: Code, default: Code) -> Code {
    let is_optional = default.is_optional();
    let (source, default) = (source.option(), if is_optional { default.option() } else { default.value() });
    // What may refuse the event cannot do so from within a closure.
    let is_plain = !default.contains(['?', '\n']);
    let is = if is_optional { Is::Maybe } else { Is::Value };
    let call = if is_optional { "or_else" } else { "unwrap_or_else" };
    if is_plain {
        return Code::new(is, format!("{source}.{call}(|| {default})"));
    }
    let some = if is_optional { "Some(value)" } else { "value" };
    let default = indented(&default, 4);
    Code::new(is, format!("match {source} {{\n    Some(value) => {some},\n    None => {default},\n}}"))
}

/// A chain of calls, over several lines when it is long.
fn chained(begin: &str, calls: &[String], last: &str) -> String {
    let calls: Vec<&str> = calls.iter().map(String::as_str).chain([last]).collect();
    let one_line = format!("{begin}.{}", calls.join("."));
    if one_line.len() < 100 { one_line } else { format!("{begin}\n    .{}", calls.join("\n    .")) }
}
