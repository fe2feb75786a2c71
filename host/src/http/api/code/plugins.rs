//! `/v1/plugins`: uploaded components, their versions, which one is active.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::plugins::Activate;
use crate::control::plugins::tests::REASON_MAX;
use crate::control::resources::PluginDraft;
use crate::domain::config::PluginConfig;
use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::KeyId;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginBudget;
use crate::http::api::code::plugin_views::PluginView;
use crate::http::api::code::plugin_views::VersionView;
use crate::http::api::code::plugin_views::show;
use crate::http::api::code::plugin_views::show_limits;
use crate::http::api::code::plugin_views::show_version;
use crate::http::api::page::PageQuery;
use crate::http::api::parts;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::Patch;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RawBody;
use crate::http::request::RequestFaults;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::http::view::Blob;
use crate::http::view::PageView;

/// Bytes that are read of an upload; the sandbox's own limit is usually smaller.
const UPLOAD_BYTES_MAX: u64 = 64 << 20;

/// What an upload asks for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// Whether steps that run the active version run this one now. The first version of a plugin is active in any
    /// case.
    #[param(nullable = false)]
    activate: Option<bool>,
    /// Grants, such as `kv` or `clock,kv`, that connections get which follow the active version, if this one needs
    /// them. Hosts and secrets are named in a step's `grants` instead.
    #[param(pattern = "^,*((clock|kv|random)(,+|$))*$", nullable = false)]
    accept: Option<String>,
    /// Why the version may become active although captured tests fail; kept with the activation.
    #[param(min_length = 1, max_length = 500, nullable = false)]
    r#override: Option<String>,
}

/// What somebody may agree to who makes a version the active one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivateQuery {
    /// Grants, such as `kv` or `clock,kv`, that connections get which follow the active version, if this one needs
    /// them. Hosts and secrets are named in a step's `grants` instead.
    #[param(pattern = "^,*((clock|kv|random)(,+|$))*$", nullable = false)]
    accept: Option<String>,
    /// Why the version may become active although captured tests fail; kept with the activation.
    #[param(min_length = 1, max_length = 500, nullable = false)]
    r#override: Option<String>,
}

/// What the calls of a plugin may use, at most what the server lets any plugin use; what is left out is as the server
/// says.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsBody {
    /// Milliseconds of CPU time of one event.
    #[schema(minimum = 1, nullable = false)]
    cpu_ms: Option<u64>,
    /// Bytes of memory of one call.
    #[schema(minimum = 65536, nullable = false)]
    memory_bytes: Option<u64>,
    /// Bytes of all that one event becomes.
    #[schema(minimum = 1, nullable = false)]
    output_bytes: Option<u64>,
    /// Calls at a time.
    #[schema(minimum = 1, nullable = false)]
    in_flight: Option<u32>,
}

/// A plugin as it is changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginBody {
    /// What its calls may use; null: what the server lets any plugin use.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<LimitsBody>)]
    limits: Option<Option<LimitsBody>>,
}

/// A plugin as a document: what it is not said of stays, save its limits.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginDocument {
    /// The name that it was uploaded under.
    #[schema(required = true, nullable = false)]
    name: Option<String>,
    /// The version that steps run which follow `active`, `sha256:` and 64 hex digits; it must have been uploaded.
    #[schema(nullable = false)]
    version: Option<Digest>,
    /// What its calls may use; null: what the server lets any plugin use.
    #[schema(value_type = Option<LimitsBody>)]
    limits: Option<LimitsBody>,
}

impl PluginDocument {
    /// What it says, with whose key.
    pub(in crate::http::api) fn draft(self, by: KeyId) -> PluginDraft {
        PluginDraft {
            name: self.name,
            version: self.version,
            limits: self.limits.map(LimitsBody::budget),
            by,
        }
    }
}

/// A plugin as a document is written.
pub(in crate::http::api) fn form(plugin: &PluginConfig) -> Value {
    let mut limits = json!(show_limits(&plugin.limits));
    if let Some(members) = limits.as_object_mut() {
        members.retain(|_, limit| !limit.is_null());
    }
    json!({"name": plugin.name, "version": plugin.active, "limits": limits})
}

