//! Why a function gives nothing, and what all functions say and give alike. Not here: any of them.

use crate::shape::budget::Exhausted;
use crate::shape::value::Value;

/// Why a function gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApplyFault {
    Exhausted(Exhausted),
    Detail(String),
}

impl From<Exhausted> for ApplyFault {
    fn from(exhausted: Exhausted) -> Self {
        Self::Exhausted(exhausted)
    }
}

impl From<String> for ApplyFault {
    fn from(detail: String) -> Self {
        Self::Detail(detail)
    }
}

/// A number of this text.
pub(super) fn number<'v>(text: String) -> Value<'v> {
    Value::Number(text.into())
}

/// What a function needs and did not get.
pub(super) fn needs(name: &str, wanted: &str, value: &Value<'_>) -> String {
    format!("{name} needs {wanted}, not {}", value.kind().name())
}
