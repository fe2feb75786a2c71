//! An instance that runs directly is put back to where it was once it took its configuration. Nobody can tell that from
//! one that takes it anew for each event. Not here: that no byte of an event survives (`forgetting`).

use std::sync::Arc;

use crate::domain::plugin::Verdict;
use crate::sandbox::Plugin;
use crate::sandbox::tests::promises::directly::not_followed;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::component;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::no_config;

/// The same guest, run directly and as a component.
async fn both(room: &Room, guest: &Guest) -> [Plugin; 2] {
    let module = guest.interpreted();
    let as_component = room.loaded(not_followed(component(&module))).await;
    [room.loaded(module).await, as_component]
}

#[tokio::test]
async fn each_event_meets_its_own_configuration() {
    let room = Room::new();
    let plugin = room.interpreted("lead").await;
    // More than are remembered, in turns and again and again.
    for turn in 0..200_u32 {
        let number = if turn % 3 == 0 { turn % 40 } else { turn % 5 };
        let config = format!(r#"{{"min_confidence":{:.2}}}"#, 0.71 + f64::from(number) / 100.0);
        let ran = plugin.run(config.as_str().into(), event("e")).await.unwrap();
        let is_dropped = ran.verdict == Verdict::Drop("confidence 0.9".to_owned());
        assert_eq!(is_dropped, number >= 20, "{config}: {:?}", ran.verdict);
        assert_eq!(plugin.instances_kept(), 1);
    }
}

#[tokio::test]
async fn what_it_logs_is_logged_with_each_event() {
    let room = Room::new();
    // The first bytes of the manifest.
    let says = "(call $log (i32.const 1) (i32.const 1024) (i32.const 7)) (call $ok)";
    let plugins = both(&room, &honest().imports(LOG).configure(says).transform(says)).await;
    for _ in 0..3 {
        for plugin in &plugins {
            let log = plugin.run(no_config(), event("e")).await.unwrap().cost.log;
            let lines: Vec<_> = log.iter().map(|line| line.message.as_str()).collect();
            assert_eq!(lines, [r#"{"name""#; 2]);
        }
    }
    assert_eq!(plugins.map(|plugin| plugin.instances_kept()), [1, 0]);
}

/// A page for each ten bytes of the configuration.
#[tokio::test]
async fn memory_that_it_takes_is_there_for_its_events_and_for_no_others() {
    let room = Room::new();
    let grows = "(drop (memory.grow (i32.div_u (local.get 1) (i32.const 10)))) (call $ok)";
    let plugins = both(&room, &honest().configure(grows)).await;
    let configs = ["{}", r#"{"a":12345}"#, r#"{"a":12345,"b":12345}"#, "[]"].map(Arc::<str>::from);
    for turn in 0..20 {
        let config = &configs[turn * turn % 7 % configs.len()];
        for plugin in &plugins {
            let ran = plugin.run(config.clone(), event("e")).await.unwrap();
            assert_eq!(ran.cost.memory_peak_bytes, (2 + config.len() as u64 / 10) << 16, "{config}");
        }
    }
    assert!(plugins[0].instances_kept() > 0);
}

#[tokio::test]
async fn what_cleans_up_after_it_is_called_and_may_not_call_anybody() {
    let room = Room::new();
    // The place of the answer of `configure` is the event's reason to be dropped.
    let after = |body: &str| {
        let post = format!(r#"(func (export "cabi_post_configure") (param i32) {body})"#);
        honest().imports(LOG).items(&post).transform(
            "(i32.store offset=36 (i32.const 0) (i32.const 1)) (i32.store offset=40 (i32.const 0) (i32.const 640))
             (i32.store offset=44 (i32.const 0) (i32.const 2)) (i32.const 32)",
        )
    };
    let told = async |plugin: &Plugin| match plugin.run(no_config(), event("e")).await {
        Ok(ran) => format!("{:?}", ran.verdict),
        Err(failure) => failure.fault.to_string(),
    };
    for (body, expected) in [
        ("(i32.store16 (i32.const 640) (i32.const 0x6b6f))", "Drop(\"ok\")"),
        ("(call $log (i32.const 1) (i32.const 1024) (i32.const 7))", "cannot leave component instance"),
        ("unreachable", "unreachable code was reached"),
    ] {
        for plugin in both(&room, &after(body)).await {
            for _ in 0..2 {
                let told = told(&plugin).await;
                assert!(told.contains(expected), "{body}: {told}");
            }
        }
    }
}

/// What is called when an answer was read runs for each of them, and ends the call as it does in a component.
#[tokio::test]
async fn what_cleans_up_after_an_event_is_called() {
    let room = Room::new();
    let post =
        |export: &str, body: &str| format!(r#"(func (export "cabi_post_{export}") (param i32) {body})"#);
    let log = "(call $log (i32.const 1) (i32.const 1024) (i32.const 7))";
    for (export, body, expected) in [
        ("transform", "unreachable", Some("unreachable code was reached")),
        ("transform", log, Some("cannot leave component instance")),
        ("transform", "(i32.store (i32.const 640) (i32.const 1))", None),
        ("transform-batch", "unreachable", None),
    ] {
        for plugin in both(&room, &honest().imports(LOG).items(&post(export, body))).await {
            for _ in 0..3 {
                let ran = plugin.run(no_config(), event("e")).await;
                let told = ran.as_ref().err().map(|failure| failure.fault.to_string()).unwrap_or_default();
                assert_eq!(ran.is_err(), expected.is_some(), "{export} {body}: {told}");
                assert!(told.contains(expected.unwrap_or_default()), "{export} {body}: {told}");
            }
            let batch = plugin.run_batch(no_config(), vec![event("e"), event("e")]).await;
            assert_eq!(batch.is_err(), export == "transform-batch", "{batch:?}");
        }
    }
}
