//! `/in/{source}` in the description: it is not routed, see `http::ingest`.

use crate::http::problem::ProblemView;
use crate::http::view::AcceptedView;
use crate::http::view::Blob;

/// Takes an event in, as its provider sends it; any path may follow, and the methods are those of the source.
#[utoipa::path(
    post,
    path = "/in/{source}",
    operation_id = "ingest",
    tag = "ingest",
    security(()),
    params(("source" = String, Path, description = "The source's id; for a source of the first workspace also its name.")),
    request_body(content((Value = "application/json"), (inline(Blob) = "application/octet-stream"))),
    responses(
        (status = 202, description = "The event is on disk.", body = AcceptedView),
        (status = "default", description = "A problem.", body = ProblemView, content_type = "application/problem+json"),
    ),
)]
#[expect(dead_code, reason = "only its description is needed: the way in has no router")]
pub(super) fn ingest() {}
