//! Attacks from within a run: each ends with its name, within its limit, while others are served.

use std::future::Future;
use std::time::Duration;

use crate::domain::plugin::Blame;
use crate::domain::plugin::Fault;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::Failure;
use crate::sandbox::Plugin;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::forwarded;
use crate::sandbox::tests::support::no_config;

async fn attack(plugin: &Plugin, name: &str) -> Failure {
    match plugin.run(no_config(), event(name)).await {
        Ok(ran) => panic!("{name} was let through: {:?}", ran.verdict),
        Err(failure) => failure,
    }
}

#[tokio::test]
async fn each_attack_is_named() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    for (name, code) in [
        ("endless-loop", "out_of_time"),
        ("fill-memory", "out_of_time"),
        ("log-flood", "out_of_time"),
        ("grow", "out_of_memory"),
        ("recurse", "trapped"),
        ("recurse-thin", "trapped"),
        ("panic", "trapped"),
        ("bad-pointer", "trapped"),
        ("bad-utf8", "trapped"),
        ("big-output", "output_too_large"),
        ("five-megabytes", "output_too_large"),
        ("many-outputs", "output_too_large"),
        ("aliased-outputs", "output_too_large"),
        ("refuse", "refused"),
    ] {
        let failure = attack(&plugin, name).await;
        assert_eq!(failure.fault.code(), code, "{name}: {}", failure.fault);
        assert_eq!(failure.fault.blame(), Blame::Guest, "{name}");
        assert!(failure.cost.memory_peak_bytes <= PluginLimits::default().memory_bytes, "{name}");
        // And the next one, of the same plugin, is served.
        let ran = plugin.run(no_config(), event("behave")).await.unwrap();
        assert_eq!(forwarded(&ran.verdict).len(), 1, "after {name}");
    }
}

#[tokio::test]
async fn attacks_from_configure_are_named_too() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    for (name, code) in [("endless-loop", "out_of_time"), ("panic", "trapped"), ("grow", "out_of_memory")] {
        let config = format!(r#"{{"attack":"{name}"}}"#);
        let failure = plugin.run(config.as_str().into(), event("behave")).await.unwrap_err();
        assert_eq!(failure.fault.code(), code, "{name}: {}", failure.fault);
    }
    let failure = plugin.run("bad-config".into(), event("behave")).await.unwrap_err();
    assert_eq!(failure.fault, Fault::Refused { message: "configure: this configuration is bad".to_owned() });
}

#[tokio::test]
async fn a_loop_ends_with_its_budget() {
    let limits = PluginLimits { cpu: Duration::from_millis(20), ..PluginLimits::default() };
    let room = Room::with(limits);
    let plugin = room.plugin("hostile").await;
    let failure = attack(&plugin, "endless-loop").await;
    assert_eq!(failure.fault, Fault::OutOfTime { limit: Duration::from_millis(20) });
    // The budget is CPU time, so it is used up whatever else the machine does, and hardly exceeded:
    // a tick of the clock, and what the machine makes of it.
    assert!(failure.cost.cpu >= Duration::from_millis(20), "{:?}", failure.cost.cpu);
    assert!(failure.cost.cpu < Duration::from_millis(200), "{:?}", failure.cost.cpu);
}

#[tokio::test]
async fn a_batch_brings_the_time_of_its_events() {
    let limits = PluginLimits { cpu: Duration::from_millis(5), ..PluginLimits::default() };
    let room = Room::with(limits);
    let plugin = room.plugin("hostile").await;
    let batch = vec![event("behave"), event("behave"), event("endless-loop")];
    let failure = plugin.run_batch(no_config(), batch).await.unwrap_err();
    assert_eq!(failure.fault, Fault::OutOfTime { limit: Duration::from_millis(15) });
}

#[tokio::test]
async fn growing_politely_is_no_fault() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    // It is told that there is no more memory, and says so.
    let failure = attack(&plugin, "grow-politely").await;
    assert!(
        matches!(&failure.fault, Fault::Refused { message } if message.starts_with("got 9")),
        "{}",
        failure.fault
    );
    assert_eq!(failure.cost.memory_peak_bytes, 64 << 20);
}

#[tokio::test]
async fn traps_carry_a_readable_backtrace() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    let expected = [("recurse", "out of bounds memory access"), ("recurse-thin", "stack overflow")];
    for (name, text) in expected {
        let Fault::Trapped { trap, backtrace } = attack(&plugin, name).await.fault else {
            panic!("not trapped")
        };
        assert_eq!(trap, text, "{name}");
        assert!(
            backtrace.iter().any(|frame| frame.contains("guest_hostile::recurse")),
            "{name}: {backtrace:?}"
        );
        assert!(backtrace.len() <= 20);
    }
    let Fault::Trapped { trap, backtrace } = attack(&plugin, "panic").await.fault else {
        panic!("not trapped")
    };
    assert!(trap.contains("unreachable"), "{trap}");
    assert!(backtrace.iter().any(|frame| frame.contains("panic")), "{backtrace:?}");
}

