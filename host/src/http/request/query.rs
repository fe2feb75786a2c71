//! Queries as handlers take them: every parameter by its declaration, every fault at once. Not here: what is looked
//! up by them.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;
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
