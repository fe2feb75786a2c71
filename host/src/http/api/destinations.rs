//! `/v1/destinations`. Not here: signing (`signing`).

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::control::resources::AuthDraft;
use crate::control::resources::DestinationDraft;
use crate::control::resources::NewDestination;
use crate::domain::config::Destination;
use crate::domain::config::FlowState;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::time::Timestamp;
use crate::http::api::attempts;
use crate::http::api::attempts::ErrorView;
use crate::http::api::attempts::ResponseView;
use crate::http::api::attempts::TimingsView;
use crate::http::api::page;
use crate::http::api::parts;
use crate::http::api::parts::BasicView;
use crate::http::api::parts::STATE;
use crate::http::api::parts::SecretView;
use crate::http::api::payload;
use crate::http::api::retry;
use crate::http::api::retry::RETRY;
use crate::http::api::retry::RetryView;
use crate::http::api::signing;
use crate::http::api::signing::SIGNING;
use crate::http::api::signing::SigningView;
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
use crate::http::reply;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;

const AUTH_HEADER: &[Field] = &[
    field("name", Shape::Text, "The header.").required(),
    field("value", Shape::Secret, "Its value.").required(),
];
const AUTH: &[Field] = &[
    field("basic", Shape::Object(parts::BASIC), "Basic authentication."),
    field("bearer", Shape::Secret, "A token, sent as `Authorization: Bearer`."),
    field("header", Shape::Object(AUTH_HEADER), "A key in a header of its own."),
];

const DESTINATION: &[Field] = &[
    field("name", Shape::Text, "Unique in the workspace.").required(),
    STATE,
    field(
        "url",
        Shape::Text,
        "Where deliveries are sent, such as https://example.com/hook. Credentials are for one scheme, host and port: \
         with another one they are given anew, or taken away, in the same request.",
    )
    .required(),
    field("method", Shape::Choice(&["POST", "PUT", "PATCH"]), "`POST` if not given."),
    field("headers", Shape::Texts, "Sent with every delivery."),
    field("auth", Shape::Object(AUTH), "Credentials.").nullable(),
    field("signing", Shape::Object(SIGNING), "How deliveries are signed; by Standard Webhooks if not given."),
    field("timeout_ms", Shape::Whole, "Milliseconds until an attempt counts as failed; 15000 if not given."),
    field(
        "retry",
        Shape::Object(RETRY),
        "When failed deliveries are tried again; the preset `standard` if not given.",
    )
    .nullable(),
    field("concurrency", Shape::Whole, "Requests at a time; 8 if not given."),
    field(
        "payload_schema",
        Shape::Any,
        "The JSON Schema of the payloads it takes. Plugins are held to it by `hookmill plugin test --destination`.",
    )
    .nullable(),
];

const TEST: &[Field] = &[field("payload", Shape::Any, "The body to send instead of a sample.")];

