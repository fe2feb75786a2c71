//! `/v1/config`: everything operators set up as documents. A plan says what would change and changes nothing; carried
//! out, all of it happens or nothing. A document is the body that makes a resource, with `resource`: what it does not
//! mention is as by default, save the state and secrets, which stay. Not here: what documents come to
//! (`control::plans`).

mod changes;
mod credentials;
pub(super) mod imports;
mod operations;
mod page_walk;
pub(super) mod presets;
mod read;
mod resolve;
pub(super) mod schema;
mod sets;
mod written;

pub(in crate::http) use read::SecretDocument;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::plans::ConfigDocument;
use crate::control::plans::ConfigPlan;
use crate::control::plans::KeptPlan;
use crate::control::plans::Wanted;
use crate::control::plans::WantedSet;
use crate::control::snapshot::Documents;
use crate::domain::config::Scope;
use crate::domain::id::PlanId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::http::api::access::keys;
use crate::http::api::access::keys::KeyView;
use crate::http::api::configuration::documents::changes::ConfigChangeView;
use crate::http::api::configuration::documents::operations::DoneOperationView;
use crate::http::api::configuration::documents::operations::OperationBody;
use crate::http::api::configuration::documents::operations::OperationView;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
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
use crate::http::site::Site;

/// Documents that are deleted at once, unless more are allowed.
const DELETES_MAX: u32 = 5;

/// How documents are to be shown.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Whether secrets stand in the documents themselves; `{"$keep": true}` does, if not given. Needs an admin key.
    #[param(nullable = false)]
    plain_secrets: Option<bool>,
    /// Whether the workspaces of the gateway are among them, if not given: not. Needs an admin key of the first one.
    #[param(nullable = false)]
    workspaces: Option<bool>,
}

/// The configuration of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigView {
    /// Workspaces (if asked for), secrets (whose values never come out), plugins (which version is active), event types, tables, sources, destinations and
    /// connections, in this order, each by name. What is as by default is left out.
    #[schema(value_type = Vec<Object>)]
    pub documents: Vec<Map<String, Value>>,
}

/// What is wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigPlanBody {
    /// Each is the body that would make a source, a destination, a connection, a table, an event type or a workspace, a
    /// secret's name and value, or a plugin's name and active version, with `resource`: which of them it is. With `was` it takes over what has had that name.
    /// What is not among them stays as it is.
    #[schema(value_type = Option<Vec<Object>>, min_items = 1, max_items = 1000, nullable = false)]
    documents: Option<Vec<Option<Box<RawValue>>>>,
    /// What is to be done to deliveries that failed and events that came in, after the documents or without any. At most
    /// 1,000 deliveries or events each.
    #[schema(value_type = Option<Vec<OperationBody>>, min_items = 1, max_items = 20, nullable = false)]
    operations: Option<Vec<Option<OperationBody>>>,
    /// The set that these documents are. Only what was applied with it before can be deleted by `prune`.
    #[schema(nullable = false)]
    set: Option<Name>,
    /// Whether what the set had before and has no more is deleted.
    #[schema(nullable = false)]
    prune: Option<bool>,
    /// More than so many are not deleted at once; 5 if not given.
    #[schema(maximum = 1000, nullable = false)]
    max_deletes: Option<u32>,
}

/// What would be done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfigPlanView {
    /// With it the plan is carried out.
    pub id: PlanId,
    /// Until when.
    pub expires_at: Timestamp,
    /// All of it in one line.
    pub says: String,
    /// What would change, in the order in which it is done.
    changes: Vec<ConfigChangeView>,
    /// The set, where what belongs to it changes.
    #[schema(required = true)]
    pub set: Option<String>,
    /// What would be done to what came in.
    pub operations: Vec<OperationView>,
}

/// What came of one document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppliedDocumentView {
    /// Which of the documents, from 0.
    pub document: usize,
    /// `workspace`, `secret`, `plugin`, `event_type`, `table`, `source`, `destination` or `connection`.
    pub resource: &'static str,
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// Where events are sent to; null where it is no source.
    #[schema(required = true)]
    pub url: Option<String>,
    /// The first key of a new source, or an admin key of a new workspace, shown now and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key: Option<KeyView>,
    /// The secret that was made for a destination to sign with, shown now and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub secret: Option<String>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppliedPlanView {
    /// All of it in one line.
    pub says: String,
    /// What was made or changed.
    pub documents: Vec<AppliedDocumentView>,
    /// What was done to what came in.
    pub operations: Vec<DoneOperationView>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(export))
        .add(Door::write().remembered(), routes!(plan))
        .add(Door::write().remembered(), routes!(apply))
        .and(sets::routes())
}