/// What a change says of it.
type PluginChange = Patch<PluginBody>;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::read(), routes!(show_one))
        .add(Door::write(), routes!(change))
        .add(Door::write(), routes!(delete))
        .add(Door::read(), routes!(versions))
        .add(Door::write().bytes(UPLOAD_BYTES_MAX), routes!(upload))
        .add(Door::read(), routes!(version))
        .add(Door::write().remembered(), routes!(activate))
        .add(Door::write().remembered(), routes!(release))
        .add(Door::write(), routes!(delete_version))
}

impl LimitsBody {
    fn budget(self) -> PluginBudget {
        let Self { cpu_ms, memory_bytes, output_bytes, in_flight } = self;
        PluginBudget { cpu_ms, memory_bytes, output_bytes, in_flight }
    }
}

/// The plugin in the path.
pub(in crate::http::api) fn find(call: &Call, plugin: &str) -> Result<std::sync::Arc<PluginConfig>, Problem> {
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.plugins.find(call.workspace()?, plugin);
    found.cloned().ok_or_else(|| not_found("plugin", plugin))
}

/// Lists plugins.
#[utoipa::path(
    get,
    path = "/v1/plugins",
    params(PageQuery),
    responses((status = 200, body = PageView<PluginView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    Ok(reply::ok(&page.of(
        snapshot.documents.plugins.of(workspace),
        |plugin| plugin.id.bits(),
        |plugin| show(&call.control, plugin),
    )))
}

/// Shows a plugin.
#[utoipa::path(
    get,
    path = "/v1/plugins/{plugin}",
    params(("plugin" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = PluginView)),
)]
async fn show_one(call: Call, PathParams(plugin): PathParams<String>) -> Answer {
    Ok(reply::ok(&show(&call.control, &*find(&call, &plugin)?)))
}

/// Sets the limits of a plugin, for its next call on; null takes them away.
#[utoipa::path(
    patch,
    path = "/v1/plugins/{plugin}",
    params(("plugin" = String, Path, description = "Its id or name.")),
    request_body = PluginChange,
    responses((status = 200, body = PluginView)),
)]
async fn change(call: Call, PathParams(plugin): PathParams<String>, body: JsonBody<PluginChange>) -> Answer {
    let (limits, faults) = body.map(|change, _| change.0.limits.map(|limits| limits.map(LimitsBody::budget)));
    let plugin = call.control.limit_plugin(call.workspace()?, &plugin, limits, faults).await?;
    Ok(reply::ok(&show(&call.control, &plugin)))
}

/// Deletes a plugin that no connection runs.
#[utoipa::path(
    delete,
    path = "/v1/plugins/{plugin}",
    params(("plugin" = String, Path, description = "Its id or name.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(plugin): PathParams<String>) -> Answer {
    call.control.delete_plugin(call.workspace()?, &plugin).await?;
    Ok(reply::no_content())
}

/// Lists the versions of a plugin.
#[utoipa::path(
    get,
    path = "/v1/plugins/{plugin}/versions",
    params(("plugin" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = PageView<VersionView>)),
)]
async fn versions(call: Call, PathParams(plugin): PathParams<String>) -> Answer {
    let items = show(&call.control, &*find(&call, &plugin)?).versions;
    Ok(reply::ok(&PageView { items, next_cursor: None }))
}

