//! The refusal of an event, and the ways to say it. Not here: faults, which are the sandbox's to
//! name.

use std::fmt;

/// What a plugin's functions answer; the error is the refusal of the event.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// fn first(numbers: &[u64]) -> Result<u64> {
///     numbers.first().copied().or_refuse("no numbers")
/// }
/// assert!(first(&[]).is_err());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a plugin refuses an event: a message for the person who looks the event up. A refusal is
/// final, the event is not tried again.
///
/// Every error of the standard library and of other crates becomes one by `?`:
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// fn amount(text: &str) -> Result<i64> {
///     Ok(text.parse()?)
/// }
/// assert_eq!(amount("x").unwrap_err().message(), "invalid digit found in string");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
}

impl Error {
    /// The message.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    /// assert_eq!(refuse("no account").message(), "no account");
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn into_message(self) -> String {
        self.message
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

// `Error` itself is no `std::error::Error`, so that this can be there for all others.
impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            message.push_str(": ");
            message.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self { message }
    }
}

/// The refusal with this message.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
///
/// fn positive(amount: i64) -> Result<i64> {
///     if amount < 0 {
///         return Err(refuse(format!("the amount is {amount}")));
///     }
///     Ok(amount)
/// }
/// assert_eq!(positive(-1).unwrap_err().message(), "the amount is -1");
/// ```
pub fn refuse(message: impl Into<String>) -> Error {
    Error { message: message.into() }
}

/// Says what it means for the event that something is missing or has failed.
pub trait OrRefuse<T> {
    /// The value, or the refusal with this message; the cause, where there is one, comes after it.
    ///
    /// ```
    /// use hookmill_plugin_sdk::prelude::*;
    ///
    /// let payload = json!({ "id": "7" });
    /// let id = payload["id"].as_u64().or_refuse("`id` is not a number");
    /// assert_eq!(id.unwrap_err().message(), "`id` is not a number");
    ///
    /// let id = "x7".parse::<u64>().or_refuse("`id` is not a number");
    /// assert_eq!(id.unwrap_err().message(), "`id` is not a number: invalid digit found in string");
    /// ```
    fn or_refuse(self, message: &str) -> Result<T>;
}

impl<T> OrRefuse<T> for Option<T> {
    fn or_refuse(self, message: &str) -> Result<T> {
        self.ok_or_else(|| refuse(message))
    }
}

impl<T, E: Into<Error>> OrRefuse<T> for std::result::Result<T, E> {
    fn or_refuse(self, message: &str) -> Result<T> {
        self.map_err(|error| refuse(format!("{message}: {}", error.into().message)))
    }
}
