//! `/v1/api-keys`: keys of the API. Not here: keys of sources (`source_keys`).

use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::resources::ApiKeyDraft;
use crate::domain::config::Scope;
use crate::domain::time::Timestamp;
use crate::http::api::access::keys;
use crate::http::api::access::keys::KeyView;
use crate::http::api::access::keys::RotationBody;
use crate::http::api::page::Cursor;
use crate::http::api::page::PageRequest;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::Name;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RequestFaults;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::http::view::PageView;

/// A key of the API.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyBody {
    /// For people.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
    /// What it may do; `admin` may do everything.
    #[schema(required = true, nullable = false, value_type = Option<Vec<Scope>>, min_items = 1)]
    scopes: Option<Vec<Option<Scope>>>,
    /// Another workspace, for admin keys of the first one.
    #[schema(nullable = false)]
    workspace: Option<String>,
    /// When it ends; never if not given.
    #[schema(nullable = false)]
    expires_at: Option<Timestamp>,
}

/// Which keys.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApiKeysQuery {
    /// Those of this workspace, by id or name; of the key's own, if not given. An admin key of the first workspace sees
    /// those of any.
    #[param(nullable = false)]
    workspace: Option<String>,
    /// Items of a page, 1 to 500; 50 if not given.
    #[param(minimum = 1, maximum = 500, nullable = false)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    #[param(inline, nullable = false)]
    cursor: Option<Cursor>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::admin(), routes!(list))
        .add(Door::admin().remembered(), routes!(create))
        .add(Door::admin(), routes!(show_one))
        .add(Door::admin().remembered().optional_body(), routes!(rotate))
        .add(Door::admin(), routes!(delete))
}

fn draft(body: ApiKeyBody, _: &mut RequestFaults) -> ApiKeyDraft {
    let mut scopes = None;
    for scope in body.scopes.into_iter().flatten() {
        let scopes = scopes.get_or_insert_with(Vec::new);
        scopes.extend(scope.filter(|scope| !scopes.contains(scope)));
    }
    ApiKeyDraft {
        name: body.name.map(|name| name.0),
        scopes,
        workspace: body.workspace,
        expires_at: body.expires_at,
    }
}

/// Lists the keys of the API.
#[utoipa::path(
    get,
    path = "/v1/api-keys",
    params(ApiKeysQuery),
    responses((status = 200, body = PageView<KeyView>)),
)]
async fn list(call: Call, QueryParams { given, mut faults }: QueryParams<ApiKeysQuery>) -> Answer {
    let principal = call.principal()?;
    let workspace = match &given.workspace {
        None => principal.workspace,
        Some(wanted) => call.control.workspace_in_reach(principal, wanted).unwrap_or_else(|| {
            faults.add(
                "/workspace",
                format!("there is no workspace `{wanted}` that this key may make keys for"),
            );
            principal.workspace
        }),
    };
    faults.done(Kind::InvalidQuery)?;
    let page = PageRequest::new(given.limit, given.cursor);
    let snapshot = call.control.snapshot();
    let mine: Vec<_> = snapshot.documents.keys.of(workspace).filter(|key| key.source.is_none()).collect();
    Ok(reply::ok(&page.of(mine.into_iter(), |key| key.id.bits(), keys::show)))
}

/// Makes a key; it is shown now and never again.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    request_body = ApiKeyBody,
    responses((status = 201, body = KeyView)),
)]
async fn create(call: Call, body: JsonBody<ApiKeyBody>) -> Answer {
    let (draft, faults) = body.map(draft);
    let made = call.control.create_api_key(call.principal()?, draft, faults).await?;
    Ok(reply::created(&format!("/v1/api-keys/{}", made.key.id), &keys::show_new(&made)))
}

/// Shows a key by its end.
#[utoipa::path(
    get,
    path = "/v1/api-keys/{key}",
    params(("key" = String, Path, description = "Its id.")),
    responses((status = 200, body = KeyView)),
)]
async fn show_one(call: Call, PathParams(key): PathParams<String>) -> Answer {
    let workspace = call.control.workspace_of_key(call.principal()?, &key);
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.keys.get(id("key", &key)?);
    let found = found.filter(|key| key.workspace == workspace && key.source.is_none());
    Ok(reply::ok(&keys::show(found.ok_or_else(|| not_found("key", &key))?)))
}

/// Makes a new key in the place of one that goes on working for a while.
#[utoipa::path(
    post,
    path = "/v1/api-keys/{key}/rotate",
    params(("key" = String, Path, description = "Its id.")),
    request_body = RotationBody,
    responses((status = 201, body = KeyView)),
)]
async fn rotate(call: Call, PathParams(key): PathParams<String>, body: JsonBody<RotationBody>) -> Answer {
    let grace = body.fold(RotationBody::grace)?;
    let workspace = call.control.workspace_of_key(call.principal()?, &key);
    let made = call.control.rotate_key(workspace, None, &key, grace).await?;
    Ok(reply::created(&format!("/v1/api-keys/{}", made.key.id), &keys::show_new(&made)))
}

/// Deletes a key.
#[utoipa::path(
    delete,
    path = "/v1/api-keys/{key}",
    params(("key" = String, Path, description = "Its id.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(key): PathParams<String>) -> Answer {
    let workspace = call.control.workspace_of_key(call.principal()?, &key);
    call.control.delete_key(workspace, None, &key).await?;
    Ok(reply::no_content())
}
