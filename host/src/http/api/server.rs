//! What everybody may ask the server itself: whether it lives and is ready, its metrics, the
//! description of its API.

use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::http::accept;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::openapi::Docs;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::PathParams;
use crate::http::request::not_found;

/// The server's state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthView {
    /// `ok`.
    pub status: &'static str,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::public(), routes!(healthz))
        .add(Door::public(), routes!(readyz))
        .add(Door::public().any_answer(), routes!(metrics))
        .add(Door::public(), routes!(openapi))
        .add(Door::public().any_answer(), routes!(docs))
        .add(Door::public().any_answer(), routes!(docs_page))
        .add(Door::public().any_answer(), routes!(docs_file))
}

/// Whether the server lives.
#[utoipa::path(
    get,
    path = "/healthz",
    responses((status = 200, body = HealthView)),
)]
async fn healthz() -> Answer {
    Ok(reply::ok(&HealthView { status: "ok" }))
}

/// Whether events would be taken now.
#[utoipa::path(
    get,
    path = "/readyz",
    responses((status = 200, body = HealthView)),
)]
async fn readyz(call: Call) -> Answer {
    match call.insight.ready() {
        Ok(()) => Ok(reply::ok(&HealthView { status: "ok" })),
        Err(reason) => {
            // Everybody may ask this; paths of the disk are for the log.
            tracing::debug!(%reason, "not ready");
            Err(Problem::new(
                Kind::Unavailable,
                "the server is stopping, or its store cannot be used; the log says why",
            ))
        }
    }
}

/// All metrics for Prometheus; as OpenMetrics for those that ask for it by `Accept`.
#[utoipa::path(
    get,
    path = "/metrics",
    responses((status = 200, content((String = "text/plain"), (String = "application/openmetrics-text")))),
)]
async fn metrics(call: Call, headers: HeaderMap) -> Answer {
    let format = accept::metrics(&headers);
    Ok(reply::bytes(format.media(), call.insight.metrics_text(format).into()))
}

/// The description of this API.
#[utoipa::path(
    get,
    path = "/openapi.json",
    responses((status = 200, body = serde_json::Value)),
)]
async fn openapi(call: Call) -> Answer {
    Ok(reply::bytes("application/json", call.site.openapi.clone()))
}

/// The description of this API, for people; it lies at `/docs/`.
#[utoipa::path(
    get,
    path = "/docs",
    responses((status = 308, body = String, content_type = "text/plain", headers(("Location" = String)))),
)]
async fn docs() -> Answer {
    Ok(Docs::page())
}

/// The page of the description.
#[utoipa::path(
    get,
    path = "/docs/",
    responses((status = 200, body = String, content_type = "text/html")),
)]
async fn docs_page(call: Call) -> Answer {
    call.site.docs.file("").ok_or_else(|| not_found("page", "index.html"))
}

/// What the page of the description loads.
#[utoipa::path(
    get,
    path = "/docs/{file}",
    params(("file" = String, Path, description = "Its name.")),
    responses((status = 200, body = String, content_type = "text/javascript")),
)]
async fn docs_file(call: Call, PathParams(file): PathParams<String>) -> Answer {
    call.site.docs.file(&file).ok_or_else(|| not_found("file", &file))
}
