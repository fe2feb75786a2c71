//! Queries as handlers take them: every parameter by its declaration, every fault at once. Not here: what is looked
//! up by them.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;
use utoipa::IntoParams;

use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::request::call::Call;
use crate::http::request::faults::RequestFaults;

/// The parameters of a query, as far as they could be read, and their faults.
#[derive(Debug)]
pub(crate) struct QueryParams<T> {
    /// What was given.
    pub given: T,
    /// What is wrong.
    pub faults: RequestFaults,
}

impl<T> QueryParams<T> {
    /// What was given, if nothing is wrong.
    pub(crate) fn whole(self) -> Result<T, Problem> {
        self.faults.done(Kind::InvalidQuery)?;
        Ok(self.given)
    }
}

impl<S: Sync, T: DeserializeOwned + IntoParams + 'static> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let call = parts.extensions.get::<Call>();
        let call =
            call.ok_or_else(|| Problem::new(Kind::Internal, "this request did not come through the door"))?;
        let shape = call.site.shapes.of_query::<T>()?;
        let query = parts.uri.query().unwrap_or("");
        let (given, faults) = shape.read_query(query)?;
        Ok(Self { given, faults })
    }
}

/// Any parameter is too much where none is taken.
pub(crate) fn refuse_parameters(query: &str) -> Result<(), Problem> {
    let mut faults = RequestFaults::of_query();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        faults.add(format!("/{name}"), "this request takes no parameters");
    }
    faults.done(Kind::InvalidQuery)
}

/// The schema of an object with these parameters.
pub(super) fn schema<T: IntoParams>() -> Value {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for parameter in T::into_params(|| None) {
        let mut schema =
            parameter.schema.and_then(|schema| serde_json::to_value(schema).ok()).unwrap_or(json!({}));
        if let Some(about) = parameter.description {
            schema["description"] = about.into();
        }
        if parameter.required == utoipa::openapi::Required::True {
            required.push(parameter.name.clone());
        }
        properties.insert(parameter.name, schema);
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A query as a JSON object. A parameter that is to be a number, and is one, is written as one.
pub(super) fn as_json(query: &str, schema: &Value) -> String {
    let member = |(name, text): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
        let kind = &schema["properties"][name.as_ref()]["type"];
        let value = match kind.as_str() {
            Some("integer" | "number") => text.parse::<serde_json::Number>().ok().map(Value::Number),
            Some("boolean") => text.parse::<bool>().ok().map(Value::Bool),
            _ => None,
        };
        format!("{}:{}", Value::String(name.into_owned()), value.unwrap_or_else(|| text.into_owned().into()))
    };
    let members: Vec<String> = url::form_urlencoded::parse(query.as_bytes()).map(member).collect();
    format!("{{{}}}", members.join(","))
}
