//! From a request to the operation that answers it. Not here: who may (`door`), what the operations do (`api`), events
//! at sources (`ingest`), what an assistant is answered (`mcp`).

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::http::idempotency::Memory;
use crate::http::ingest;
use crate::http::mcp;
use crate::http::mcp::McpDoor;
use crate::http::openapi;
use crate::http::openapi::Docs;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::request::Shapes;
use crate::http::server::ServerLimits;
use crate::http::server::connection::Answerer;
use crate::http::site::Doors;
use crate::http::site::Site;

/// Answers every request of one server.
pub(crate) struct Router {
    site: Arc<Site>,
    routes: axum::Router,
    mcp: McpDoor,
}

impl Router {
    /// Routes for all operations.
    pub(crate) fn new(
        doors: Doors,
        limits: ServerLimits,
        public_url: &str,
        closing: CancellationToken,
    ) -> Self {
        let (routes, document) = openapi::api();
        let site = Arc::new(Site {
            doors,
            public_url: public_url.trim_end_matches('/').to_owned(),
            limits,
            closing,
            memory: Memory::default(),
            shapes: Shapes::default(),
            docs: Docs::default(),
            openapi: Bytes::from(document.to_string()),
            config_schema: Bytes::from(openapi::config_schema_of(&document).to_string()),
        });
        let routes = routes
            .fallback(nothing_here)
            .method_not_allowed_fallback(not_that_method)
            .layer(Extension(site.clone()));
        let mcp = McpDoor::new(&site.public_url, routes.clone());
        Self { site, routes, mcp }
    }

    /// The routes alone, for whoever asks without a connection.
    pub(crate) fn routes(&self) -> axum::Router {
        self.routes.clone()
    }
}

impl Answerer for Router {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        if request.uri().path().starts_with(ingest::PREFIX) {
            return ingest::answer(&self.site, request).await;
        }
        if request.uri().path() == mcp::PATH {
            return self.mcp.answer(&self.site, request).await;
        }
        match self.routes.clone().oneshot(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

async fn nothing_here(request: Request) -> Problem {
    Problem::new(Kind::NotFound, format!("there is nothing at {}; see /docs", request.uri().path()))
}

async fn not_that_method(request: Request) -> Problem {
    let detail = format!("{} is not possible at {}; see /docs", request.method(), request.uri().path());
    Problem::new(Kind::MethodNotAllowed, detail)
}
