//! `/v1/workspaces`.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::domain::config::Workspace;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::http::api::access::keys;
use crate::http::api::access::keys::KeyView;
use crate::http::api::page::PageQuery;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::Name;
use crate::http::request::Patch;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::not_found;
use crate::http::view::PageView;

/// A tenant as it is made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkspaceBody {
    /// Unique among workspaces.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceView {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// An admin key of it, shown when the workspace is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key: Option<KeyView>,
}

/// What a change says of it.
type WorkspaceChange = Patch<WorkspaceBody>;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::admin().remembered(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::admin(), routes!(update))
}

fn show(workspace: &Workspace) -> WorkspaceView {
    WorkspaceView {
        id: workspace.id,
        name: workspace.name.clone(),
        created_at: workspace.created_at,
        key: None,
    }
}

/// Lists the workspaces this key may see.
#[utoipa::path(
    get,
    path = "/v1/workspaces",
    params(PageQuery),
    responses((status = 200, body = PageView<WorkspaceView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let visible = call.control.workspaces(call.principal()?);
    Ok(reply::ok(&query.whole()?.page().of(visible.iter(), |workspace| workspace.id.bits(), show)))
}

/// Makes a workspace and an admin key to it.
#[utoipa::path(
    post,
    path = "/v1/workspaces",
    request_body = WorkspaceBody,
    responses((status = 201, body = WorkspaceView)),
)]
async fn create(call: Call, body: JsonBody<WorkspaceBody>) -> Answer {
    let (name, faults) = body.map(|body, _| body.name.map(|name| name.0));
    let made = call.control.create_workspace(call.principal()?, name, faults).await?;
    let view = WorkspaceView { key: Some(keys::show_new(&made.key)), ..show(&made.workspace) };
    Ok(reply::created(&format!("/v1/workspaces/{}", made.workspace.id), &view))
}

/// Shows a workspace.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}",
    params(("workspace" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = WorkspaceView)),
)]
async fn show_one(call: Call, PathParams(workspace): PathParams<String>) -> Answer {
    let visible = call.control.workspaces(call.principal()?);
    let found = visible.iter().find(|found| found.name == workspace || found.id.to_string() == workspace);
    Ok(reply::ok(&show(found.ok_or_else(|| not_found("workspace", &workspace))?)))
}

/// Renames a workspace.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}",
    params(("workspace" = String, Path, description = "Its id or name.")),
    request_body = WorkspaceChange,
    responses((status = 200, body = WorkspaceView)),
)]
async fn update(
    call: Call,
    PathParams(workspace): PathParams<String>,
    body: JsonBody<WorkspaceChange>,
) -> Answer {
    let (name, faults) = body.map(|body, _| body.0.name.map(|name| name.0));
    let changed = call.control.update_workspace(call.principal()?, &workspace, name, faults).await?;
    Ok(reply::ok(&show(&changed)))
}
