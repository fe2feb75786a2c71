//! Requests to the outside. A grant: a connection has to name the hosts
//! (`"grants": [{"http": ["api.example.com"]}]`), and no other is asked.
//!
//! A plugin makes at most 10 requests for one event, of 256 KiB and 16 KiB of headers each; an
//! answer has at most 1 MiB, comes within 5 seconds, and all of them within 10. Redirects are not
//! followed: they are answers. Waiting costs no CPU time. Addresses inside the operator's network
//! are refused, whatever name they go by. Each request is kept with the event, with the beginning of
//! its answer, for people to see.
//!
//! An event whose steps ran and were written down is not run again. If the gateway dies before that,
//! the event runs again, and so do its requests: ask for things, or send what may come twice.
//!
//! ```
//! use hookmill_plugin_sdk::prelude::*;
//! use hookmill_plugin_sdk::{http, testing};
//!
//! /// Adds the name of the country.
//! #[plugin(http = ["countries.example"])]
//! fn country(event: &Event) -> Result<Verdict> {
//!     let mut order: Value = event.json()?;
//!     let code = order["country"].as_str().or_refuse("no country")?;
//!     let answer = http::get(format!("https://countries.example/{code}")).send()?;
//!     order["country_name"] = answer.expect_ok()?.json()?;
//!     Ok(forward_json(&order))
//! }
//! # fn main() {
//! testing::run::<country>(testing::event(json!({ "country": "AT" })))
//!     .http("https://countries.example/AT", json!("Austria"))
//!     .expect_forward()
//!     .is_json(json!({ "country": "AT", "country_name": "Austria" }));
//! # }
//! ```

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Result, refuse};

/// A request to be sent.
///
/// ```
/// use hookmill_plugin_sdk::http::Request;
///
/// let request = Request::new("PUT", "https://api.example.com/a").header("x-a", "1").body("text");
/// assert_eq!((request.method.as_str(), request.body.as_slice()), ("PUT", &b"text"[..]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` or any other but `CONNECT` and `TRACE`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
}

/// A `GET` request.
///
/// ```
/// use hookmill_plugin_sdk::http;
/// assert_eq!(http::get("https://api.example.com/").method, "GET");
/// ```
#[must_use]
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// A `POST` request.
///
/// ```
/// use hookmill_plugin_sdk::http;
/// let request = http::post("https://api.example.com/").body("text");
/// assert_eq!(request.method, "POST");
/// ```
#[must_use]
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

impl Request {
    /// A request of any method.
    ///
    /// See [`Request`].
    #[must_use]
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// With one more header.
    ///
    /// See [`Request`].
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With `Authorization: Bearer …`.
    ///
    /// ```
    /// use hookmill_plugin_sdk::http;
    /// let request = http::get("https://api.example.com/").bearer("t0ken");
    /// assert_eq!(request.headers[0].1, "Bearer t0ken");
    /// ```
    #[must_use]
    pub fn bearer(self, token: impl fmt::Display) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With this body.
    ///
    /// See [`Request`].
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With a value as JSON for its body.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    ///
    /// ```
    /// use hookmill_plugin_sdk::http;
    /// # fn main() -> hookmill_plugin_sdk::Result<()> {
    /// let request = http::post("https://api.example.com/").json(&[1, 2])?;
    /// assert_eq!(request.body, b"[1,2]");
    /// # Ok(())
    /// # }
    /// ```
    pub fn json(self, value: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(value)
            .map_err(|error| refuse(format!("the request cannot be written as JSON: {error}")))?;
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Sends it and waits for the answer, whatever its status.
    ///
    /// # Errors
    /// There is no answer; by `?` the event is refused.
    ///
    /// ```
    /// use hookmill_plugin_sdk::http;
    /// let error = http::get("https://nobody.set/an-answer").send().unwrap_err();
    /// assert!(matches!(error, http::Error::Refused(_)));
    /// ```
    pub fn send(self) -> Result<Response, Error> {
        platform::fetch(self)
    }
}

/// An answer.
///
/// ```
/// use hookmill_plugin_sdk::http::Response;
/// use hookmill_plugin_sdk::serde_json::json;
///
/// let response = Response::from(json!({ "name": "Ada" }));
/// assert_eq!((response.status, response.text().unwrap()), (200, r#"{"name":"Ada"}"#));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Name, in lower case, and value.
    pub headers: Vec<(String, String)>,
    /// All of the body.
    pub body: Vec<u8>,
}

