//! `/v1/sources`. Not here: their keys (`source_keys`), what they turned away (`rejections`).

use std::collections::BTreeMap;

use crate::control::resources::SourceDraft;
use crate::domain::config::CustomResponse;
use crate::domain::config::FlowState;
use crate::domain::config::Source;
use crate::domain::config::ValueFrom;
use crate::domain::event::Headers;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::http::api::keys;
use crate::http::api::keys::KeyView;
use crate::http::api::page;
use crate::http::api::parts;
use crate::http::api::parts::BasicView;
use crate::http::api::parts::STATE;
use crate::http::api::parts::VALUE_FROM;
use crate::http::api::verification;
use crate::http::api::verification::VERIFICATION;
use crate::http::api::verification::VerificationView;
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
use crate::http::site::Site;
use crate::http::view::PageView;
use crate::http::view::View;
use crate::http::view::view;

const RESPONSE: &[Field] = &[
    field("status", Shape::Whole, "200 to 299; 200 if not given."),
    field(
        "headers",
        Shape::Texts,
        "Further headers: content-language, content-type, webhook-allowed-origin, webhook-allowed-rate, \
         x-correlation-id, x-request-id. The type is text/plain, application/json, application/xml or text/xml.",
    ),
    field("body", Shape::Text, "Up to 1,000 characters."),
];

const SOURCE: &[Field] = &[
    field("name", Shape::Text, "Unique in the workspace.").required(),
    STATE,
    field(
        "require_key",
        Shape::Flag,
        "Whether a request must carry a key; if not given, only a source without `verification` and `basic` requires one.",
    ),
    field(
        "key_header",
        Shape::Text,
        "The header a key may stand in besides `Authorization: Bearer`; `x-api-key` if not given.",
    ),
    field("basic", Shape::Object(parts::BASIC), "Basic authentication.").nullable(),
    field("verification", Shape::Object(VERIFICATION), "The provider's signature.").nullable(),
    field("event_type", Shape::Object(VALUE_FROM), "Where an event's type is.").nullable(),
    field(
        "idempotency",
        Shape::Object(VALUE_FROM),
        "Where the key is that tells copies: a header, or a path, whose values are joined if it gives several. It goes before the header `Idempotency-Key`, which nobody signs. An empty value is no key.",
    )
    .nullable(),
    field(
        "methods",
        Shape::List(&Shape::Text),
        "Methods it takes; [\"POST\"] if not given. HEAD and OPTIONS are answered in any case, and are no events.",
    ),
    field("body_bytes_max", Shape::Whole, "Bytes a body may have; the server's limit if not given.")
        .nullable(),
    field(
        "response",
        Shape::Object(RESPONSE),
        "What an accepted request is answered with instead of 202 and the event's id, or what the provider of `verification` waits for.",
    )
    .nullable(),
];

view! {
    /// What a source answers.
    SourceResponseView {
        /// The status.
        status: u16,
        /// Further headers.
        headers: serde_json::Value,
        /// The body.
        body: String,
    }

    /// What a source saw since the server started.
    SourceStatsView {
        /// Events taken, copies not counted.
        received: u64,
        /// Requests refused, by cause.
        rejected: BTreeMap<&'static str, u64>,
        /// When the last event came in.
        last_received_at: Option<Timestamp>,
    }

    /// A place where events come in.
    SourceView {
        /// Its id.
        id: SourceId,
        /// Its name.
        name: String,
        /// Where events are sent to.
        url: String,
        /// Whether it takes events.
        state: FlowState,
        /// When it was made.
        created_at: Timestamp,
        /// Its first key, shown when the source is made and never again.
        ["Option::is_none"] key: Option<KeyView>,
        /// Whether a request must carry a key.
        require_key: bool,
        /// The header a key may stand in besides `Authorization: Bearer`.
        key_header: String,
        /// Basic authentication.
        basic: Option<BasicView>,
        /// The provider's signature.
        verification: Option<VerificationView>,
        /// Where an event's type is.
        event_type: Option<ValueFrom>,
        /// Where the key is that tells copies.
        idempotency: Option<ValueFrom>,
        /// Methods it takes.
        methods: Vec<String>,
        /// Bytes a body may have; null: the server's limit.
        body_bytes_max: Option<u64>,
        /// What an accepted request is answered with; null: what the provider waits for, else 202 and the event's id.
        response: Option<SourceResponseView>,
        /// What it saw since the server started.
        stats: SourceStatsView,
    }
}

