//! The API as this program asks it itself, in this process: of the operations that are routed, so that what they read,
//! bound and refuse holds for it too; with no key, in one workspace, with the scope `write` and no more. Not here: what is
//! asked.

use axum::body::Body;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::control::Principal;
use crate::domain::config::Scope;
use crate::domain::id::KeyId;
use crate::domain::id::WorkspaceId;

/// In the extensions of a request that this program makes itself; no request from outside can have it there.
#[derive(Clone, Debug)]
pub(super) struct OwnCall(pub(super) Principal);

/// The API, asked from within.
#[derive(Clone, Debug)]
pub struct OwnApi {
    routes: axum::Router,
    call: OwnCall,
}

/// What was refused.
#[derive(Clone, Debug)]
pub struct OwnRefusal {
    /// The status.
    pub status: u16,
    /// The problem.
    pub problem: Value,
}

impl OwnApi {
    /// What is routed, asked in this workspace.
    pub(crate) fn new(routes: axum::Router, workspace: WorkspaceId) -> Self {
        // The key of nobody: none that was made has this id.
        let key = KeyId::from_bits(0);
        Self {
            routes,
            call: OwnCall(Principal { key, home: workspace, workspace, scopes: vec![Scope::Write] }),
        }
    }

    /// Posts a body to a path such as `/v1/config/plans`; null is none.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, OwnRefusal> {
        let none = body.is_null();
        let mut request = Request::new(if none { Body::empty() } else { Body::from(body.to_string()) });
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().unwrap_or_default();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(self.call.clone());
        let (status, answer) = ask(&self.routes, request).await;
        if status.is_success() {
            return Ok(answer);
        }
        Err(OwnRefusal { status: status.as_u16(), problem: answer })
    }
}

/// Asks what is routed, in this process: nothing goes over a socket.
pub(crate) async fn ask(routes: &axum::Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = match routes.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts.status, serde_json::from_slice(&bytes).unwrap_or_default())
}
