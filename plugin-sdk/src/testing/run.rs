//! One run of a plugin and what is expected of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config;
use crate::event::Event;
use crate::http;
use crate::kv;
use crate::log::{self, Level};
use crate::manifest;
use crate::plugin::Plugin;
use crate::random;
use crate::secrets;
use crate::testing::compare::is_expected;
use crate::testing::forwarded::Forwarded;
use crate::testing::limits;
use crate::verdict::Verdict;

/// What an event may be made of: a [`Value`] for compact JSON, or text, or bytes.
///
/// ```
/// use hookmill_plugin_sdk::testing::Payload;
/// assert_eq!(Payload::from("a=1"), Payload::from(b"a=1".to_vec()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    bytes: Vec<u8>,
    content_type: &'static str,
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self { bytes: value.to_string().into_bytes(), content_type: "application/json" }
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, content_type: "text/plain" }
    }
}

/// An event with this payload; [`Event::event_type`] and [`Event::header`] give it more.
///
/// ```
/// use hookmill_plugin_sdk::testing;
/// use hookmill_plugin_sdk::serde_json::json;
///
/// let event = testing::event(json!({ "id": 7 })).event_type("order").header("x-shop", "main");
/// assert_eq!(event.payload, br#"{"id":7}"#);
/// assert_eq!(event.content_type, "application/json");
/// ```
pub fn event(payload: impl Into<Payload>) -> Event {
    let payload = payload.into();
    Event {
        id: "evt_example".into(),
        source: "example".into(),
        received_at: "2026-01-01T00:00:00Z".into(),
        content_type: payload.content_type.into(),
        payload: payload.bytes,
        ..Event::default()
    }
}

/// A run of the plugin `P` on this event. Of its headers the plugin sees those it asks for.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// use hookmill_plugin_sdk::testing;
///
/// #[plugin]
/// fn transform(event: &Event) -> Result<Verdict> {
///     Ok(drop(format!("{} headers", event.headers.iter().count())))
/// }
/// # fn main() {
/// testing::run::<transform>(testing::event("").header("x-a", "1")).expect_drop("0 headers");
/// # }
/// ```
pub fn run<P: Plugin>(event: Event) -> Run {
    Run {
        events: vec![event],
        config: "{}".into(),
        answer: answer::<P>,
        headers: P::ABOUT.headers,
        kept: BTreeMap::new(),
        secrets: BTreeMap::new(),
        answers: http::native::Answers::new(),
    }
}

/// The manifest of the plugin `P`: what the gateway learns at its upload.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// use hookmill_plugin_sdk::testing;
///
/// #[plugin(name = "pass-all", version = "1.2.3")]
/// fn transform(event: &Event) -> Result<Verdict> {
///     Ok(forward(event))
/// }
/// # fn main() {
/// assert_eq!(testing::manifest::<transform>()["version"], "1.2.3");
/// # }
/// ```
pub fn manifest<P: Plugin>() -> Value {
    manifest::of::<P>()
}

/// How a run ended.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// use hookmill_plugin_sdk::testing::{self, Answer};
///
/// #[plugin]
/// fn nothing(_event: &Event) -> Result<Verdict> {
///     Err(refuse("not today"))
/// }
/// # fn main() {
/// let answer = testing::run::<nothing>(testing::event("")).answer();
/// assert_eq!(answer, Answer::Refused("not today".into()));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A verdict within the limits.
    Verdict(Verdict),
    /// The plugin refuses the event.
    Refused(String),
    /// The plugin refuses the configuration.
    BadConfig(String),
    /// A verdict that the gateway would not take.
    OverLimit(String),
}

impl Answer {
    /// As the gateway shows it.
    fn without_secrets(self) -> Self {
        let said = |text: String| secrets::native::redacted(&text);
        match self {
            Self::Verdict(Verdict::Drop(reason)) => Self::Verdict(Verdict::Drop(said(reason))),
            Self::Refused(message) => Self::Refused(said(message)),
            Self::BadConfig(message) => Self::BadConfig(said(message)),
            other => other,
        }
    }
}

/// A run to come.
pub struct Run {
    events: Vec<Event>,
    config: String,
    answer: fn(&[Event], &str) -> Vec<Answer>,
    headers: &'static [&'static str],
    kept: BTreeMap<String, Vec<u8>>,
    secrets: BTreeMap<String, String>,
    answers: http::native::Answers,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("events", &self.events).field("config", &self.config).finish()
    }
}

