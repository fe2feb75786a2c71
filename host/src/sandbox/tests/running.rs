//! Honest runs: what goes in and comes out, batches, configurations, fresh memory, other runtimes.

use crate::domain::plugin::Fault;
use crate::domain::plugin::LogLevel;
use crate::domain::plugin::Verdict;
use crate::sandbox::ConfigRefusal;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::forwarded;
use crate::sandbox::tests::support::no_config;

#[tokio::test]
async fn every_field_crosses_the_border() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    let sent = event("echo");
    let ran = plugin.run(no_config(), sent.clone()).await.unwrap();
    let output = &forwarded(&ran.verdict)[0];
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(output.event_type.as_deref(), Some(&*sent.event_type));
    assert_eq!(output.ordering_key.as_deref(), Some("echo"));
    assert_eq!(output.payload, sent.payload);
    let expected = [
        header("x-attack", "value"),
        header("source", &sent.source),
        header("received-at", &sent.received_at),
        header("content-type", &sent.content_type),
    ];
    assert_eq!(output.headers, expected);
    assert!(!ran.cost.cpu.is_zero());
    assert!(
        ran.cost.memory_peak_bytes >= 2 << 20,
        "the memory it was linked with: {}",
        ran.cost.memory_peak_bytes
    );
}

#[tokio::test]
async fn an_honest_plugin_transforms_and_logs() {
    let room = Room::new();
    let plugin = room.plugin("lead").await;
    let ran = plugin.run(no_config(), event("e")).await.unwrap();
    let output = &forwarded(&ran.verdict)[0];
    assert_eq!(output.event_type.as_deref(), Some("lead.intent"));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&output.payload).unwrap()["score"], 90);
    assert_eq!(plugin.instances_kept(), 0, "a native guest has an instance made for each event");

    let ran = plugin.run(r#"{"min_confidence":0.95}"#.into(), event("e")).await.unwrap();
    assert_eq!(ran.verdict, Verdict::Drop("confidence 0.9".to_owned()));
    assert_eq!(ran.cost.log.len(), 1);
    assert_eq!(
        (ran.cost.log[0].level, ran.cost.log[0].message.as_str()),
        (LogLevel::Debug, "confidence 0.9")
    );
}

#[tokio::test]
async fn configurations_are_checked() {
    let room = Room::new();
    let plugin = room.plugin("lead").await;
    plugin.check_config(r#"{"min_confidence":0.5}"#).await.unwrap();
    let refused = plugin.check_config(r#"{"min_confidence":"much"}"#).await.unwrap_err();
    assert_eq!(refused, ConfigRefusal::Refused { message: "min_confidence is not a number".to_owned() });
    let failure = plugin.run(r#"{"min_confidence":"much"}"#.into(), event("e")).await.unwrap_err();
    assert_eq!(
        failure.fault,
        Fault::Refused { message: "configure: min_confidence is not a number".to_owned() }
    );

    let hostile = room.plugin("hostile").await;
    let faulted = hostile.check_config(r#"{"attack":"panic"}"#).await.unwrap_err();
    assert!(matches!(faulted, ConfigRefusal::Faulted { fault: Fault::Trapped { .. } }), "{faulted:?}");
}

#[tokio::test]
async fn no_byte_survives_from_one_call_to_the_next() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    for _ in 0..200 {
        let ran = plugin.run(no_config(), event("count")).await.unwrap();
        assert_eq!(ran.verdict, Verdict::Drop("call 1".to_owned()));
    }
    // Within one batch the instance is the same, and after it again a new one.
    let batch = plugin.run_batch(no_config(), vec![event("count"), event("count")]).await.unwrap();
    let dropped = |reason: &str| Ok(Verdict::Drop(reason.to_owned()));
    assert_eq!(batch.results, [dropped("call 1"), dropped("call 2")]);
    let batch = plugin.run_batch(no_config(), vec![event("count")]).await.unwrap();
    assert_eq!(batch.results, [dropped("call 1")]);
}

#[tokio::test]
async fn memory_of_one_call_is_not_there_for_the_next() {
    let room = Room::new();
    let (leaver, seeker) = (room.plugin("hostile").await, room.plugin("hostile").await);
    for _ in 0..10 {
        let ran = leaver.run(no_config(), event("leave")).await.unwrap();
        assert_eq!(ran.verdict, Verdict::Drop(format!("left {}", 4 << 20)));
        let ran = seeker.run(no_config(), event("seek")).await.unwrap();
        let Verdict::Drop(found) = ran.verdict else { panic!("{ran:?}") };
        let trace: usize = found.split(' ').nth(2).unwrap().parse().unwrap();
        assert!(trace < 8, "{found}");
    }
}

#[tokio::test]
async fn a_batch_gives_each_event_its_own_result() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    let events = ["behave", "refuse", "drop", "five-megabytes", "echo"].map(event).to_vec();
    let ran = plugin.run_batch(no_config(), events).await.unwrap();
    assert_eq!(ran.results.len(), 5);
    assert_eq!(forwarded(ran.results[0].as_ref().unwrap())[0].event_type.as_deref(), Some("behaved"));
    assert_eq!(ran.results[1], Err(Fault::Refused { message: "no thanks".to_owned() }));
    assert_eq!(ran.results[2], Ok(Verdict::Drop("dropped".to_owned())));
    assert!(matches!(ran.results[3], Err(Fault::OutputTooLarge { .. })), "{:?}", ran.results[3]);
    assert_eq!(forwarded(ran.results[4].as_ref().unwrap())[0].ordering_key.as_deref(), Some("echo"));

    assert_eq!(plugin.run_batch(no_config(), vec![]).await.unwrap().results, []);
    let short = plugin.run_batch(no_config(), vec![event("short-batch"), event("drop")]).await.unwrap_err();
    assert!(short.fault.to_string().contains("0 results for 2 events"), "{}", short.fault);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_the_guests() {
    let room = Room::new();
    let plugin = room.plugin("lead").await;
    let calls = (0..500).map(|_| plugin.run(no_config(), event("e")));
    for ran in futures::future::join_all(calls).await {
        assert_eq!(forwarded(&ran.unwrap().verdict).len(), 1);
    }
}

#[tokio::test]
async fn a_plugin_outlives_its_sandbox_only_as_a_name() {
    let room = Room::new();
    let plugin = room.plugin("lead").await;
    let Room { sandbox, dir: _dir } = room;
    drop(sandbox);
    let failure = plugin.run(no_config(), event("e")).await.unwrap_err();
    assert!(
        matches!(&failure.fault, Fault::Host { detail } if detail.contains("shutting down")),
        "{:?}",
        failure.fault
    );
}
