//! What everybody may ask the server itself: whether it lives and is ready, its metrics, the
//! description of its API.

use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;

use crate::http::accept;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Output;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::view::View;
use crate::http::view::view;

view! {
    /// The server's state.
    HealthView {
        /// `ok`.
        status: &'static str,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let health = Output::Json(HealthView::describe);
    vec![
        Endpoint::get("/healthz", "Whether the server lives.", |call| Box::pin(healthz(call)))
            .public()
            .output(200, health),
        Endpoint::get("/readyz", "Whether events would be taken now.", |call| Box::pin(readyz(call)))
            .public()
            .output(200, health),
        Endpoint::get(
            "/metrics",
            "All metrics for Prometheus; as OpenMetrics for those that ask for it by `Accept`.",
            |call| Box::pin(metrics(call)),
        )
        .public()
        .output(200, Output::Media("*/*")),
        Endpoint::get("/openapi.json", "The description of this API.", |call| Box::pin(openapi(call)))
            .public()
            .output(200, Output::Media("application/json")),
        Endpoint::get("/docs", "The description of this API, for people.", |call| Box::pin(docs(call)))
            .public()
            .output(200, Output::Media("text/html")),
    ]
}

async fn healthz(_call: Call) -> Answer {
    Ok(reply::ok(&HealthView { status: "ok" }))
}

async fn readyz(call: Call) -> Answer {
    match call.insight().ready() {
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

async fn metrics(call: Call) -> Answer {
    let format = accept::metrics(&call.headers);
    Ok(reply::bytes(format.media(), call.insight().metrics_text(format).into()))
}

async fn openapi(call: Call) -> Answer {
    Ok(reply::bytes("application/json", call.site.openapi.clone()))
}

async fn docs(call: Call) -> Answer {
    let mut response = reply::bytes("text/html; charset=utf-8", call.site.docs.html.clone());
    if let Ok(policy) = HeaderValue::from_str(&call.site.docs.policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}