impl Run {
    /// With this configuration instead of `{}`.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::testing;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Config { greeting: String }
    ///
    /// #[plugin]
    /// fn greet(_event: &Event, config: &Config) -> Result<Verdict> {
    ///     Ok(forward(config.greeting.as_str()))
    /// }
    /// # fn main() {
    /// let run = testing::run::<greet>(testing::event("")).config(json!({ "greeting": "hello" }));
    /// assert_eq!(run.expect_forward().text(), "hello");
    /// # }
    /// ```
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config.to_string();
        self
    }

    /// With a value kept by an earlier event, for plugins that use [`kv`](crate::kv).
    ///
    /// See [`kv`](crate::kv).
    #[must_use]
    pub fn kept(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.kept.insert(key.to_string(), value.as_ref().to_vec());
        self
    }

    /// With a secret, for plugins that use [`secrets`](crate::secrets).
    ///
    /// See [`secrets`](crate::secrets).
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_string(), value.to_string());
        self
    }

    /// With what comes back from a URL, for plugins that use [`http`](crate::http): a status, JSON
    /// or text with status 200, or a whole [`Response`](http::Response).
    ///
    /// See [`http`](crate::http).
    #[must_use]
    pub fn http(mut self, url: &str, response: impl Into<http::Response>) -> Self {
        self.answers.insert(url.to_string(), Ok(response.into()));
        self
    }

    /// With no answer from a URL, and why.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::{http, testing};
    ///
    /// #[plugin]
    /// fn ask(_event: &Event) -> Result<Verdict> {
    ///     match http::get("https://api.example.com/").send() {
    ///         Ok(answer) => Ok(forward(answer.body)),
    ///         Err(_) => Ok(drop("nobody there")),
    ///     }
    /// }
    /// # fn main() {
    /// let timed_out = http::Error::TimedOut("no answer within 5s".into());
    /// let run = testing::run::<ask>(testing::event("")).http_fails("https://api.example.com/", timed_out);
    /// run.expect_drop("nobody there");
    /// # }
    /// ```
    #[must_use]
    pub fn http_fails(mut self, url: &str, error: http::Error) -> Self {
        self.answers.insert(url.to_string(), Err(error));
        self
    }

    /// Runs it: the requests it made.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::{http, testing};
    ///
    /// #[plugin]
    /// fn tell(event: &Event) -> Result<Verdict> {
    ///     http::post("https://api.example.com/").body(event.text()?).send()?;
    ///     Ok(drop("told"))
    /// }
    /// # fn main() {
    /// let run = testing::run::<tell>(testing::event("news")).http("https://api.example.com/", 204);
    /// assert_eq!(run.requests()[0].body, b"news");
    /// # }
    /// ```
    pub fn requests(self) -> Vec<http::Request> {
        let _ = self.answers();
        http::native::requests()
    }

    /// Runs it: all that is kept afterwards, what was there before included. A run that gives no
    /// verdict keeps nothing.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::{kv, testing};
    ///
    /// #[plugin]
    /// fn count(event: &Event) -> Result<Verdict> {
    ///     let seen = kv::get_json::<u64>("seen")?.unwrap_or_default() + 1;
    ///     kv::set_json("seen", &seen)?;
    ///     Ok(forward(event))
    /// }
    /// # fn main() {
    /// let keeps = testing::run::<count>(testing::event("")).kept("seen", "41").keeps();
    /// assert_eq!(keeps["seen"], b"42");
    /// # }
    /// ```
    pub fn keeps(self) -> BTreeMap<String, Vec<u8>> {
        let before = self.kept.clone();
        let answers = self.answers();
        let all_good = answers.iter().all(|answer| matches!(answer, Answer::Verdict(_)));
        if all_good { kv::native::values() } else { before }
    }

    /// With one more event: they go to the plugin together, as a batch.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::testing;
    ///
    /// #[plugin]
    /// fn pass(event: &Event) -> Result<Verdict> {
    ///     Ok(forward(event))
    /// }
    /// # fn main() {
    /// let run = testing::run::<pass>(testing::event("a")).and(testing::event("b"));
    /// assert_eq!(run.answers().len(), 2);
    /// # }
    /// ```
    #[must_use]
    pub fn and(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Runs it: an answer for each event.
    ///
    /// See [`Run::and`].
    pub fn answers(mut self) -> Vec<Answer> {
        for event in &mut self.events {
            event.headers.0.retain(|(name, _)| self.headers.contains(&name.as_str()));
        }
        let _ = log::native::take();
        kv::native::begin(self.kept);
        secrets::native::begin(self.secrets);
        http::native::begin(self.answers);
        random::native::begin();
        let answers = (self.answer)(&self.events, &self.config);
        answers.into_iter().map(Answer::without_secrets).collect()
    }

    /// Runs it: the answer for its one event.
    ///
    /// See [`Answer`].
    #[track_caller]
    pub fn answer(self) -> Answer {
        let mut answers = self.answers();
        match (answers.pop(), answers.len()) {
            (Some(answer), 0) => answer,
            (_, more) => panic!("{} answers, expected one: use `answers`", more + 1),
        }
    }

    /// Runs it: the lines it logged, as far as the gateway would keep them.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::{log::Level, testing};
    ///
    /// #[plugin]
    /// fn transform(event: &Event) -> Result<Verdict> {
    ///     log::info!("seen {}", event.id);
    ///     Ok(forward(event))
    /// }
    /// # fn main() {
    /// let logs = testing::run::<transform>(testing::event("")).logs();
    /// assert_eq!(logs, [(Level::Info, "seen evt_example".to_string())]);
    /// # }
    /// ```
    pub fn logs(self) -> Vec<(Level, String)> {
        let _ = self.answers();
        let lines = log::native::take().into_iter();
        lines.map(|(level, line)| (level, secrets::native::redacted(&line))).collect()
    }

    /// Runs it and expects that something is forwarded.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::testing;
    ///
    /// #[plugin]
    /// fn letters(event: &Event) -> Result<Verdict> {
    ///     Ok(forward_all(event.text()?.split(',')))
    /// }
    /// # fn main() {
    /// let forwarded = testing::run::<letters>(testing::event("a,b")).expect_forward();
    /// assert_eq!(forwarded.outputs().len(), 2);
    /// # }
    /// ```
    #[track_caller]
    pub fn expect_forward(self) -> Forwarded {
        match self.answer() {
            Answer::Verdict(Verdict::Forward(outputs)) => Forwarded::new(outputs),
            other => panic!("expected that it forwards, seen {other:?}"),
        }
    }

    /// Runs it and expects that the event is dropped for this reason; `"*"` is any.
    ///
    /// See [`drop`](crate::drop()).
    #[track_caller]
    pub fn expect_drop(self, reason: &str) {
        let answer = self.answer();
        let seen = matches!(&answer, Answer::Verdict(Verdict::Drop(seen)) if is_expected(seen, reason));
        assert!(seen, "expected a drop because {reason:?}, seen {answer:?}");
    }

    /// Runs it and expects that the event is refused with this message; `"*"` is any.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// use hookmill_plugin_sdk::testing;
    ///
    /// #[plugin]
    /// fn strict(_event: &Event) -> Result<Verdict> {
    ///     Err(refuse("no"))
    /// }
    /// # fn main() {
    /// testing::run::<strict>(testing::event("")).expect_error("no");
    /// # }
    /// ```
    #[track_caller]
    pub fn expect_error(self, message: &str) {
        let answer = self.answer();
        let seen = matches!(&answer, Answer::Refused(seen) if is_expected(seen, message));
        assert!(seen, "expected the refusal {message:?}, seen {answer:?}");
    }

    /// Runs it and expects that the configuration is refused with this message; `"*"` is any.
    ///
    /// See [`NoConfig`](crate::NoConfig).
    #[track_caller]
    pub fn expect_bad_config(self, message: &str) {
        let answer = self.answer();
        let seen = matches!(&answer, Answer::BadConfig(seen) if is_expected(seen, message));
        assert!(seen, "expected the bad configuration {message:?}, seen {answer:?}");
    }
}