/// With nothing but a status.
impl From<u16> for Response {
    fn from(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}

/// With status 200 and JSON.
impl From<Value> for Response {
    fn from(value: Value) -> Self {
        let headers = vec![("content-type".to_string(), "application/json".to_string())];
        Self { status: 200, headers, body: value.to_string().into_bytes() }
    }
}

/// With status 200 and text.
impl From<&str> for Response {
    fn from(text: &str) -> Self {
        let headers = vec![("content-type".to_string(), "text/plain".to_string())];
        Self { status: 200, headers, body: text.as_bytes().to_vec() }
    }
}

impl Response {
    /// Whether the status is 200 to 299.
    ///
    /// ```
    /// use hookmill_plugin_sdk::http::Response;
    /// assert!(Response::from(204).is_ok() && !Response::from(301).is_ok());
    /// ```
    #[must_use]
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer if its status is 200 to 299.
    ///
    /// # Errors
    /// Another status, which the message names.
    ///
    /// ```
    /// use hookmill_plugin_sdk::http::Response;
    /// let error = Response::from(503).expect_ok().unwrap_err();
    /// assert_eq!(error.message(), "the answer has status 503");
    /// ```
    pub fn expect_ok(self) -> Result<Self> {
        if self.is_ok() { Ok(self) } else { Err(refuse(format!("the answer has status {}", self.status))) }
    }

    /// A header's value, the first if there are several; the name in lower case.
    ///
    /// ```
    /// use hookmill_plugin_sdk::http::Response;
    /// assert_eq!(Response::from("text").header("content-type"), Some("text/plain"));
    /// ```
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Errors
    /// It is not UTF-8.
    ///
    /// See [`Response`].
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).map_err(|error| refuse(format!("the answer is not text: {error}")))
    }

    /// The body as JSON of a type.
    ///
    /// # Errors
    /// It is not JSON, or not of this type.
    ///
    /// ```
    /// use hookmill_plugin_sdk::http::Response;
    /// let numbers: Vec<u8> = Response::from("[1, 2]").json().unwrap();
    /// assert_eq!(numbers, [1, 2]);
    /// ```
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| refuse(format!("the answer is not what was expected: {error}")))
    }
}

