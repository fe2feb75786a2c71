//! A request on its way through its operation's door. Not here: the tables of what each door asks for (`routes`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use bytes::Bytes;

use crate::http::background::Leave;
use crate::http::door::Door;
use crate::http::door::Place;
use crate::http::door::admit::admit;
use crate::http::door::admit::admit_own;
use crate::http::door::admit::still_admitted;
use crate::http::door::media;
use crate::http::door::memory;
use crate::http::door::own::OwnCall;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::request::Allowance;
use crate::http::request::Call;
use crate::http::request::refuse_parameters;
use crate::http::server::peer::Peer;
use crate::http::site::Site;
use crate::shape::Work;

/// A larger body is not read beside events, unless it is events.
const AT_ONCE_BYTES_MAX: usize = 64 << 10;

/// What a door asks for, with what the operation's description says of its bodies.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) door: Door,
    /// The media type of a good answer.
    pub(super) answer: Option<String>,
    /// The media type of its body.
    pub(super) body: Option<String>,
    /// Whether it takes parameters of a query.
    pub(super) has_query: bool,
}

/// Lets a request through, or says why not.
pub(super) async fn pass(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    through(&guard, request, next).await.unwrap_or_else(Problem::into_response)
}

async fn through(guard: &Guard, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let Some(site) = parts.extensions.get::<Arc<Site>>().cloned() else {
        return Err(Problem::new(Kind::Internal, "this request belongs to no server"));
    };
    let access = guard.door.access;
    let own = parts.extensions.get::<OwnCall>().map(|own| own.0.clone());
    let principal = match &own {
        Some(own) => admit_own(access, own)?,
        None => admit(&site, access, &parts.headers)?,
    };
    if !guard.door.has_any_answer {
        media::check_accept(guard.answer.as_deref(), &parts.headers)?;
    }
    let (media, most) = (guard.body.as_deref(), guard.door.bytes_max);
    let body = media::take_body(&site, media, most, &parts.headers, body).await?;
    let left_out = guard.door.is_body_optional && body.is_empty();
    let body = if left_out { Bytes::from_static(b"{}") } else { body };
    // A body may take long, and the key be gone when it is there.
    if own.is_none() {
        still_admitted(&site, access, principal.as_ref())?;
    }
    if !guard.has_query {
        refuse_parameters(parts.uri.query().unwrap_or(""))?;
    }
    let call = Call::new(site.clone(), principal);
    parts.extensions.insert(call.clone());
    let peer = parts.extensions.get::<Peer>().cloned();
    let asked = memory::Asking::of(&parts, &body).filter(|_| guard.door.is_remembered);
    let request = Request::from_parts(parts, Body::from(body.clone()));
    let working = work(guard, call.clone(), body, request, next);
    if let Some(asked) = asked {
        let still = || still_admitted(&site, access, call.principal().ok());
        return memory::once(&site, call.workspace()?, &asked, still, working).await;
    }
    match peer.filter(|_| guard.door.place == Place::BackgroundWhileAsked) {
        None => working.await,
        Some(peer) => tokio::select! {
            answer = working => answer,
            () = peer.left() => Err(Problem::new(Kind::IncompleteBody, "the client left before the answer")),
        },
    }
}

/// Has the request worked on where its operation belongs.
async fn work(
    guard: &Guard,
    call: Call,
    body: Bytes,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let is_json = guard.body.as_deref() == Some(media::JSON);
    let leave = match guard.door.place {
        Place::BySize if is_json && body.len() > AT_ONCE_BYTES_MAX => Leave::GoesOn,
        Place::AtOnce | Place::BySize => return Ok(next.run(request).await),
        Place::Background => Leave::GoesOn,
        Place::BackgroundWhileAsked => Leave::Ends,
    };
    let compute = move |work: Work| {
        request.extensions_mut().insert(Allowance::new(work));
        async move { next.run(request).await }
    };
    Ok(call.site.doors.background.run(call.workspace()?, leave, compute).await?)
}
