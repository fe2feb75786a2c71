//! Destinations that are a URL.

use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderMap;
use ::http::HeaderName;
use ::http::HeaderValue;
use ::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::control::resources::check::BasicDraft;
use crate::control::resources::check::Faults;
use crate::control::resources::check::basic;
use crate::control::resources::check::fields;
use crate::domain::destination::AuthHeader;
use crate::domain::destination::BATCH_EVENTS_MAX;
use crate::domain::destination::BATCH_WAIT_MS_MAX;
use crate::domain::destination::BatchRule;
use crate::domain::destination::DestinationAuth;
use crate::domain::destination::HttpEndpoint;
use crate::domain::destination::ReceiverKind;
use crate::domain::secret::Secret;
use crate::domain::secret::StoredSecret;
use crate::egress::Egress;
use crate::egress::Target;
use crate::shape::Query;

const METHODS: [&str; 3] = ["POST", "PUT", "PATCH"];
const TIMEOUT_MS_MAX: u64 = 600_000;
const TYPE_CHARS_MAX: usize = 200;

/// Credentials a request gives.
#[derive(Clone, Debug, Default)]
pub struct AuthDraft {
    /// `Authorization: Basic …`.
    pub basic: Option<BasicDraft>,
    /// `Authorization: Bearer …`.
    pub bearer: Option<Secret>,
    /// A header with a secret value.
    pub header: Option<(String, Secret)>,
}

/// What a request says of what only URLs have; `None`: not mentioned. `Some(None)`: taken away.
#[derive(Clone, Debug, Default)]
pub struct HttpDraft {
    /// http(s).
    pub url: Option<String>,
    /// POST, PUT or PATCH.
    pub method: Option<String>,
    /// Credentials.
    pub auth: Option<Option<AuthDraft>>,
    /// Milliseconds.
    pub timeout_ms: Option<u64>,
    /// The type of the event that answers are published as.
    pub answer_type: Option<Option<String>>,
    /// The service behind it.
    pub receiver: Option<Option<ReceiverKind>>,
    /// Several deliveries in one request.
    pub batch: Option<Option<BatchRule>>,
}

impl HttpDraft {
    /// The names of what it mentions.
    pub(super) fn given(&self) -> impl Iterator<Item = &'static str> {
        let Self { url, method, auth, timeout_ms, answer_type, receiver, batch } = self;
        let given = [
            ("url", url.is_some()),
            ("method", method.is_some()),
            ("auth", auth.is_some()),
            ("timeout_ms", timeout_ms.is_some()),
            ("answer_type", answer_type.is_some()),
            ("receiver", receiver.is_some()),
            ("batch", batch.is_some()),
        ];
        given.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name)
    }
}

/// A URL, ready to be sent to.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    /// Where it is, or why the rules for outgoing requests forbid it.
    pub target: Result<Arc<Target>, String>,
    /// How, where a mapping says nothing.
    pub method: Method,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// The type of the event that a 2xx answer is published as.
    pub answer_type: Option<Arc<str>>,
    /// The service behind it, whose form bodies must have.
    pub receiver: Option<ReceiverKind>,
    /// Several deliveries in one request.
    pub batch: Option<BatchRule>,
    /// What of an answer names members of a batch that were not taken, or what is wrong with it since it was saved.
    pub failed: Option<Result<Arc<Query>, String>>,
}

impl HttpTransport {
    pub(super) fn compile(endpoint: &HttpEndpoint, egress: &Egress) -> Self {
        let target = egress.check_url(&endpoint.url).map(|checked| egress.target(&checked));
        Self {
            target: target.map_err(|refusal| refusal.to_string()),
            method: Method::from_bytes(endpoint.method.as_bytes()).unwrap_or(Method::POST),
            timeout: Duration::from_millis(endpoint.timeout_ms),
            answer_type: endpoint.answer_type.as_deref().map(Arc::from),
            receiver: endpoint.receiver,
            batch: endpoint.batch.clone(),
            failed: endpoint.batch.as_ref().and_then(|batch| batch.failed.as_deref()).map(compile_failed),
        }
    }
}

fn compile_failed(text: &str) -> Result<Arc<Query>, String> {
    Query::compile(text).map(Arc::new).map_err(|fault| fault.detail)
}

