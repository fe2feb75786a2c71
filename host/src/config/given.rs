//! A value as it was given, before its setting's type is known. Not here: the types (`value`).

use toml::de::DeValue;

use crate::config::fault::SettingOrigin;

/// What stood there.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// A string of the file, a variable or a flag's argument.
    Text(String),
    /// A whole number of the file.
    Integer(i64),
    /// `true` or `false` of the file.
    Flag(bool),
    /// A list of strings of the file.
    List(Vec<String>),
    /// Anything no setting has; its name for the message.
    Other(String),
}

impl Raw {
    /// From the file's value.
    pub(super) fn from_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| Self::Other("an integer beyond 64 bits".to_owned()), Self::Integer),
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .map_or_else(
                    || Self::Other("a list with something else than strings".to_owned()),
                    Self::List,
                ),
            other => Self::Other(format!("a {}", other.type_str())),
        }
    }

    /// For messages.
    pub(super) fn seen(&self) -> String {
        match self {
            Self::Text(text) => format!("`{}`", text.escape_debug()),
            Self::Integer(number) => format!("the number {number}"),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items) => format!("{items:?}"),
            Self::Other(what) => what.clone(),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct GivenSetting {
    /// The setting.
    pub(super) key: String,
    /// Where.
    pub(super) origin: SettingOrigin,
    /// What.
    pub(super) raw: Raw,
}
