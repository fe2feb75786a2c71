//! Values that a plugin keeps from one event to the next. A grant: a connection has to give it
//! (`"grants": ["kv"]`).
//!
//! They belong to the plugin's name in its workspace: all versions see them, no other plugin does.
//! What an event writes lasts together with what becomes of the event, or not at all; events that
//! meet `kv` are worked on one after the other, so reading, adding one and writing is safe.
//!
//! Keys have 1 to 256 bytes, values at most 64 KiB; one event reads at most 1,000 times, and writes
//! at most 100 keys and 1 MiB. Natively, that is in tests, values are kept in memory for the one
//! run; [`testing::Run::kept`](crate::testing::Run::kept) says what was there before.
//!
//! ```
//! use hookmill_plugin_sdk::prelude::*;
//! use hookmill_plugin_sdk::{kv, testing};
//!
//! /// Forwards the first event of each customer.
//! #[plugin]
//! fn first_of(event: &Event) -> Result<Verdict> {
//!     let key = format!("seen/{}", event.text()?);
//!     if kv::get(&key).is_some() {
//!         return Ok(drop("seen before"));
//!     }
//!     kv::set(&key, "1")?;
//!     Ok(forward(event))
//! }
//! # fn main() {
//! testing::run::<first_of>(testing::event("ada")).expect_forward();
//! testing::run::<first_of>(testing::event("ada")).kept("seen/ada", "1").expect_drop("seen before");
//! # }
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Result, refuse};

/// The bytes kept under a key, earlier writes of the same event included.
///
/// ```
/// use hookmill_plugin_sdk::kv;
/// assert_eq!(kv::get("nothing"), None);
/// ```
#[must_use]
pub fn get(key: &str) -> Option<Vec<u8>> {
    platform::get(key)
}

/// What [`set_json`] kept under a key.
///
/// # Errors
/// The value is not JSON, or not of this type; the message names the key.
///
/// ```
/// use hookmill_plugin_sdk::kv;
/// # fn main() -> hookmill_plugin_sdk::Result<()> {
/// kv::set_json("count", &7)?;
/// assert_eq!(kv::get_json::<u32>("count")?, Some(7));
/// # Ok(())
/// # }
/// ```
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>> {
    let Some(bytes) = get(key) else { return Ok(None) };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| refuse(format!("the value kept under `{key}` cannot be read: {error}")))
}

/// Keeps a value, in place of the one before.
///
/// # Errors
/// A limit of this module would be exceeded; the message says which.
///
/// ```
/// use hookmill_plugin_sdk::kv;
/// assert!(kv::set("key", "value").is_ok());
/// assert!(kv::set("", "value").is_err());
/// ```
pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<()> {
    platform::write(key, Some(value.as_ref())).map_err(refuse)
}

/// Keeps a value as JSON.
///
/// # Errors
/// It cannot be written as JSON, or a limit would be exceeded.
///
/// See [`get_json`].
pub fn set_json(key: &str, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| refuse(format!("the value for `{key}` cannot be written as JSON: {error}")))?;
    set(key, bytes)
}

/// Forgets a value, if there is one.
///
/// # Errors
/// A limit would be exceeded.
///
/// ```
/// use hookmill_plugin_sdk::kv;
/// # fn main() -> hookmill_plugin_sdk::Result<()> {
/// kv::set("key", "value")?;
/// kv::delete("key")?;
/// assert_eq!(kv::get("key"), None);
/// # Ok(())
/// # }
/// ```
pub fn delete(key: &str) -> Result<()> {
    platform::write(key, None).map_err(refuse)
}