/// Shows everything that is set up as documents, which can be applied here or elsewhere.
#[utoipa::path(
    get,
    path = "/v1/config/documents",
    params(ExportQuery),
    responses((status = 200, body = ConfigView)),
)]
async fn export(call: Call, query: QueryParams<ExportQuery>) -> Answer {
    let query = query.whole()?;
    let plain = query.plain_secrets.unwrap_or(false);
    let with_workspaces = query.workspaces.unwrap_or(false);
    if with_workspaces && !call.control.is_operator(call.principal()?) {
        let detail = "workspaces are shown to admin keys of the first workspace only";
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    if plain && !call.principal()?.may(Scope::Admin) {
        return Err(Problem::new(Kind::Forbidden, "secrets are shown to admin keys only"));
    }
    let (workspace, snapshot) = (call.workspace()?, call.control.snapshot().clone());
    let tenants = if with_workspaces { tenants(&snapshot.documents) } else { Vec::new() };
    let documents = tenants.into_iter().chain(all(&snapshot.documents, workspace));
    let documents = documents.map(|document| {
        let default = call.control.default_document(&document);
        let default = written::write(&default, &snapshot.documents);
        let written = written::write(&document, &snapshot.documents);
        let written = if plain { written.plain() } else { written };
        written.short(&default).form
    });
    Ok(reply::ok(&ConfigView { documents: documents.collect() }))
}

/// Says what would have to change for this to be so, and changes nothing.
#[utoipa::path(
    post,
    path = "/v1/config/plans",
    request_body = ConfigPlanBody,
    responses((status = 201, body = ConfigPlanView)),
)]
async fn plan(call: Call, body: JsonBody<ConfigPlanBody>) -> Answer {
    let (set, given, operations) = body.fold(|mut body, faults| {
        if body.documents.is_none() && body.operations.is_none() {
            faults.missing("/documents", "say what is to be so, or what is to be done (`operations`)");
        }
        (wanted_set(&mut body, faults), body.documents, body.operations)
    })?;
    let documents: Vec<Box<RawValue>> = given.unwrap_or_default().into_iter().flatten().collect();
    let operations = operations.unwrap_or_default().into_iter().flatten().collect();
    plan_with(&call, &documents, set, operations).await
}

/// The set that is asked for.
fn wanted_set(body: &mut ConfigPlanBody, faults: &mut RequestFaults) -> Option<WantedSet> {
    let prune = body.prune.unwrap_or(false);
    if prune && body.set.is_none() {
        faults.missing("/set", "only what is in a set can be deleted by leaving it out: name the set");
    }
    let deletes_max = body.max_deletes.unwrap_or(DELETES_MAX) as usize;
    Some(WantedSet { name: body.set.take()?.0, prune, deletes_max })
}

/// Makes a plan for these documents, and keeps it.
pub(super) async fn plan_of(call: &Call, documents: &[Box<RawValue>], set: Option<WantedSet>) -> Answer {
    plan_with(call, documents, set, Vec::new()).await
}

async fn plan_with(
    call: &Call,
    documents: &[Box<RawValue>],
    set: Option<WantedSet>,
    operations: Vec<OperationBody>,
) -> Answer {
    let workspace = call.workspace()?;
    let mut faults = RequestFaults::default();
    let operations = operations::find(call, operations, &mut faults).await?;
    faults.done(Kind::InvalidConfiguration)?;
    let kept = serde_json::to_string(documents).unwrap_or_default();
    let before = call.control.snapshot().clone();
    let wanted = wanted(call, workspace, documents)?;
    let plan = call.control.plan_config(workspace, wanted, set.as_ref()).await?;
    let shown = operations::show(&operations);
    let kept = KeptPlan { documents: kept, set, base: plan.base, operations };
    let id = call.control.keep_plan(workspace, &kept).await?;
    let changes = changes::of(&plan, &before.documents);
    let says = in_words(&changes, documents.len(), shown.iter().map(|operation| operation.says.as_str()));
    let set = plan.set.map(|set| set.name);
    let expires_at = KeptPlan::expires_at(id);
    let view = ConfigPlanView { id, expires_at, says, changes, set, operations: shown };
    Ok(reply::created(&format!("/v1/config/plans/{id}"), &view))
}

/// All of a plan in one line.
fn in_words<'o>(
    changes: &[ConfigChangeView],
    documents: usize,
    operations: impl Iterator<Item = &'o str>,
) -> String {
    let own = (documents > 0).then(|| changes::in_words(changes, documents));
    let said: Vec<String> = own.into_iter().chain(operations.map(str::to_owned)).collect();
    said.join("; ")
}

