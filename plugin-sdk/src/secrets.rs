//! Secrets of the workspace, such as the token of an API. A grant: a connection has to name them
//! (`"grants": [{"secrets": ["crm_token"]}]`).
//!
//! Their values are left out of whatever the gateway shows of a run: log lines, reasons, refusals,
//! requests and their answers have `[secret crm_token]` in their place. What a plugin forwards is
//! its own business. In a preview the value itself is `[secret crm_token]`. Where no connection is,
//! that is in examples and while a configuration is checked, there are none; natively, that is in
//! tests, there are those of [`testing::Run::secret`](crate::testing::Run::secret).
//!
//! ```
//! use hookmill_plugin_sdk::prelude::*;
//! use hookmill_plugin_sdk::{secrets, testing};
//!
//! /// Lets events through that carry the password.
//! #[plugin(secrets = ["password"])]
//! fn guarded(event: &Event) -> Result<Verdict> {
//!     let password = secrets::get("password").or_refuse("no password was granted")?;
//!     if event.text()? != password {
//!         return Ok(drop("wrong password"));
//!     }
//!     Ok(forward(event))
//! }
//! # fn main() {
//! testing::run::<guarded>(testing::event("tell me")).secret("password", "sesame").expect_drop("wrong password");
//! testing::run::<guarded>(testing::event("sesame")).expect_error("no password was granted");
//! # }
//! ```

/// The value of a secret; none if the connection does not name it.
///
/// ```
/// use hookmill_plugin_sdk::secrets;
/// assert_eq!(secrets::get("not granted"), None);
/// ```
#[must_use]
pub fn get(name: &str) -> Option<String> {
    #[cfg(target_arch = "wasm32")]
    return crate::guest::bindings::hookmill::plugin::secrets::get(name);
    #[cfg(not(target_arch = "wasm32"))]
    native::get(name)
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod native {
    //! Secrets of one run, in this thread.

    use std::cell::RefCell;
    use std::collections::BTreeMap;

    thread_local! {
        static GIVEN: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
    }

    /// Begins a run with these.
    pub(crate) fn begin(secrets: BTreeMap<String, String>) {
        GIVEN.set(secrets);
    }

    pub(super) fn get(name: &str) -> Option<String> {
        GIVEN.with_borrow(|given| given.get(name).cloned())
    }

    /// The text as the gateway would show it.
    pub(crate) fn redacted(text: &str) -> String {
        GIVEN.with_borrow(|given| {
            given.iter().fold(text.to_string(), |text, (name, value)| {
                if value.is_empty() { text } else { text.replace(value, &format!("[secret {name}]")) }
            })
        })
    }
}
