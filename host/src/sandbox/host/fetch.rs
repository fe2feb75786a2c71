//! The guest's side of requests to the outside: handed to whoever makes them, awaited without holding a thread, kept
//! for people without the values of secrets. Not here: which hosts may be asked and how much, nor asking (`pipeline`).

use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;

use crate::domain::fetch::Fetch;
use crate::domain::fetch::FetchAnswer;
use crate::domain::fetch::FetchError;
use crate::domain::fetch::FetchRequest;
use crate::domain::fetch::FetchResponse;
use crate::domain::fetch::KEPT_BYTES_MAX;
use crate::domain::secret::NamedSecrets;
use crate::sandbox::host::state::GuestState;
use crate::sandbox::module::bindings::hookmill::plugin::http;
use crate::sandbox::text;

/// Bytes kept of a method, and of a URL.
const METHOD_BYTES: usize = 32;
const URL_BYTES: usize = 2048;

impl http::Host for GuestState {
    async fn fetch(
        &mut self,
        request: http::Request,
    ) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let http::Request { method, url, headers, body } = request;
        let Some(fetcher) = self.context.http.clone() else {
            let nobody =
                "no requests are made here: configurations and examples are checked without a network";
            return Ok(Err(http::Error::Refused(nobody.to_owned())));
        };
        let asleep = self.context.asleep.clone();
        let asked = (method.clone(), url.clone());
        let began = Instant::now();
        let outcome = asleep.until(fetcher.fetch(FetchRequest { method, url, headers, body })).await;
        let took = began.elapsed();
        self.waited += took;
        self.fetches.push(kept(&self.context.secrets, asked, took, &outcome));
        Ok(match outcome {
            Ok(FetchResponse { status, headers, body }) => {
                Ok(http::Response { status, headers, body: body.into() })
            }
            Err(FetchError::Refused(detail)) => Err(http::Error::Refused(detail)),
            Err(FetchError::TimedOut(detail)) => Err(http::Error::TimedOut(detail)),
            Err(FetchError::Failed(detail)) => Err(http::Error::Failed(detail)),
        })
    }
}

/// What people may see of it. A secret may stand in the URL, and an answer may repeat it.
fn kept(
    secrets: &NamedSecrets,
    (method, url): (String, String),
    took: Duration,
    outcome: &Result<FetchResponse, FetchError>,
) -> Fetch {
    let said = |text: &str| secrets.redact(text).into_owned();
    let outcome = match outcome {
        Ok(response) => {
            let body = secrets.redact_bytes(&response.body);
            Ok(FetchAnswer {
                status: response.status,
                bytes: u32::try_from(response.body.len()).unwrap_or(u32::MAX),
                body: Bytes::copy_from_slice(&body[..body.len().min(KEPT_BYTES_MAX)]),
            })
        }
        Err(FetchError::Refused(detail)) => Err(FetchError::Refused(said(detail))),
        Err(FetchError::TimedOut(detail)) => Err(FetchError::TimedOut(said(detail))),
        Err(FetchError::Failed(detail)) => Err(FetchError::Failed(said(detail))),
    };
    Fetch {
        method: text::cut(said(&method), METHOD_BYTES),
        url: text::cut(said(&url), URL_BYTES),
        duration_us: u32::try_from(took.as_micros()).unwrap_or(u32::MAX),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    #[test]
    fn what_is_kept_is_bounded_and_tells_no_secret() {
        let secrets = NamedSecrets::new([("token".to_owned(), Secret::new("s3cr3t-value"))]);
        let asked = ("GET".to_owned(), format!("https://a.b/?token=s3cr3t-value&x={}", "y".repeat(5000)));
        let body = format!("{}s3cr3t-value{}", "a".repeat(KEPT_BYTES_MAX - 5), "b".repeat(100));
        let response = FetchResponse { status: 200, headers: vec![], body: body.clone().into() };
        let kept = kept(&secrets, asked, Duration::from_millis(1), &Ok(response));
        assert!(kept.url.starts_with("https://a.b/?token=[secret token]&x=y"), "{}", kept.url);
        assert!(kept.url.len() <= URL_BYTES);
        let answer = kept.outcome.unwrap();
        assert_eq!((answer.bytes as usize, answer.body.len()), (body.len(), KEPT_BYTES_MAX));
        assert!(answer.body.ends_with(b"a[secr"), "the end is cut after the value was left out");
    }
}
