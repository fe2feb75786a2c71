//! `/v1/sources/{source}/keys`.

use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::http::api::access::keys;
use crate::http::api::access::keys::KeyView;
use crate::http::api::access::keys::RotationBody;
use crate::http::api::page::PageQuery;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::Name;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::not_found;
use crate::http::view::PageView;

/// A key of a source.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceKeyBody {
    /// For people; the source's name if not given.
    #[schema(nullable = false)]
    name: Option<Name>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered().optional_body(), routes!(create))
        .add(Door::write().remembered().optional_body(), routes!(rotate))
        .add(Door::write(), routes!(delete))
}

/// Lists the keys of a source.
#[utoipa::path(
    get,
    path = "/v1/sources/{source}/keys",
    params(("source" = String, Path, description = "Its id or name."), PageQuery),
    responses((status = 200, body = PageView<KeyView>)),
)]
async fn list(call: Call, PathParams(source): PathParams<String>, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.sources.find(workspace, &source);
    let source = found.ok_or_else(|| not_found("source", &source))?.id;
    let mine: Vec<_> =
        snapshot.documents.keys.of(workspace).filter(|key| key.source == Some(source)).collect();
    Ok(reply::ok(&page.of(mine.into_iter(), |key| key.id.bits(), keys::show)))
}

/// Makes one more key for a source.
#[utoipa::path(
    post,
    path = "/v1/sources/{source}/keys",
    params(("source" = String, Path, description = "Its id or name.")),
    request_body = SourceKeyBody,
    responses((status = 201, body = KeyView)),
)]
async fn create(call: Call, PathParams(source): PathParams<String>, body: JsonBody<SourceKeyBody>) -> Answer {
    let (name, faults) = body.map(|body, _| body.name.map(|name| name.0));
    let made = call.control.create_source_key(call.workspace()?, &source, name, faults).await?;
    Ok(reply::created(&format!("/v1/sources/{source}/keys"), &keys::show_new(&made)))
}

/// Makes a new key in the place of one that goes on working for a while.
#[utoipa::path(
    post,
    path = "/v1/sources/{source}/keys/{key}/rotate",
    params(("source" = String, Path, description = "Its id or name."), ("key" = String, Path, description = "Its id.")),
    request_body = RotationBody,
    responses((status = 201, body = KeyView)),
)]
async fn rotate(
    call: Call,
    PathParams((source, key)): PathParams<(String, String)>,
    body: JsonBody<RotationBody>,
) -> Answer {
    let grace = body.fold(RotationBody::grace)?;
    let made = call.control.rotate_key(call.workspace()?, Some(&source), &key, grace).await?;
    Ok(reply::created(&format!("/v1/sources/{source}/keys"), &keys::show_new(&made)))
}

/// Deletes a key.
#[utoipa::path(
    delete,
    path = "/v1/sources/{source}/keys/{key}",
    params(("source" = String, Path, description = "Its id or name."), ("key" = String, Path, description = "Its id.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams((source, key)): PathParams<(String, String)>) -> Answer {
    call.control.delete_key(call.workspace()?, Some(&source), &key).await?;
    Ok(reply::no_content())
}
