//! `/v1/sources`. Not here: their keys (`source_keys`), what they turned away (`rejections`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::resources::SourceDraft;
use crate::domain::config::CustomResponse;
use crate::domain::config::FlowState;
use crate::domain::config::Source;
use crate::domain::config::ValueFrom;
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::http::api::access::keys;
use crate::http::api::access::keys::KeyView;
use crate::http::api::configuration::verification;
use crate::http::api::configuration::verification::VerificationBody;
use crate::http::api::configuration::verification::VerificationView;
use crate::http::api::page::PageQuery;
use crate::http::api::parts;
use crate::http::api::parts::BasicBody;
use crate::http::api::parts::BasicView;
use crate::http::api::parts::HeadersBody;
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
use crate::http::request::RequestFaults;
use crate::http::request::not_found;
use crate::http::site::Site;
use crate::http::view::PageView;

/// What a source is to answer.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceResponseBody {
    /// 200 to 299; 200 if not given.
    #[schema(minimum = 200, maximum = 299, nullable = false)]
    status: Option<u16>,
    /// Further headers: content-language, content-type, webhook-allowed-origin, webhook-allowed-rate,
    /// x-correlation-id, x-request-id. The type is text/plain, application/json, application/xml or text/xml.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    headers: Option<HeadersBody>,
    /// Up to 1,000 characters.
    #[schema(max_length = 1000, nullable = false)]
    body: Option<String>,
}

/// A place where events are to come in.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceBody {
    /// Unique in the workspace.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
    /// Whether things flow. What is paused refuses.
    #[schema(nullable = false)]
    state: Option<FlowState>,
    /// Whether a request must carry a key; if not given, only a source without `verification` and `basic` requires
    /// one.
    #[schema(nullable = false)]
    require_key: Option<bool>,
    /// Whether it is refused to delete it, through every door; false if not given.
    #[schema(nullable = false)]
    protect: Option<bool>,
    /// The header a key may stand in besides `Authorization: Bearer`; `x-api-key` if not given.
    #[schema(nullable = false)]
    key_header: Option<String>,
    /// Basic authentication.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<BasicBody>)]
    basic: Option<Option<BasicBody>>,
    /// The provider's signature.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<VerificationBody>)]
    verification: Option<Option<VerificationBody>>,
    /// Where an event's type is.
    #[serde(default, deserialize_with = "parts::nullable_choice")]
    #[schema(value_type = Option<ValueFrom>)]
    event_type: Option<Option<ValueFrom>>,
    /// Where the key is that tells copies: a header, or a path, whose values are joined if it gives several. It goes
    /// before the header `Idempotency-Key`, which nobody signs. An empty value is no key.
    #[serde(default, deserialize_with = "parts::nullable_choice")]
    #[schema(value_type = Option<ValueFrom>)]
    idempotency: Option<Option<ValueFrom>>,
    /// Methods it takes, any of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT; ["POST"] if not given. HEAD and OPTIONS are answered in any case, and are no events.
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1)]
    methods: Option<Vec<Option<String>>>,
    /// Bytes a body may have; the server's limit if not given.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<u64>, minimum = 1)]
    body_bytes_max: Option<Option<u64>>,
    /// Whether an event is refused that does not fit the schema which the event catalogue has for its type; false if not
    /// given. Types without a schema are taken in any case.
    #[schema(nullable = false)]
    enforce_schemas: Option<bool>,
    /// What an accepted request is answered with instead of 202 and the event's id, or what the provider of
    /// `verification` waits for.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<SourceResponseBody>)]
    response: Option<Option<SourceResponseBody>>,
}

/// What a source answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceResponseView {
    /// The status.
    pub status: u16,
    /// Further headers.
    pub headers: serde_json::Value,
    /// The body.
    pub body: String,
}

/// What a source saw since the server started.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceStatsView {
    /// Events taken, copies not counted.
    pub received: u64,
    /// Requests refused, by cause.
    pub rejected: BTreeMap<&'static str, u64>,
    /// When the last event came in.
    #[schema(required = true)]
    pub last_received_at: Option<Timestamp>,
}

/// A place where events come in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceView {
    /// Its id.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// Where events are sent to.
    pub url: String,
    /// Whether it takes events.
    pub state: FlowState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its first key, shown when the source is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key: Option<KeyView>,
    /// Whether a request must carry a key.
    pub require_key: bool,
    /// Whether it is refused to delete it.
    pub protect: bool,
    /// The header a key may stand in besides `Authorization: Bearer`.
    pub key_header: String,
    /// Basic authentication.
    #[schema(required = true)]
    pub basic: Option<BasicView>,
    /// The provider's signature.
    #[schema(required = true)]
    pub verification: Option<VerificationView>,
    /// Where an event's type is.
    #[schema(required = true)]
    pub event_type: Option<ValueFrom>,
    /// Where the key is that tells copies.
    #[schema(required = true)]
    pub idempotency: Option<ValueFrom>,
    /// Methods it takes.
    pub methods: Vec<String>,
    /// Bytes a body may have; null: the server's limit.
    #[schema(required = true)]
    pub body_bytes_max: Option<u64>,
    /// Whether an event is refused that does not fit the schema of its type.
    pub enforce_schemas: bool,
    /// What an accepted request is answered with; null: what the provider waits for, else 202 and the event's id.
    #[schema(required = true)]
    pub response: Option<SourceResponseView>,
    /// What it saw since the server started.
    pub stats: SourceStatsView,
}

