//! `/v1/destinations`. Not here: signing (`signing`).

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::resources::DestinationDraft;
use crate::control::resources::transport::AuthDraft;
use crate::control::resources::transport::HttpDraft;
use crate::domain::config::FlowState;
use crate::domain::destination::BATCH_EVENTS_MAX;
use crate::domain::destination::BatchForm;
use crate::domain::destination::BatchRule;
use crate::domain::destination::DestinationKind;
use crate::domain::destination::RatePeriod;
use crate::domain::destination::ReceiverKind;
use crate::domain::destination::SendRate;
use crate::domain::id::DeliveryId;
use crate::domain::secret::Secret;
use crate::http::api::configuration::destination_views::DestinationView;
use crate::http::api::configuration::destination_views::show;
use crate::http::api::configuration::destination_views::show_new;
use crate::http::api::configuration::retry;
use crate::http::api::configuration::retry::RetryBody;
use crate::http::api::configuration::signing::SigningBody;
use crate::http::api::page::PageQuery;
use crate::http::api::parts;
use crate::http::api::parts::BasicBody;
use crate::http::api::parts::HeadersBody;
use crate::http::api::payload;
use crate::http::api::traffic::attempts;
use crate::http::api::traffic::attempts::ErrorView;
use crate::http::api::traffic::attempts::ResponseView;
use crate::http::api::traffic::attempts::TimingsView;
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
use crate::http::view::PageView;

/// A key in a header of its own.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthHeaderBody {
    /// The header.
    #[schema(required = true, nullable = false)]
    name: Option<String>,
    /// Its value.
    #[schema(required = true, nullable = false)]
    value: Option<Secret>,
}

/// Milliseconds that a delivery waits for others, if not given.
const BATCH_WAIT_MS: u64 = 1000;

/// Credentials.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthBody {
    /// Basic authentication.
    #[schema(nullable = false)]
    basic: Option<BasicBody>,
    /// A token, sent as `Authorization: Bearer`.
    #[schema(nullable = false)]
    bearer: Option<Secret>,
    /// A key in a header of its own.
    #[schema(nullable = false)]
    header: Option<AuthHeaderBody>,
}

/// When several deliveries go in one request, and how that looks. Each stays a delivery with attempts of its own; what is
/// not taken is tried again together. Headers, method and path that steps give are not those of a batch.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchBody {
    /// It is sent as soon as so many wait.
    #[schema(required = true, minimum = 2, maximum = 1000, nullable = false)]
    max_events: Option<u32>,
    /// Or as soon as the first of them came so many milliseconds ago; 1000 if not given.
    #[schema(minimum = 1, maximum = 3600000, nullable = false)]
    max_wait_ms: Option<u64>,
    /// `array`: a list of payloads. `envelope`: an object with `batch`, `count` and `items`, each with `id`, `type` and
    /// `payload`. `array` if not given.
    #[schema(nullable = false)]
    form: Option<BatchForm>,
    /// A JSONPath over the JSON of a 2xx answer that names the members which were not taken, one by each node: a whole
    /// number by its place, from 0; a text by the id of its delivery or event; anything else by the place of what it
    /// stands in, in the outermost list. `$.items[?@.index.status >= 400]` for Elasticsearch. Only those are tried again,
    /// as `refused_in_batch`. An answer that cannot be read so, because it is no JSON or longer than 1 MiB, counts as
    /// `bad_response` for all: they are sent again, also what was taken. If not given, 2xx is for all of them.
    #[schema(min_length = 1, max_length = 4096)]
    failed: Option<String>,
}

impl BatchBody {
    /// As the domain takes it; that a number is missing has been told.
    fn batch(self) -> BatchRule {
        BatchRule {
            max_events: self.max_events.unwrap_or(BATCH_EVENTS_MAX),
            max_wait_ms: self.max_wait_ms.unwrap_or(BATCH_WAIT_MS),
            form: self.form.unwrap_or_default(),
            failed: self.failed,
        }
    }
}

