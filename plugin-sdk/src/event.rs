//! What a plugin is given. Not here: what it answers.

use serde::Deserialize;

use crate::error::{OrRefuse, Result};
use crate::form::{View, is_form};

/// One event of a connection.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// fn is_ping(event: &Event) -> bool {
///     event.event_type == "ping" || event.headers.get("X-GitHub-Event") == Some("ping")
/// }
/// # use hookmill_plugin_sdk::testing;
/// # assert!(is_ping(&testing::event(json!({})).event_type("ping")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The event's id, as the gateway's API shows it.
    pub id: String,
    /// The event's type; may be empty.
    pub event_type: String,
    /// The name of the source it came in by; empty for events published through the API.
    pub source: String,
    /// When the gateway took it in: RFC 3339, UTC. A plugin has no other clock.
    pub received_at: String,
    /// Those headers that `#[plugin(headers = […])]` asks for, and no others.
    pub headers: Headers,
    /// The media type of the payload.
    pub content_type: String,
    /// The bytes as they came in: not parsed, not checked to be what the content type says.
    pub payload: Vec<u8>,
    /// What [`Event::json`] reads of a form.
    pub(crate) form: View,
}

impl Event {
    /// The payload, read as JSON. Give the type that has what you need: it is much faster than
    /// [`Value`](serde_json::Value), unknown members are skipped, and `&str` or `Cow<str>` members
    /// borrow from the payload.
    ///
    /// A form (`application/x-www-form-urlencoded`) is read as JSON too: the JSON in its only field, where that is an
    /// object or an array (`payload=…`, as GitHub sends it unless told otherwise), else an object of strings, with an array
    /// of them for a name that is repeated. A byte order mark before JSON is skipped.
    ///
    /// [`Value`](serde_json::Value) and `f64` keep some 16 digits of a number, and an object's members by their names. To
    /// pass on what you do not change as it came, read it as `&serde_json::value::RawValue`, or ask for serde_json's
    /// features `arbitrary_precision` and `preserve_order`.
    ///
    /// # Errors
    /// Says what is wrong and in which line and column.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    ///
    /// #[derive(Deserialize)]
    /// struct Order<'a> { id: u64, currency: &'a str }
    ///
    /// # use hookmill_plugin_sdk::testing;
    /// let event = testing::event(json!({ "id": 7, "currency": "EUR", "total": 12.5 }));
    /// let order: Order = event.json()?;
    /// assert_eq!((order.id, order.currency), (7, "EUR"));
    ///
    /// let event = testing::event(json!({ "id": 7 }));
    /// assert_eq!(
    ///     event.json::<Order>().err().unwrap().message(),
    ///     "the payload: missing field `currency` at line 1 column 8"
    /// );
    /// # Ok::<(), Error>(())
    /// ```
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_slice(self.json_bytes()).or_refuse("the payload")
    }

    /// What [`Event::json`] reads: the payload, or the JSON that a form carries.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// let event = testing::event("payload=%7B%22n%22%3A1.10%7D").content_type("application/x-www-form-urlencoded");
    /// assert_eq!(event.json_bytes(), br#"{"n":1.10}"#);
    /// let event = testing::event("a=1&b=x+y").content_type("application/x-www-form-urlencoded");
    /// assert_eq!(event.json_bytes(), br#"{"a":"1","b":"x y"}"#);
    /// assert_eq!(testing::event("\u{feff}[]").json_bytes(), b"[]");
    /// ```
    pub fn json_bytes(&self) -> &[u8] {
        if is_form(&self.content_type) {
            return self.form.of(&self.payload);
        }
        self.payload.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.payload)
    }

    /// The payload as text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// assert_eq!(testing::event("a=1&b=2").text()?, "a=1&b=2");
    /// assert!(testing::event(vec![0xff]).text().is_err());
    /// # Ok::<(), hookmill_plugin_sdk::Error>(())
    /// ```
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.payload).or_refuse("the payload is not text")
    }

    /// The same event with another type; for tests.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// assert_eq!(testing::event("").event_type("ping").event_type, "ping");
    /// ```
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = event_type.into();
        self
    }

    /// The same event with another media type; for tests.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// assert_eq!(testing::event("a,b").content_type("text/csv").content_type, "text/csv");
    /// ```
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }

    /// The same event with one more header; for tests.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// let event = testing::event("").header("x-shop", "main");
    /// assert_eq!(event.headers.get("x-shop"), Some("main"));
    /// ```
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.0.push((name.to_ascii_lowercase(), value.into()));
        self
    }
}

/// The headers of an event: names in lower case, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub(crate) Vec<(String, String)>);

impl Headers {
    /// The first value under this name; case does not matter.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// let event = testing::event("").header("x-shop", "main");
    /// assert_eq!(event.headers.get("X-Shop"), Some("main"));
    /// assert_eq!(event.headers.get("x-till"), None);
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All of them, name and value.
    ///
    /// ```
    /// use hookmill_plugin_sdk::testing;
    /// let event = testing::event("").header("a", "1").header("b", "2");
    /// assert_eq!(event.headers.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
