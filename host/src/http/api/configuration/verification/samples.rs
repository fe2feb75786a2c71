//! `/v1/verification/samples`: which preset or scheme accepts a request that somebody has, so that a source can be set
//! up for its provider. Nothing is stored. Not here: the search (`rules::verify`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::control::FieldFault;
use crate::domain::event::Headers;
use crate::domain::secret::Secret;
use crate::domain::verification::Scheme;
use crate::http::api::parts;
use crate::http::api::parts::HeadersBody;
use crate::http::door::Door;
use crate::http::door::Routes;
use crate::http::problem::Kind;
use crate::http::problem::Problem;
use crate::http::reply;
use crate::http::reply::Answer;
use crate::http::request::Call;
use crate::http::request::JsonBody;
use crate::http::request::RequestFaults;
use crate::rules::verify;
use crate::rules::verify::Recognition;
use crate::rules::verify::SAMPLE_BYTES_MAX;
use crate::rules::verify::SignedRequest;

/// A request of a provider as it came, and the secret that it was signed with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedSampleBody {
    /// The secret; it is not stored.
    #[schema(nullable = false)]
    secret: Option<Secret>,
    /// Instead of `secret`: the name of one of the workspace's secrets.
    #[schema(nullable = false)]
    secret_name: Option<String>,
    /// All headers of the request.
    #[schema(value_type = BTreeMap<String, String>)]
    headers: Option<HeadersBody>,
    /// Its body, byte for byte; at most 64 KiB.
    #[schema(nullable = false)]
    body: Option<String>,
    /// Instead of `body`: its bytes in base 64.
    #[schema(nullable = false)]
    body_base64: Option<String>,
    /// The URL that the provider sends to, for those that sign it.
    #[schema(nullable = false)]
    url: Option<String>,
    /// Its method; POST if not given.
    #[schema(nullable = false)]
    method: Option<String>,
}

/// What accepts a sample.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecognitionView {
    /// Presets, for `verification.preset`.
    pub presets: Vec<String>,
    /// Their schemes, or others if no preset accepts it, for `verification.scheme`; the likely ones first.
    pub schemes: Vec<Scheme>,
    /// What was found, or why nothing was.
    pub says: String,
}

/// The operations.
pub(in crate::http::api::configuration) fn routes() -> Routes {
    Routes::default().add(Door::write().in_background_while_asked(), routes!(recognize))
}

/// Finds the presets and schemes that accept a request with a secret, however old it is.
#[utoipa::path(
    post,
    path = "/v1/verification/samples",
    request_body = SignedSampleBody,
    responses((status = 200, body = RecognitionView)),
)]
async fn recognize(call: Call, body: JsonBody<SignedSampleBody>) -> Answer {
    let (sample, mut faults) = body.map(read);
    let workspace = call.workspace()?;
    let secret = match sample.secret {
        Some(GivenSecret::Value(secret)) => Some(secret),
        Some(GivenSecret::Name(name)) => {
            let found = call.control.secret_value(workspace, &name).map_err(|error| error.to_string());
            let none =
                "there is no secret of this name in this workspace; `hookmill secret set NAME` sets one";
            let found = found.and_then(|found| found.ok_or_else(|| none.to_owned()));
            let pointer = "/secret_name".to_owned();
            found.map_err(|detail| faults.push(FieldFault { pointer, detail })).ok()
        }
        None => None,
    };
    let Some(secret) = secret.filter(|_| faults.is_empty()) else {
        return Err(Problem::invalid(Kind::InvalidRequest, faults));
    };
    let (path, query) = path_and_query(&sample.url);
    let request = SignedRequest {
        method: &sample.method,
        url: &sample.url,
        path,
        query,
        headers: &sample.headers,
        body: &sample.body,
    };
    let Recognition { presets, schemes, says } = verify::recognize(&request, &secret, call.control.now());
    Ok(reply::ok(&RecognitionView { presets, schemes, says }))
}

enum GivenSecret {
    Value(Secret),
    Name(String),
}

/// A sample that can be looked at, if it has no faults.
struct ReadSample {
    secret: Option<GivenSecret>,
    headers: Headers,
    body: Vec<u8>,
    url: String,
    method: String,
}

fn read(given: SignedSampleBody, faults: &mut RequestFaults) -> ReadSample {
    let secret = match (given.secret, given.secret_name) {
        (Some(secret), None) => Some(GivenSecret::Value(secret)),
        (None, Some(name)) => Some(GivenSecret::Name(name)),
        _ => {
            if !faults.has_below("/secret") && !faults.has_below("/secret_name") {
                faults.add("/secret", "give either `secret` or `secret_name`");
            }
            None
        }
    };
    let body = match (given.body, given.body_base64) {
        (Some(_), Some(_)) => {
            faults.add("/body", "give either `body` or `body_base64`, not both");
            Vec::new()
        }
        (text, None) => text.unwrap_or_default().into_bytes(),
        (None, Some(coded)) => STANDARD.decode(coded).unwrap_or_else(|_| {
            faults.add("/body_base64", "this is no base 64 with its padding");
            Vec::new()
        }),
    };
    if body.len() > SAMPLE_BYTES_MAX {
        let detail = format!("the body is longer than {SAMPLE_BYTES_MAX} bytes; take a smaller sample");
        faults.add("/body", detail);
    }
    ReadSample {
        secret,
        headers: parts::lower_headers(given.headers, "/headers", faults),
        body,
        url: given.url.unwrap_or_default(),
        method: given.method.unwrap_or_else(|| "POST".to_owned()).to_ascii_uppercase(),
    }
}

/// Those of a URL, as they are written in it.
fn path_and_query(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    rest.split_once('?').unwrap_or((rest, ""))
}
