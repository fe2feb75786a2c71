//! `/v1/plugins/{plugin}/tests`: captured events as tests, and what a version makes of them.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::IntoParams;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::plugins::tests::FailedTest;
use crate::control::plugins::tests::TestReport;
use crate::domain::destination::Destination;
use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::TestId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin_test::PluginTest;
use crate::domain::time::Timestamp;
use crate::http::api::page::PageQuery;
use crate::http::api::parts;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::PathParams;
use crate::http::request::QueryParams;
use crate::http::request::RequestFaults;
use crate::http::request::id;
use crate::http::request::not_found;
use crate::http::view::PageView;
use crate::insight::CaptureDraft;
use crate::sandbox::Property;

/// An event that is to be captured as a test.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginTestBody {
    /// The id of a stored event.
    #[schema(required = true, nullable = false)]
    event: Option<EventId>,
    /// By which connection it reaches the plugin, if more than one runs it.
    #[schema(nullable = false)]
    connection: Option<String>,
    /// What to call the test; the event's type and id if not given.
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    /// JSONPath of values that must not be kept; their shape stays.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 50)]
    redact: Option<Vec<Option<String>>>,
}

/// What a version is tried against.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TestVersionQuery {
    /// Whose `payload_schema` what is forwarded should fit. If not given, those of up to four destinations which get
    /// it as it is: at the end of a connection whose last step, filters aside, is this plugin.
    #[param(nullable = false)]
    destination: Option<String>,
}

/// A captured event as a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginTestView {
    /// Its id.
    pub id: TestId,
    /// Its name.
    pub name: String,
    /// When it was captured.
    pub created_at: Timestamp,
    /// With which key.
    pub created_by: KeyId,
    /// From which event.
    pub event: EventId,
    /// What goes in and what has to come out, as an example in a manifest.
    #[schema(value_type = serde_json::Value)]
    pub example: Box<RawValue>,
}

/// What came of all tests of a version.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestReportView {
    /// How many gave what they were captured with.
    pub passed: u64,
    /// The others.
    pub failed: Vec<FailedTestView>,
    /// What every plugin should hold to, tried with the tests and with the version's own examples.
    pub properties: Vec<PropertyView>,
}

/// A test that gave something else.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FailedTestView {
    /// Its name.
    pub name: String,
    /// How the result differs.
    pub difference: String,
}

/// What was tried of a property.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PropertyView {
    /// `deterministic`, `keeps_every_place` or `survives_odd_values`; for each schema also `fits_schema` and
    /// `fits_schema_with_odd_values`.
    pub name: String,
    /// What it says.
    pub claim: String,
    /// How many runs were looked at.
    pub tried: u32,
    /// In how many it did not hold.
    pub broken: u32,
    /// The first ten of those; and why it could not be tried any further, if so.
    pub counterexamples: Vec<String>,
}

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered().in_background(), routes!(capture))
        .add(Door::write(), routes!(delete))
        .add(Door::write().remembered().in_background_while_asked(), routes!(test))
}

fn show(test: &PluginTest) -> PluginTestView {
    PluginTestView {
        id: test.id,
        name: test.name().to_owned(),
        created_at: test.created_at,
        created_by: test.created_by,
        event: test.event,
        example: parts::raw(&test.example),
    }
}

/// Lists the captured tests of a plugin.
#[utoipa::path(
    get,
    path = "/v1/plugins/{plugin}/tests",
    params(("plugin" = String, Path, description = "Its id or name."), PageQuery),
    responses((status = 200, body = PageView<PluginTestView>)),
)]
async fn list(call: Call, PathParams(plugin): PathParams<String>, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.plugins.find(workspace, &plugin);
    let plugin = found.ok_or_else(|| not_found("plugin", &plugin))?.id;
    let tests = snapshot.documents.plugin_tests.of(workspace).filter(|test| test.plugin == plugin);
    Ok(reply::ok(&page.of(tests, |test| test.id.bits(), show)))
}

fn read(body: PluginTestBody, _: &mut RequestFaults) -> CaptureDraft {
    CaptureDraft {
        event: body.event,
        connection: body.connection,
        name: body.name,
        redact: body.redact.into_iter().flatten().flatten().collect(),
    }
}

/// Captures an event as a test: a version that gives another result does not become active.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/tests",
    params(("plugin" = String, Path, description = "Its id or name.")),
    request_body = PluginTestBody,
    responses((status = 201, body = PluginTestView)),
)]
async fn capture(
    call: Call,
    PathParams(plugin): PathParams<String>,
    body: JsonBody<PluginTestBody>,
) -> Answer {
    let (draft, faults) = body.map(read);
    let principal = call.principal()?;
    let test = call.insight.capture_plugin_test(principal, &plugin, draft, faults).await?;
    Ok(reply::created(&format!("/v1/plugins/{}/tests/{}", &plugin, test.id), &show(&test)))
}

/// Deletes a captured test.
#[utoipa::path(
    delete,
    path = "/v1/plugins/{plugin}/tests/{test}",
    params(("plugin" = String, Path, description = "Its id or name."), ("test" = String, Path, description = "Its id or name.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams((plugin, test)): PathParams<(String, String)>) -> Answer {
    call.control.delete_plugin_test(call.workspace()?, &plugin, &test).await?;
    Ok(reply::no_content())
}

/// Runs a version on the captured tests, and on events that are nearly like them.
#[utoipa::path(
    post,
    path = "/v1/plugins/{plugin}/versions/{digest}/test",
    params(("plugin" = String, Path, description = "Its id or name."), ("digest" = String, Path, description = "`sha256:` and 64 hex digits."), TestVersionQuery),
    responses((status = 200, body = TestReportView)),
)]
async fn test(
    call: Call,
    PathParams((plugin, digest)): PathParams<(String, String)>,
    query: QueryParams<TestVersionQuery>,
) -> Answer {
    let digest = id("version", &digest)?;
    let (workspace, QueryParams { given, mut faults }) = (call.workspace()?, query);
    let destination = given.destination.and_then(|name| with_schema(&call, workspace, &name, &mut faults));
    faults.done(Kind::InvalidQuery)?;
    let report = call.control.test_version(workspace, &plugin, digest, destination).await?;
    let TestReport { passed, failed, properties } = report;
    let failed =
        failed.into_iter().map(|FailedTest { name, difference }| FailedTestView { name, difference });
    let properties = properties.into_iter().map(property);
    Ok(reply::ok(&TestReportView {
        passed: passed as u64,
        failed: failed.collect(),
        properties: properties.collect(),
    }))
}

/// The destination of this name; a fault if there is none, or if it has no schema.
fn with_schema(
    call: &Call,
    workspace: WorkspaceId,
    name: &str,
    faults: &mut RequestFaults,
) -> Option<Arc<Destination>> {
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.destinations.find(workspace, name).cloned();
    match &found {
        Some(destination) if destination.payload_schema.is_some() => {}
        Some(_) => faults.add("/destination", format!("the destination `{name}` has no `payload_schema`")),
        None => faults.add("/destination", format!("there is no destination `{name}` in this workspace")),
    }
    found
}

fn property(property: Property) -> PropertyView {
    let Property { name, claim, tried, broken, counterexamples } = property;
    PropertyView { name: name.to_owned(), claim, tried, broken, counterexamples }
}