/// Where payloads are to go.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationBody {
    /// Unique in the workspace.
    #[schema(required = true, nullable = false)]
    name: Option<Name>,
    /// Whether things flow. What is paused holds.
    #[schema(nullable = false)]
    state: Option<FlowState>,
    /// What it is; `http` if not given. It stays that.
    #[schema(nullable = false)]
    kind: Option<DestinationKind>,
    /// Where deliveries are sent, such as https://example.com/hook; needed where the kind is `http`. Credentials are for
    /// one scheme, host and port: with another one they are given anew, or taken away, in the same request.
    #[schema(nullable = false, max_length = 2048)]
    url: Option<String>,
    /// Of which table it makes rows, by name or id; needed where the kind is `table`.
    #[schema(nullable = false)]
    table: Option<String>,
    /// POST, PUT or PATCH; `POST` if not given.
    #[schema(nullable = false)]
    method: Option<String>,
    /// Sent with every delivery.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    headers: Option<HeadersBody>,
    /// Credentials.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<AuthBody>)]
    auth: Option<Option<AuthBody>>,
    /// How deliveries are signed; by Standard Webhooks if not given.
    #[schema(nullable = false)]
    signing: Option<SigningBody>,
    /// Milliseconds until an attempt counts as failed; 15000 if not given.
    #[schema(minimum = 1, maximum = 600000, nullable = false)]
    timeout_ms: Option<u64>,
    /// What a receiver answers is published as an event of this type, if it is 2xx and has a body of at most 16 KiB; none
    /// is, if not given. Connections take it from `published`.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    answer_type: Option<Option<String>>,
    /// The service behind the URL, which takes bodies of one form only: what it would refuse is not sent, and says why.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<ReceiverKind>)]
    receiver: Option<Option<ReceiverKind>>,
    /// Several deliveries go in one request; each in one of its own, if not given.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<BatchBody>)]
    batch: Option<Option<BatchBody>>,
    /// When failed deliveries are tried again; the preset `standard` if not given.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<RetryBody>)]
    retry: Option<Option<RetryBody>>,
    /// Deliveries at a time; 8 if not given.
    #[schema(minimum = 1, maximum = 1000, nullable = false)]
    concurrency: Option<u32>,
    /// Requests in a time, whenever it begins; what is over it waits, and is no attempt. A batch is one request. Each node
    /// counts for itself, and anew when it starts.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<RateBody>)]
    rate: Option<Option<RateBody>>,
    /// Whether it is refused to delete it, through every door; false if not given.
    #[schema(nullable = false)]
    protect: Option<bool>,
    /// The JSON Schema of the payloads it takes. Plugins are held to it by `hookmill plugin test --destination`.
    #[serde(default, deserialize_with = "parts::nullable")]
    #[schema(value_type = Option<Object>)]
    payload_schema: Option<Option<Box<RawValue>>>,
}

/// How many requests it takes in a time.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateBody {
    /// How many.
    #[schema(required = true, minimum = 1, maximum = 10000, nullable = false)]
    requests: Option<u32>,
    /// In which time.
    #[schema(required = true, nullable = false)]
    per: Option<RatePeriod>,
}

impl RateBody {
    fn read(self, faults: &mut RequestFaults) -> Option<SendRate> {
        if self.requests.is_none() {
            faults.missing("/rate/requests", "say how many, such as 60");
        }
        if self.per.is_none() {
            faults.missing("/rate/per", "say in which time: second, minute or hour");
        }
        Some(SendRate { requests: self.requests?, per: self.per? })
    }
}

/// What a test sends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationTestBody {
    /// The body to send instead of a sample.
    #[schema(value_type = Option<serde_json::Value>, nullable = false)]
    payload: Option<Box<RawValue>>,
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestView {
    /// The id the receiver saw.
    pub id: DeliveryId,
    /// Whether the receiver answered 2xx.
    pub delivered: bool,
    /// What was sent.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload: Option<Box<RawValue>>,
    /// What came back.
    #[schema(required = true)]
    pub response: Option<ResponseView>,
    /// Why nothing came back.
    #[schema(required = true)]
    pub error: Option<ErrorView>,
    /// How long it took.
    pub timings: TimingsView,
}

/// What a change says of it.
type DestinationChange = Patch<DestinationBody>;

/// The operations.
pub(super) fn routes() -> Routes {
    Routes::default()
        .add(Door::read(), routes!(list))
        .add(Door::write().remembered(), routes!(create))
        .add(Door::read(), routes!(show_one))
        .add(Door::write(), routes!(update))
        .add(Door::write(), routes!(delete))
        .add(Door::write().remembered(), routes!(pause))
        .add(Door::write().remembered(), routes!(resume))
        .add(Door::write().remembered().optional_body(), routes!(test))
}

pub(in crate::http::api) fn draft(body: DestinationBody, faults: &mut RequestFaults) -> DestinationDraft {
    DestinationDraft {
        name: body.name.map(|name| name.0),
        state: body.state,
        kind: body.kind,
        http: HttpDraft {
            url: body.url,
            method: body.method,
            auth: body.auth.map(|auth| auth.map(AuthBody::draft)),
            timeout_ms: body.timeout_ms,
            answer_type: body.answer_type,
            receiver: body.receiver,
            batch: body.batch.map(|batch| batch.map(BatchBody::batch)),
        },
        table: body.table,
        headers: body.headers.map(|headers| parts::headers(headers, "/headers", faults)),
        signing: body.signing.map(|signing| signing.draft(faults)),
        retry: body.retry.and_then(|given| retry::change(given, faults)),
        concurrency: body.concurrency,
        rate: body.rate.map(|rate| rate.and_then(|rate| rate.read(faults))),
        protect: body.protect,
        payload_schema: body.payload_schema.map(|schema| schema.map(|raw| raw.get().to_owned())),
    }
}