#[tokio::test]
async fn logs_and_words_are_bounded() {
    let room = Room::new();
    let plugin = room.plugin("hostile").await;
    let ran = plugin.run(no_config(), event("log-much")).await.unwrap();
    assert_eq!((ran.cost.log.len(), ran.cost.log_dropped), (100, 900));
    assert!(ran.cost.log.iter().all(|line| line.message.len() <= 1024 && line.message.len() >= 1022));

    let flood = attack(&plugin, "log-flood").await;
    // How many lines fit into its CPU time is the machine's affair; that none is dropped before the
    // limit is full, and none kept beyond it, is not.
    let (kept, dropped) = (flood.cost.log.len(), flood.cost.log_dropped);
    assert!((1..=100).contains(&kept), "what was said before the end is kept: {kept}");
    assert!(kept == 100 || dropped == 0, "{dropped} dropped although only {kept} are kept");

    let ran = plugin.run(no_config(), event("long-reason")).await.unwrap();
    assert!(matches!(ran.verdict, Verdict::Drop(reason) if reason.len() == 1024));
    let Fault::Refused { message } = attack(&plugin, "long-refusal").await.fault else {
        panic!("not refused")
    };
    assert_eq!(message.len(), 1024);
}

/// Runs `calls` to their ends while `beside` goes on for ever; gives what the calls gave.
async fn while_others<T>(calls: impl Future<Output = T>, beside: impl Future<Output = ()>) -> T {
    tokio::select! {
        done = calls => done,
        () = beside => panic!("the others ended"),
    }
}

#[tokio::test]
async fn others_are_served_beside_endless_loops() {
    let room = Room::new();
    let (hostile, honest) = (room.plugin("hostile").await, room.plugin("lead").await);
    // More loops at a time than its cap lets in; each is followed by the next.
    let loops = futures::future::join_all((0..40).map(|_| async {
        loop {
            let failure = attack(&hostile, "endless-loop").await;
            assert_eq!(failure.fault.blame(), Blame::Guest, "{}", failure.fault);
        }
    }));
    let calls = async {
        for _ in 0..50 {
            let ran = honest.run(no_config(), event("e")).await.unwrap();
            assert_eq!(forwarded(&ran.verdict).len(), 1);
        }
    };
    Box::pin(while_others(calls, async { drop(loops.await) })).await;
}

#[tokio::test]
async fn a_call_nobody_waits_for_gives_its_place_back() {
    let limits = PluginLimits {
        in_flight: 1,
        cpu: Duration::from_secs(3600),
        wall: Duration::from_secs(3600),
        ..PluginLimits::default()
    };
    let room = Room::with(limits);
    let plugin = room.plugin("hostile").await;
    {
        let mut forgotten = Box::pin(plugin.run(no_config(), event("endless-loop")));
        // Polled once it is handed over; an hour of looping is ahead of it.
        assert!(futures::poll!(&mut forgotten).is_pending());
    }
    let ran = plugin.run(no_config(), event("behave")).await.unwrap();
    assert_eq!(forwarded(&ran.verdict).len(), 1);
}

#[tokio::test]
async fn a_guest_that_the_machine_starves_is_not_to_blame() {
    let limits = PluginLimits {
        cpu: Duration::from_secs(3600),
        // Long enough to be asked for a manifest on a busy machine.
        wall: Duration::from_millis(500),
        ..PluginLimits::default()
    };
    let room = Room::with(limits);
    let plugin = room.plugin("hostile").await;
    let failure = attack(&plugin, "endless-loop").await;
    assert_eq!(failure.fault.blame(), Blame::Host, "{}", failure.fault);
}

/// Long calls come after short ones, but they come: all of a plugin's calls at a time use up their CPU time, and so are to
/// blame for it themselves, before the wall budget is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_short_calls_starves_no_long_one() {
    let room = Room::new();
    let (short, long) = (room.plugin("lead").await, room.plugin("hostile").await);
    let flood = || async {
        loop {
            short.run(no_config(), event("e")).await.unwrap();
        }
    };
    let floods = futures::future::join_all((0..32).map(|_| flood()));
    let calls = async {
        for _ in 0..3 {
            let failed = futures::future::join_all((0..16).map(|_| attack(&long, "endless-loop"))).await;
            for failure in failed {
                assert_eq!(failure.fault.code(), "out_of_time", "{}", failure.fault);
                assert_eq!(failure.fault.blame(), Blame::Guest, "{}", failure.fault);
            }
        }
    };
    tokio::select! {
        _ = floods => unreachable!("they never end"),
        () = calls => {}
    }
}
