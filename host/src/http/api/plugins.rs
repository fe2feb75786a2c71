//! `/v1/plugins`: uploaded components, their versions, which one is active.

use http::StatusCode;
use serde_json::value::RawValue;

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
use crate::http::api::page;
use crate::http::api::parts;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::form::Field;
use crate::http::form::Object;
use crate::http::form::Shape;
use crate::http::form::field;
use crate::http::problem::Problem;
use crate::http::query::LIST;
use crate::http::query::Params;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;

/// Bytes that are read of an upload; the sandbox's own limit is usually smaller.
const UPLOAD_BYTES_MAX: u64 = 64 << 20;

const OVERRIDE: Field = field(
    "override",
    Shape::Text,
    "Why the version may become active although captured tests fail; kept with the activation.",
);

const UPLOAD: &[Field] = &[
    field(
        "activate",
        Shape::Flag,
        "Whether steps that run the active version run this one now. The first version of a plugin is active in any case.",
    ),
    ACCEPT,
    OVERRIDE,
];

const LIMITS: &[Field] = &[
    field("cpu_ms", Shape::Whole, "Milliseconds of CPU time of one event."),
    field("memory_bytes", Shape::Whole, "Bytes of memory of one call."),
    field("output_bytes", Shape::Whole, "Bytes of all that one event becomes."),
    field("in_flight", Shape::Whole, "Calls at a time."),
];

const PLUGIN: &[Field] = &[
    field(
        "limits",
        Shape::Object(LIMITS),
        "What its calls may use, at most what the server lets any plugin use; what is left out is as the server says.",
    )
    .nullable(),
];

/// What somebody may agree to who makes a version the active one.
pub(super) const ACTIVATE: &[Field] = &[ACCEPT, OVERRIDE];

/// What may be granted along the way.
pub(super) const ACCEPT: Field = field(
    "accept",
    Shape::Text,
    "Grants, such as `kv` or `clock,kv`, that connections get which follow the active version, if this one needs them.",
);

