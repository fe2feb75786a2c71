//! The assistant's door: an MCP server at `/mcp`, over HTTP and without sessions, so that any node answers any request.
//! Who asks has a key of the API; what a tool does is asked of the API's own operations (`caller`). Not here: what any of
//! them does.
//!
//! ```text
//! server     which tools there are for whom, and each call
//! catalogue  what an assistant is told of them
//! caller     the API, asked in this process with the caller's key
//! tools      one file each: arguments in, findings out
//! arguments  read by the schemas that describe them
//! literals   secrets that stand in arguments
//! findings   what a tool answers, within bounds; bodies of others in a block of their own
//! outline    payloads as paths and types
//! names      of what the API says by ids
//! words      what of foreign text is shown, and of URLs
//! ```

mod arguments;
mod caller;
mod catalogue;
mod findings;
mod literals;
mod names;
mod outline;
mod server;
mod tools;
mod words;

use std::sync::Arc;

use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::Request;
use http::header::CONTENT_LENGTH;
use hyper::body::Incoming;
use rmcp::transport::StreamableHttpServerConfig;
use rmcp::transport::streamable_http_server::StreamableHttpService;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use url::Url;

use crate::domain::config::Scope;
use crate::domain::workspace_features::WorkspaceFeature;
use crate::http::door;
use crate::http::door::Access;
use crate::http::mcp::caller::ToolCaller;
use crate::http::mcp::server::McpServer;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::site::Site;

/// Where it is.
pub(crate) const PATH: &str = "/mcp";
/// Who runs an assistant, and not the assistant, may say with this header that nothing is to be changed.
const READ_ONLY: &str = "x-mcp-readonly";
/// Names of this machine itself. A page that a browser was tricked into resolving to it has another one.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The door of one server.
pub(crate) struct McpDoor {
    service: StreamableHttpService<McpServer, NeverSessionManager>,
    routes: axum::Router,
}

impl McpDoor {
    /// Asks the operations of `routes`.
    pub(crate) fn new(public_url: &str, routes: axum::Router) -> Self {
        let (hosts, origins) = allowed(public_url);
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_allowed_hosts(hosts)
            .with_allowed_origins(origins)
            .enforce_origin_validation()
            // The body has been taken, within the API's own bound.
            .with_max_request_body_bytes(usize::MAX);
        Self { service: StreamableHttpService::new(|| Ok(McpServer), Arc::default(), config), routes }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, site: &Arc<Site>, request: Request<Incoming>) -> Response {
        match self.admit(site, request).await {
            Ok(request) => self.service.handle(request).await.map(Body::new),
            Err(problem) => problem.into_response(),
        }
    }

    /// The request with its whole body, and with who asks.
    async fn admit(&self, site: &Arc<Site>, request: Request<Incoming>) -> Result<Request<Body>, Problem> {
        let (mut parts, body) = request.into_parts();
        let principal = door::admit(site, Access::Key(Scope::Read), &parts.headers)?;
        let principal =
            principal.ok_or_else(|| Problem::new(Kind::Unauthorized, "this needs a key of the API"))?;
        site.doors.control.check_feature(principal.workspace, WorkspaceFeature::Assistant)?;
        let body = door::take_json(site, &parts.headers, Body::new(body)).await?;
        let read_only = parts.headers.get(READ_ONLY).is_some_and(|value| value.as_bytes() != b"false");
        let caller = ToolCaller::new(site.clone(), self.routes.clone(), principal, &parts, read_only);
        parts.extensions.insert(Arc::new(caller));
        // What follows keeps the head of the request; the key is the caller's alone.
        parts.headers.remove(http::header::AUTHORIZATION);
        parts.headers.remove(CONTENT_LENGTH);
        Ok(Request::from_parts(parts, Body::from(body)))
    }
}

/// Hosts and origins that requests may have, by the URL under which the gateway is reached.
fn allowed(public_url: &str) -> (Vec<String>, Vec<String>) {
    let mut hosts: Vec<String> = LOOPBACK.map(str::to_owned).to_vec();
    let Ok(url) = Url::parse(public_url) else { return (hosts, Vec::new()) };
    hosts.extend(url.host_str().map(str::to_owned));
    let port = url.port_or_known_default();
    let origin = url.host_str().zip(port).map(|(host, port)| format!("{}://{host}:{port}", url.scheme()));
    (hosts, origin.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_origins_come_from_the_public_url() {
        let (hosts, origins) = allowed("https://hooks.example.com");
        assert_eq!(hosts.last().unwrap(), "hooks.example.com");
        assert_eq!(origins, ["https://hooks.example.com:443"]);
        assert_eq!(allowed("http://127.0.0.1:8080").1, ["http://127.0.0.1:8080"]);
    }
}
