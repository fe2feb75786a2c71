//! Lines that the gateway keeps with the run of an event: `log::info!("{} items", items.len())`.
//!
//! At most 100 lines a call are kept, of each the first 1,024 bytes. Natively, that is in tests,
//! the lines are kept for [`testing::Run::logs`](crate::testing::Run::logs).
//!
//! ```
//! use hookmill_plugin_sdk::prelude::*;
//!
//! #[plugin]
//! fn chatty(event: &Event) -> Result<Verdict> {
//!     log::debug!("{} bytes", event.payload.len());
//!     log::info!("nothing to do");
//!     log::warn!("an odd event: {}", event.id);
//!     log::error!("but not for us");
//!     Ok(forward(event))
//! }
//! # fn main() {
//! # use hookmill_plugin_sdk::{log::Level, testing};
//! let logs = testing::run::<chatty>(testing::event("four")).logs();
//! assert_eq!(logs[0], (Level::Debug, "4 bytes".to_string()));
//! # assert_eq!(logs.len(), 4);
//! # }
//! ```

pub use crate::{__log_debug as debug, __log_error as error, __log_info as info, __log_warn as warn};

/// How loud a line is.
///
/// ```
/// use hookmill_plugin_sdk::log::{self, Level};
/// log::write(Level::Warn, "by level");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the author.
    Debug,
    /// Worth knowing.
    Info,
    /// Odd, but handled.
    Warn,
    /// Wrong.
    Error,
}

/// Keeps one line; the macros format and call this.
///
/// ```
/// use hookmill_plugin_sdk::log::{self, Level};
/// log::write(Level::Info, "ready");
/// ```
pub fn write(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::guest::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    native::write(level, message);
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod native {
    //! Where lines go when there is no gateway.

    use std::cell::RefCell;

    use super::Level;

    const LINES: usize = 100;
    const LINE_BYTES: usize = 1024;

    thread_local! {
        static KEPT: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn write(level: Level, message: &str) {
        let cut = message.floor_char(LINE_BYTES);
        KEPT.with_borrow_mut(|kept| {
            if kept.len() < LINES {
                kept.push((level, message[..cut].to_string()));
            }
        });
    }

    /// The lines since it was last asked, of this thread.
    pub(crate) fn take() -> Vec<(Level, String)> {
        KEPT.take()
    }

    trait FloorChar {
        /// The largest boundary of a character at or below `most` bytes.
        fn floor_char(&self, most: usize) -> usize;
    }

    impl FloorChar for str {
        fn floor_char(&self, most: usize) -> usize {
            let mut end = most.min(self.len());
            while !self.is_char_boundary(end) {
                end -= 1;
            }
            end
        }
    }
}

/// Logs one line, for the author; the arguments are those of `format!`.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// log::debug!("{} of {}", 1, 2);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($arg:tt)+) => {
        $crate::log::write($crate::log::Level::Debug, &::std::format!($($arg)+))
    };
}

/// Logs one line, worth knowing; the arguments are those of `format!`.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// log::info!("{} of {}", 1, 2);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($arg:tt)+) => {
        $crate::log::write($crate::log::Level::Info, &::std::format!($($arg)+))
    };
}

/// Logs one line, odd, but handled; the arguments are those of `format!`.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// log::warn!("{} of {}", 1, 2);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($arg:tt)+) => {
        $crate::log::write($crate::log::Level::Warn, &::std::format!($($arg)+))
    };
}

/// Logs one line, wrong; the arguments are those of `format!`.
///
/// ```
/// use hookmill_plugin_sdk::prelude::*;
/// log::error!("{} of {}", 1, 2);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($arg:tt)+) => {
        $crate::log::write($crate::log::Level::Error, &::std::format!($($arg)+))
    };
}
