//! Typed ids that sort by time and parse only with their own prefix. The crates ulid and uuid have no room for slot and
//! attempt, which save an index.
//! Not here: who makes them (`store` numbers events, `control::ids` everything else).
//!
//! Every id is 128 bits: 48 bits of unix milliseconds, 16 bits of a counter within the
//! millisecond, 40 random bits, 16 bits of slot and 8 bits of attempt. Slot and attempt are
//! zero except in delivery and attempt ids, which are their event's id with those bits set:
//! the id of a delivery says where its event is, so no index is needed to find it.
//! The text form is the prefix and 26 characters of lower-case Crockford base 32.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LEN: usize = 26;
const ATTEMPT_BITS: u32 = 8;
const SLOT_BITS: u32 = 16;
const LOW_BITS: u32 = ATTEMPT_BITS + SLOT_BITS;

/// A table by id. No sender can choose ids so that many fall into one place: the gateway makes them, and the hash has a
/// seed. A hash that withstands chosen keys costs an event a microsecond.
pub type IdMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
/// A set of ids, in the same way.
pub type IdSet<K> = HashSet<K, foldhash::fast::RandomState>;

/// The text is not an id of the expected kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that begins with `{expected}_` and goes on with 26 characters of 0-9 and a-z")]
pub struct BadId {
    /// The prefix that was wanted, without its underscore.
    pub expected: &'static str,
}

fn encode(value: u128) -> [u8; TEXT_LEN] {
    let mut text = [0; TEXT_LEN];
    let mut rest = value;
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    text
}

/// Strict on purpose: one id has one spelling.
fn decode(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    if bytes.len() != TEXT_LEN || bytes[0] > b'7' {
        return None;
    }
    bytes.iter().try_fold(0u128, |value, byte| {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        Some(value << 5 | digit as u128)
    })
}

/// The bits of a new id.
///
/// `millis` is unix time; `counter` orders ids of one millisecond; 40 bits of `random` keep
/// two nodes apart.
pub fn compose(millis: u64, counter: u16, random: u64) -> u128 {
    (u128::from(millis) << 80)
        | (u128::from(counter) << 64)
        | (u128::from(random & 0xff_ffff_ffff) << LOW_BITS)
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// What the text form begins with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The id with these bits; see the head of this file for their meaning.
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }

            /// All 128 bits; their big-endian order is the order of time.
            pub const fn bits(self) -> u128 {
                self.0
            }

            /// When it was made, in unix milliseconds.
            pub const fn unix_millis(self) -> u64 {
                (self.0 >> 80) as u64
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = encode(self.0);
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(BadId { expected: $prefix })
            }
        }

        /// Text for people, bits for the store.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.to_be_bytes().serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <[u8; 16]>::deserialize(deserializer).map(|bytes| Self(u128::from_be_bytes(bytes)))
                }
            }
        }
    };
}

typed_id!(/// A tenant.
    WorkspaceId, "wks");
typed_id!(/// A place where events come in.
    SourceId, "src");
typed_id!(/// One received or published payload.
    EventId, "evt");
typed_id!(/// Sources and event types, steps, one destination.
    ConnectionId, "con");
typed_id!(/// Where payloads go.
    DestinationId, "dst");
typed_id!(/// One payload on its way to one destination.
    DeliveryId, "dlv");
typed_id!(/// One HTTP request and its answer.
    AttemptId, "att");
typed_id!(/// An uploaded component, by name.
    PluginId, "plg");
typed_id!(/// An API key or the key of a source.
    KeyId, "key");
typed_id!(/// A secret that plugins may be given.
    SecretId, "sec");
typed_id!(/// A replay and its progress.
    ReplayId, "rpl");
typed_id!(/// A version or steps tried on stored events, compared with what was sent.
    ComparisonId, "cmp");
typed_id!(/// A captured test of a plugin.
    TestId, "tst");
typed_id!(/// A version of a plugin tried on live events.
    RolloutId, "rol");
typed_id!(/// A plan for a change of the configuration.
    PlanId, "pln");
typed_id!(/// Documents that are applied together.
    SetId, "set");
typed_id!(/// Rows with columns, kept by hookmill.
    TableId, "tbl");
typed_id!(/// An entry of the event catalogue.
    EventTypeId, "ety");
typed_id!(/// A row of a table.
    RowId, "row");
typed_id!(/// A request that was turned away at a source.
    RejectionId, "rej");
typed_id!(/// Something that somebody ought to hear of.
    AlertId, "alr");
typed_id!(/// Deliveries in one request.
    BatchId, "bat");

impl EventId {
    /// The id of the event's delivery in that slot; slots count from 1 in the order in which
    /// the plan makes deliveries, so planning again gives the same ids.
    pub fn delivery(self, slot: u16) -> DeliveryId {
        DeliveryId(self.0 | u128::from(slot) << ATTEMPT_BITS)
    }
}

impl DeliveryId {
    /// The event this delivery came from.
    pub fn event(self) -> EventId {
        EventId(self.0 >> LOW_BITS << LOW_BITS)
    }

    /// Which of the event's deliveries this is, counted from 1.
    pub fn slot(self) -> u16 {
        (self.0 >> ATTEMPT_BITS) as u16
    }

    /// The id of the attempt with that number, counted from 1.
    pub fn attempt(self, number: u8) -> AttemptId {
        AttemptId(self.0 | u128::from(number))
    }
}

impl AttemptId {
    /// The delivery this attempt belongs to.
    pub fn delivery(self) -> DeliveryId {
        DeliveryId(self.0 >> ATTEMPT_BITS << ATTEMPT_BITS)
    }

    /// Which of the delivery's attempts this is, counted from 1.
    pub fn number(self) -> u8 {
        self.0 as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let id = EventId::from_bits(compose(1_790_000_000_000, 7, 0x12_3456_789a));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.unix_millis(), 1_790_000_000_000);
    }

    #[test]
    fn one_spelling_only() {
        let id = EventId::from_bits(compose(1, 2, 3)).to_string();
        for wrong in [
            id.to_uppercase(),
            id.replacen("evt", "src", 1),
            format!("{id}0"),
            id.replace('0', "o"),
            "evt_8zzzzzzzzzzzzzzzzzzzzzzzzz".into(),
            String::new(),
        ] {
            assert!(wrong.parse::<EventId>().is_err(), "{wrong} parsed");
        }
    }

    #[test]
    fn a_delivery_knows_its_event() {
        let event = EventId::from_bits(compose(1_790_000_000_000, 1, u64::MAX));
        let delivery = event.delivery(65_535);
        assert_eq!((delivery.event(), delivery.slot()), (event, 65_535));
        let attempt = delivery.attempt(255);
        assert_eq!((attempt.delivery(), attempt.number()), (delivery, 255));
    }

    #[test]
    fn later_ids_sort_later_as_text() {
        let ids = [compose(1, 9, 9), compose(2, 0, 0), compose(2, 1, 0)].map(EventId::from_bits);
        assert!(ids.is_sorted_by_key(|id| id.to_string()));
    }
}