pub(super) fn credentials(auth: &DestinationAuth) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &str| {
        if let (Ok(name), Ok(mut value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    };
    if let Some(basic) = &auth.basic {
        let pair = format!("{}:{}", basic.username, basic.password.0.expose());
        put("authorization", &format!("Basic {}", STANDARD.encode(pair)));
    }
    if let Some(bearer) = &auth.bearer {
        put("authorization", &format!("Bearer {}", bearer.0.expose()));
    }
    if let Some(header) = &auth.header {
        put(&header.name, header.value.0.expose());
    }
    headers
}

pub(super) fn apply(endpoint: &mut HttpEndpoint, draft: HttpDraft, egress: &Egress, faults: &mut Faults) {
    match draft.url {
        Some(url) => match egress.check_url(&url) {
            Ok(checked) => endpoint.url = checked.as_str().to_owned(),
            Err(refusal) => faults.add("/url", refusal.to_string()),
        },
        // Of a kind that nobody knows, nobody knows whether it has one.
        None if endpoint.url.is_empty() && !faults.within("/kind") => {
            faults.missing("/url", "a destination needs a URL such as https://example.com/hook");
        }
        None => {}
    }
    if let Some(method) = draft.method {
        endpoint.method = method.to_ascii_uppercase();
        if !METHODS.contains(&endpoint.method.as_str()) {
            faults.add("/method", format!("expected any of {}", METHODS.join(", ")));
        }
    }
    if let Some(auth) = draft.auth {
        endpoint.auth = checked_auth(auth.unwrap_or_default(), faults);
    }
    if let Some(timeout_ms) = draft.timeout_ms {
        fields::within(timeout_ms, 1, TIMEOUT_MS_MAX, "/timeout_ms", faults);
        endpoint.timeout_ms = timeout_ms;
    }
    if let Some(answer_type) = draft.answer_type {
        let is_one = |given: &String| (1..=TYPE_CHARS_MAX).contains(&given.chars().count());
        if answer_type.as_ref().is_some_and(|given| !is_one(given)) {
            faults.add("/answer_type", format!("an event type has 1 to {TYPE_CHARS_MAX} characters"));
        }
        endpoint.answer_type = answer_type;
    }
    endpoint.receiver = draft.receiver.unwrap_or(endpoint.receiver);
    if let Some(batch) = draft.batch {
        endpoint.batch = batch;
    }
    check_batch(endpoint, faults);
}

fn check_batch(endpoint: &HttpEndpoint, faults: &mut Faults) {
    let Some(batch) = &endpoint.batch else { return };
    fields::within(batch.max_events, 2, BATCH_EVENTS_MAX, "/batch/max_events", faults);
    fields::within(batch.max_wait_ms, 1, BATCH_WAIT_MS_MAX, "/batch/max_wait_ms", faults);
    if let Some(Err(detail)) = batch.failed.as_deref().map(compile_failed) {
        faults.add("/batch/failed", detail);
    }
    if let Some(receiver) = endpoint.receiver {
        faults.add("/batch", format!("{} takes one message in a request: leave this out", receiver.name()));
    }
    if endpoint.answer_type.is_some() {
        faults.add("/batch", "what is answered to a batch is no event: leave this out, or `answer_type`");
    }
}

fn checked_auth(auth: AuthDraft, faults: &mut Faults) -> DestinationAuth {
    if auth.basic.is_some() && auth.bearer.is_some() {
        faults.add("/auth", "`basic` and `bearer` both want the header Authorization; give one of them");
    }
    let visible = |secret: &Secret| HeaderValue::from_str(secret.expose()).is_ok();
    if auth.bearer.as_ref().is_some_and(|bearer| !visible(bearer)) {
        faults.add("/auth/bearer", "the value has characters that no header can carry");
    }
    let header = auth.header.and_then(|(name, value)| {
        if !visible(&value) {
            faults.add("/auth/header/value", "the value has characters that no header can carry");
        }
        match fields::header_name(&name) {
            Ok(name) => Some(AuthHeader { name, value: StoredSecret(value) }),
            Err(detail) => {
                faults.add("/auth/header/name", detail);
                None
            }
        }
    });
    DestinationAuth {
        basic: auth.basic.map(|basic| basic::checked(basic, "/auth/basic", faults)),
        bearer: auth.bearer.map(StoredSecret),
        header,
    }
}
