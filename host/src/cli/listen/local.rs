//! The service on this machine: a request to it, and what it answered. Redirects are shown, not followed. Not here: what
//! the request is made of.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::Response;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use tokio::time::Instant;

use crate::cli::client::causes;
use crate::rules::sign::SignatureHeader;

/// Bytes read of an answer; the rest is left where it is.
const READ_MAX: usize = 64 << 10;
/// Characters kept of an answer.
const EXCERPT_MAX: usize = 2000;

/// Headers that are about one connection and not about the event, sorted. Nor is an answer wanted that is packed as the
/// sender could have unpacked it.
const HOP_BY_HOP: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What goes out for an event.
#[derive(Clone, Debug, Default)]
pub(super) struct ListenParcel {
    /// What the receiver knows it by, however often it comes.
    pub(super) id: String,
    /// The event's type, after steps if there are any.
    pub(super) event_type: String,
    /// Empty: POST.
    pub(super) method: String,
    /// Appended to the path of the service's URL.
    pub(super) path: String,
    /// Appended to the query of the service's URL.
    pub(super) query: String,
    /// Without the signature.
    pub(super) headers: Vec<(String, String)>,
    /// Of the body, unless a header says it.
    pub(super) content_type: String,
    /// The bytes.
    pub(super) body: Bytes,
}

/// What came of sending one.
#[derive(Debug)]
pub(super) struct LocalOutcome {
    /// Where it went.
    pub(super) url: Url,
    /// The status and the beginning of the answer; or why there is none.
    pub(super) answer: Result<(u16, String), String>,
    /// How long it took.
    pub(super) took: Duration,
}

/// See the head of this file.
#[derive(Debug)]
pub(super) struct LocalService {
    client: reqwest::Client,
    url: Url,
}

impl LocalService {
    /// The one at a URL, which has so long to answer.
    pub(super) fn new(url: Url, timeout: Duration) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            // It is on this machine or near it.
            .no_proxy()
            .build()?;
        Ok(Self { client, url })
    }

    /// Where a parcel goes. A sender's path must not lead out of the one that was given: what else this machine serves
    /// is none of his business.
    pub(super) fn url_of(&self, parcel: &ListenParcel) -> Result<Url, String> {
        let mut url = self.url.clone();
        if !parcel.path.is_empty() {
            let below = format!("{}/", url.path().trim_end_matches('/'));
            url.set_path(&format!("{}{}", below.trim_end_matches('/'), parcel.path));
            if !url.path().starts_with(&below) {
                return Err(format!("its path `{}` leads out of `{below}`", parcel.path));
            }
        }
        if !parcel.query.is_empty() {
            let query = match url.query() {
                Some(own) if !own.is_empty() => format!("{own}&{}", parcel.query),
                _ => parcel.query.clone(),
            };
            url.set_query(Some(&query));
        }
        Ok(url)
    }

    /// Sends one and reads what is answered.
    pub(super) async fn send(
        &self,
        url: Url,
        parcel: &ListenParcel,
        signature: &[SignatureHeader],
    ) -> LocalOutcome {
        // A method that came in is one.
        let method = Method::from_bytes(parcel.method.as_bytes()).unwrap_or(Method::POST);
        let request = self.client.request(method, url.clone()).headers(headers(parcel, signature));
        let begun = Instant::now();
        let answer = match request.body(parcel.body.clone()).send().await {
            Ok(response) => Ok((response.status().as_u16(), excerpt(response).await)),
            Err(error) => Err(causes(&error.without_url())),
        };
        LocalOutcome { url, answer, took: begun.elapsed() }
    }
}

/// The parcel's own, then the signature, which nothing overrides.
fn headers(parcel: &ListenParcel, signature: &[SignatureHeader]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &parcel.headers {
        if HOP_BY_HOP.binary_search(&name.to_ascii_lowercase().as_str()).is_ok() {
            continue;
        }
        if let Some((name, value)) = header(name, value) {
            headers.append(name, value);
        }
    }
    if let (false, Some((name, value))) =
        (parcel.content_type.is_empty(), header(CONTENT_TYPE.as_str(), &parcel.content_type))
    {
        headers.entry(name).or_insert(value);
    }
    // Inserted one by one: `extend` would put ours behind a sender's own of the same name.
    for (name, value) in signature.iter().filter_map(|(name, value)| header(name, value)) {
        headers.insert(name, value);
    }
    headers
}

/// A header, if HTTP can carry it.
fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
}

/// The beginning of an answer; what breaks off is shown as far as it came.
async fn excerpt(mut response: Response) -> String {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        read.extend_from_slice(&chunk[..chunk.len().min(READ_MAX - read.len())]);
        if read.len() == READ_MAX {
            break;
        }
    }
    let text = String::from_utf8_lossy(&read);
    match text.char_indices().nth(EXCERPT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn goes_to(forward: &str, path: &str, query: &str, expected: Option<&str>) {
        let service = LocalService::new(Url::parse(forward).unwrap(), Duration::from_secs(1)).unwrap();
        let parcel = ListenParcel { path: path.to_owned(), query: query.to_owned(), ..Default::default() };
        assert_eq!(service.url_of(&parcel).ok().as_ref().map(Url::as_str), expected, "{path}");
    }

    #[test]
    fn paths_stay_below_the_one_that_was_given() {
        goes_to("http://h/hook", "", "", Some("http://h/hook"));
        goes_to("http://h/hook", "/tenant/42", "a=1&b", Some("http://h/hook/tenant/42?a=1&b"));
        goes_to("http://h/hook/?x=1", "/t", "a", Some("http://h/hook/t?x=1&a"));
        goes_to("http://h", "/a/../b", "", Some("http://h/b"));
        goes_to("http://h/hook", "/x?y#z", "", Some("http://h/hook/x%3Fy%23z"));
        for out in ["/..", "/../admin", "/%2e%2E/admin", "/..\\admin", "/a/../../hooks"] {
            goes_to("http://h/hook", out, "", None);
        }
    }

    #[test]
    fn headers_of_the_event_without_those_of_its_connection() {
        assert!(HOP_BY_HOP.is_sorted());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let parcel = ListenParcel {
            headers: vec![
                pair("host", "public.example"),
                pair("content-length", "7"),
                pair("x-a", "1"),
                pair("x-a", "2"),
                pair("webhook-id", "theirs"),
            ],
            content_type: "text/plain".to_owned(),
            ..Default::default()
        };
        let made = headers(&parcel, &[("webhook-id".into(), "ours".to_owned())]);
        let seen: Vec<(&str, &[u8])> =
            made.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let expected: [(&str, &[u8]); 4] =
            [("x-a", b"1"), ("x-a", b"2"), ("webhook-id", b"ours"), ("content-type", b"text/plain")];
        assert_eq!(seen, expected);
    }
}
