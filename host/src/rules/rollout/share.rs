//! Which events a share is. Nothing but the event's id and the plugin's decides it, so an event that is run again (a
//! retry, after a crash, in a comparison) gets the version it had.

use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::id::EventId;
use crate::domain::id::PluginId;
use crate::domain::rollout::Share;

/// Whether an event is one of the share. A larger share of the same plugin has all events of a smaller one; the shares
/// of two plugins know nothing of each other.
pub fn takes(share: Share, plugin: PluginId, event: EventId) -> bool {
    let hash = Sha256::new()
        .chain_update(plugin.bits().to_be_bytes())
        .chain_update(event.bits().to_be_bytes())
        .finalize();
    let first = hash.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    // The hash as a fraction, times a thousand.
    let place = (u128::from(first) * 1000) >> 64;
    place < u128::from(share.per_thousand())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::compose;

    fn share(percent: f64) -> Share {
        Share::try_from(percent).unwrap()
    }

    fn event(number: u64) -> EventId {
        // As the store numbers them: a few in each millisecond.
        EventId::from_bits(compose(1_790_000_000_000 + number / 7, (number % 7) as u16, number * 77))
    }

    #[test]
    fn a_share_is_about_what_it_says() {
        let plugin = PluginId::from_bits(compose(1, 2, 3));
        for (percent, least, most) in
            [(0.1, 60, 140), (1.0, 880, 1120), (10.0, 9700, 10_300), (50.0, 49_500, 50_500)]
        {
            let taken = (0..100_000).filter(|number| takes(share(percent), plugin, event(*number))).count();
            assert!((least..=most).contains(&taken), "{percent} %: {taken} of 100000");
        }
        assert!((0..1000).all(|number| takes(Share::ALL, plugin, event(number))));
    }

    #[test]
    fn a_larger_share_has_the_smaller_one_and_another_plugin_has_another() {
        let (one, two) = (PluginId::from_bits(1), PluginId::from_bits(2));
        let events = || (0..10_000).map(event);
        assert!(events().filter(|id| takes(share(5.0), one, *id)).all(|id| takes(share(5.1), one, id)));
        let both = events().filter(|id| takes(share(10.0), one, *id) && takes(share(10.0), two, *id)).count();
        assert!((60..=140).contains(&both), "{both} of 10000 are in both tenths");
    }

    /// Events of the past must keep their versions when the program is replaced.
    #[test]
    fn it_never_changes() {
        let taken: Vec<u64> =
            (0..60).filter(|number| takes(share(10.0), PluginId::from_bits(1), event(*number))).collect();
        assert_eq!(taken, [20, 32, 37, 53]);
    }
}