impl AuthBody {
    fn draft(self) -> AuthDraft {
        let header = self.header.and_then(|header| Some((header.name?, header.value?)));
        AuthDraft { basic: self.basic.and_then(BasicBody::draft), bearer: self.bearer, header }
    }
}

/// Lists destinations.
#[utoipa::path(
    get,
    path = "/v1/destinations",
    params(PageQuery),
    responses((status = 200, body = PageView<DestinationView>)),
)]
async fn list(call: Call, query: QueryParams<PageQuery>) -> Answer {
    let (workspace, page) = (call.workspace()?, query.whole()?.page());
    let snapshot = call.control.snapshot();
    let destinations = snapshot.documents.destinations.of(workspace);
    Ok(reply::ok(&page.of(destinations, |destination| destination.id.bits(), show)))
}

/// Makes a destination; its secret is shown now and never again.
#[utoipa::path(
    post,
    path = "/v1/destinations",
    request_body = DestinationBody,
    responses((status = 201, body = DestinationView)),
)]
async fn create(call: Call, body: JsonBody<DestinationBody>) -> Answer {
    let (draft, faults) = body.map(draft);
    let made = call.control.create_destination(call.workspace()?, draft, faults).await?;
    Ok(reply::created(&format!("/v1/destinations/{}", made.destination.id), &show_new(&made)))
}

/// Shows a destination.
#[utoipa::path(
    get,
    path = "/v1/destinations/{destination}",
    params(("destination" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = DestinationView)),
)]
async fn show_one(call: Call, PathParams(destination): PathParams<String>) -> Answer {
    let snapshot = call.control.snapshot();
    let found = snapshot.documents.destinations.find(call.workspace()?, &destination);
    Ok(reply::ok(&show(found.ok_or_else(|| not_found("destination", &destination))?)))
}

/// Changes the fields given; null takes one away.
#[utoipa::path(
    patch,
    path = "/v1/destinations/{destination}",
    params(("destination" = String, Path, description = "Its id or name.")),
    request_body = DestinationChange,
    responses((status = 200, body = DestinationView)),
)]
async fn update(
    call: Call,
    PathParams(destination): PathParams<String>,
    body: JsonBody<DestinationChange>,
) -> Answer {
    let (draft, faults) = body.map(|change, faults| draft(change.0, faults));
    let which = &destination;
    let changed = call.control.update_destination(call.workspace()?, which, draft, faults).await?;
    Ok(reply::ok(&show_new(&changed)))
}

/// Deletes a destination that no connection uses.
#[utoipa::path(
    delete,
    path = "/v1/destinations/{destination}",
    params(("destination" = String, Path, description = "Its id or name.")),
    responses((status = 204)),
)]
async fn delete(call: Call, PathParams(destination): PathParams<String>) -> Answer {
    call.control.delete_destination(call.workspace()?, &destination).await?;
    Ok(reply::no_content())
}

/// Holds what waits for the destination.
#[utoipa::path(
    post,
    path = "/v1/destinations/{destination}/pause",
    params(("destination" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = DestinationView)),
)]
async fn pause(call: Call, PathParams(destination): PathParams<String>) -> Answer {
    set_state(call, &destination, FlowState::Paused).await
}

/// Lets what was held go out.
#[utoipa::path(
    post,
    path = "/v1/destinations/{destination}/resume",
    params(("destination" = String, Path, description = "Its id or name.")),
    responses((status = 200, body = DestinationView)),
)]
async fn resume(call: Call, PathParams(destination): PathParams<String>) -> Answer {
    set_state(call, &destination, FlowState::Active).await
}

async fn set_state(call: Call, which: &str, state: FlowState) -> Answer {
    let draft = DestinationDraft { state: Some(state), ..DestinationDraft::default() };
    let changed = call.control.update_destination(call.workspace()?, which, draft, Vec::new()).await?;
    Ok(reply::ok(&show(&changed.destination)))
}

/// Sends one request, signed as deliveries are.
#[utoipa::path(
    post,
    path = "/v1/destinations/{destination}/test",
    params(("destination" = String, Path, description = "Its id or name.")),
    request_body = DestinationTestBody,
    responses((status = 200, body = TestView)),
)]
async fn test(
    call: Call,
    PathParams(destination): PathParams<String>,
    body: JsonBody<DestinationTestBody>,
) -> Answer {
    let payload = body.whole()?.payload.map(|raw| Bytes::copy_from_slice(raw.get().as_bytes()));
    let workspace = call.workspace()?;
    let snapshot = call.control.snapshot().clone();
    let found = snapshot.documents.destinations.find(workspace, &destination);
    let id = found.ok_or_else(|| not_found("destination", &destination))?.id;
    let result = call.delivery.test_destination(workspace, id, payload).await?;
    let (response, error) = attempts::show_outcome(&result.outcome);
    let delivered = result.outcome.is_success();
    let timings = attempts::show_timings(result.timings);
    let payload = payload::show(&result.payload).payload;
    Ok(reply::ok(&TestView { id: result.id, delivered, payload, response, error, timings }))
}
