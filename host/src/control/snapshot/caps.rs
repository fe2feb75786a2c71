//! Permits for the calls of plugins that an operator capped: one for each call that may be under way, shared by all
//! configurations that have the same cap. Not here: the cap of the server, which every plugin has (`sandbox`).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::domain::id::PluginId;

/// See the head of this file. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Caps(Arc<Mutex<HashMap<PluginId, Cap>>>);

type Cap = (u32, Arc<Semaphore>);

impl Caps {
    /// The permits of a plugin with this cap. After a change of the cap there are new ones; calls that are under way
    /// then count no more.
    pub(crate) fn of(&self, plugin: PluginId, in_flight: Option<u32>) -> Option<Arc<Semaphore>> {
        let most = in_flight?;
        let new =
            || (most, Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS))));
        let mut caps = self.0.lock();
        let cap = caps.entry(plugin).or_insert_with(new);
        if cap.0 != most {
            *cap = new();
        }
        Some(cap.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cap_has_the_same_permits() {
        let (caps, plugin) = (Caps::default(), PluginId::from_bits(1));
        assert!(caps.of(plugin, None).is_none());
        let (one, again) = (caps.of(plugin, Some(2)).unwrap(), caps.clone().of(plugin, Some(2)).unwrap());
        assert!(Arc::ptr_eq(&one, &again) && one.available_permits() == 2);
        assert!(!Arc::ptr_eq(&one, &caps.of(PluginId::from_bits(2), Some(2)).unwrap()));
        assert_eq!(caps.of(plugin, Some(3)).unwrap().available_permits(), 3);
    }
}