/// Uploads a component as a new version.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/versions",
    params(("plugin" = String, Path, description = "Its id or name."), UploadQuery),
    request_body(content = inline(Blob), content_type = "application/wasm"),
    responses((status = 201, body = VersionView), (status = 200, body = VersionView)),
)]
async fn upload(
    call: Call,
    PathParams(plugin): PathParams<String>,
    query: QueryParams<UploadQuery>,
    RawBody(body): RawBody,
) -> Answer {
    let QueryParams { given: UploadQuery { activate, accept, r#override }, mut faults } = query;
    let agreed = agreed(accept, r#override, &mut faults);
    faults.done(Kind::InvalidQuery)?;
    let activate = activate.unwrap_or(false).then_some(agreed);
    let uploaded = call.control.upload(call.principal()?, &plugin, body, activate).await?;
    let view = show_version(&call.control, &uploaded.plugin, &uploaded.version);
    if uploaded.existed {
        return Ok(reply::json(StatusCode::OK, &view));
    }
    let location = format!("/v1/plugins/{}/versions/{}", uploaded.plugin.name, uploaded.version.digest);
    Ok(reply::created(&location, &view))
}

/// Shows a version.
#[utoipa::path(
    get,
    path = "/v1/plugins/{plugin}/versions/{digest}",
    params(("plugin" = String, Path, description = "Its id or name."), ("digest" = String, Path, description = "`sha256:` and 64 hex digits.")),
    responses((status = 200, body = VersionView)),
)]
async fn version(call: Call, PathParams((plugin, digest)): PathParams<(String, String)>) -> Answer {
    let (plugin, wanted) = (find(&call, &plugin)?, id::<Digest>("version", &digest)?);
    let found = plugin.versions.iter().find(|version| version.digest == wanted);
    let found = found.ok_or_else(|| not_found("version", &digest))?;
    Ok(reply::ok(&show_version(&call.control, &plugin, found)))
}

/// Makes a version the active one.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/versions/{digest}/activate",
    params(("plugin" = String, Path, description = "Its id or name."), ("digest" = String, Path, description = "`sha256:` and 64 hex digits."), ActivateQuery),
    responses((status = 200, body = PluginView)),
)]
async fn activate(
    call: Call,
    PathParams((plugin, digest)): PathParams<(String, String)>,
    query: QueryParams<ActivateQuery>,
) -> Answer {
    let (activate, digest) = (query.agreed()?, id("version", &digest)?);
    let plugin = call.control.activate(call.principal()?, &plugin, digest, activate).await?;
    Ok(reply::ok(&show(&call.control, &plugin)))
}

impl QueryParams<ActivateQuery> {
    /// What somebody agrees to.
    pub(in crate::http::api) fn agreed(mut self) -> Result<Activate, Problem> {
        let activate = agreed(self.given.accept, self.given.r#override, &mut self.faults);
        self.faults.done(Kind::InvalidQuery)?;
        Ok(activate)
    }
}

fn agreed(accept: Option<String>, reason: Option<String>, faults: &mut RequestFaults) -> Activate {
    if reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        faults.add("/override", format!("give a reason of 1 to {REASON_MAX} characters"));
    }
    Activate { accept: accepted(accept.as_deref().unwrap_or_default(), faults), reason }
}

/// Ends the quarantine of a version, and delivers what was held for it.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/versions/{digest}/release",
    params(("plugin" = String, Path, description = "Its id or name."), ("digest" = String, Path, description = "`sha256:` and 64 hex digits.")),
    responses((status = 200, body = PluginView)),
)]
async fn release(call: Call, PathParams((plugin, digest)): PathParams<(String, String)>) -> Answer {
    let (workspace, digest) = (call.workspace()?, id("version", &digest)?);
    let plugin = call.control.release_version(workspace, &plugin, digest).await?;
    Ok(reply::ok(&show(&call.control, &plugin)))
}

/// Grants by their names.
fn accepted(text: &str, faults: &mut RequestFaults) -> Grants {
    let names = text.split(',').filter(|name| !name.is_empty());
    let read = |name: &str| {
        match name.parse::<Grant>() {
            Ok(grant) if grant.is_plain() => return Some(grant),
            Ok(grant) => {
                let named = format!(
                    "`{grant}` cannot be accepted by name: hosts and secrets are named in a step's `grants`"
                );
                faults.add("/accept", named);
            }
            Err(_) => faults.add("/accept", format!("expected `clock`, `kv` or `random`, not `{name}`")),
        }
        None
    };
    names.filter_map(read).collect()
}

/// Deletes a version that no connection runs.
#[utoipa::path(
    delete,
    path = "/v1/plugins/{plugin}/versions/{digest}",
    params(("plugin" = String, Path, description = "Its id or name."), ("digest" = String, Path, description = "`sha256:` and 64 hex digits.")),
    responses((status = 204)),
)]
async fn delete_version(call: Call, PathParams((plugin, digest)): PathParams<(String, String)>) -> Answer {
    call.control.delete_version(call.workspace()?, &plugin, id("version", &digest)?).await?;
    Ok(reply::no_content())
}
