//! What proves bytes that were made again to be those that were planned: a hash over all a step can decide about a
//! delivery, not only over its body. Pure.

use sha2::Digest as _;
use sha2::Sha256;

use crate::domain::delivery::DeliveryBytes;
use crate::domain::plan::Planned;

/// The first 64 bits of the SHA-256 over all fields, each after its length, so that none can pass for a part of
/// another.
pub(super) fn fingerprint(bytes: &DeliveryBytes) -> u64 {
    let mut hasher = Sha256::new();
    let mut add = |field: &[u8]| {
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field);
    };
    add(&bytes.payload);
    add(bytes.event_type.as_bytes());
    add(bytes.content_type.as_bytes());
    for field in [&bytes.method, &bytes.path] {
        // What is not there differs from what is empty.
        add(&[u8::from(field.is_some())]);
        add(field.as_deref().unwrap_or_default().as_bytes());
    }
    for (name, value) in &bytes.headers.0 {
        add(name.as_bytes());
        add(value.as_bytes());
    }
    first(hasher)
}

/// What earlier versions wrote: of the body alone.
fn of_body(payload: &[u8]) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(payload);
    first(hasher)
}

fn first(hasher: Sha256) -> u64 {
    hasher.finalize().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// Whether bytes are the ones that were planned.
pub(crate) fn is_planned(planned: &Planned, bytes: &DeliveryBytes) -> bool {
    planned.payload_bytes == u32::try_from(bytes.payload.len()).unwrap_or(u32::MAX)
        && (planned.payload_hash == fingerprint(bytes) || planned.payload_hash == of_body(&bytes.payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Headers;
    use crate::domain::id::DeliveryId;

    fn bytes() -> DeliveryBytes {
        DeliveryBytes {
            event_type: "t".into(),
            content_type: "application/json".into(),
            headers: Headers(vec![("a".into(), "1".into())]),
            method: None,
            path: None,
            payload: "{}".into(),
        }
    }

    fn planned(payload_hash: u64) -> Planned {
        Planned { id: DeliveryId::from_bits(1), payload_bytes: 2, payload_hash }
    }

    #[test]
    fn whatever_a_step_decides_counts() {
        let plan = planned(fingerprint(&bytes()));
        assert!(is_planned(&plan, &bytes()));
        let others: [fn(&mut DeliveryBytes); 8] = [
            |bytes| bytes.payload = "[]".into(),
            |bytes| bytes.event_type = "u".into(),
            |bytes| bytes.content_type = "text/plain".into(),
            |bytes| bytes.method = Some("PUT".into()),
            |bytes| bytes.path = Some(String::new()),
            |bytes| bytes.headers = Headers::default(),
            |bytes| bytes.headers.0[0].1 = "2".into(),
            |bytes| bytes.headers = Headers(vec![("a1".into(), String::new())]),
        ];
        for (at, change) in others.iter().enumerate() {
            let mut other = bytes();
            change(&mut other);
            assert!(!is_planned(&plan, &other), "{at}");
        }
    }

    #[test]
    fn rows_of_earlier_versions_still_prove_a_body() {
        // The first eight bytes of what `printf {} | sha256sum` says.
        let plan = planned(0x4413_6fa3_55b3_678a);
        assert!(is_planned(&plan, &bytes()));
        assert!(!is_planned(&plan, &DeliveryBytes { payload: "[]".into(), ..bytes() }));
    }
}