/// Why there is no answer.
///
/// ```
/// use hookmill_plugin_sdk::http::Error;
/// assert_eq!(Error::TimedOut("no answer within 5s".into()).to_string(), "timed out: no answer within 5s");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It was not sent: no URL, a host that is not granted, an address that may not be called, a limit.
    Refused(String),
    /// No whole answer in time.
    TimedOut(String),
    /// No connection, a broken one, or an answer that is too large.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(detail) => write!(f, "refused: {detail}"),
            Self::TimedOut(detail) => write!(f, "timed out: {detail}"),
            Self::Failed(detail) => write!(f, "failed: {detail}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(target_arch = "wasm32")]
mod platform {
    use super::{Error, Request, Response};
    use crate::guest::bindings::hookmill::plugin::http;

    pub(super) fn fetch(request: Request) -> Result<Response, Error> {
        let Request { method, url, headers, body } = request;
        match http::fetch(&http::Request { method, url, headers, body }) {
            Ok(http::Response { status, headers, body }) => Ok(Response { status, headers, body }),
            Err(http::Error::Refused(detail)) => Err(Error::Refused(detail)),
            Err(http::Error::TimedOut(detail)) => Err(Error::TimedOut(detail)),
            Err(http::Error::Failed(detail)) => Err(Error::Failed(detail)),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
use native as platform;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod native {
    //! Where answers come from when there is no gateway: from the test, under the same limits.

    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::{Error, Request, Response};

    const REQUESTS: usize = 10;
    const REQUEST_BYTES: usize = 256 << 10;
    const HEADER_BYTES: usize = 16 << 10;
    const RESPONSE_BYTES: usize = 1 << 20;

    /// By URL.
    pub(crate) type Answers = BTreeMap<String, Result<Response, Error>>;

    #[derive(Default)]
    struct Outside {
        answers: Answers,
        requests: Vec<Request>,
    }

    thread_local! {
        static OUTSIDE: RefCell<Outside> = RefCell::new(Outside::default());
    }

    /// Begins a run with these answers.
    pub(crate) fn begin(answers: Answers) {
        OUTSIDE.set(Outside { answers, requests: Vec::new() });
    }

    /// The requests of the run so far.
    pub(crate) fn requests() -> Vec<Request> {
        OUTSIDE.with_borrow(|outside| outside.requests.clone())
    }

    pub(super) fn fetch(request: Request) -> Result<Response, Error> {
        let header_bytes: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let body_bytes = request.body.len();
        OUTSIDE.with_borrow_mut(|outside| {
            if outside.requests.len() >= REQUESTS {
                return Err(Error::Refused(format!("one event makes at most {REQUESTS} requests")));
            }
            let known = outside.answers.get(&request.url).cloned();
            let asked = format!("{} {}", request.method, request.url);
            outside.requests.push(request);
            if body_bytes > REQUEST_BYTES {
                let detail =
                    format!("a request's body has at most {REQUEST_BYTES} bytes, this one {body_bytes}");
                return Err(Error::Refused(detail));
            }
            if header_bytes > HEADER_BYTES {
                return Err(Error::Refused(format!(
                    "headers have at most {HEADER_BYTES} bytes, these {header_bytes}"
                )));
            }
            match known {
                Some(Ok(response)) if response.body.len() > RESPONSE_BYTES => {
                    Err(Error::Failed(format!("the answer has more than {RESPONSE_BYTES} bytes")))
                }
                Some(answer) => answer,
                None => {
                    let hint = "no connection grants it; in a test, `http` of the run says what comes back";
                    Err(Error::Refused(format!("{asked}: {hint}")))
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;
    use crate::testing;

    #[plugin]
    fn many(event: &Event) -> Result<Verdict> {
        let times: usize = event.json()?;
        for _ in 0..times {
            get("https://a.example/").send()?;
        }
        Ok(drop("all answered"))
    }

    #[plugin]
    fn large(event: &Event) -> Result<Verdict> {
        let request = post("https://a.example/").body(vec![0; event.json()?]).bearer("t");
        Ok(drop(request.send()?.status.to_string()))
    }

    #[test]
    fn the_limits_are_those_of_the_gateway() {
        let run =
            |times: usize| testing::run::<many>(testing::event(json!(times))).http("https://a.example/", 200);
        run(10).expect_drop("all answered");
        run(11).expect_error("refused: one event makes at most 10 requests");
        let run = |bytes: usize| testing::run::<large>(testing::event(json!(bytes)));
        run(262_144).http("https://a.example/", 503).expect_drop("503");
        run(262_145).expect_error("refused: a request's body has at most 262144 bytes, this one 262145");
        let body = Response { status: 200, headers: vec![], body: vec![0; (1 << 20) + 1] };
        run(1)
            .http("https://a.example/", body)
            .expect_error("failed: the answer has more than 1048576 bytes");
        run(1)
            .http_fails("https://a.example/", super::Error::TimedOut("5s".into()))
            .expect_error("timed out: 5s");
        run(1).expect_error(
            "refused: POST https://a.example/: no connection grants it; in a test, `http` of the run says what comes back",
        );
        let sent = run(1).http("https://a.example/", 200).requests();
        assert_eq!(sent, [post("https://a.example/").header("authorization", "Bearer t").body(vec![0])]);
    }
}