view! {
    /// A header with a secret value.
    AuthHeaderView {
        /// Its name.
        name: String,
        /// Its value, by its end.
        value: SecretView,
    }

    /// Credentials a destination wants. Secrets are never shown.
    AuthView {
        /// Basic authentication.
        basic: Option<BasicView>,
        /// A token, by its end.
        bearer: Option<SecretView>,
        /// A key in a header of its own.
        header: Option<AuthHeaderView>,
    }

    /// Where payloads go.
    DestinationView {
        /// Its id.
        id: DestinationId,
        /// Its name.
        name: String,
        /// Whether deliveries go out.
        state: FlowState,
        /// When it was made.
        created_at: Timestamp,
        /// Where deliveries are sent.
        url: String,
        /// By which method.
        method: String,
        /// Sent with every delivery. The value of one that is a credential is shown as `[secret]`.
        headers: serde_json::Value,
        /// Credentials.
        auth: AuthView,
        /// How deliveries are signed.
        signing: SigningView,
        /// Milliseconds until an attempt counts as failed.
        timeout_ms: u64,
        /// When failed deliveries are tried again.
        retry: RetryView,
        /// Requests at a time.
        concurrency: u32,
        /// The JSON Schema of the payloads it takes.
        payload_schema: Option<Box<RawValue>>,
    }

    /// What came of a test.
    TestView {
        /// The id the receiver saw.
        id: DeliveryId,
        /// Whether the receiver answered 2xx.
        delivered: bool,
        /// What was sent.
        payload: Option<Box<RawValue>>,
        /// What came back.
        response: Option<ResponseView>,
        /// Why nothing came back.
        error: Option<ErrorView>,
        /// How long it took.
        timings: TimingsView,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    let shown = Output::Json(DestinationView::describe);
    vec![
        Endpoint::get("/v1/destinations", "Lists destinations.", |call| Box::pin(list(call)))
            .query(LIST)
            .output(200, Output::Json(PageView::<DestinationView>::describe)),
        Endpoint::post(
            "/v1/destinations",
            "Makes a destination; its secret is shown now and never again.",
            |call| Box::pin(create(call)),
        )
        .input(Input::Json(DESTINATION))
        .output(201, shown),
        Endpoint::get("/v1/destinations/{destination}", "Shows a destination.", |call| {
            Box::pin(show_one(call))
        })
        .output(200, shown),
        Endpoint::patch(
            "/v1/destinations/{destination}",
            "Changes the fields given; null takes one away.",
            |call| Box::pin(update(call)),
        )
        .input(Input::Json(DESTINATION))
        .output(200, shown),
        Endpoint::delete(
            "/v1/destinations/{destination}",
            "Deletes a destination that no connection uses.",
            |call| Box::pin(delete(call)),
        ),
        Endpoint::post(
            "/v1/destinations/{destination}/pause",
            "Holds what waits for the destination.",
            |call| Box::pin(set_state(call, FlowState::Paused)),
        )
        .output(200, shown),
        Endpoint::post("/v1/destinations/{destination}/resume", "Lets what was held go out.", |call| {
            Box::pin(set_state(call, FlowState::Active))
        })
        .output(200, shown),
        Endpoint::post(
            "/v1/destinations/{destination}/test",
            "Sends one request, signed as deliveries are.",
            |call| Box::pin(test(call)),
        )
        .input(Input::OptionalJson(TEST))
        .output(200, Output::Json(TestView::describe)),
    ]
}

fn draft(object: &Object<'_>) -> DestinationDraft {
    DestinationDraft {
        name: object.text("name"),
        state: parts::state(object),
        url: object.text("url"),
        method: object.text("method"),
        headers: object.headers("headers"),
        auth: object.optional("auth", auth),
        signing: signing::read(object),
        timeout_ms: object.whole("timeout_ms"),
        retry: object.optional("retry", |object| retry::read(object, "retry")),
        concurrency: object.whole("concurrency"),
        payload_schema: payload_schema(object),
    }
}

fn payload_schema(object: &Object<'_>) -> Option<Option<String>> {
    let given = object.raw("payload_schema").map(|raw| Some(raw.get().to_owned()));
    given.or_else(|| object.clears("payload_schema").then_some(None))
}

fn auth(object: &Object<'_>) -> Option<AuthDraft> {
    let auth = object.object("auth")?;
    let header =
        auth.object("header").and_then(|header| Some((header.text("name")?, header.secret("value")?)));
    Some(AuthDraft { basic: parts::basic(&auth, "basic"), bearer: auth.secret("bearer"), header })
}

/// A destination without its secret.
fn show(destination: &Destination) -> DestinationView {
    let auth = &destination.auth;
    DestinationView {
        id: destination.id,
        name: destination.name.clone(),
        state: destination.state,
        created_at: destination.created_at,
        url: destination.url.clone(),
        method: destination.method.clone(),
        headers: parts::headers_object(&destination.headers),
        auth: AuthView {
            basic: auth.basic.as_ref().map(|basic| BasicView { username: basic.username.clone() }),
            bearer: auth.bearer.as_ref().map(|bearer| parts::secret_view(&bearer.0)),
            header: auth.header.as_ref().map(|header| AuthHeaderView {
                name: header.name.clone(),
                value: parts::secret_view(&header.value.0),
            }),
        },
        signing: signing::show(&destination.signing, None),
        timeout_ms: destination.timeout_ms,
        retry: retry::show(&destination.retry),
        concurrency: destination.concurrency,
        // It was JSON when it was saved.
        payload_schema: destination
            .payload_schema
            .clone()
            .and_then(|schema| RawValue::from_string(schema).ok()),
    }
}

/// A destination with its secret, if that is new.
pub(super) fn show_new(new: &NewDestination) -> DestinationView {
    let signing = signing::show(&new.destination.signing, new.secret.as_ref());
    DestinationView { signing, ..show(&new.destination) }
}

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let destinations = snapshot.documents.destinations.of(workspace);
    let page = page::of(destinations, &params, |destination| destination.id.bits(), show);
    params.done()?;
    Ok(reply::ok(&page))
}

async fn create(call: Call) -> Answer {
    let (draft, faults) = call.form(draft)?;
    let made = call.control().create_destination(call.workspace()?, draft, faults).await?;
    Ok(reply::created(&format!("/v1/destinations/{}", made.destination.id), &show_new(&made)))
}

async fn show_one(call: Call) -> Answer {
    let snapshot = call.control().snapshot();
    let found = snapshot.documents.destinations.find(call.workspace()?, call.path("destination"));
    Ok(reply::ok(&show(found.ok_or_else(|| Call::not_found("destination", call.path("destination")))?)))
}

async fn update(call: Call) -> Answer {
    let (draft, faults) = call.form(draft)?;
    let which = call.path("destination");
    let changed = call.control().update_destination(call.workspace()?, which, draft, faults).await?;
    Ok(reply::ok(&show_new(&changed)))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_destination(call.workspace()?, call.path("destination")).await?;
    Ok(reply::no_content())
}

async fn set_state(call: Call, state: FlowState) -> Answer {
    let draft = DestinationDraft { state: Some(state), ..DestinationDraft::default() };
    let which = call.path("destination");
    let changed = call.control().update_destination(call.workspace()?, which, draft, Vec::new()).await?;
    Ok(reply::ok(&show(&changed.destination)))
}

async fn test(call: Call) -> Answer {
    let payload = call
        .whole_form(|object| object.raw("payload").map(|raw| Bytes::copy_from_slice(raw.get().as_bytes())))?;
    let workspace = call.workspace()?;
    let snapshot = call.control().snapshot().clone();
    let found = snapshot.documents.destinations.find(workspace, call.path("destination"));
    let id = found.ok_or_else(|| Call::not_found("destination", call.path("destination")))?.id;
    let result = call.delivery().test_destination(workspace, id, payload).await?;
    let (response, error) = attempts::show_outcome(&result.outcome);
    let delivered = response.as_ref().is_some_and(|response| (200..300).contains(&response.status));
    let timings = attempts::show_timings(result.timings);
    let payload = payload::show(&result.payload).payload;
    Ok(reply::ok(&TestView { id: result.id, delivered, payload, response, error, timings }))
}
