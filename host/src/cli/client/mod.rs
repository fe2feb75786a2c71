//! A small client of the gateway's own API, for the commands that talk to a running one. Not here:
//! what any command asks for; `live` reads the stream of what happens.

mod live;

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::RequestBuilder;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

pub(crate) use live::StreamLine;
pub(crate) use live::StreamParser;

/// Longest wait for an answer: an upload is compiled before it is answered.
const TIMEOUT: Duration = Duration::from_secs(60);
/// For uploads: the gateway compiles before it answers, an interpreter for up to ten minutes.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(660);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection is asked on again only within this time. Gateways close idle ones after ten seconds,
/// and a client that was building in between has not looked.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);
/// A stream ends when somebody ends it; whoever reads it sees whether it is alive.
const STREAM_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);
/// Characters shown of an answer that is not what was expected.
const SHOWN_MAX: usize = 500;

/// Why there is no answer to work with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// `--url` is not the address of a gateway.
    #[error("`{url}` is not an address: {why}; expected something like http://127.0.0.1:8080")]
    BadUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The client itself could not be made.
    #[error("cannot set up the connection: {0}")]
    SetUp(reqwest::Error),
    /// Nobody answered.
    #[error("no answer from {url}: {why}")]
    Unreachable {
        /// Who was asked.
        url: Url,
        /// All causes.
        why: String,
    },
    /// The gateway said no.
    #[error("{0}")]
    Problem(ApiProblem),
    /// The answer is not JSON.
    #[error("{url} answered {status} with something that is no gateway's: {shown}")]
    NotJson {
        /// Who was asked.
        url: Url,
        /// The status.
        status: u16,
        /// The beginning of the answer.
        shown: String,
    },
}

/// A refusal of the gateway: RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiProblem {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The last part of `type`, which is stable.
    pub(crate) kind: String,
    /// The whole answer.
    pub(crate) body: Value,
}

impl ClientError {
    /// Whether the same request may be answered later on: nobody was there, or whoever was there has trouble.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem(ApiProblem { status, .. }) | Self::NotJson { status, .. } => {
                *status == 429 || *status >= 500
            }
            Self::BadUrl { .. } | Self::SetUp(_) => false,
        }
    }
}

impl std::fmt::Display for ApiProblem {
    /// Title and detail in one line, each fault of `errors` in one of its own.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default();
        match (text("title"), text("detail")) {
            ("", "") => write!(f, "the gateway answered {}", self.status)?,
            (title, "") => write!(f, "{title} ({})", self.status)?,
            ("", detail) => write!(f, "{detail} ({})", self.status)?,
            (title, detail) => write!(f, "{title}: {detail} ({})", self.status)?,
        }
        let errors = self.body["errors"].as_array();
        for error in errors.map_or(&[] as &[_], Vec::as_slice) {
            let pointer = error["pointer"].as_str().unwrap_or("/");
            let detail = error["detail"].as_str().map_or_else(|| error.to_string(), str::to_owned);
            write!(f, "\n  {pointer}: {detail}")?;
        }
        Ok(())
    }
}

/// A gateway and a key for it.
#[derive(Clone, Debug)]
pub(crate) struct ApiClient {
    client: reqwest::Client,
    base: Url,
    key: Option<String>,
    /// The workspace to act in, if not the key's own.
    workspace: Option<String>,
}

impl ApiClient {
    /// For the gateway at `url`, as `http://127.0.0.1:8080`, with a key of the API.
    pub(crate) fn new(url: &str, key: Option<&str>) -> Result<Self, ClientError> {
        let bad = |why: String| ClientError::BadUrl { url: url.to_owned(), why };
        let base =
            Url::parse(&format!("{}/", url.trim_end_matches('/'))).map_err(|error| bad(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad(format!("`{}` is not http or https", base.scheme())));
        }
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("hookmill/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(ClientError::SetUp)?;
        Ok(Self { client, base, key: key.map(str::to_owned), workspace: None })
    }

    /// The same one, acting in a workspace.
    pub(crate) fn acting_in(self, workspace: Option<&str>) -> Self {
        Self { workspace: workspace.map(str::to_owned), ..self }
    }

    /// Asks for a path such as `v1/plugins`, query included.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.answer(self.request(Method::GET, path)?).await
    }

