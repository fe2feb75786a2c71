//! `/v1/workspaces`, their limits and what they use of them, and `/v1/tiers`.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::resources::WorkspaceDraft;
use crate::domain::config::Workspace;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::domain::workspace_features::WorkspaceFeature;
use crate::domain::workspace_limits::WorkspaceLimits;
use crate::http::api::access::keys;
use crate::http::api::access::keys::KeyView;
use crate::http::api::page::PageQuery;
use crate::http::api::parts::nullable;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Problem;
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
use crate::rules::tier;
use crate::rules::tier::LimitTier;

/// A tenant as it is made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkspaceBody {
    /// Unique among workspaces.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
    /// A named set of limits, see /v1/tiers; null for none. The operator's to set.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    tier: Option<Option<String>>,
    /// Limits of its own, which stand over those of its tier; null for none. They take the place of those before. The
    /// operator's to set.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<WorkspaceLimits>)]
    limits: Option<Option<WorkspaceLimits>>,
}

impl WorkspaceBody {
    /// What it says.
    pub(in crate::http::api) fn draft(self) -> WorkspaceDraft {
        WorkspaceDraft { name: self.name.map(|name| name.0), tier: self.tier, limits: self.limits }
    }
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
    /// The named set of limits that holds for it.
    #[schema(required = true)]
    pub tier: Option<String>,
    /// Limits of its own, which stand over those of its tier.
    pub limits: WorkspaceLimits,
    /// An admin key of it, shown when the workspace is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key: Option<KeyView>,
}

/// A limit of a workspace and what is used of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitView {
    /// Its name.
    pub name: &'static str,
    /// How much there may be; null: no bound of the workspace's own. Those of the server hold in any case.
    #[schema(required = true)]
    pub limit: Option<u64>,
    /// How much there is; null where it is each table's, or each second's, or a time.
    #[schema(required = true)]
    pub used: Option<u64>,
    /// When it begins anew.
    #[schema(required = true)]
    pub resets_at: Option<Timestamp>,
}

/// A part of the product that a workspace may be without.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeatureView {
    /// Its name.
    pub name: &'static str,
    /// Whether it may be used. What used it before it was turned off goes on.
    pub on: bool,
    /// What there is only with it.
    pub about: &'static str,
}

/// The limits of a workspace, all on one page, and which parts of the product it may use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceLimitsView {
    /// The limits.
    #[serde(flatten)]
    pub page: PageView<LimitView>,
    /// The parts.
    pub features: Vec<FeatureView>,
}

/// A named set of limits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TierView {
    /// As workspaces name it.
    pub name: &'static str,
    /// For whom it is.
    pub about: &'static str,
    /// What it bounds.
    pub limits: WorkspaceLimits,
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
        .add(Door::read(), routes!(limits))
        .add(Door::read(), routes!(tiers))
}

/// The body that would make it.
pub(in crate::http::api) fn form(workspace: &Workspace) -> Value {
    let mut limits = json!(workspace.limits);
    if let Some(members) = limits.as_object_mut() {
        members.retain(|_, limit| !limit.is_null());
        let features = members.get_mut("features").and_then(Value::as_object_mut);
        features.into_iter().for_each(|features| features.retain(|_, on| !on.is_null()));
    }
    json!({"name": workspace.name, "tier": workspace.tier, "limits": limits})
}

fn show(workspace: &Workspace) -> WorkspaceView {
    WorkspaceView {
        id: workspace.id,
        name: workspace.name.clone(),
        created_at: workspace.created_at,
        tier: workspace.tier.clone(),
        limits: workspace.limits,
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
    let (draft, faults) = body.map(|body, _| body.draft());
    let made = call.control.create_workspace(call.principal()?, draft, faults).await?;
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
    Ok(reply::ok(&show(&*visible(&call, &workspace)?)))
}

/// A workspace that this key may see.
fn visible(call: &Call, wanted: &str) -> Result<Arc<Workspace>, Problem> {
    let visible = call.control.workspaces(call.principal()?);
    let found = visible.into_iter().find(|found| found.name == wanted || found.id.to_string() == wanted);
    found.ok_or_else(|| not_found("workspace", wanted))
}

/// Shows the limits of a workspace and what it uses of them.
#[utoipa::path(
    get,
    path = "/v1/workspaces/{workspace}/limits",
    params(("workspace" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = WorkspaceLimitsView)),
)]
async fn limits(call: Call, PathParams(workspace): PathParams<String>) -> Answer {
    let workspace = visible(&call, &workspace)?;
    let (most, taken) = (tier::limits_of(&workspace), call.pipeline.allowance_used(workspace.id));
    let rooms = call.control.room_used(&workspace).into_iter();
    let mut items: Vec<LimitView> = rooms
        .map(|room| LimitView { name: room.name, limit: room.most, used: Some(room.used), resets_at: None })
        .collect();
    let resets_at = Some(taken.resets_at);
    let view = |name, limit, used, resets_at| LimitView { name, limit, used, resets_at };
    items.push(view("table_rows", most.table_rows, None, None));
    items.push(view("events_per_second", most.events_per_second, None, None));
    items.push(view("events_per_month", most.events_per_month, Some(taken.events), resets_at));
    items.push(view("bytes_per_month", most.bytes_per_month, Some(taken.bytes), resets_at));
    items.push(view("retention_days", most.retention_days, None, None));
    let feature =
        |one: WorkspaceFeature| FeatureView { name: one.name(), on: most.has(one), about: one.about() };
    let features = WorkspaceFeature::ALL.map(feature).into();
    Ok(reply::ok(&WorkspaceLimitsView { page: PageView { items, next_cursor: None }, features }))
}

/// Lists named sets of limits, the smallest first.
#[utoipa::path(
    get,
    path = "/v1/tiers",
    responses((status = 200, body = PageView<TierView>)),
)]
async fn tiers() -> Answer {
    let view =
        |tier: &'static LimitTier| TierView { name: tier.name, about: tier.about, limits: tier.limits };
    Ok(reply::ok(&PageView { items: tier::all().iter().map(view).collect(), next_cursor: None }))
}

/// Changes a workspace: its name, and for the operator its limits.
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
    let (draft, faults) = body.map(|body, _| body.0.draft());
    let changed = call.control.update_workspace(call.principal()?, &workspace, draft, faults).await?;
    Ok(reply::ok(&show(&changed)))
}
