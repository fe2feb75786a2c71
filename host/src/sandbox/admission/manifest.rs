//! The manifest: what a plugin says about itself, as `wit/README.md` has it. Not here: running its
//! examples (`examples`).

use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use crate::domain::event::RequestPart;
use crate::domain::plugin;
use crate::domain::plugin::GuestEvent;
use crate::domain::step_grants::StepGrant;
use crate::domain::step_grants::StepGrants;
use crate::sandbox::admission::expect;
use crate::sandbox::admission::expect::Expected;
use crate::sandbox::admission::reader::JsonReader;
use crate::sandbox::admission::reader::kind;

/// What is used of a manifest.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub name: String,
    pub version: String,
    pub headers: Vec<String>,
    pub examples: Vec<ManifestExample>,
    /// Hosts and secrets that a step should grant; for people.
    pub wants: StepGrants,
    /// Whether events that wait may share an instance.
    pub batch: bool,
    /// What it warns of; for people.
    pub warnings: Vec<String>,
}

/// One example: what goes in and what has to come out.
#[derive(Debug)]
pub(crate) struct ManifestExample {
    pub name: String,
    /// JSON.
    pub config: String,
    pub event: GuestEvent,
    pub expect: Expected,
}

const NAME_BYTES: usize = 64;
const DESCRIPTION_CHARS: usize = 1000;
const HEADERS: usize = 64;
const EXAMPLES: usize = 50;
/// Hosts, and secrets.
const WANTS: usize = 20;
/// Problems that are shown.
const PROBLEMS: usize = 20;

impl Manifest {
    /// Reads a manifest, or says all that is wrong with it, each problem with its JSON pointer.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| vec![format!("the manifest is not JSON: {error}")])?;
        let mut read = JsonReader::default();
        let manifest = read.manifest(&value);
        match manifest {
            Some(manifest) if read.problems.is_empty() => Ok(manifest),
            _ => {
                read.problems.truncate(PROBLEMS);
                Err(read.problems)
            }
        }
    }
}

/// Reads one example by itself, or says all that is wrong with it.
pub(crate) fn parse_example(text: &str) -> Result<ManifestExample, Vec<String>> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| vec![format!("the example is not JSON: {error}")])?;
    let mut read = JsonReader::default();
    match read.example(&value, "") {
        Some(example) if read.problems.is_empty() => Ok(example),
        _ => Err(read.problems),
    }
}

impl JsonReader {
    fn manifest(&mut self, value: &Value) -> Option<Manifest> {
        let known =
            ["name", "version", "description", "config_schema", "headers", "wants", "batch", "examples"];
        let fields = self.object(value, "", &known)?;
        let name = self.required(fields, "", "name");
        if name.as_deref().is_some_and(|name| !is_name(name)) {
            self.problem("/name", "expected 1 to 64 of a-z, 0-9, - and _, the first a letter");
        }
        let version = self.required(fields, "", "version");
        if version.as_deref().is_some_and(|version| version.is_empty() || version.len() > NAME_BYTES) {
            self.problem("/version", "expected 1 to 64 characters");
        }
        let description = self.text(fields, "", "description");
        if description.is_some_and(|text| text.chars().count() > DESCRIPTION_CHARS) {
            self.problem("/description", "expected at most 1,000 characters");
        }
        if fields.get("config_schema").is_some_and(|schema| !schema.is_object()) {
            self.problem("/config_schema", "expected a JSON Schema, which is an object");
        }
        let headers = self.headers(fields.get("headers"));
        let wants = fields.get("wants").map(|wants| self.wants(wants)).unwrap_or_default();
        let batch = fields.get("batch").is_some_and(|batch| self.flag(batch, "/batch"));
        let examples = self.examples(fields.get("examples"));
        let warnings = plugin::warnings(value);
        Some(Manifest { name: name?, version: version?, headers, examples, wants, batch, warnings })
    }