view! {
    /// One upload. It never changes.
    VersionView {
        /// The plugin's name.
        plugin: String,
        /// SHA-256 of the component.
        digest: Digest,
        /// When it was uploaded.
        uploaded_at: Timestamp,
        /// With which key.
        uploaded_by: KeyId,
        /// That key's name, while it exists.
        uploaded_by_name: Option<String>,
        /// Bytes of the component.
        bytes: u64,
        /// The interfaces it imports, such as `log`.
        imports: Vec<String>,
        /// Whether events that wait for it share an instance, as it asks in its manifest. Then they are made again
        /// together, and what they become is written down before it is sent.
        batch: bool,
        /// What a person should know who runs it: uses of the time, of chance or of more that the plugin asks no grant for.
        warnings: Vec<String>,
        /// Its manifest.
        manifest: Box<RawValue>,
        /// Whether steps that run the active version run this one.
        active: bool,
        /// Whether its code for this server's engine is there: `ready`, `building` (events that meet it wait) or
        /// `failed`.
        artifact: &'static str,
        /// Why it is `failed`.
        artifact_error: Option<String>,
        /// Set while it is not run, because too many calls in a row faulted; its events are held.
        quarantine: Option<QuarantineView>,
    }

    /// Why a version is not run.
    QuarantineView {
        /// Since when.
        since: Timestamp,
        /// Calls that had faulted in a row.
        faults: u32,
        /// The last fault's code, such as `trapped`.
        code: String,
        /// The last fault in words.
        detail: String,
        /// The event it was about.
        event: EventId,
    }

    /// What the calls of a plugin may use, where that is less than the server's limits.
    LimitsView {
        /// Milliseconds of CPU time of one event.
        cpu_ms: Option<u64>,
        /// Bytes of memory of one call.
        memory_bytes: Option<u64>,
        /// Bytes of all that one event becomes.
        output_bytes: Option<u64>,
        /// Calls at a time.
        in_flight: Option<u32>,
    }

    /// An uploaded component by name.
    PluginView {
        /// Its id.
        id: PluginId,
        /// Its name.
        name: String,
        /// When the first version was uploaded.
        created_at: Timestamp,
        /// The active version.
        active: Option<Digest>,
        /// What its calls may use, where that is less than the server's limits.
        limits: LimitsView,
        /// A canary or a shadow of another version that is under way.
        rollout: Option<RolloutId>,
        /// Every version, newest first.
        versions: Vec<VersionView>,
        /// Which version became active when, the last twenty times, newest first.
        activations: Vec<ActivationView>,
    }

    /// That a version became the active one.
    ActivationView {
        /// Which.
        version: Digest,
        /// When.
        at: Timestamp,
        /// With which key.
        by: KeyId,
        /// That key's name, while it exists.
        by_name: Option<String>,
        /// Why it may, although captured tests failed.
        reason: Option<String>,
        /// The names of those tests.
        failed: Vec<String>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/plugins", "Lists plugins.", |call| Box::pin(list(call)))
            .query(LIST)
            .output(200, Output::Json(PageView::<PluginView>::describe)),
        Endpoint::get("/v1/plugins/{plugin}", "Shows a plugin.", |call| Box::pin(show_one(call)))
            .output(200, Output::Json(PluginView::describe)),
        Endpoint::patch(
            "/v1/plugins/{plugin}",
            "Sets the limits of a plugin, for its next call on; null takes them away.",
            |call| Box::pin(change(call)),
        )
        .input(Input::Json(PLUGIN))
        .output(200, Output::Json(PluginView::describe)),
        Endpoint::delete("/v1/plugins/{plugin}", "Deletes a plugin that no connection runs.", |call| {
            Box::pin(delete(call))
        }),
        Endpoint::get("/v1/plugins/{plugin}/versions", "Lists the versions of a plugin.", |call| {
            Box::pin(versions(call))
        })
        .output(200, Output::Json(PageView::<VersionView>::describe)),
        Endpoint::post("/v1/plugins/{plugin}/versions", "Uploads a component as a new version.", |call| {
            Box::pin(upload(call))
        })
        .not_remembered()
        .query(UPLOAD)
        .input(Input::Bytes("application/wasm", UPLOAD_BYTES_MAX))
        .output(201, Output::Json(VersionView::describe)),
        Endpoint::get("/v1/plugins/{plugin}/versions/{digest}", "Shows a version.", |call| {
            Box::pin(version(call))
        })
        .output(200, Output::Json(VersionView::describe)),
        Endpoint::post(
            "/v1/plugins/{plugin}/versions/{digest}/activate",
            "Makes a version the active one.",
            |call| Box::pin(activate(call)),
        )
        .query(ACTIVATE)
        .output(200, Output::Json(PluginView::describe)),
        Endpoint::post(
            "/v1/plugins/{plugin}/versions/{digest}/release",
            "Ends the quarantine of a version, and delivers what was held for it.",
            |call| Box::pin(release(call)),
        )
        .output(200, Output::Json(PluginView::describe)),
        Endpoint::delete(
            "/v1/plugins/{plugin}/versions/{digest}",
            "Deletes a version that no connection runs.",
            |call| Box::pin(delete_version(call)),
        ),
    ]
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

fn limits(object: &Object<'_>) -> Option<PluginBudget> {
    let limits = object.object("limits")?;
    Some(PluginBudget {
        cpu_ms: limits.whole("cpu_ms"),
        memory_bytes: limits.whole("memory_bytes"),
        output_bytes: limits.whole("output_bytes"),
        in_flight: limits.whole("in_flight"),
    })
}

fn show_activation(control: &Control, activation: &Activation) -> ActivationView {
    let Activation { version, at, by, reason, failed } = activation.clone();
    ActivationView { version, at, by, by_name: key_name(control, by), reason, failed }
}

/// The plugin in the path.
pub(super) fn find(call: &Call) -> Result<std::sync::Arc<PluginConfig>, Problem> {
    let snapshot = call.control().snapshot();
    let found = snapshot.documents.plugins.find(call.workspace()?, call.path("plugin"));
    found.cloned().ok_or_else(|| Call::not_found("plugin", call.path("plugin")))
}

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let page = page::of(
        snapshot.documents.plugins.of(workspace),
        &params,
        |plugin| plugin.id.bits(),
        |plugin| show(call.control(), plugin),
    );
    params.done()?;
    Ok(reply::ok(&page))
}

