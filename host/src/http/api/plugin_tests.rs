//! `/v1/plugins/{plugin}/tests`: captured events as tests, and what a version makes of them.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::control::plugins::tests::FailedTest;
use crate::control::plugins::tests::TestReport;
use crate::domain::config::Destination;
use crate::domain::id::EventId;
use crate::domain::id::KeyId;
use crate::domain::id::TestId;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin_test::PluginTest;
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
use crate::http::query::LIST;
use crate::http::query::Params;
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;
use crate::insight::CaptureDraft;
use crate::sandbox::Property;

const TEST: &[Field] = &[
    field("event", Shape::Text, "The id of a stored event.").required(),
    field("connection", Shape::Text, "By which connection it reaches the plugin, if more than one runs it."),
    field("name", Shape::Text, "What to call the test; the event's type and id if not given."),
    field(
        "redact",
        Shape::List(&Shape::Text),
        "JSONPath of values that must not be kept; their shape stays.",
    ),
];

const TEST_VERSION: &[Field] = &[field(
    "destination",
    Shape::Text,
    "Whose `payload_schema` what is forwarded should fit. If not given, those of up to four destinations which get it \
     as it is: at the end of a connection whose last step, filters aside, is this plugin.",
)];

view! {
    /// A captured event as a test.
    PluginTestView {
        /// Its id.
        id: TestId,
        /// Its name.
        name: String,
        /// When it was captured.
        created_at: Timestamp,
        /// With which key.
        created_by: KeyId,
        /// From which event.
        event: EventId,
        /// What goes in and what has to come out, as an example in a manifest.
        example: Box<RawValue>,
    }

    /// What came of all tests of a version.
    TestReportView {
        /// How many gave what they were captured with.
        passed: u64,
        /// The others.
        failed: Vec<FailedTestView>,
        /// What every plugin should hold to, tried with the tests and with the version's own examples.
        properties: Vec<PropertyView>,
    }

    /// A test that gave something else.
    FailedTestView {
        /// Its name.
        name: String,
        /// How the result differs.
        difference: String,
    }

    /// What was tried of a property.
    PropertyView {
        /// `deterministic`, `keeps_every_place` or `survives_odd_values`; for each schema also `fits_schema` and
        /// `fits_schema_with_odd_values`.
        name: String,
        /// What it says.
        claim: String,
        /// How many runs were looked at.
        tried: u32,
        /// In how many it did not hold.
        broken: u32,
        /// The first ten of those; and why it could not be tried any further, if so.
        counterexamples: Vec<String>,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/plugins/{plugin}/tests", "Lists the captured tests of a plugin.", |call| {
            Box::pin(list(call))
        })
        .query(LIST)
        .output(200, Output::Json(PageView::<PluginTestView>::describe)),
        Endpoint::post(
            "/v1/plugins/{plugin}/tests",
            "Captures an event as a test: a version that gives another result does not become active.",
            |call| Box::pin(capture(call)),
        )
        .apart()
        .input(Input::Json(TEST))
        .output(201, Output::Json(PluginTestView::describe)),
        Endpoint::delete("/v1/plugins/{plugin}/tests/{test}", "Deletes a captured test.", |call| {
            Box::pin(delete(call))
        }),
        Endpoint::post(
            "/v1/plugins/{plugin}/versions/{digest}/test",
            "Runs a version on the captured tests, and on events that are nearly like them.",
            |call| Box::pin(test(call)),
        )
        .apart_while_asked()
        .query(TEST_VERSION)
        .output(200, Output::Json(TestReportView::describe)),
    ]
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

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let plugin = snapshot.documents.plugins.find(workspace, call.path("plugin"));
    let plugin = plugin.ok_or_else(|| Call::not_found("plugin", call.path("plugin")))?.id;
    let tests = snapshot.documents.plugin_tests.of(workspace).filter(|test| test.plugin == plugin);
    let page = page::of(tests, &params, |test| test.id.bits(), show);
    params.done()?;
    Ok(reply::ok(&page))
}

fn read(object: &Object<'_>) -> CaptureDraft {
    CaptureDraft {
        event: object.parsed("event"),
        connection: object.text("connection"),
        name: object.text("name"),
        redact: object.texts("redact").unwrap_or_default(),
    }
}

async fn capture(call: Call) -> Answer {
    let (draft, faults) = call.form(read)?;
    let principal = call.principal()?;
    let test = call.insight().capture_plugin_test(principal, call.path("plugin"), draft, faults).await?;
    Ok(reply::created(&format!("/v1/plugins/{}/tests/{}", call.path("plugin"), test.id), &show(&test)))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_plugin_test(call.workspace()?, call.path("plugin"), call.path("test")).await?;
    Ok(reply::no_content())
}

async fn test(call: Call) -> Answer {
    let digest = call.id("digest", "version")?;
    let (workspace, params) = (call.workspace()?, call.params());
    let destination =
        params.text("destination").and_then(|name| with_schema(&call, workspace, &params, name));
    params.done()?;
    let report = call.control().test_version(workspace, call.path("plugin"), digest, destination).await?;
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
    params: &Params<'_>,
    name: &str,
) -> Option<Arc<Destination>> {
    let snapshot = call.control().snapshot();
    let found = snapshot.documents.destinations.find(workspace, name).cloned();
    match &found {
        Some(destination) if destination.payload_schema.is_some() => {}
        Some(_) => params.fault("destination", format!("the destination `{name}` has no `payload_schema`")),
        None => params.fault("destination", format!("there is no destination `{name}` in this workspace")),
    }
    found
}

fn property(property: Property) -> PropertyView {
    let Property { name, claim, tried, broken, counterexamples } = property;
    PropertyView { name: name.to_owned(), claim, tried, broken, counterexamples }
}
