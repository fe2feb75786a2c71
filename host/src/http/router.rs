//! From a request to the handler that answers it: path and method, key and scope, media types,
//! body, and the memory of writes. Not here: what the handlers do (`api`), events at sources
//! (`ingest`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::response::Response;
use axum::routing::MethodFilter;
use axum::routing::on;
use bytes::Buf as _;
use bytes::Bytes;
use http::HeaderMap;
use http::Request;
use http::header::ACCEPT;
use http::header::AUTHORIZATION;
use http::header::CONTENT_ENCODING;
use http::header::CONTENT_TYPE;
use http::header::WWW_AUTHENTICATE;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::control::Principal;
use crate::http::api;
use crate::http::background::Leave;
use crate::http::body;
use crate::http::docs;
use crate::http::endpoint::Access;
use crate::http::endpoint::Answer;
use crate::http::endpoint::Call;
use crate::http::endpoint::Endpoint;
use crate::http::endpoint::Input;
use crate::http::endpoint::Output;
use crate::http::endpoint::Place;
use crate::http::idempotency::ANSWER_BYTES_MAX;
use crate::http::idempotency::Asked;
use crate::http::idempotency::Memory;
use crate::http::idempotency::Saved;
use crate::http::idempotency::Turn;
use crate::http::ingest;
use crate::http::openapi;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::server::ServerLimits;
use crate::http::server::connection::Answerer;
use crate::http::server::peer::Peer;
use crate::http::site::Doors;
use crate::http::site::Site;
use crate::shape::Ended;
use crate::shape::Work;

/// What some programs write before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A JSON body of the API may have so many times what an event's body may have: a batch of
/// events is one.
const JSON_BODY_FACTOR: u64 = 4;
const JSON_BODY_LEAST: u64 = 1 << 20;
/// A larger body is not read beside events, unless it is events.
const AT_ONCE_BYTES_MAX: usize = 64 << 10;

/// Answers every request of one server.
pub(crate) struct Router {
    site: Arc<Site>,
    routes: axum::Router,
}

impl Router {
    /// Routes for all endpoints.
    pub(crate) fn new(
        doors: Doors,
        limits: ServerLimits,
        public_url: &str,
        closing: CancellationToken,
    ) -> Self {
        let endpoints = api::endpoints();
        let document = openapi::document(&endpoints);
        let site = Site {
            doors,
            public_url: public_url.trim_end_matches('/').to_owned(),
            limits,
            closing,
            memory: Memory::default(),
            docs: docs::page(&document),
            openapi: Bytes::from(document.to_string()),
        };
        let site = Arc::new(site);
        Self { routes: routes(&site, endpoints), site }
    }

    /// The routes alone, for tests that need no connection.
    #[cfg(test)]
    pub(crate) fn routes(&self) -> axum::Router {
        self.routes.clone()
    }
}

impl Answerer for Router {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        if request.uri().path().starts_with(ingest::PREFIX) {
            return ingest::answer(&self.site, request).await;
        }
        match self.routes.clone().oneshot(request.map(Body::new)).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

fn routes(site: &Arc<Site>, endpoints: Vec<Endpoint>) -> axum::Router {
    let mut router = axum::Router::new();
    for endpoint in endpoints {
        let method = MethodFilter::try_from(endpoint.method.clone()).expect("endpoints have common methods");
        let (site, path, endpoint) = (site.clone(), endpoint.path, Arc::new(endpoint));
        let handler = move |params: Result<RawPathParams, RawPathParamsRejection>,
                            request: axum::extract::Request| {
            let (site, endpoint) = (site.clone(), endpoint.clone());
            async move { run(site, endpoint, params.ok(), request).await.unwrap_or_else(Problem::into_response) }
        };
        router = router.route(path, on(method, handler));
    }
    router.fallback(nothing_here).method_not_allowed_fallback(not_that_method)
}

async fn nothing_here(request: axum::extract::Request) -> Response {
    let detail = format!("there is nothing at {}; see /docs", request.uri().path());
    Problem::new(Kind::NotFound, detail).into_response()
}

async fn not_that_method(request: axum::extract::Request) -> Response {
    let detail = format!("{} is not possible at {}; see /docs", request.method(), request.uri().path());
    Problem::new(Kind::MethodNotAllowed, detail).into_response()
}

/// The door of the API.
async fn run(
    site: Arc<Site>,
    endpoint: Arc<Endpoint>,
    params: Option<RawPathParams>,
    request: axum::extract::Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let principal = admit(&site, &endpoint, &parts.headers)?;
    check_accept(&endpoint, &parts.headers)?;
    let body = take_body(&site, &endpoint, &parts.headers, body).await?;
    // A body may take long, and the key be gone when it is there.
    still_admitted(&site, &endpoint, principal.as_ref())?;
    let path = params.iter().flatten().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = parts.uri.query().unwrap_or("").to_owned();
    let operation = format!("{} {}", parts.method, parts.uri.path());
    let work = Work::of_request(Ended::default());
    let peer = parts.extensions.get::<Peer>().cloned();
    let call = Call { site, endpoint, principal, path, query, headers: parts.headers, body, work };
    call.params_known()?;
    if call.endpoint.remembered && call.headers.contains_key("idempotency-key") {
        return remembered(&operation, call).await;
    }
    match peer.filter(|_| call.endpoint.place == Place::ApartWhileAsked) {
        None => handle(call).await,
        Some(peer) => tokio::select! {
            answer = handle(call) => answer,
            () = peer.left() => Err(Problem::new(Kind::IncompleteBody, "the client left before the answer")),
        },
    }
}

/// Has the request worked on where its operation belongs.
async fn handle(call: Call) -> Answer {
    let apart = match call.endpoint.place {
        Place::AtOnce => false,
        Place::BySize => {
            let json = matches!(call.endpoint.input, Input::Json(_) | Input::OptionalJson(_));
            json && call.body.len() > AT_ONCE_BYTES_MAX
        }
        Place::Apart | Place::ApartWhileAsked => true,
    };
    let workspace = call.principal.as_ref().filter(|_| apart).map(|principal| principal.workspace);
    let handler = call.endpoint.handler;
    match workspace {
        Some(workspace) => {
            let background = call.site.doors.background.clone();
            let leave = match call.endpoint.place {
                Place::ApartWhileAsked => Leave::Ends,
                Place::AtOnce | Place::BySize | Place::Apart => Leave::GoesOn,
            };
            background.run(workspace, leave, move |work| handler(Call { work, ..call })).await?
        }
        None => handler(call).await,
    }
}

impl Call {
    /// Unknown parameters are faults everywhere, also where no handler looks at the query.
    fn params_known(&self) -> Result<(), Problem> {
        self.params().done()
    }
}

fn admit(site: &Site, endpoint: &Endpoint, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
    let Access::Key(scope) = endpoint.access else { return Ok(None) };
    let refused = |detail: &str| Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, "Bearer");
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.ok_or_else(|| refused("send a key of the API as `Authorization: Bearer hm_…`"))?;
    let token = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (_, token) = token.ok_or_else(|| refused("the header Authorization must be `Bearer` and a key"))?;
    let principal = site.doors.control.authenticate(token.trim());
    let principal =
        principal.ok_or_else(|| refused("this key is unknown, expired, or the key of a source"))?;
    if !principal.may(scope) {
        let name = format!("{scope:?}").to_ascii_lowercase();
        return Err(Problem::new(Kind::Forbidden, format!("this needs a key with the scope `{name}`")));
    }
    Ok(Some(principal))
}

