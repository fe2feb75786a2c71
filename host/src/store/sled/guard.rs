//! sled panics on files it does not understand. Here such a panic becomes an error, and while a
//! store is being opened it prints nothing. Not here: what to do about it.

use std::panic::AssertUnwindSafe;
use std::panic::PanicHookInfo;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::sled::fault::SledFault;

/// The panic hook belongs to the process, so whoever replaces it for a moment must be alone.
static HOOK: Mutex<()> = Mutex::new(());

/// Runs it; a panic becomes [`SledFault::Panicked`].
pub(super) fn caught<T>(run: impl FnOnce() -> Result<T, SledFault>) -> Result<T, SledFault> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(SledFault::Panicked(text.unwrap_or_else(|| "without a word".to_owned())))
    })
}

/// The same, and panics of this thread, and of threads sled starts meanwhile, print nothing.
/// The hook is as before when this returns.
pub(super) fn quietly<T>(run: impl FnOnce() -> Result<T, SledFault>) -> Result<T, SledFault> {
    let _alone = HOOK.lock();
    let here = std::thread::current().id();
    let before: Arc<dyn Fn(&PanicHookInfo<'_>) + Send + Sync> = Arc::from(std::panic::take_hook());
    let inner = Arc::clone(&before);
    std::panic::set_hook(Box::new(move |info| {
        let current = std::thread::current();
        let of_sled = current.name().is_some_and(|name| name.starts_with("sled-"));
        if current.id() != here && !of_sled {
            inner(info);
        }
    }));
    let result = caught(run);
    drop(std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| before(info)));
    result
}