    /// Asks for JSON and gives it as it is written: numbers may have more digits than a [`Value`] keeps.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, ClientError> {
        let unreachable = |error| ClientError::Unreachable { url: self.base.clone(), why: causes(&error) };
        let response = self.taken(self.request(Method::GET, path)?).await?;
        response.text().await.map_err(unreachable)
    }

    /// Asks for bytes as they are.
    pub(crate) async fn get_bytes(&self, path: &str) -> Result<Bytes, ClientError> {
        let unreachable = |error| ClientError::Unreachable { url: self.base.clone(), why: causes(&error) };
        let response = self.taken(self.request(Method::GET, path)?).await?;
        response.bytes().await.map_err(unreachable)
    }

    /// Asks for an answer that goes on for as long as there is something to say.
    pub(crate) async fn open_stream(&self, path: &str) -> Result<reqwest::Response, ClientError> {
        self.taken(self.request(Method::GET, path)?.timeout(STREAM_TIMEOUT)).await
    }

    /// Posts bytes as they are.
    pub(crate) async fn post_bytes(
        &self,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Value, ClientError> {
        let request = self.request(Method::POST, path)?.header(CONTENT_TYPE, content_type);
        self.answer(request.timeout(UPLOAD_TIMEOUT).body(body)).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.answer(self.request(Method::POST, path)?.json(body)).await
    }

    /// Posts JSON and gives the answer as it is written.
    pub(crate) async fn post_for_text(&self, path: &str, body: String) -> Result<String, ClientError> {
        let unreachable = |error| ClientError::Unreachable { url: self.base.clone(), why: causes(&error) };
        let request = self.request(Method::POST, path)?.header(CONTENT_TYPE, "application/json");
        self.taken(request.body(body)).await?.text().await.map_err(unreachable)
    }

    /// Posts nothing.
    pub(crate) async fn act(&self, path: &str) -> Result<Value, ClientError> {
        self.answer(self.request(Method::POST, path)?).await
    }

    /// Puts JSON.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.answer(self.request(Method::PUT, path)?.json(body)).await
    }

    /// Patches with JSON.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.answer(self.request(Method::PATCH, path)?.json(body)).await
    }

    /// Deletes.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        self.answer(self.request(Method::DELETE, path)?).await
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, ClientError> {
        let url = self.base.join(path.trim_start_matches('/')).map_err(|error| ClientError::BadUrl {
            url: format!("{}{path}", self.base),
            why: error.to_string(),
        })?;
        let mut request = self.client.request(method, url);
        if let Some(workspace) = &self.workspace {
            request = request.header("hookmill-workspace", workspace);
        }
        Ok(match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        })
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, ClientError> {
        let unreachable = |error| ClientError::Unreachable { url: self.base.clone(), why: causes(&error) };
        self.read(request.send().await.map_err(unreachable)?).await
    }

    /// The answer, not read yet; a refusal is an error.
    async fn taken(&self, request: RequestBuilder) -> Result<reqwest::Response, ClientError> {
        let unreachable = |error| ClientError::Unreachable { url: self.base.clone(), why: causes(&error) };
        let response = request.send().await.map_err(unreachable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, url) = (response.status().as_u16(), response.url().clone());
        // A refusal is never read as success.
        Err(self.read(response).await.err().unwrap_or(ClientError::NotJson {
            url,
            status,
            shown: String::new(),
        }))
    }

    async fn read(&self, response: reqwest::Response) -> Result<Value, ClientError> {
        let unreachable = |error| ClientError::Unreachable { url: self.base.clone(), why: causes(&error) };
        let (status, url) = (response.status(), response.url().clone());
        let bytes = response.bytes().await.map_err(unreachable)?;
        if status.is_success() && bytes.is_empty() {
            return Ok(Value::Null);
        }
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(body) if status.is_success() => Ok(body),
            Ok(body) if body.is_object() => {
                Err(ClientError::Problem(ApiProblem { status: status.as_u16(), kind: kind_of(&body), body }))
            }
            _ => {
                let shown = String::from_utf8_lossy(&bytes).chars().take(SHOWN_MAX).collect();
                Err(ClientError::NotJson { url, status: status.as_u16(), shown })
            }
        }
    }
}

