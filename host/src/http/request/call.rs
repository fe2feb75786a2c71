//! What a handler knows of its request besides what it declares: whose server, who asks, what the answer may cost. Not
//! here: who is let in (`door`).

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use parking_lot::Mutex;

use crate::control::Principal;
use crate::domain::id::WorkspaceId;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::site::Doors;
use crate::http::site::Site;
use crate::shape::Ended;
use crate::shape::Work;

/// A request that has passed the door.
#[derive(Clone)]
pub(crate) struct Call {
    /// What all requests share.
    pub site: Arc<Site>,
    /// Whose key it came with; `None` only where everybody may.
    principal: Option<Principal>,
}

impl Call {
    /// One that has passed.
    pub(crate) fn new(site: Arc<Site>, principal: Option<Principal>) -> Self {
        Self { site, principal }
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> Result<&Principal, Problem> {
        self.principal.as_ref().ok_or_else(|| Problem::new(Kind::Unauthorized, "this needs a key of the API"))
    }

    /// In which workspace.
    pub(crate) fn workspace(&self) -> Result<WorkspaceId, Problem> {
        Ok(self.principal()?.workspace)
    }
}

/// The rooms.
impl Deref for Call {
    type Target = Doors;

    fn deref(&self) -> &Doors {
        &self.site.doors
    }
}

/// Nothing of that kind has that id or name.
pub(crate) fn not_found(what: &str, which: &str) -> Problem {
    Problem::new(Kind::NotFound, format!("there is no {what} `{which}` in this workspace"))
}

/// An id in a path; whatever is none names nothing.
pub(crate) fn id<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| not_found(what, text))
}

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let call = parts.extensions.get::<Self>().cloned();
        call.ok_or_else(|| Problem::new(Kind::Internal, "this request did not come through the door"))
    }
}

/// The parameters of the path. One that cannot be read names nothing.
pub(crate) struct PathParams<T>(pub T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(read)) => Ok(Self(read)),
            Err(_) => Err(Problem::new(Kind::NotFound, "the path names nothing: it is not UTF-8")),
        }
    }
}

/// What computing an answer may cost, to be taken once.
#[derive(Clone)]
pub(crate) struct Allowance(Arc<Mutex<Option<Work>>>);

impl Allowance {
    pub(crate) fn new(work: Work) -> Self {
        Self(Arc::new(Mutex::new(Some(work))))
    }
}

/// What computing the answer may cost.
pub(crate) struct WorkAllowance(pub Work);

impl<S: Sync> FromRequestParts<S> for WorkAllowance {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let given = parts.extensions.get::<Allowance>().and_then(|allowance| allowance.0.lock().take());
        Ok(Self(given.unwrap_or_else(|| Work::of_request(Ended::default()))))
    }
}
