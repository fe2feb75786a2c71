//! The dashboard's files, which are in the program. It is a client of the public API like any
//! other; nothing here knows what it shows.

use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;

use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;
use crate::http::reply;

const PAGE: &str = include_str!("../../../dashboard/index.html");
const STYLE: &str = include_str!("../../../dashboard/dashboard.css");
const SCRIPT: &str = include_str!("../../../dashboard/dashboard.js");
/// Only what this server sends itself, and no markup from anywhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'none'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let html = Output::Media("text/html");
    vec![
        Endpoint::get("/", "The dashboard.", |call| Box::pin(page(call))).public().output(200, html),
        Endpoint::get("/login", "The dashboard; takes a key behind `#`.", |call| Box::pin(page(call)))
            .public()
            .output(200, html),
        Endpoint::get("/dashboard.css", "The dashboard's style.", |call| Box::pin(style(call)))
            .public()
            .output(200, Output::Media("text/css")),
        Endpoint::get("/dashboard.js", "The dashboard's script.", |call| Box::pin(script(call)))
            .public()
            .output(200, Output::Media("text/javascript")),
    ]
}

fn file(media: &'static str, text: &'static str) -> Response {
    let mut response = reply::bytes(media, bytes::Bytes::from_static(text.as_bytes()));
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

async fn page(_call: Call) -> Answer {
    Ok(file("text/html; charset=utf-8", PAGE))
}

async fn style(_call: Call) -> Answer {
    Ok(file("text/css; charset=utf-8", STYLE))
}

async fn script(_call: Call) -> Answer {
    Ok(file("text/javascript; charset=utf-8", SCRIPT))
}
