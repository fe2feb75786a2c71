//! The dashboard's files, which are in the program. It is a client of the public API like any
//! other; nothing here knows what it shows.

use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use utoipa_axum::routes;

use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;

const PAGE: &str = include_str!("../../../dashboard/index.html");
const STYLE: &str = include_str!("../../../dashboard/dashboard.css");
const SCRIPT: &str = include_str!("../../../dashboard/dashboard.js");
/// Only what this server sends itself, and no markup from anywhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'none'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::public(), routes!(page))
        .add(Door::public(), routes!(login))
        .add(Door::public(), routes!(style))
        .add(Door::public(), routes!(script))
}

fn file(media: &'static str, text: &'static str) -> Response {
    let mut response = reply::bytes(media, bytes::Bytes::from_static(text.as_bytes()));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// The dashboard.
#[utoipa::path(
    get,
    path = "/",
    responses((status = 200, body = String, content_type = "text/html")),
)]
async fn page() -> Answer {
    Ok(file("text/html; charset=utf-8", PAGE))
}

/// The dashboard; takes a key behind `#`.
#[utoipa::path(
    get,
    path = "/login",
    responses((status = 200, body = String, content_type = "text/html")),
)]
async fn login() -> Answer {
    page().await
}

/// The dashboard's style.
#[utoipa::path(
    get,
    path = "/dashboard.css",
    responses((status = 200, body = String, content_type = "text/css")),
)]
async fn style() -> Answer {
    Ok(file("text/css; charset=utf-8", STYLE))
}

/// The dashboard's script.
#[utoipa::path(
    get,
    path = "/dashboard.js",
    responses((status = 200, body = String, content_type = "text/javascript")),
)]
async fn script() -> Answer {
    Ok(file("text/javascript; charset=utf-8", SCRIPT))
}
