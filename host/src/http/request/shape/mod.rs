//! What a body or a query must look like, by the schema that describes it: every fault at once, and what is left reads
//! as the type. Compiled schemas are kept (`shapes`); a body is read as far as its schema looks into it (`outline`); what
//! is to be found at a place of a schema says `place`; what does not fit is put in words by `words`.

mod outline;
mod parameters;
mod place;
mod pointer;
mod shapes;
mod words;

pub(crate) use outline::BodyMembers;
pub(crate) use shapes::Shapes;

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::domain::time::Timestamp;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::request::faults::RequestFaults;
use crate::http::request::shape::outline::BodyOutline;
use crate::http::request::shape::place::SchemaPlace;
use crate::http::request::text;

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Shape {
    root: Value,
    validator: jsonschema::Validator,
}

impl Shape {
    /// The shape of a type's JSON.
    pub(crate) fn of<T: ToSchema>() -> Result<Self, Problem> {
        let mut named = vec![];
        T::schemas(&mut named);
        let named: BTreeMap<_, _> = named.into_iter().collect();
        let mut root = serde_json::to_value(T::schema()).map_err(|error| unusable(&error))?;
        root["components"] = serde_json::json!({ "schemas": named });
        Self::compile(root)
    }

    /// The shape of a schema that has all it refers to.
    pub(in crate::http::request) fn compile(mut root: Value) -> Result<Self, Problem> {
        complete(&mut root);
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .with_format("date-time", |text: &str| text.parse::<Timestamp>().is_ok())
            .build(&root)
            .map_err(|error| unusable(&error))?;
        Ok(Self { root, validator })
    }

    /// Reads a query.
    pub(in crate::http::request) fn read_query<T: DeserializeOwned>(
        &self,
        query: &str,
    ) -> Result<(T, RequestFaults), Problem> {
        let text = parameters::as_json(query, &self.root);
        self.read_text(&text, RequestFaults::of_query(), Kind::InvalidQuery)
    }

    /// Reads a body that is one object. What could be read of it comes with the faults found on the way; a body that
    /// is no JSON object at all is a problem at once.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        body: &[u8],
        depth_max: usize,
    ) -> Result<(T, RequestFaults), Problem> {
        let text = text::check(body, depth_max)?;
        if !text.trim_ascii_start().starts_with('{') {
            let raw: &RawValue = serde_json::from_str(text).map_err(|error| malformed(&error))?;
            let detail = format!("the body must be a JSON object, not {}", outline::kind(raw));
            return Err(Problem::new(Kind::MalformedJson, detail));
        }
        self.read_text(text, RequestFaults::default(), Kind::InvalidRequest)
    }

    fn read_text<T: DeserializeOwned>(
        &self,
        text: &str,
        mut faults: RequestFaults,
        kind: Kind,
    ) -> Result<(T, RequestFaults), Problem> {
        let outline = BodyOutline::of_body(text, SchemaPlace::whole(&self.root), &mut faults);
        let mut outline = outline.map_err(|error| malformed(&error))?;
        let has_doubles = !faults.is_empty();
        let wrong = self.look(&outline, &mut faults);
        let read = if faults.is_full() {
            // Nobody is told more, and taking away as many names as a body has room for would take as long as squared.
            serde_json::from_str("{}")
        } else if wrong.is_empty() && !has_doubles && !outline.differs() {
            serde_json::from_str(text)
        } else {
            wrong.iter().for_each(|pointer| outline.take_away(pointer));
            serde_json::to_string(&outline).and_then(|text| serde_json::from_str(&text))
        };
        match read {
            Ok(read) => Ok((read, faults)),
            Err(error) => {
                faults.add("", error.to_string());
                Err(Problem::invalid(kind, faults.into_inner()))
            }
        }
    }

    /// Notes what does not fit, and answers where.
    fn look(&self, outline: &BodyOutline<'_>, faults: &mut RequestFaults) -> Vec<String> {
        let value = outline.value();
        let place = SchemaPlace::whole(&self.root);
        let mut wrong = Vec::new();
        for error in self.validator.iter_errors(&value) {
            if faults.is_full() {
                break;
            }
            words::note(&error, &value, outline, place, faults, &mut wrong);
        }
        wrong
    }
}

/// Whole numbers have a largest one, whatever they are for: it is the type's. What is said of a place is said in one
/// line.
fn complete(schema: &mut Value) {
    if schema["type"] == "integer" && schema["maximum"].is_null() {
        let most = if schema["format"] == "int32" { i64::from(u32::MAX) } else { i64::MAX };
        schema["maximum"] = most.into();
    }
    if let Some(Value::String(about)) = schema.get_mut("description") {
        *about = about.replace('\n', " ");
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(complete),
        Value::Array(items) => items.iter_mut().for_each(complete),
        _ => {}
    }
}

fn unusable(error: &impl Display) -> Problem {
    tracing::error!(%error, "a schema of the API cannot be used; this is a mistake in hookmill");
    Problem::new(Kind::Internal, "the description of this request cannot be used")
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::MalformedJson, format!("the body is not valid JSON: {error}"))
}
