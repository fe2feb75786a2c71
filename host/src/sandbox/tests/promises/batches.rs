//! Who shares an instance: events that wait for a plugin whose manifest asks for batches, and nobody else's. Not here:
//! what is left in an instance for the next event (`forgetting`).

use std::sync::Arc;

use futures::future::join_all;

use crate::domain::grant::Grants;
use crate::domain::plugin::Verdict;
use crate::sandbox::Plugin;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::named;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;

/// Events at once: many more than calls may be under way, so that most wait.
const MANY: usize = 200;

/// `$say` answers with how many events the instance has seen.
const ITEMS: &str = r#"
  (global $seen (mut i32) (i32.const 48))
  (func $say (param $at i32) (local $text i32)
    (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
    (local.set $text (call $take (i32.const 1)))
    (i32.store8 (local.get $text) (global.get $seen))
    (i32.store (local.get $at) (i32.const 0))
    (i32.store offset=4 (local.get $at) (i32.const 1))
    (i32.store offset=8 (local.get $at) (local.get $text))
    (i32.store offset=12 (local.get $at) (i32.const 1)))"#;

const BATCH: &str = r#"
  (local $at i32) (local $end i32)
  (drop (call $each (local.get 1)))
  (local.set $at (i32.load (i32.const 48)))
  (local.set $end (i32.add (local.get $at) (i32.mul (local.get 1) (i32.const 16))))
  (loop $next
    (call $say (local.get $at))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (i32.const 48)"#;

/// Counts its events, as `globalThis.n` of JavaScript would.
fn counting(name: &str, manifest: &str) -> Guest {
    let json = format!(r#"{{"name":"{name}","version":"1"{manifest}}}"#);
    named(name).json(&json).items(ITEMS).transform("(call $say (i32.const 32)) (i32.const 32)").batch(BATCH)
}

/// What each of many events at once was told, in order.
async fn told(plugin: &Plugin) -> Vec<String> {
    let config: Arc<str> = "{}".into();
    let all = join_all((0..MANY).map(|_| plugin.run(config.clone(), event("e")))).await;
    let mut told: Vec<String> = all
        .into_iter()
        .map(|ran| match ran.unwrap().verdict {
            Verdict::Drop(seen) => seen,
            Verdict::Forward(_) => panic!("it forwards nothing"),
        })
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn only_a_plugin_that_asks_for_it_meets_events_together() {
    let room = Room::new();
    let admit = async |name: &str, manifest: &str| {
        let admitted = room.sandbox.admit(counting(name, manifest).build().into()).await.unwrap();
        let plugin = room.sandbox.load(TENANT, &admitted.digest, Grants::default()).await.unwrap();
        (admitted.batch, plugin)
    };
    for manifest in ["", r#","batch":false"#] {
        let (batch, plugin) = admit("alone", manifest).await;
        assert_eq!((batch, told(&plugin.in_batches(batch)).await), (false, vec!["1".to_owned(); MANY]));
    }
    let (batch, plugin) = admit("together", r#","batch":true"#).await;
    assert!(batch);
    let seen = told(&plugin.in_batches(batch)).await;
    assert!(seen.iter().any(|seen| seen != "1"), "{seen:?}");
    // Whoever looks at what it would do takes no part in that.
    assert_eq!(told(&plugin.in_batches(false)).await, vec!["1".to_owned(); MANY]);
}