async fn show_one(call: Call) -> Answer {
    Ok(reply::ok(&show(call.control(), &*find(&call)?)))
}

async fn change(call: Call) -> Answer {
    let (limits, faults) = call.form(|object| object.optional("limits", limits))?;
    let plugin = call.control().limit_plugin(call.workspace()?, call.path("plugin"), limits, faults).await?;
    Ok(reply::ok(&show(call.control(), &plugin)))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_plugin(call.workspace()?, call.path("plugin")).await?;
    Ok(reply::no_content())
}

async fn versions(call: Call) -> Answer {
    let items = show(call.control(), &*find(&call)?).versions;
    Ok(reply::ok(&PageView { items, next_cursor: None }))
}

async fn upload(call: Call) -> Answer {
    let params = call.params();
    let wanted = params.choice("activate", &[("true", true), ("false", false)]).unwrap_or(false);
    let activate = agreed(&params);
    params.done()?;
    let activate = wanted.then_some(activate);
    let uploaded =
        call.control().upload(call.principal()?, call.path("plugin"), call.body.clone(), activate).await?;
    let view = show_version(call.control(), &uploaded.plugin, &uploaded.version);
    if uploaded.existed {
        return Ok(reply::json(StatusCode::OK, &view));
    }
    let location = format!("/v1/plugins/{}/versions/{}", uploaded.plugin.name, uploaded.version.digest);
    Ok(reply::created(&location, &view))
}

async fn version(call: Call) -> Answer {
    let (plugin, digest) = (find(&call)?, digest(&call)?);
    let found = plugin.versions.iter().find(|version| version.digest == digest);
    let found = found.ok_or_else(|| Call::not_found("version", call.path("digest")))?;
    Ok(reply::ok(&show_version(call.control(), &plugin, found)))
}

fn digest(call: &Call) -> Result<Digest, Problem> {
    call.id("digest", "version")
}

async fn activate(call: Call) -> Answer {
    let params = call.params();
    let activate = agreed(&params);
    params.done()?;
    let digest = digest(&call)?;
    let plugin = call.control().activate(call.principal()?, call.path("plugin"), digest, activate).await?;
    Ok(reply::ok(&show(call.control(), &plugin)))
}

/// Reads that.
pub(super) fn agreed(params: &Params<'_>) -> Activate {
    let reason = params.text("override");
    let fits = |reason: &str| !reason.trim().is_empty() && reason.chars().count() <= REASON_MAX;
    if reason.is_some_and(|reason| !fits(reason)) {
        params.fault("override", format!("give a reason of 1 to {REASON_MAX} characters"));
    }
    Activate { accept: accepted(params), reason: reason.map(str::to_owned) }
}

async fn release(call: Call) -> Answer {
    let (workspace, digest) = (call.workspace()?, digest(&call)?);
    let plugin = call.control().release_version(workspace, call.path("plugin"), digest).await?;
    Ok(reply::ok(&show(call.control(), &plugin)))
}

/// Reads [`ACCEPT`].
pub(super) fn accepted(params: &Params<'_>) -> Grants {
    let text = params.text("accept").unwrap_or_default();
    let names = text.split(',').filter(|name| !name.is_empty());
    let read = |name: &str| {
        match name.parse::<Grant>() {
            Ok(grant) if grant.is_plain() => return Some(grant),
            Ok(grant) => {
                let named = format!(
                    "`{grant}` cannot be accepted by name: hosts and secrets are named in a step's `grants`"
                );
                params.fault("accept", named);
            }
            Err(_) => params.fault("accept", format!("expected `clock`, `kv` or `random`, not `{name}`")),
        }
        None
    };
    names.filter_map(read).collect()
}

async fn delete_version(call: Call) -> Answer {
    call.control().delete_version(call.workspace()?, call.path("plugin"), digest(&call)?).await?;
    Ok(reply::no_content())
}
