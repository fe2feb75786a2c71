//! A destination as it is shown. Not here: how one is given (`destinations`).

use crate::control::resources::NewDestination;
use crate::domain::config::FlowState;
use crate::domain::destination::BatchForm;
use crate::domain::destination::BatchRule;
use crate::domain::destination::Destination;
use crate::domain::destination::DestinationAuth;
use crate::domain::destination::DestinationKind;
use crate::domain::destination::RatePeriod;
use crate::domain::destination::ReceiverKind;
use crate::domain::destination::SendRate;
use crate::domain::id::DestinationId;
use crate::domain::id::TableId;
use crate::domain::time::Timestamp;
use crate::http::api::configuration::retry;
use crate::http::api::configuration::retry::RetryView;
use crate::http::api::configuration::signing;
use crate::http::api::configuration::signing::SigningView;
use crate::http::api::parts;
use crate::http::api::parts::BasicView;
use crate::http::api::parts::SecretView;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A header with a secret value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthHeaderView {
    /// Its name.
    pub name: String,
    /// Its value, by its end.
    pub value: SecretView,
}

/// Credentials a destination wants. Secrets are never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuthView {
    /// Basic authentication.
    #[schema(required = true)]
    pub basic: Option<BasicView>,
    /// A token, by its end.
    #[schema(required = true)]
    pub bearer: Option<SecretView>,
    /// A key in a header of its own.
    #[schema(required = true)]
    pub header: Option<AuthHeaderView>,
}

/// Where payloads go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DestinationView {
    /// Its id.
    pub id: DestinationId,
    /// Its name.
    pub name: String,
    /// Whether deliveries go out.
    pub state: FlowState,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it is.
    pub kind: DestinationKind,
    /// Where deliveries are sent; null where it is no URL.
    #[schema(required = true)]
    pub url: Option<String>,
    /// Of which table it makes rows; null where it makes none.
    #[schema(required = true)]
    pub table: Option<TableId>,
    /// By which method; null where it is no URL.
    #[schema(required = true)]
    pub method: Option<String>,
    /// Sent with every delivery. The value of one that is a credential is shown as `[secret]`.
    pub headers: serde_json::Value,
    /// Credentials; null where it is no URL.
    #[schema(required = true)]
    pub auth: Option<AuthView>,
    /// How deliveries are signed.
    pub signing: SigningView,
    /// Milliseconds until an attempt counts as failed; null where it is no URL.
    #[schema(required = true)]
    pub timeout_ms: Option<u64>,
    /// The type of the event that a 2xx answer is published as; null: none is.
    #[schema(required = true)]
    pub answer_type: Option<String>,
    /// The service behind the URL, if it is one of those whose form is known.
    #[schema(required = true)]
    pub receiver: Option<ReceiverKind>,
    /// When several deliveries go in one request; null: never.
    #[schema(required = true)]
    pub batch: Option<BatchView>,
    /// When failed deliveries are tried again.
    pub retry: RetryView,
    /// Deliveries at a time.
    pub concurrency: u32,
    /// Requests in a time; null: no bound.
    #[schema(required = true)]
    pub rate: Option<RateView>,
    /// Whether it is refused to delete it.
    pub protect: bool,
    /// The JSON Schema of the payloads it takes.
    #[schema(value_type = Option<serde_json::Value>, required = true)]
    pub payload_schema: Option<Box<RawValue>>,
}

/// How many requests it takes in a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RateView {
    /// How many.
    pub requests: u32,
    /// In which time.
    pub per: RatePeriod,
}

impl RateView {
    /// As it is shown, and as a document says it.
    pub(super) fn of(rate: SendRate) -> Self {
        Self { requests: rate.requests, per: rate.per }
    }
}

/// When several deliveries go in one request, and how that looks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchView {
    /// It is sent as soon as so many wait.
    pub max_events: u32,
    /// Or as soon as the first of them came so many milliseconds ago.
    pub max_wait_ms: u64,
    /// How it looks.
    pub form: BatchForm,
    /// What of an answer names the members that were not taken; null: nothing.
    #[schema(required = true)]
    pub failed: Option<String>,
}

impl BatchView {
    /// As it is set up.
    pub(super) fn of(BatchRule { max_events, max_wait_ms, form, failed }: &BatchRule) -> Self {
        Self { max_events: *max_events, max_wait_ms: *max_wait_ms, form: *form, failed: failed.clone() }
    }
}

fn show_auth(auth: &DestinationAuth) -> AuthView {
    AuthView {
        basic: auth.basic.as_ref().map(|basic| BasicView { username: basic.username.clone() }),
        bearer: auth.bearer.as_ref().map(|bearer| parts::secret_view(&bearer.0)),
        header: auth.header.as_ref().map(|header| AuthHeaderView {
            name: header.name.clone(),
            value: parts::secret_view(&header.value.0),
        }),
    }
}

/// A destination without its secret.
pub(super) fn show(destination: &Destination) -> DestinationView {
    let http = destination.endpoint.http();
    DestinationView {
        id: destination.id,
        name: destination.name.clone(),
        state: destination.state,
        created_at: destination.created_at,
        kind: destination.endpoint.kind(),
        url: http.map(|http| http.url.clone()),
        table: destination.endpoint.table(),
        method: http.map(|http| http.method.clone()),
        headers: parts::headers_object(&destination.headers),
        auth: http.map(|http| show_auth(&http.auth)),
        signing: signing::show(&destination.signing, None),
        timeout_ms: http.map(|http| http.timeout_ms),
        answer_type: http.and_then(|http| http.answer_type.clone()),
        receiver: http.and_then(|http| http.receiver),
        batch: http.and_then(|http| http.batch.as_ref()).map(BatchView::of),
        retry: retry::show(&destination.retry),
        concurrency: destination.concurrency,
        rate: destination.rate.map(RateView::of),
        protect: destination.protect,
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
