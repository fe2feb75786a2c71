//! Modules of plugins, by digest.

use bytes::Bytes;

use crate::domain::plugin::Digest;
use crate::store::Store;
use crate::store::contract::Opener;
use crate::store::contract::open;

pub(crate) async fn modules_come_back_by_their_digest(opener: &impl Opener) {
    let opened = open(opener).await;
    let digest = |byte| Digest::from_bytes([byte; 32]);
    // One that no compression makes small, of a size that modules have.
    let mut state = 1u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let large: Bytes = noise.take(3 << 20).collect::<Vec<u8>>().into();
    let small = Bytes::from_static(b"\0asm");
    assert_eq!(opened.store.module(digest(1)).await.unwrap(), None);
    for (byte, module) in [(1, &large), (2, &small), (2, &small)] {
        opened.store.put_module(digest(byte), module.clone()).await.unwrap();
    }
    let opened = opened.reopen(opener).await;
    assert!(opened.store.module(digest(1)).await.unwrap() == Some(large));
    assert_eq!(opened.store.module(digest(2)).await.unwrap(), Some(small));
    assert_eq!(opened.store.module(digest(3)).await.unwrap(), None);
}
