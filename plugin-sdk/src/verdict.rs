//! What a plugin answers. Not here: refusals, see `error`.

use serde::Serialize;

use crate::event::Event;

/// One payload to deliver.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// let output = Output::json(&json!({ "order": 7 }))
///     .event_type("order.line")
///     .header("x-order", "7")
///     .ordering_key("7");
/// assert_eq!(output.payload, br#"{"order":7}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Output {
    /// The type of what is delivered; none keeps the event's.
    pub event_type: Option<String>,
    /// Further headers of the delivery.
    pub headers: Vec<(String, String)>,
    /// The bytes to deliver.
    pub payload: Vec<u8>,
    /// Deliveries with the same key keep their order.
    pub ordering_key: Option<String>,
    /// Why `payload` could not be made; refuses the event when the verdict is handed over.
    pub(crate) broken: Option<String>,
}

impl Output {
    /// These bytes.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// assert_eq!(Output::bytes("a,b").payload, b"a,b");
    /// ```
    pub fn bytes(payload: impl Into<Vec<u8>>) -> Self {
        Self { payload: payload.into(), ..Self::default() }
    }

    /// This value as compact JSON. A value that JSON cannot hold (a map whose keys are no strings)
    /// refuses the event.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// assert_eq!(Output::json(&[1, 2]).payload, b"[1,2]");
    /// ```
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(payload) => Self::bytes(payload),
            Err(error) => Self {
                broken: Some(format!("the output cannot be written as JSON: {error}")),
                ..Self::default()
            },
        }
    }

    /// Sets the type of what is delivered.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// let output = Output::bytes("").event_type("lead");
    /// assert_eq!(output.event_type.as_deref(), Some("lead"));
    /// ```
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Adds a header to the delivery.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// let output = Output::bytes("").header("x-lang", "de");
    /// assert_eq!(output.headers, [("x-lang".to_string(), "de".to_string())]);
    /// ```
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the ordering key: deliveries with the same key keep their order.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// let output = Output::bytes("").ordering_key("customer-7");
    /// assert_eq!(output.ordering_key.as_deref(), Some("customer-7"));
    /// ```
    #[must_use]
    pub fn ordering_key(mut self, key: impl Into<String>) -> Self {
        self.ordering_key = Some(key.into());
        self
    }
}

impl From<&Event> for Output {
    /// The event's payload as it is.
    fn from(event: &Event) -> Self {
        Self::bytes(event.payload.as_slice())
    }
}

macro_rules! bytes_are_an_output {
    ($($from:ty),*) => {$(
        impl From<$from> for Output {
            fn from(payload: $from) -> Self {
                Self::bytes(payload)
            }
        }
    )*};
}

bytes_are_an_output!(Vec<u8>, &[u8], String, &str);

/// What a plugin decides about an event. Made by [`forward`], [`forward_json`], [`forward_all`] and
/// [`drop`].
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// assert!(matches!(drop("a test"), Verdict::Drop(reason) if reason == "a test"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on with these: none, one or many.
    Forward(Vec<Output>),
    /// Do not deliver; the reason is kept with the event.
    Drop(String),
}

impl Verdict {
    /// Sets the type of everything that is forwarded.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// assert_eq!(forward("x").event_type("t"), forward(Output::bytes("x").event_type("t")));
    /// ```
    #[must_use]
    pub fn event_type(self, event_type: &str) -> Self {
        self.each(|output| output.event_type(event_type))
    }

    /// Adds a header to everything that is forwarded.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// assert_eq!(forward("x").header("a", "1"), forward(Output::bytes("x").header("a", "1")));
    /// ```
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.each(|output| output.header(name, value))
    }

    /// Sets the ordering key of everything that is forwarded.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// assert_eq!(forward("x").ordering_key("k"), forward(Output::bytes("x").ordering_key("k")));
    /// ```
    #[must_use]
    pub fn ordering_key(self, key: &str) -> Self {
        self.each(|output| output.ordering_key(key))
    }

    fn each(self, change: impl Fn(Output) -> Output) -> Self {
        match self {
            Self::Forward(outputs) => Self::Forward(outputs.into_iter().map(change).collect()),
            dropped @ Self::Drop(_) => dropped,
        }
    }

    /// Itself, or why one of its outputs could not be made.
    pub(crate) fn sound(self) -> std::result::Result<Self, String> {
        if let Self::Forward(outputs) = &self {
            if let Some(broken) = outputs.iter().find_map(|output| output.broken.clone()) {
                return Err(broken);
            }
        }
        Ok(self)
    }
}

/// Forwards one payload: bytes, text, an [`Output`], or the event itself as it came.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// #[plugin]
/// fn pass(event: &Event) -> Result<Verdict> {
///     Ok(forward(event))
/// }
/// # fn main() {
/// # use hookmill_plugin_sdk::testing;
/// assert_eq!(testing::run::<pass>(testing::event("as it is")).expect_forward().text(), "as it is");
/// # }
/// ```
pub fn forward(output: impl Into<Output>) -> Verdict {
    Verdict::Forward(vec![output.into()])
}

/// Forwards one value as compact JSON.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// #[derive(Serialize)]
/// struct Lead { score: u8 }
///
/// assert_eq!(forward_json(&Lead { score: 92 }), forward(r#"{"score":92}"#));
/// ```
pub fn forward_json<T: Serialize + ?Sized>(value: &T) -> Verdict {
    forward(Output::json(value))
}

/// Forwards many payloads: each becomes a delivery of its own. None at all is no mistake: nothing is
/// delivered then.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// let lines = ["a", "b"].map(|name| Output::json(&json!({ "name": name })).ordering_key(name));
/// let Verdict::Forward(outputs) = forward_all(lines) else { unreachable!() };
/// assert_eq!(outputs.len(), 2);
/// ```
pub fn forward_all<O: Into<Output>>(outputs: impl IntoIterator<Item = O>) -> Verdict {
    Verdict::Forward(outputs.into_iter().map(Into::into).collect())
}

/// Does not deliver the event. The reason is kept with it, so write it for the person who looks for
/// the event: what was seen, and which rule it met.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// #[plugin]
/// fn no_tests(event: &Event) -> Result<Verdict> {
///     Ok(if event.event_type == "test" { drop("a test event") } else { forward(event) })
/// }
/// # fn main() {
/// # use hookmill_plugin_sdk::testing;
/// # testing::run::<no_tests>(testing::event("").event_type("test")).expect_drop("a test event");
/// # }
/// ```
pub fn drop(reason: impl Into<String>) -> Verdict {
    Verdict::Drop(reason.into())
}