fn answer<P: Plugin>(events: &[Event], config: &str) -> Vec<Answer> {
    let config: P::Config = match config::read(config) {
        Ok(config) => config,
        Err(message) => return vec![Answer::BadConfig(message); events.len()],
    };
    let answers = match events {
        [event] => vec![P::transform(event, &config)],
        _ => P::transform_batch(events, &config),
    };
    let one = |answer: crate::Result<Verdict>| match answer.map(Verdict::sound) {
        Ok(Ok(verdict)) => match limits::over(&verdict) {
            None => Answer::Verdict(verdict),
            Some(fault) => Answer::OverLimit(fault),
        },
        Ok(Err(message)) => Answer::Refused(message),
        Err(error) => Answer::Refused(error.into_message()),
    };
    answers.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[plugin(batch = all_together)]
    fn one(_event: &Event) -> Result<Verdict> {
        Ok(drop("alone"))
    }

    fn all_together(events: &[Event], _config: &crate::NoConfig) -> Vec<Result<Verdict>> {
        let many = events.len();
        events.iter().map(|event| Ok(forward(format!("{} of {many}", event.text()?)))).collect()
    }

    #[plugin]
    fn flood(_event: &Event) -> Result<Verdict> {
        for _ in 0..200 {
            log::info!("{}", "é".repeat(1000));
        }
        Ok(forward_all(vec![""; 2000]))
    }

    #[plugin]
    fn unwritable(_event: &Event) -> Result<Verdict> {
        let keys_are_lists = std::collections::BTreeMap::from([(vec![1], 2)]);
        Ok(forward_json(&keys_are_lists))
    }

    #[test]
    fn several_events_go_to_the_function_for_batches() {
        run::<one>(event("a")).expect_drop("alone");
        let forwarded = |text: &str| Answer::Verdict(forward(text));
        let bad = Answer::Refused(
            "the payload is not text: invalid utf-8 sequence of 1 bytes from index 0".to_string(),
        );
        let answers = run::<one>(event("a")).and(event(vec![0xff])).and(event("c")).answers();
        assert_eq!(answers, [forwarded("a of 3"), bad, forwarded("c of 3")]);
    }

    #[test]
    fn the_limits_are_those_of_the_gateway() {
        let over = Answer::OverLimit("2000 outputs, the limit is 1000".to_string());
        assert_eq!(run::<flood>(event("")).answer(), over);
        let logs = run::<flood>(event("")).logs();
        assert_eq!((logs.len(), logs[0].1.len()), (100, 1024));
    }

    #[test]
    fn what_cannot_be_written_refuses_the_event() {
        run::<unwritable>(event(""))
            .expect_error("the output cannot be written as JSON: key must be a string");
    }
}