    fn headers(&mut self, value: Option<&Value>) -> Vec<String> {
        let mut names = Vec::new();
        for (at, header) in self.list(value, "/headers", HEADERS).iter().enumerate() {
            match header.as_str() {
                Some(name) if is_header(name) || is_of_request(name) => names.push(name.to_owned()),
                _ => self.problem(
                    &format!("/headers/{at}"),
                    "expected the name of a header, in lower case, or `:method`, `:path`, `:query`, `:query.NAME`",
                ),
            }
        }
        names
    }

    fn wants(&mut self, value: &Value) -> StepGrants {
        let Some(fields) = self.object(value, "/wants", &["http", "secrets"]) else {
            return StepGrants::default();
        };
        let http = self.parsed(fields.get("http"), "/wants/http");
        let secrets = self.parsed(fields.get("secrets"), "/wants/secrets");
        [StepGrant::Http { http }, StepGrant::Secrets { secrets }].into_iter().collect()
    }

    fn parsed<T>(&mut self, value: Option<&Value>, pointer: &str) -> Vec<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let mut all = Vec::new();
        for (at, item) in self.list(value, pointer, WANTS).iter().enumerate() {
            let pointer = format!("{pointer}/{at}");
            match item.as_str().map(str::parse) {
                Some(Ok(one)) => all.push(one),
                Some(Err(error)) => self.problem(&pointer, &T::Err::to_string(&error)),
                None => self.problem(&pointer, &format!("expected a text, found {}", kind(item))),
            }
        }
        all
    }

    fn examples(&mut self, value: Option<&Value>) -> Vec<ManifestExample> {
        let examples = self.list(value, "/examples", EXAMPLES);
        let one = |(at, example)| self.example(example, &format!("/examples/{at}"));
        examples.iter().enumerate().filter_map(one).collect()
    }

    fn example(&mut self, value: &Value, pointer: &str) -> Option<ManifestExample> {
        let fields = self.object(value, pointer, &["name", "config", "event", "expect"])?;
        let name = self.required(fields, pointer, "name");
        let config = fields.get("config").map_or_else(|| "{}".to_owned(), Value::to_string);
        for missing in ["event", "expect"].into_iter().filter(|name| !fields.contains_key(*name)) {
            self.problem(&format!("{pointer}/{missing}"), "missing");
        }
        let event = fields.get("event").and_then(|event| self.event(event, &format!("{pointer}/event")));
        let expect =
            fields.get("expect").and_then(|value| expect::read(self, value, &format!("{pointer}/expect")));
        Some(ManifestExample { name: name?, config, event: event?, expect: expect? })
    }

    fn event(&mut self, value: &Value, pointer: &str) -> Option<GuestEvent> {
        let known =
            ["payload", "payload_text", "id", "type", "source", "received_at", "headers", "content_type"];
        let fields = self.object(value, pointer, &known)?;
        let text = self.text(fields, pointer, "payload_text");
        let (payload, content_type) = match (fields.get("payload"), text) {
            (Some(payload), None) => (payload.to_string(), "application/json"),
            (None, Some(text)) => (text, "text/plain"),
            (None, None) if fields.contains_key("payload_text") => return None,
            _ => {
                self.problem(pointer, "expected either payload or payload_text");
                return None;
            }
        };
        let mut or = |name: &str, otherwise: &str| {
            self.text(fields, pointer, name).unwrap_or_else(|| otherwise.to_owned()).into()
        };
        let (id, event_type, source) = (or("id", "evt_example"), or("type", ""), or("source", "example"));
        let (received_at, content_type) =
            (or("received_at", "2026-01-01T00:00:00Z"), or("content_type", content_type));
        let headers = self.texts(fields, pointer, "headers");
        Some(GuestEvent {
            id,
            event_type,
            source,
            received_at,
            headers,
            content_type,
            payload: payload.into(),
        })
    }
}

fn is_name(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    name.len() <= NAME_BYTES
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(allowed)
}

/// A token of RFC 9110, section 5.6.2, without capitals.
fn is_header(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.len() <= 256 && name.bytes().all(allowed)
}

