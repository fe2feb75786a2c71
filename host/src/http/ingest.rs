//! `/in/{source}`: the short path. One look-up, one body, one commit, one answer; no router.
//! Not here: whether a request may in (`pipeline::accept`).

use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::StatusCode;
use http::header::ALLOW;
use http::header::CONTENT_TYPE;
use hyper::body::Incoming as RequestBody;

use crate::control::snapshot::SourceRuntime;
use crate::domain::config::CustomResponse;
use crate::domain::event::Headers;
use crate::http::body;
use crate::http::body::BodyFault;
use crate::http::path;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::site::Site;
use crate::pipeline::AcceptError;
use crate::pipeline::Incoming;
use crate::pipeline::Pipeline;
use crate::pipeline::Taken;
use crate::rules::own_answer;
use crate::rules::verify::ProviderAnswer;
use crate::store::Accepted;

/// What the paths of sources begin with.
pub(crate) const PREFIX: &str = "/in/";
/// Says an event's id also where the answer is the user's own.
const EVENT_ID: HeaderName = HeaderName::from_static("hookmill-event-id");

/// Takes a request in at a source.
pub(crate) async fn answer(site: &Site, request: Request<RequestBody>) -> Response {
    let mut response = take(site, request).await.unwrap_or_else(Problem::into_response);
    reply::seal(response.headers_mut());
    response
}

async fn take(site: &Site, request: Request<RequestBody>) -> Result<Response, Problem> {
    let pipeline = &site.doors.pipeline;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let (revision, mut source) = (pipeline.snapshot().revision(), find(pipeline, path)?);
    if let Some(answered) = probe(&parts.method, &source) {
        return Ok(answered);
    }
    let headers = to_headers(&parts.headers);
    let body = match body::read(body, source.body_bytes_max(), site.body_deadline()).await {
        Ok(body) => body,
        Err(fault) => return Err(refuse(pipeline, &source, fault, headers)),
    };
    // A body may take long: what counts is what the source is when it is there.
    if pipeline.snapshot().revision() != revision {
        source = find(pipeline, path)?;
    }
    let incoming = Incoming {
        method: parts.method.as_str().to_owned(),
        url: format!("{}{}", site.public_url, parts.uri.path_and_query().map_or(path, |path| path.as_str())),
        path: path.to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers,
        body,
    };
    Ok(match (pipeline.accept(&source, incoming).await?, &source.source.response) {
        (Taken::Question(reply), _) => reply::bytes(reply.content_type, reply.body.into()),
        (Taken::Event(accepted), None) => match source.provider_answer() {
            None => usual(accepted),
            Some(answer) => wanted(answer, accepted),
        },
        (Taken::Event(accepted), Some(custom)) => own(custom, accepted),
    })
}

/// The source in `/in/{source}` or `/in/{source}/…`.
fn find(pipeline: &Pipeline, path: &str) -> Result<std::sync::Arc<SourceRuntime>, AcceptError> {
    let rest = path.strip_prefix(PREFIX).unwrap_or("");
    let coded = rest.split_once('/').map_or(rest, |(source, _)| source);
    let name = path::decode(coded);
    pipeline.source_at(&name)
}

/// Whoever asks whether somebody is there is told so; that is no event, and nothing of it has to be signed.
fn probe(method: &Method, source: &SourceRuntime) -> Option<Response> {
    let status = match *method {
        Method::HEAD => StatusCode::OK,
        Method::OPTIONS => StatusCode::NO_CONTENT,
        _ => return None,
    };
    let mut allowed: Vec<&str> = source.source.methods.iter().map(String::as_str).collect();
    allowed.extend(
        ["HEAD", "OPTIONS"].iter().filter(|name| !source.source.methods.iter().any(|have| have == *name)),
    );
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    Some(response)
}

/// What the door itself refuses is recorded as well.
fn refuse(pipeline: &Pipeline, source: &SourceRuntime, fault: BodyFault, headers: Headers) -> Problem {
    let (code, status, detail) = match fault {
        BodyFault::TooLarge(limit) => ("too_large", 413, format!("the body is longer than {limit} bytes")),
        BodyFault::Slow(_) => ("slow", 408, "the body did not arrive in time".to_owned()),
        BodyFault::Broken => ("incomplete", 400, "the body ended before it was whole".to_owned()),
    };
    pipeline.reject(source, code, status, detail, headers, Bytes::new());
    fault.into()
}

/// Names are in lower case already. Values that are not UTF-8 are Latin-1, as HTTP had it.
pub(crate) fn to_headers(headers: &HeaderMap) -> Headers {
    let pairs = headers.iter().map(|(name, value)| {
        let value = match value.to_str() {
            Ok(text) => text.to_owned(),
            Err(_) => match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => text.to_owned(),
                Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
            },
        };
        (name.as_str().to_owned(), value)
    });
    Headers(pairs.collect())
}

/// `{"id":"evt_…"}`, written by hand: an id needs no escaping.
fn usual(accepted: Accepted) -> Response {
    let body = match accepted.duplicate {
        false => format!("{{\"id\":\"{}\"}}", accepted.id),
        true => format!("{{\"id\":\"{}\",\"duplicate\":true}}", accepted.id),
    };
    reply::json_bytes(StatusCode::ACCEPTED, body.into())
}

/// What a provider wants to hear.
fn wanted(answer: &ProviderAnswer, accepted: Accepted) -> Response {
    let id = HeaderValue::from_str(&accepted.id.to_string());
    let mut response = match &answer.body {
        None => usual(accepted),
        Some(body) => Response::new(Body::from(body.clone())),
    };
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if let Some(Ok(media)) = answer.content_type.as_deref().map(HeaderValue::from_str) {
        response.headers_mut().insert(CONTENT_TYPE, media);
    }
    if let Ok(id) = id {
        response.headers_mut().insert(EVENT_ID, id);
    }
    response
}

/// What was set up before there were rules for it is kept out here.
fn own(custom: &CustomResponse, accepted: Accepted) -> Response {
    let mut response = Response::new(Body::from(custom.body.clone()));
    *response.status_mut() = StatusCode::from_u16(custom.status).unwrap_or(StatusCode::ACCEPTED);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let may = |(name, value): &&(String, String)| own_answer::check(name, value).is_ok();
    for (name, value) in custom.headers.0.iter().filter(may) {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            response.headers_mut().insert(name, value);
        }
    }
    if let Ok(id) = HeaderValue::from_str(&accepted.id.to_string()) {
        response.headers_mut().insert(EVENT_ID, id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::EventId;

    /// What was saved before there were rules for it.
    #[test]
    fn an_answer_that_was_set_up_long_ago_is_no_page_either() {
        let pairs = [
            ("content-type", "text/html"),
            ("content-security-policy", "default-src *"),
            ("service-worker-allowed", "/"),
            ("x-request-id", "7"),
        ];
        let headers = Headers(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec());
        let custom = CustomResponse { status: 200, headers, body: "<script>1</script>".to_owned() };
        let mut answer = own(&custom, Accepted { id: EventId::from_bits(1), duplicate: false });
        reply::seal(answer.headers_mut());
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(header("content-type"), "text/plain; charset=utf-8");
        assert!(header("content-security-policy").contains("sandbox"));
        assert_eq!((header("x-request-id"), header("service-worker-allowed")), ("7", ""));
    }
}
