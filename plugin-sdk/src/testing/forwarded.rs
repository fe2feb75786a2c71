//! What a run forwarded.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::testing::compare::difference;
use crate::verdict::Output;

/// What a run forwarded; see [`Run::expect_forward`](super::Run::expect_forward).
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// use hookmill_plugin_sdk::testing;
///
/// #[plugin]
/// fn transform(_event: &Event) -> Result<Verdict> {
///     Ok(forward_json(&json!({ "a": 1, "b": 2 })).event_type("pair"))
/// }
/// # fn main() {
/// let forwarded = testing::run::<transform>(testing::event("")).expect_forward();
/// forwarded.is_json(json!({ "b": 2, "a": 1 }));
/// assert_eq!(forwarded.json::<Value>()["a"], 1);
/// assert_eq!(forwarded.text(), r#"{"a":1,"b":2}"#);
/// assert_eq!(forwarded.one().event_type.as_deref(), Some("pair"));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    outputs: Vec<Output>,
}

impl Forwarded {
    pub(super) fn new(outputs: Vec<Output>) -> Self {
        Self { outputs }
    }

    /// All outputs, in their order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The only output.
    #[track_caller]
    pub fn one(&self) -> Output {
        match self.outputs.as_slice() {
            [output] => output.clone(),
            more => panic!("expected one output, seen {}", more.len()),
        }
    }

    /// The payload of the only output as text.
    #[track_caller]
    pub fn text(&self) -> String {
        match String::from_utf8(self.one().payload) {
            Ok(text) => text,
            Err(error) => panic!("the output is not text: {error}"),
        }
    }

    /// The payload of the only output, read as JSON.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_str(&self.text()) {
            Ok(value) => value,
            Err(error) => panic!("the output: {error}"),
        }
    }

    /// Expects that the only output is this JSON; the order of members does not count.
    #[track_caller]
    pub fn is_json(&self, expected: Value) {
        if let Some(difference) = difference(&expected, &self.json()) {
            panic!("{difference}");
        }
    }
}
