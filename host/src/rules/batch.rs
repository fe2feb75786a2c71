//! The body of a batch, and what it is known by. Pure: the same deliveries make the same bytes under the same id,
//! whenever they are sent. Not here: which go together (`delivery::queues`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::destination::BatchForm;
use crate::domain::id::BatchId;
use crate::domain::id::DeliveryId;

/// Bytes of payloads in a batch; one that is larger goes alone.
pub const BATCH_BYTES_MAX: usize = 1 << 20;

/// A delivery as a batch has it.
#[derive(Clone, Copy, Debug)]
pub struct BatchMember<'a> {
    /// Which.
    pub id: DeliveryId,
    /// Its type.
    pub event_type: &'a str,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// The body of one.
#[derive(Serialize)]
struct Envelope<'a> {
    batch: BatchId,
    count: usize,
    items: Vec<EnvelopeItem<'a>>,
}

#[derive(Serialize)]
struct EnvelopeItem<'a> {
    id: DeliveryId,
    r#type: &'a str,
    payload: Box<RawValue>,
}

/// What a batch of these is known by. Other deliveries are another batch, so that no receiver takes one for the other.
pub fn id(members: &[DeliveryId]) -> BatchId {
    let mut hash = Sha256::new();
    members.iter().for_each(|member| hash.update(member.bits().to_be_bytes()));
    let digest: [u8; 32] = hash.finalize().into();
    let bits = digest[..16].try_into().map(u128::from_be_bytes).unwrap_or_default();
    BatchId::from_bits(bits)
}

/// The type of a batch: that of its members, if they have the same.
pub fn event_type<'a>(members: &[BatchMember<'a>]) -> &'a str {
    match members {
        [first, rest @ ..] if rest.iter().all(|member| member.event_type == first.event_type) => {
            first.event_type
        }
        _ => "batch",
    }
}

/// The body of a batch, JSON.
pub fn body(form: BatchForm, id: BatchId, members: &[BatchMember<'_>]) -> Vec<u8> {
    let payloads = members.iter().map(|member| as_json(member.payload));
    let body = match form {
        BatchForm::Array => serde_json::to_vec(&payloads.collect::<Vec<_>>()),
        BatchForm::Envelope => serde_json::to_vec(&Envelope {
            batch: id,
            count: members.len(),
            items: members
                .iter()
                .zip(payloads)
                .map(|(member, payload)| EnvelopeItem { id: member.id, r#type: member.event_type, payload })
                .collect(),
        }),
    };
    // Texts and what was read as JSON can be written.
    body.unwrap_or_default()
}

/// JSON as it is; other text as a text, other bytes as base 64.
fn as_json(payload: &[u8]) -> Box<RawValue> {
    let text = std::str::from_utf8(payload);
    if let Some(json) = text.ok().and_then(|text| serde_json::from_str::<Box<RawValue>>(text).ok()) {
        return json;
    }
    let text = text.map_or_else(|_| STANDARD.encode(payload), str::to_owned);
    serde_json::value::to_raw_value(&text).unwrap_or_default()
}

/// How many of these go into the first batch, by their bytes.
pub fn fitting(lengths: impl Iterator<Item = usize>) -> usize {
    let mut all = 0usize;
    let fits = |length: &usize| {
        all = all.saturating_add(*length);
        all <= BATCH_BYTES_MAX
    };
    lengths.take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: u128, event_type: &'static str, payload: &'static [u8]) -> BatchMember<'static> {
        BatchMember { id: DeliveryId::from_bits(id), event_type, payload }
    }

    #[test]
    fn payloads_stay_as_they_are() {
        let members = [member(1, "a", b"{\"n\": 1.0}"), member(2, "b", b"plain"), member(3, "a", b"\xff")];
        let ids: Vec<DeliveryId> = members.iter().map(|member| member.id).collect();
        let array = body(BatchForm::Array, id(&ids), &members);
        assert_eq!(array, br#"[{"n": 1.0},"plain","/w=="]"#);
        let envelope = body(BatchForm::Envelope, id(&ids), &members[..1]);
        let expected = format!(
            r#"{{"batch":"{}","count":1,"items":[{{"id":"{}","type":"a","payload":{{"n": 1.0}}}}]}}"#,
            id(&ids),
            ids[0]
        );
        assert_eq!(String::from_utf8(envelope).unwrap(), expected);
        assert_eq!((event_type(&members), event_type(&members[..1])), ("batch", "a"));
    }

    #[test]
    fn other_members_are_another_batch() {
        let [one, two] = [1, 2].map(DeliveryId::from_bits);
        assert_eq!(id(&[one, two]), id(&[one, two]));
        assert_ne!(id(&[one, two]), id(&[one]));
    }

    #[test]
    fn a_batch_has_an_end() {
        let half = BATCH_BYTES_MAX / 2;
        assert_eq!(fitting([half, half, 1].into_iter()), 2);
        assert_eq!(fitting([BATCH_BYTES_MAX + 1, 1].into_iter()), 1);
        assert_eq!(fitting([1, 1].into_iter()), 2);
    }
}
