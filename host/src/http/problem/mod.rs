//! Problem documents (RFC 9457): the one table from what went wrong to status, type and words.
//! Not here: what went wrong.

mod kind;
mod table;

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use kind::Kind;

use crate::control::FieldFault;

/// What every problem's `type` begins with.
pub(crate) const TYPE_BASE: &str = "https://hookmill.dev/problems/";
const MEDIA: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A request that could not be answered as asked.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: Kind,
    status: u16,
    detail: String,
    code: Option<&'static str>,
    errors: Vec<FieldFault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// RFC 9457. `type` is stable.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView<'a> {
    /// What happened, as a name that never changes.
    #[schema(format = "uri")]
    r#type: String,
    /// What happened, in a few words that never change.
    title: &'a str,
    /// The status.
    status: u16,
    /// What happened, and how to mend it.
    detail: &'a str,
    /// A finer name of the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<&'a str>,
    /// Every fault of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FaultView<'a>>,
}

/// One fault of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = Fault)]
pub(crate) struct FaultView<'a> {
    /// A JSON pointer into the body, or `?` and the name of a parameter.
    pointer: &'a str,
    /// What is wrong there.
    detail: &'a str,
}

impl Problem {
    /// A problem of that kind, with its usual status.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let status = kind.status();
        Self { kind, status, detail: detail.into(), code: None, errors: Vec::new(), headers: Vec::new() }
    }

    /// Says where each fault is; the detail is how many there are.
    pub(crate) fn invalid(kind: Kind, errors: Vec<FieldFault>) -> Self {
        let detail = match errors.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", only.pointer, only.detail),
            many => format!("{} faults, see `errors`", many.len()),
        };
        Self { errors, ..Self::new(kind, detail) }
    }

    /// Another status than the kind's.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Its own words instead of how many faults there are.
    pub(crate) fn detail(mut self, detail: String) -> Self {
        self.detail = detail;
        self
    }

    /// A finer name of the cause.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// What is wrong, place by place.
    pub(crate) fn faults(&self) -> &[FieldFault] {
        &self.errors
    }

    /// A header of the answer.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let errors =
            self.errors.iter().map(|fault| FaultView { pointer: &fault.pointer, detail: &fault.detail });
        let document = ProblemView {
            r#type: format!("{TYPE_BASE}{}", self.kind.name()),
            title: self.kind.title(),
            status: self.status,
            detail: &self.detail,
            code: self.code,
            errors: errors.collect(),
        };
        let body = serde_json::to_vec(&document).expect("a problem has string keys only");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, MEDIA);
        response.headers_mut().extend(self.headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(problem: Problem, status: u16, expected: serde_json::Value) {
        let response = problem.into_response();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let bytes = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), expected);
    }

    #[tokio::test]
    async fn documents() {
        check(
            Problem::new(Kind::NotFound, "no such thing"),
            404,
            serde_json::json!({"type": "https://hookmill.dev/problems/not-found", "title": "There is no such thing",
                "status": 404, "detail": "no such thing"}),
        )
        .await;
        let fault = FieldFault { pointer: "/url".into(), detail: "not a URL".into() };
        check(
            Problem::invalid(Kind::InvalidDestination, vec![fault]).status(409).code("x"),
            409,
            serde_json::json!({"type": "https://hookmill.dev/problems/invalid-destination",
                "title": "The destination is not valid", "status": 409, "detail": "/url: not a URL", "code": "x",
                "errors": [{"pointer": "/url", "detail": "not a URL"}]}),
        )
        .await;
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let fits = |letter: char| letter.is_ascii_lowercase() || letter == '-';
            assert!(kind.name().chars().all(fits) && (400..600).contains(&kind.status()), "{kind:?}");
        }
    }
}