/// The operations.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/v1/sources", "Lists sources.", |call| Box::pin(list(call)))
            .query(LIST)
            .output(200, Output::Json(PageView::<SourceView>::describe)),
        Endpoint::post("/v1/sources", "Makes a source and a first key for it.", |call| {
            Box::pin(create(call))
        })
        .input(Input::Json(SOURCE))
        .output(201, Output::Json(SourceView::describe)),
        Endpoint::get("/v1/sources/{source}", "Shows a source.", |call| Box::pin(show_one(call)))
            .output(200, Output::Json(SourceView::describe)),
        Endpoint::patch("/v1/sources/{source}", "Changes the fields given; null takes one away.", |call| {
            Box::pin(update(call))
        })
        .input(Input::Json(SOURCE))
        .output(200, Output::Json(SourceView::describe)),
        Endpoint::delete("/v1/sources/{source}", "Deletes a source that no connection uses.", |call| {
            Box::pin(delete(call))
        }),
    ]
}

fn draft(object: &Object<'_>) -> SourceDraft {
    SourceDraft {
        name: object.text("name"),
        state: parts::state(object),
        require_key: object.flag("require_key"),
        key_header: object.text("key_header"),
        basic: object.optional("basic", |object| parts::basic(object, "basic")),
        verification: object.optional("verification", |object| verification::read(object, "verification")),
        event_type: object.optional("event_type", |object| parts::value_from(object, "event_type")),
        idempotency: object.optional("idempotency", |object| parts::value_from(object, "idempotency")),
        methods: object.texts("methods"),
        body_bytes_max: object.optional("body_bytes_max", |object| object.whole("body_bytes_max")),
        response: object.optional("response", response),
    }
}

fn response(object: &Object<'_>) -> Option<CustomResponse> {
    let response = object.object("response")?;
    Some(CustomResponse {
        status: response.whole("status").unwrap_or(200),
        headers: response.headers("headers").unwrap_or(Headers::default()),
        body: response.text("body").unwrap_or_default(),
    })
}

fn show(site: &Site, source: &Source) -> SourceView {
    let seen = site.doors.insight.source_seen(source.id);
    SourceView {
        id: source.id,
        name: source.name.clone(),
        url: site.source_url(source.id),
        state: source.state,
        created_at: source.created_at,
        key: None,
        require_key: source.key_required,
        key_header: source.key_header.clone(),
        basic: source.basic.as_ref().map(|basic| BasicView { username: basic.username.clone() }),
        verification: source.verification.as_ref().map(verification::show),
        event_type: source.event_type.clone(),
        idempotency: source.idempotency.as_ref().map(|rule| rule.from.clone()),
        methods: source.methods.clone(),
        body_bytes_max: source.body_bytes_max,
        response: source.response.as_ref().map(|response| SourceResponseView {
            status: response.status,
            headers: parts::headers_object(&response.headers),
            body: response.body.clone(),
        }),
        stats: SourceStatsView {
            received: seen.received,
            rejected: seen.rejected,
            last_received_at: seen.last_received_at,
        },
    }
}

async fn list(call: Call) -> Answer {
    let (workspace, params) = (call.workspace()?, call.params());
    let snapshot = call.control().snapshot();
    let sources = snapshot.documents.sources.of(workspace);
    let page = page::of(sources, &params, |source| source.id.bits(), |source| show(&call.site, source));
    params.done()?;
    Ok(reply::ok(&page))
}

async fn create(call: Call) -> Answer {
    let (draft, faults) = call.form(draft)?;
    let made = call.control().create_source(call.workspace()?, draft, faults).await?;
    let view = SourceView { key: Some(keys::show_new(&made.key)), ..show(&call.site, &made.source) };
    Ok(reply::created(&format!("/v1/sources/{}", made.source.id), &view))
}

async fn show_one(call: Call) -> Answer {
    let snapshot = call.control().snapshot();
    let found = snapshot.documents.sources.find(call.workspace()?, call.path("source"));
    let found = found.ok_or_else(|| Call::not_found("source", call.path("source")))?;
    Ok(reply::ok(&show(&call.site, found)))
}

async fn update(call: Call) -> Answer {
    let (draft, faults) = call.form(draft)?;
    let changed = call.control().update_source(call.workspace()?, call.path("source"), draft, faults).await?;
    Ok(reply::ok(&show(&call.site, &changed)))
}

async fn delete(call: Call) -> Answer {
    call.control().delete_source(call.workspace()?, call.path("source")).await?;
    Ok(reply::no_content())
}