/// A name as a part of a path, whatever it is made of.
pub(crate) fn segment(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The last part of a problem's `type`.
fn kind_of(body: &Value) -> String {
    let kind = body["type"].as_str().unwrap_or_default();
    kind.rsplit(['/', ':', '#']).next().unwrap_or_default().to_owned()
}

/// reqwest's own words hide the reason behind `source`.
pub(crate) fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::io::Write as _;
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    /// Answers one request on each of two connections, and closes each at once.
    fn closes_after_each(listener: &TcpListener) {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            assert!(stream.read(&mut head).unwrap() > 0);
            // No word of closing it, as when a connection has idled for too long.
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    }

    #[tokio::test]
    async fn a_connection_that_idled_while_nobody_looked_is_not_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = ApiClient::new(&format!("http://{}", listener.local_addr().unwrap()), None).unwrap();
        let gateway = std::thread::spawn(move || closes_after_each(&listener));
        client.get("v1/health").await.unwrap();
        // A build, say: this thread sees nothing of the network meanwhile.
        std::thread::sleep(IDLE_TIMEOUT + Duration::from_millis(100));
        client.post_bytes("v1/plugins/p/versions", "application/wasm", vec![0; 100].into()).await.unwrap();
        gateway.join().unwrap();
    }

    #[test]
    fn names_are_parts_of_paths() {
        assert_eq!(segment("a"), "a");
        assert_eq!(segment("a/b? #"), "a%2Fb%3F%20%23");
    }

    #[test]
    fn problems_are_shown_with_each_fault() {
        let check = |body: Value, expected: &str| {
            let problem = ApiProblem { status: 422, kind: kind_of(&body), body };
            assert_eq!(problem.to_string(), expected);
        };
        check(json!({}), "the gateway answered 422");
        check(json!({"title": "Not valid"}), "Not valid (422)");
        check(
            json!({"title": "Not valid", "detail": "two faults", "errors": [
                {"pointer": "/url", "detail": "missing"}, {"pointer": "/name", "detail": "too long"}
            ]}),
            "Not valid: two faults (422)\n  /url: missing\n  /name: too long",
        );
    }

    #[test]
    fn the_kind_is_the_end_of_the_type() {
        let check = |kind: &str, expected: &str| assert_eq!(kind_of(&json!({"type": kind})), expected);
        check("https://hookmill.dev/problems/plugin-refused", "plugin-refused");
        check("urn:hookmill:example_failed", "example_failed");
        check("about", "about");
        assert_eq!(kind_of(&json!({})), "");
    }

    #[test]
    fn addresses_that_are_none_are_named() {
        let check = |url: &str, expected: &str| {
            let error = ApiClient::new(url, None).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expected) && error.is_empty() == expected.is_empty(), "{url}: {error}");
        };
        check("http://127.0.0.1:8080", "");
        check("http://127.0.0.1:8080/", "");
        check("127.0.0.1:8080", "is not an address");
        check("ftp://x", "`ftp` is not http or https");
    }

    #[tokio::test]
    async fn a_gateway_that_is_not_there_is_named_with_the_cause() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let client = ApiClient::new(&url, None).unwrap();
        let error = client.get("v1/plugins").await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("no answer from {url}/")), "{error}");
        assert!(error.to_lowercase().contains("refused"), "{error}");
    }
}
