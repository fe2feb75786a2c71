//! Who calls a tool, and the API asked in this process with the caller's key. Tools ask the operations that are routed
//! and not the rooms below, so that scopes, bounds, places of work and faults are those of the API, and cannot become
//! others; nothing goes over a socket. Not here: what is asked.

use std::sync::Arc;

use axum::body::Body;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::header::AUTHORIZATION;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use crate::control::Principal;
use crate::domain::config::Scope;
use crate::http::door;
use crate::http::mcp::words;
use crate::http::server::peer::Peer;
use crate::http::site::Site;

/// Faults of one request that an assistant is told.
const FAULTS_MAX: usize = 20;

/// Why a tool has nothing to say, in words for the assistant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolRefusal(pub String);

impl<T: Into<String>> From<T> for ToolRefusal {
    fn from(words: T) -> Self {
        Self(words.into())
    }
}

/// One who calls tools.
pub(crate) struct ToolCaller {
    /// Of the server that is asked.
    pub site: Arc<Site>,
    /// Whose key it is.
    pub principal: Principal,
    routes: axum::Router,
    authorization: Option<HeaderValue>,
    /// The workspace that the client acts in, where it says one.
    workspace: Option<HeaderValue>,
    /// Where the client is, so that nothing is computed on for one that has left.
    peer: Option<Peer>,
    read_only: bool,
}

impl ToolCaller {
    /// By the head of a request that was let in.
    pub(crate) fn new(
        site: Arc<Site>,
        routes: axum::Router,
        principal: Principal,
        parts: &Parts,
        read_only: bool,
    ) -> Self {
        let authorization = parts.headers.get(AUTHORIZATION).cloned();
        let workspace = parts.headers.get(door::WORKSPACE).cloned();
        let peer = parts.extensions.get::<Peer>().cloned();
        Self { site, principal, routes, authorization, workspace, peer, read_only }
    }

    /// The same one, acting in another workspace.
    pub(crate) fn acting_in(&self, wanted: &str) -> Result<Self, ToolRefusal> {
        let refused = || {
            let shown = words::foreign(wanted);
            ToolRefusal(format!("there is no workspace `{shown}` that this key may act in"))
        };
        let principal = self.site.doors.control.acting_in(self.principal.clone(), wanted);
        Ok(Self {
            site: self.site.clone(),
            principal: principal.ok_or_else(refused)?,
            routes: self.routes.clone(),
            authorization: self.authorization.clone(),
            workspace: Some(HeaderValue::from_str(wanted).map_err(|_| refused())?),
            peer: self.peer.clone(),
            read_only: self.read_only,
        })
    }

    /// Whether it may act in other workspaces.
    pub(crate) fn is_operator(&self) -> bool {
        self.site.doors.control.is_operator(&self.principal)
    }

    /// Whether it may have plans made: that takes a place among those that wait, so the API asks for this scope.
    pub(crate) fn may_plan(&self) -> bool {
        self.principal.may(Scope::Write)
    }

    /// Whether it may change something.
    pub(crate) fn may_write(&self) -> bool {
        self.may_plan() && !self.read_only
    }

    /// Why it may not.
    pub(crate) fn why_not(&self, tool: &str) -> ToolRefusal {
        let why = match self.may_plan() {
            true => {
                "this assistant was connected read-only: whoever runs it has to allow writes (`hookmill mcp --allow-write`)"
            }
            false => "this needs a key with the scope `write`, and this one has it not",
        };
        format!("`{tool}` is not possible: {why}").into()
    }

    /// Asks for a path such as `/v1/sources`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ToolRefusal> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for a path with a query; parameters that are empty are left out.
    pub(crate) async fn find(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ToolRefusal> {
        let given = query.iter().filter(|(_, value)| !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
        self.get(&format!("{path}?{query}")).await
    }

    /// Posts a body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ToolRefusal> {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ToolRefusal> {
        let mut request = Request::new(body.map_or_else(Body::empty, |body| Body::from(body.to_string())));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().map_err(|_| "this is no path of the API")?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(self.authorization.iter().map(|key| (AUTHORIZATION, key.clone())));
        let workspace = HeaderName::from_static(door::WORKSPACE);
        headers.extend(self.workspace.iter().map(|wanted| (workspace.clone(), wanted.clone())));
        if let Some(peer) = &self.peer {
            request.extensions_mut().insert(peer.clone());
        }
        let (status, answer) = door::ask(&self.routes, request).await;
        if status.is_success() { Ok(answer) } else { Err(refusal(&answer)) }
    }
}

/// A name as a part of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// A problem of the API in words.
fn refusal(problem: &Value) -> ToolRefusal {
    let text = |value: &Value| words::sentence(value.as_str().unwrap_or_default());
    let faults = problem["errors"].as_array().map_or(&[] as &[_], Vec::as_slice);
    let mut said = format!("{}: {}", text(&problem["title"]), text(&problem["detail"]));
    if faults.len() > 1 {
        for fault in faults.iter().take(FAULTS_MAX) {
            said.push_str(&format!("\n  {}: {}", text(&fault["pointer"]), text(&fault["detail"])));
        }
    }
    ToolRefusal(said)
}