/// What a change says of it.
type SourceChange = Patch<SourceBody>;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::write(), routes!(update))
        .add(Door::write(), routes!(delete))
}

pub(in crate::http::api) fn draft(body: SourceBody, faults: &mut RequestFaults) -> SourceDraft {
    SourceDraft {
        name: body.name.map(|name| name.0),
        state: body.state,
        require_key: body.require_key,
        protect: body.protect,
        key_header: body.key_header,
        basic: body.basic.map(|basic| basic.and_then(BasicBody::draft)),
        verification: body.verification.map(|given| given.map(|given| given.draft(faults))),
        event_type: body.event_type,
        idempotency: body.idempotency,
        methods: body.methods.map(|methods| methods.into_iter().flatten().collect()),
        body_bytes_max: body.body_bytes_max,
        enforce_schemas: body.enforce_schemas,
        response: body.response.map(|given| given.map(|given| response(given, faults))),
    }
}

fn response(body: SourceResponseBody, faults: &mut RequestFaults) -> CustomResponse {
    CustomResponse {
        status: body.status.unwrap_or(200),
        headers: parts::headers(body.headers.unwrap_or_default(), "/response/headers", faults),
        body: body.body.unwrap_or_default(),
    }
}

pub(in crate::http::api) fn show(site: &Site, source: &Source) -> SourceView {
    let seen = site.doors.insight.source_seen(source.id);
    SourceView {
        id: source.id,
        name: source.name.clone(),
        url: site.source_url(source.id),
        state: source.state,
        created_at: source.created_at,
        key: None,
        require_key: source.key_required,
        protect: source.protect,
        key_header: source.key_header.clone(),
        basic: source.basic.as_ref().map(|basic| BasicView { username: basic.username.clone() }),
        verification: source.verification.as_ref().map(verification::show),
        event_type: source.event_type.clone(),
        idempotency: source.idempotency.as_ref().map(|rule| rule.from.clone()),
        methods: source.methods.clone(),
        body_bytes_max: source.body_bytes_max,
        enforce_schemas: source.enforce_schemas,
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

/// Lists sources.
#[utoipa::path(
    get,
    path = "/v1/sources",
    params(PageQuery),
    responses((status = 200, body = PageView<SourceView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    let sources = snapshot.documents.sources.of(workspace);
    Ok(reply::ok(&page.of(sources, |source| source.id.bits(), |source| show(&call.site, source))))
}

/// Makes a source and a first key for it.
#[utoipa::path(
    post,
    path = "/v1/sources",
    request_body = SourceBody,
    responses((status = 201, body = SourceView)),
)]
async fn create(call: Call, body: JsonBody<SourceBody>) -> Answer {
    let (draft, faults) = body.map(draft);
    let made = call.control.create_source(call.workspace()?, draft, faults).await?;
    let view = SourceView { key: Some(keys::show_new(&made.key)), ..show(&call.site, &made.source) };
    Ok(reply::created(&format!("/v1/sources/{}", made.source.id), &view))
}

/// Shows a source.
#[utoipa::path(
    get,
    path = "/v1/sources/{source}",
    params(("source" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = SourceView)),
)]
async fn show_one(call: Call, PathParams(source): PathParams<String>) -> Answer {
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.sources.find(call.workspace()?, &source);
    let found = found.ok_or_else(|| not_found("source", &source))?;
    Ok(reply::ok(&show(&call.site, found)))
}

/// Changes the fields given; null takes one away.
#[utoipa::path(
    patch,
    path = "/v1/sources/{source}",
    params(("source" = String, Path, description = "Its id or name.")),
    request_body = SourceChange,
    responses((status = 200, body = SourceView)),
)]
async fn update(call: Call, PathParams(source): PathParams<String>, body: JsonBody<SourceChange>) -> Answer {
    let (draft, faults) = body.map(|change, faults| draft(change.0, faults));
    let changed = call.control.update_source(call.workspace()?, &source, draft, faults).await?;
    Ok(reply::ok(&show(&call.site, &changed)))
}

/// Deletes a source that no connection uses.
#[utoipa::path(
    delete,
    path = "/v1/sources/{source}",
    params(("source" = String, Path, description = "Its id or name.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(source): PathParams<String>) -> Answer {
    call.control.delete_source(call.workspace()?, &source).await?;
    Ok(reply::no_content())
}