/// What the key was let in for, it must still be let in for.
fn still_admitted(site: &Site, endpoint: &Endpoint, principal: Option<&Principal>) -> Result<(), Problem> {
    let (Access::Key(scope), Some(principal)) = (&endpoint.access, principal) else { return Ok(()) };
    if site.doors.control.still_may(principal, *scope) {
        return Ok(());
    }
    let detail = "this key was deleted or has expired while the request was under way";
    Err(Problem::new(Kind::Unauthorized, detail).header(WWW_AUTHENTICATE, "Bearer"))
}

/// Media types are looked at without parameters; a client that accepts only others is told.
fn check_accept(endpoint: &Endpoint, headers: &HeaderMap) -> Result<(), Problem> {
    let media = match endpoint.output {
        Output::Json(_) => "application/json",
        Output::Media(media) => media,
        Output::Nothing => return Ok(()),
    };
    let Some(accepted) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let group = media.split('/').next().unwrap_or(media);
    let fits = accepted.split(',').any(|range| {
        let range = range.split(';').next().unwrap_or("").trim();
        let any_of_group = range.strip_suffix("/*").is_some_and(|wanted| wanted == "*" || wanted == group);
        any_of_group || media == "*/*" || range.eq_ignore_ascii_case(media)
    });
    if fits || accepted.trim().is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        Kind::NotAcceptable,
        format!("the answer is {media}, which the header Accept does not allow"),
    ))
}

async fn take_body(
    site: &Site,
    endpoint: &Endpoint,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Problem> {
    let (media, limit) = match endpoint.input {
        Input::None => return Ok(Bytes::new()),
        Input::Json(_) | Input::OptionalJson(_) => {
            ("application/json", (site.limits.body_bytes_max * JSON_BODY_FACTOR).max(JSON_BODY_LEAST))
        }
        Input::Bytes(media, limit) => (media, limit),
    };
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let given = given.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let json = media == "application/json" && given.ends_with("+json");
    if !(given.is_empty() || given == media || json) {
        let detail = format!("the body is {given}; this takes {media}, said in the header Content-Type");
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let coding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("").trim();
    if !(coding.is_empty() || coding.eq_ignore_ascii_case("identity")) {
        let detail = "the body is compressed (header Content-Encoding); send it as it is";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let mut body = body::read(body, limit, site.body_deadline()).await?;
    // RFC 8259 lets a reader of JSON pass over a byte order mark.
    if media == "application/json" && body.starts_with(BYTE_ORDER_MARK) {
        body.advance(BYTE_ORDER_MARK.len());
    }
    Ok(body)
}

/// Does a write once for its `Idempotency-Key`.
async fn remembered(operation: &str, call: Call) -> Answer {
    let site = call.site.clone();
    let key =
        call.headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (query, body) = (call.query.clone(), call.body.clone());
    let content = [query.as_bytes(), &body];
    let asked = Asked { workspace: call.workspace()?, operation, key: &key, content };
    let mut slot = match site.memory.turn(&asked).await? {
        Turn::Again(saved) => {
            // Whoever did it first may have taken long.
            still_admitted(&site, &call.endpoint, call.principal.as_ref())?;
            return Ok(respond(saved));
        }
        Turn::First(slot) => slot,
    };
    let response = handle(call).await?;
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Err(Problem::new(Kind::Internal, "the answer could not be written"));
    };
    let saved = Saved { status: parts.status, headers: parts.headers, body: bytes };
    if saved.body.len() <= ANSWER_BYTES_MAX {
        slot.save(saved.clone());
    }
    Ok(respond(saved))
}

fn respond(saved: Saved) -> Response {
    let mut response = Response::new(Body::from(saved.body));
    *response.status_mut() = saved.status;
    *response.headers_mut() = saved.headers;
    response
}
