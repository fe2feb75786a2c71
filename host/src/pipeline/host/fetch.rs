//! Makes a plugin's requests: to hosts its step grants, through the rules for everything outgoing, within limits for
//! each event. Not here: what a guest sees of it (`sandbox`), keeping what came back (`kept`).

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::domain::delivery::SendError;
use crate::domain::fetch::FETCH_TIME_MAX;
use crate::domain::fetch::FETCHES_MAX;
use crate::domain::fetch::FETCHES_TIME_MAX;
use crate::domain::fetch::FetchError;
use crate::domain::fetch::FetchRequest;
use crate::domain::fetch::FetchResponse;
use crate::domain::fetch::REQUEST_BYTES_MAX;
use crate::domain::fetch::REQUEST_HEADER_BYTES_MAX;
use crate::domain::fetch::RESPONSE_BYTES_MAX;
use crate::domain::host::HostPattern;
use crate::egress::CheckedUrl;
use crate::egress::OutgoingRequest;
use crate::pipeline::Pipeline;
use crate::sandbox::Fetcher;

type Answer = Result<FetchResponse, FetchError>;

/// What one plugin has used for one event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    requests: u32,
    time: Duration,
}

/// The requests of one plugin for one event.
#[derive(Clone)]
pub(crate) struct StepFetcher {
    pub(crate) pipeline: Pipeline,
    /// Where timers and sockets are.
    pub(crate) runtime: Handle,
    pub(crate) hosts: Arc<[HostPattern]>,
    pub(crate) spent: Arc<Mutex<Spent>>,
}

impl Fetcher for StepFetcher {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'static, Answer> {
        let (mut answer, answered) = oneshot::channel();
        let fetcher = self.clone();
        let _timers_and_sockets = self.runtime.enter();
        self.pipeline.spawn(async move {
            tokio::select! {
                outcome = fetcher.run(request) => { let _gone = answer.send(outcome); }
                // The guest is gone.
                () = answer.closed() => {}
            }
        });
        let stopped = || Err(FetchError::Failed("the gateway is stopping".to_owned()));
        answered.map(move |answer| answer.unwrap_or_else(|_| stopped())).boxed()
    }
}

/// Makes no request: for previews, which send nothing, and for runs that only repeat what was.
pub(crate) struct NoFetches;

impl Fetcher for NoFetches {
    fn fetch(&self, _: FetchRequest) -> BoxFuture<'static, Answer> {
        let refused = FetchError::Refused("no requests are made in a preview".to_owned());
        std::future::ready(Err(refused)).boxed()
    }
}

impl StepFetcher {
    async fn run(&self, request: FetchRequest) -> Answer {
        let timeout = self.begin()?;
        let began = Instant::now();
        let answer = self.send(request, timeout).await;
        self.spent().time += began.elapsed();
        answer
    }

    fn spent(&self) -> parking_lot::MutexGuard<'_, Spent> {
        self.spent.lock()
    }

    /// Counts a request; answers how long it may take.
    fn begin(&self) -> Result<Duration, FetchError> {
        let mut spent = self.spent();
        spent.requests = spent.requests.saturating_add(1);
        if spent.requests > FETCHES_MAX {
            return Err(refused(format!("one event makes at most {FETCHES_MAX} requests")));
        }
        let left = FETCHES_TIME_MAX.saturating_sub(spent.time);
        if left.is_zero() {
            return Err(refused(format!("the requests of one event take at most {FETCHES_TIME_MAX:?}")));
        }
        Ok(left.min(FETCH_TIME_MAX))
    }

    async fn send(&self, request: FetchRequest, timeout: Duration) -> Answer {
        let egress = self.pipeline.egress();
        let url = egress.check_url(&request.url).map_err(|refusal| refused(refusal.to_string()))?;
        granted(&self.hosts, &url)?;
        let outgoing = outgoing(request)?;
        let sent = egress.fetch(&egress.target(&url), outgoing, timeout, RESPONSE_BYTES_MAX).await;
        let Response { status, headers, body, end } = sent.outcome.map_err(failed)?;
        match end {
            BodyEnd::Whole => Ok(FetchResponse { status, headers: headers.0, body }),
            BodyEnd::Longer => {
                Err(FetchError::Failed(format!("the answer has more than {RESPONSE_BYTES_MAX} bytes")))
            }
            // A guest would take half of an answer for all of it.
            BodyEnd::Broken(error) => Err(failed(error)),
        }
    }
}

fn failed(error: SendError) -> FetchError {
    match error.code {
        ErrorCode::EgressRefused => refused(error.detail),
        ErrorCode::Timeout => FetchError::TimedOut(error.detail),
        _ => FetchError::Failed(error.detail),
    }
}

fn refused(detail: String) -> FetchError {
    FetchError::Refused(detail)
}

fn granted(hosts: &[HostPattern], url: &CheckedUrl) -> Result<(), FetchError> {
    if hosts.iter().any(|host| host.matches(url.url())) {
        return Ok(());
    }
    let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    let port = url.url().port().map_or_else(String::new, |port| format!(":{port}"));
    let asked = format!("{}{port}", url.url().host_str().unwrap_or_default());
    Err(refused(format!("`{asked}` is not among the hosts that this step grants: {}", names.join(", "))))
}

/// The request, if nothing in it is wrong or too large.
fn outgoing(request: FetchRequest) -> Result<OutgoingRequest, FetchError> {
    let FetchRequest { method, headers, body, .. } = request;
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
    let method = method.ok().filter(|method| !matches!(*method, Method::CONNECT | Method::TRACE));
    let method = method.ok_or_else(|| refused("that is no method; use GET, POST or the like".to_owned()))?;
    if body.len() > REQUEST_BYTES_MAX {
        let length = body.len();
        return Err(refused(format!(
            "a request's body has at most {REQUEST_BYTES_MAX} bytes, this one {length}"
        )));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > REQUEST_HEADER_BYTES_MAX {
        return Err(refused(format!("headers have at most {REQUEST_HEADER_BYTES_MAX} bytes, these {bytes}")));
    }
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        // A value may be a secret: it is not repeated.
        let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value));
        let (Ok(name), Ok(value)) = parsed else {
            return Err(refused(format!(
                "`{name}` is no header, or its value has characters that none can have"
            )));
        };
        map.append(name, value);
    }
    Ok(OutgoingRequest { method, path: None, headers: map, body: Bytes::from(body) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, headers: &[(&str, &str)], body: usize) -> FetchRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        FetchRequest { method: method.to_owned(), url: String::new(), headers, body: vec![0; body] }
    }

    #[test]
    fn requests_that_cannot_be_made_say_why() {
        let check = |request: FetchRequest, expected: &str| {
            let refusal = outgoing(request).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refusal.contains(expected) && refusal.is_empty() == expected.is_empty(), "{refusal}");
        };
        check(request("get", &[("X-A", "1"), ("x-a", "2")], REQUEST_BYTES_MAX), "");
        check(request("CONNECT", &[], 0), "no method");
        check(request("a b", &[], 0), "no method");
        check(request("POST", &[], REQUEST_BYTES_MAX + 1), "262144 bytes, this one 262145");
        check(request("POST", &[("x-a", &"v".repeat(20_000))], 0), "headers have at most 16384 bytes");
        check(request("POST", &[("a b", "1")], 0), "`a b` is no header");
        check(request("POST", &[("authorization", "s3cr3t\r\n")], 0), "`authorization` is no header");
        let sent = outgoing(request("POST", &[("authorization", "s3cr3t\r\n")], 0)).unwrap_err();
        assert!(!sent.to_string().contains("s3cr3t"));
    }
}