/// Something of the request, which a plugin gets among the headers.
fn is_of_request(name: &str) -> bool {
    name.len() <= 256 && name.strip_prefix(':').and_then(RequestPart::named).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_all_that_is_wrong() {
        let check = |text: &str, expected: &[&str]| {
            let problems = Manifest::parse(text).err().unwrap_or_default();
            assert_eq!(problems, expected, "{text}");
        };
        let with = |rest: &str| format!(r#"{{"name":"n","version":"1"{rest}}}"#);
        check(&with(""), &[]);
        check(&with(r#","x-note":1,"headers":["x-a"],"config_schema":{}"#), &[]);
        check(&with(r#","wants":{"http":["a.example"],"secrets":["token"]},"batch":true"#), &[]);
        check(&with(r#","batch":"yes""#), &["/batch: expected true or false, found a text"]);
        check(&with(r#","headers":[":method",":path",":query",":query.tenant id"]"#), &[]);
        check(
            &with(r#","wants":{"http":["a/b",1],"secrets":{},"kv":1}"#),
            &[
                "/wants/kv: unknown field; known are http, secrets",
                "/wants/http/0: `a/b` is no host; write one such as api.example.com, *.example.com or api.example.com:8443",
                "/wants/http/1: expected a text, found a number",
                "/wants/secrets: expected a list, found an object",
            ],
        );
        check("[]", &["/: expected an object, found a list"]);
        check("{}", &["/name: missing", "/version: missing"]);
        check(
            r#"{"name":"N","version":2,"config_schema":true,"headers":["X-A",1],"examples":{}}"#,
            &[
                "/name: expected 1 to 64 of a-z, 0-9, - and _, the first a letter",
                "/version: expected a text, found a number",
                "/config_schema: expected a JSON Schema, which is an object",
                "/headers/0: expected the name of a header, in lower case, or `:method`, `:path`, `:query`, `:query.NAME`",
                "/headers/1: expected the name of a header, in lower case, or `:method`, `:path`, `:query`, `:query.NAME`",
                "/examples: expected a list, found an object",
            ],
        );
        check(
            &with(r#","examples":[{"name":"a"},{"event":{},"expect":{"drop":1},"more":1}]"#),
            &[
                "/examples/0/event: missing",
                "/examples/0/expect: missing",
                "/examples/1/more: unknown field; known are name, config, event, expect",
                "/examples/1/name: missing",
                "/examples/1/event: expected either payload or payload_text",
                "/examples/1/expect/drop: expected a text, found a number",
            ],
        );
        check(
            &with(
                r#","examples":[{"name":"a","event":{"payload_text":"x"},"expect":{}},
                {"name":"b","event":{"payload":1},"expect":{"drop":"x","error":"y"}},
                {"name":"c","event":{"payload":1},"expect":{"forward":[{}]}}]"#,
            ),
            &[
                "/examples/0/expect: expected exactly one of forward, drop, error, bad_config",
                "/examples/1/expect: expected exactly one of forward, drop, error, bad_config",
                "/examples/2/expect/forward/0: expected either payload or payload_text",
            ],
        );
        let not_json = Manifest::parse("?").unwrap_err();
        assert!(not_json[0].starts_with("the manifest is not JSON"), "{not_json:?}");
    }

    #[test]
    fn fills_in_what_an_example_leaves_out() {
        let text = r#"{"name":"n","version":"1","examples":[
            {"name":"a","event":{"payload":{"b":1, "a":[]}},"expect":{"drop":"*"}},
            {"name":"b","config":{"c":2},"event":{"payload_text":"?","type":"t","headers":{"x-a":"1"}},"expect":{"forward":[]}}]}"#;
        let examples = Manifest::parse(text).unwrap().examples;
        let (first, second) = (&examples[0], &examples[1]);
        assert_eq!((first.config.as_str(), &first.event.payload[..]), ("{}", &br#"{"b":1,"a":[]}"#[..]));
        assert_eq!((&*first.event.content_type, &*first.event.event_type), ("application/json", ""));
        assert_eq!((second.config.as_str(), &second.event.payload[..]), (r#"{"c":2}"#, &b"?"[..]));
        assert_eq!((&*second.event.content_type, &*second.event.event_type), ("text/plain", "t"));
        assert_eq!(second.event.headers, [("x-a".to_owned(), "1".to_owned())]);
    }
}