/// Keys that begin with a prefix, in the order of their bytes; at most `limit`, at most 1,000.
///
/// ```
/// use hookmill_plugin_sdk::kv;
/// # fn main() -> hookmill_plugin_sdk::Result<()> {
/// kv::set("list/b", "2")?;
/// kv::set("list/a", "1")?;
/// assert_eq!(kv::keys("list/", 10), ["list/a", "list/b"]);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn keys(prefix: &str, limit: u32) -> Vec<String> {
    platform::keys(prefix, limit)
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use crate::guest::bindings::hookmill::plugin::kv;

    pub(super) fn get(key: &str) -> Option<Vec<u8>> {
        kv::get(key)
    }

    pub(super) fn write(key: &str, value: Option<&[u8]>) -> Result<(), String> {
        match value {
            Some(value) => kv::set(key, value),
            None => kv::delete(key),
        }
    }

    pub(super) fn keys(prefix: &str, limit: u32) -> Vec<String> {
        kv::keys(prefix, limit)
    }
}

#[cfg(not(target_arch = "wasm32"))]
use native as platform;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod native {
    //! Where values are when there is no gateway: in this thread, for one run, under the same limits.

    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};

    const KEY_BYTES: usize = 256;
    const VALUE_BYTES: usize = 64 << 10;
    const WRITES: usize = 100;
    const WRITTEN_BYTES: usize = 1 << 20;
    const KEYS: usize = 1000;

    #[derive(Default)]
    struct Kept {
        values: BTreeMap<String, Vec<u8>>,
        written: BTreeSet<String>,
        written_bytes: usize,
    }

    thread_local! {
        static KEPT: RefCell<Kept> = RefCell::new(Kept::default());
    }

    /// Begins a run with these values.
    pub(crate) fn begin(values: BTreeMap<String, Vec<u8>>) {
        KEPT.set(Kept { values, ..Kept::default() });
    }

    /// What is kept now.
    pub(crate) fn values() -> BTreeMap<String, Vec<u8>> {
        KEPT.with_borrow(|kept| kept.values.clone())
    }

    pub(super) fn get(key: &str) -> Option<Vec<u8>> {
        KEPT.with_borrow(|kept| kept.values.get(key).cloned())
    }

    pub(super) fn keys(prefix: &str, limit: u32) -> Vec<String> {
        let limit = (limit as usize).min(KEYS);
        KEPT.with_borrow(|kept| {
            kept.values.keys().filter(|key| key.starts_with(prefix)).take(limit).cloned().collect()
        })
    }

    pub(super) fn write(key: &str, value: Option<&[u8]>) -> Result<(), String> {
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(format!("a key has 1 to {KEY_BYTES} bytes, this one {}", key.len()));
        }
        if key.chars().any(char::is_control) {
            return Err("a key has no control characters".to_string());
        }
        let length = value.map_or(0, <[u8]>::len);
        if length > VALUE_BYTES {
            return Err(format!("a value has at most {VALUE_BYTES} bytes, this one {length}"));
        }
        KEPT.with_borrow_mut(|kept| {
            if kept.written.len() >= WRITES && !kept.written.contains(key) {
                return Err(format!("one event writes at most {WRITES} keys"));
            }
            let bytes = kept.written_bytes + key.len() + length;
            if bytes > WRITTEN_BYTES {
                return Err(format!("one event writes at most {WRITTEN_BYTES} bytes"));
            }
            kept.written_bytes = bytes;
            kept.written.insert(key.to_string());
            match value {
                Some(value) => kept.values.insert(key.to_string(), value.to_vec()),
                None => kept.values.remove(key),
            };
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_gateway() {
        native::begin(std::collections::BTreeMap::new());
        let message = |answer: Result<()>| answer.err().map(crate::Error::into_message).unwrap_or_default();
        assert_eq!(message(set("", "")), "a key has 1 to 256 bytes, this one 0");
        assert_eq!(message(set("a\tb", "")), "a key has no control characters");
        assert_eq!(message(set("a", vec![0; 65_537])), "a value has at most 65536 bytes, this one 65537");
        for number in 0..100 {
            assert_eq!(message(set(&number.to_string(), "")), "");
        }
        assert_eq!(message(delete("x")), "one event writes at most 100 keys");
        assert_eq!(message(set("1", "again")), "");
        assert_eq!(
            message(get_json::<u32>("1").map(|_| ())).split(':').next(),
            Some("the value kept under `1` cannot be read")
        );
    }
}
