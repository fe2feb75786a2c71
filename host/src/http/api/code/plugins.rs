//! `/v1/plugins`: uploaded components, their versions, which one is active.

use http::StatusCode;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::Control;
use crate::control::plugins::Activate;
use crate::control::plugins::tests::REASON_MAX;
use crate::domain::config::Activation;
use crate::domain::config::PluginConfig;
use crate::domain::config::PluginVersion;
use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::PluginId;
use crate::domain::id::RolloutId;
use crate::domain::plugin::Artifact;
use crate::domain::plugin::Digest;
use crate::domain::plugin::PluginBudget;
use crate::domain::time::Timestamp;
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

/// One upload. It never changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionView {
    /// The plugin's name.
    pub plugin: String,
    /// SHA-256 of the component.
    pub digest: Digest,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// With which key.
    pub uploaded_by: KeyId,
    /// That key's name, while it exists.
    #[schema(required = true)]
    pub uploaded_by_name: Option<String>,
    /// Bytes of the component.
    pub bytes: u64,
    /// The interfaces it imports, such as `log`.
    pub imports: Vec<String>,
    /// Whether events that wait for it share an instance, as it asks in its manifest. Then they are made again
    /// together, and what they become is written down before it is sent.
    pub batch: bool,
    /// What a person should know who runs it: uses of the time, of chance or of more that the plugin asks no grant for.
    pub warnings: Vec<String>,
    /// Its manifest.
    #[schema(value_type = serde_json::Value)]
    pub manifest: Box<RawValue>,
    /// Whether steps that run the active version run this one.
    pub active: bool,
    /// Whether its code for this server's engine is there: `ready`, `building` (events that meet it wait) or
    /// `failed`.
    pub artifact: &'static str,
    /// Why it is `failed`.
    #[schema(required = true)]
    pub artifact_error: Option<String>,
    /// Set while it is not run, because too many calls in a row faulted; its events are held.
    #[schema(required = true)]
    pub quarantine: Option<QuarantineView>,
}

/// Why a version is not run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineView {
    /// Since when.
    pub since: Timestamp,
    /// Calls that had faulted in a row.
    pub faults: u32,
    /// The last fault's code, such as `trapped`.
    pub code: String,
    /// The last fault in words.
    pub detail: String,
    /// The event it was about.
    pub event: EventId,
}

/// What the calls of a plugin may use, where that is less than the server's limits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsView {
    /// Milliseconds of CPU time of one event.
    #[schema(required = true)]
    pub cpu_ms: Option<u64>,
    /// Bytes of memory of one call.
    #[schema(required = true)]
    pub memory_bytes: Option<u64>,
    /// Bytes of all that one event becomes.
    #[schema(required = true)]
    pub output_bytes: Option<u64>,
    /// Calls at a time.
    #[schema(required = true)]
    pub in_flight: Option<u32>,
}

/// An uploaded component by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginView {
    /// Its id.
    pub id: PluginId,
    /// Its name.
    pub name: String,
    /// When the first version was uploaded.
    pub created_at: Timestamp,
    /// The active version.
    #[schema(required = true)]
    pub active: Option<Digest>,
    /// What its calls may use, where that is less than the server's limits.
    pub limits: LimitsView,
    /// A canary or a shadow of another version that is under way.
    #[schema(required = true)]
    pub rollout: Option<RolloutId>,
    /// Every version, newest first.
    pub versions: Vec<VersionView>,
    /// Which version became active when, the last twenty times, newest first.
    pub activations: Vec<ActivationView>,
}

/// That a version became the active one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivationView {
    /// Which.
    pub version: Digest,
    /// When.
    pub at: Timestamp,
    /// With which key.
    pub by: KeyId,
    /// That key's name, while it exists.
    #[schema(required = true)]
    pub by_name: Option<String>,
    /// Why it may, although captured tests failed.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// The names of those tests.
    pub failed: Vec<String>,
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

fn show_version(control: &Control, plugin: &PluginConfig, version: &PluginVersion) -> VersionView {
    let artifact = control.artifact(&version.digest);
    VersionView {
        plugin: plugin.name.clone(),
        digest: version.digest,
        uploaded_at: version.uploaded_at,
        uploaded_by: version.uploaded_by,
        uploaded_by_name: key_name(control, version.uploaded_by),
        bytes: version.bytes,
        imports: version.imports.clone(),
        batch: version.batch,
        warnings: version.warnings(),
        manifest: parts::raw(&version.manifest),
        active: plugin.active == Some(version.digest),
        artifact: artifact.name(),
        artifact_error: match artifact {
            Artifact::Failed(error) => Some(error),
            Artifact::Building | Artifact::Ready => None,
        },
        quarantine: version.quarantine.clone().map(|found| QuarantineView {
            since: found.since,
            faults: found.faults,
            code: found.code,
            detail: found.detail,
            event: found.event,
        }),
    }
}

fn key_name(control: &Control, key: KeyId) -> Option<String> {
    control.snapshot().documents.keys.get(key).map(|key| key.name.clone())
}

fn show(control: &Control, plugin: &PluginConfig) -> PluginView {
    let versions = plugin.versions.iter().rev();
    PluginView {
        id: plugin.id,
        name: plugin.name.clone(),
        created_at: plugin.created_at,
        active: plugin.active,
        limits: show_limits(&plugin.limits),
        rollout: plugin.rollout.as_ref().map(|rollout| rollout.id),
        versions: versions.map(|version| show_version(control, plugin, version)).collect(),
        activations: plugin.activations.iter().rev().map(|one| show_activation(control, one)).collect(),
    }
}

fn show_limits(limits: &PluginBudget) -> LimitsView {
    let PluginBudget { cpu_ms, memory_bytes, output_bytes, in_flight } = *limits;
    LimitsView { cpu_ms, memory_bytes, output_bytes, in_flight }
}

impl LimitsBody {
    fn budget(self) -> PluginBudget {
        let Self { cpu_ms, memory_bytes, output_bytes, in_flight } = self;
        PluginBudget { cpu_ms, memory_bytes, output_bytes, in_flight }
    }
}

fn show_activation(control: &Control, activation: &Activation) -> ActivationView {
    let Activation { version, at, by, reason, failed } = activation.clone();
    ActivationView { version, at, by, by_name: key_name(control, by), reason, failed }
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
