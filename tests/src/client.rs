//! The HTTP API as a customer calls it: JSON in, status and JSON out. Not here: what to expect.

use std::fmt;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What the gateway answered.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}

impl Answer {
    /// The body, if the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// A header's value, empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A problem document of that status; gives the last part of its type.
    #[track_caller]
    pub fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(self.body["status"], status, "{}", self.text);
        assert!(self.body["title"].is_string(), "{}", self.text);
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.strip_prefix("https://hookmill.dev/problems/").unwrap_or_else(|| panic!("type of {}", self.text))
    }

    /// The code of a problem, which says the cause more exactly than its type.
    #[track_caller]
    pub fn code(&self, status: u16) -> &str {
        self.problem(status);
        self.body["code"].as_str().unwrap_or_else(|| panic!("no code in {}", self.text))
    }

    /// The pointers of a problem's errors.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
    }
}

/// A base address and a key.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    /// For the gateway at `base`.
    pub fn new(base: &str, key: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { http: http.build().expect("a client"), base: base.to_owned(), key: key.to_owned() }
    }

    /// The same gateway with another key; an empty one sends none.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same over connections of its own: an idle one that the gateway is just about to close
    /// would fail the next request.
    pub fn fresh(&self) -> Self {
        Self::new(&self.base, &self.key)
    }

    /// Any request. `path` may be a whole URL.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        self.try_send(method, path, headers, body)
            .await
            .unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }

    /// Any request, if it is answered.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> reqwest::Result<Answer> {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, url).body(body);
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { status, headers, text, body })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Vec::new()).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body).await
    }

    /// PATCH of JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json("PATCH", path, body).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Vec::new()).await
    }

    /// POST without a body.
    pub async fn act(&self, path: &str) -> Answer {
        self.send("POST", path, &[], Vec::new()).await
    }

    /// POST of a component.
    pub async fn upload(&self, plugin: &str, component: Vec<u8>) -> Answer {
        let path = format!("/v1/plugins/{plugin}/versions");
        self.send("POST", &path, &[("content-type", "application/wasm")], component).await
    }

    async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], body.to_string().into_bytes()).await
    }

    /// Every item of a list, page by page. `path` has no `cursor` yet.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.get(&next).await.expect(200);
            items.extend(page["items"].as_array().expect("a list has items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}{glue}cursor={cursor}"),
                None => return items,
            }
        }
    }
}