/// Carries a plan out: all its documents, or nothing where the configuration has changed since; then its operations, each
/// once.
#[utoipa::path(
    post,
    path = "/v1/config/plans/{plan}/apply",
    params(("plan" = String, Path, description = "Its id.")),
    responses((status = 200, body = AppliedPlanView)),
)]
async fn apply(call: Call, PathParams(plan): PathParams<String>) -> Answer {
    let (workspace, id): (WorkspaceId, PlanId) = (call.workspace()?, id("plan", &plan)?);
    let mut kept = call.control.kept_plan(workspace, id).await?.ok_or_else(|| not_found("plan", &plan))?;
    if !kept.operations.is_empty() {
        // Of two that carry it out at once, one finds nothing: an event is not to be taken in twice.
        kept = call.control.take_plan(workspace, id).await?.ok_or_else(|| not_found("plan", &plan))?;
    }
    let documents: Vec<Box<RawValue>> = serde_json::from_str(&kept.documents).unwrap_or_default();
    let before = call.control.snapshot().clone();
    let wanted = wanted(&call, workspace, &documents)?;
    let done = call.control.apply_config(workspace, wanted, kept.set.as_ref(), kept.base).await?;
    call.control.forget_plan(workspace, id);
    let operations = operations::carry_out(&call, workspace, kept.operations).await;
    let changes = changes::of(&done, &before.documents);
    let says =
        in_words(&changes, documents.len(), operations.iter().map(|operation| operation.says.as_str()));
    Ok(reply::ok(&AppliedPlanView { says, documents: applied(&call.site, &done), operations }))
}

fn wanted(call: &Call, workspace: WorkspaceId, documents: &[Box<RawValue>]) -> Result<Vec<Wanted>, Problem> {
    let mut faults = RequestFaults::default();
    let wanted = read::all(call, workspace, documents, &mut faults)?;
    faults.done(Kind::InvalidConfiguration)?;
    Ok(wanted)
}

fn applied(site: &Site, plan: &ConfigPlan) -> Vec<AppliedDocumentView> {
    let show = |change: &crate::control::plans::PlannedChange| {
        let (id, url) = match &change.after {
            ConfigDocument::Source(source) => (source.id.to_string(), Some(site.source_url(source.id))),
            ConfigDocument::Destination(destination) => (destination.id.to_string(), None),
            ConfigDocument::Connection(connection) => (connection.id.to_string(), None),
            ConfigDocument::Table(table) => (table.id.to_string(), None),
            ConfigDocument::EventType(found) => (found.id.to_string(), None),
            ConfigDocument::Workspace(found) => (found.id.to_string(), None),
            ConfigDocument::Secret(found) => (found.id.to_string(), None),
            ConfigDocument::Plugin(found) => (found.id.to_string(), None),
        };
        AppliedDocumentView {
            document: change.place,
            resource: written::resource(&change.after),
            name: change.after.name().to_owned(),
            id,
            url,
            key: change.key.as_ref().map(keys::show_new),
            secret: change.secret.as_ref().map(|secret| secret.expose().to_owned()),
        }
    };
    plan.changes.iter().filter(|change| change.differs()).map(show).collect()
}

/// The workspaces by name.
fn tenants(documents: &Documents) -> Vec<ConfigDocument> {
    let mut found: Vec<ConfigDocument> =
        documents.workspaces.all().cloned().map(ConfigDocument::Workspace).collect();
    found.sort_by(|one, other| one.name().cmp(other.name()));
    found
}

/// Everything of a workspace, by kind and name.
fn all(documents: &Documents, workspace: WorkspaceId) -> Vec<ConfigDocument> {
    let mut sources: Vec<ConfigDocument> =
        documents.sources.of(workspace).cloned().map(ConfigDocument::Source).collect();
    let mut destinations: Vec<ConfigDocument> =
        documents.destinations.of(workspace).cloned().map(ConfigDocument::Destination).collect();
    let mut connections: Vec<ConfigDocument> =
        documents.connections.of(workspace).cloned().map(ConfigDocument::Connection).collect();
    let mut tables: Vec<ConfigDocument> =
        documents.tables.of(workspace).cloned().map(ConfigDocument::Table).collect();
    let mut event_types: Vec<ConfigDocument> =
        documents.event_types.of(workspace).cloned().map(ConfigDocument::EventType).collect();
    let mut secrets: Vec<ConfigDocument> =
        documents.secrets.of(workspace).cloned().map(ConfigDocument::Secret).collect();
    let mut plugins: Vec<ConfigDocument> =
        documents.plugins.of(workspace).cloned().map(ConfigDocument::Plugin).collect();
    let kinds = [
        &mut secrets,
        &mut plugins,
        &mut event_types,
        &mut tables,
        &mut sources,
        &mut destinations,
        &mut connections,
    ];
    for kind in kinds {
        kind.sort_by(|one, other| one.name().cmp(other.name()));
    }
    [secrets, plugins, event_types, tables, sources, destinations, connections].concat()
}
