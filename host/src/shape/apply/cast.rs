//! `$as`: a value as another type, or an error if something would be lost.
//! Not here: functions that mean to change a value.

use crate::shape::number::Decimal;
use crate::shape::tape::NodeKind;
use crate::shape::tape::number_end;
use crate::shape::value::Value;

/// A wanted type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    String,
    Number,
    Integer,
    Boolean,
    Object,
    Array,
}

impl Cast {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "number" => Self::Number,
            "integer" => Self::Integer,
            "boolean" => Self::Boolean,
            "object" => Self::Object,
            "array" => Self::Array,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }

    /// Why a value cannot have this type.
    pub(crate) fn refusal(self, value: &Value<'_>) -> String {
        format!("the {} cannot become {} without loss", value.kind().name(), self.name())
    }

    /// The value as that type, or the value given back. Null stays null.
    pub(crate) fn apply(self, value: Value<'_>) -> Result<Value<'_>, Value<'_>> {
        if value.is_null() {
            return Ok(value);
        }
        let made = match self {
            Self::String if value.kind() == NodeKind::String => return Ok(value),
            Self::String => value.plain_text().map(|text| Value::owned_text(text.into_owned())),
            Self::Number if value.kind() == NodeKind::Number => return Ok(value),
            Self::Number => number_text(&value).map(|text| Value::Number(text.into())),
            Self::Integer => integer(&value),
            Self::Boolean if value.kind() == NodeKind::Boolean => return Ok(value),
            Self::Boolean => match value.plain_text().as_deref() {
                Some("true" | "1") => Some(Value::Bool(true)),
                Some("false" | "0") => Some(Value::Bool(false)),
                _ => None,
            },
            Self::Object if value.kind() == NodeKind::Object => return Ok(value),
            Self::Array if value.kind() == NodeKind::Array => return Ok(value),
            Self::Object | Self::Array => None,
        };
        made.ok_or(value)
    }
}

/// The text of a number, or of a string that is one.
fn number_text(value: &Value<'_>) -> Option<String> {
    if let Some(number) = value.as_number() {
        return Some(number.into_owned());
    }
    let text = value.as_text()?;
    let text = text.trim();
    (number_end(text.as_bytes(), 0) == Some(text.len())).then(|| text.to_owned())
}

fn integer<'v>(value: &Value<'_>) -> Option<Value<'v>> {
    if let Value::Decimal(decimal) = value {
        return decimal.to_integer().map(|whole| Value::Decimal(Decimal::from_integer(whole)));
    }
    let text = number_text(value)?;
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Some(Value::Number(text.into()));
    }
    let whole = Decimal::parse(&text)?.to_integer()?;
    Some(Value::Number(whole.to_string().into()))
}
