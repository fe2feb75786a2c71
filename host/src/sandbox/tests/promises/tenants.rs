//! What workspaces that have the same plugin know of each other: nothing, neither by what they are told nor by what is kept
//! of them nor by what there is left of it. Not here: bytes in memory (`forgetting`), turns.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::grant::Grant;
use crate::domain::grant::Grants;
use crate::domain::id::WorkspaceId;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::PluginLimits;
use crate::domain::secret::NamedSecrets;
use crate::domain::secret::Secret;
use crate::sandbox::HostContext;
use crate::sandbox::Plugin;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::promises::wat::named;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::no_config;

const A: WorkspaceId = WorkspaceId::from_bits(0xa);
const B: WorkspaceId = WorkspaceId::from_bits(0xb);
const SECRET: &str = "s3cr3t-value-of-a";

/// Logs its configuration.
fn talks() -> Guest {
    let says = "(call $log (i32.const 1) (local.get 0) (local.get 1)) (call $ok)";
    honest().imports(LOG).configure(says)
}

async fn said(plugin: &Plugin, config: &Arc<str>, secrets: &[(&str, &str)]) -> Vec<String> {
    let named = secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value)));
    let given = HostContext { secrets: NamedSecrets::new(named), ..HostContext::default() };
    let ran = plugin.run_with(given, config.clone(), event("e")).await.unwrap();
    ran.cost.log.into_iter().map(|line| line.message).collect()
}

/// B guesses A's secret and puts it into its configuration. What it reads must not say whether it was right.
#[tokio::test]
async fn a_trace_never_tells_of_another_workspaces_secret() {
    let room = Room::new();
    let module = talks().interpreted();
    let digest = room.sandbox.admit(module.into()).await.unwrap().digest;
    // A grants more than the plugin uses.
    let surplus: Grants = [Grant::Secrets].into_iter().collect();
    let a = room.sandbox.load(A, &digest, surplus).await.unwrap();
    let b = room.sandbox.load(B, &digest, Grants::default()).await.unwrap();
    let config: Arc<str> = format!("[\"{SECRET}\"]").into();
    for _ in 0..3 {
        assert_eq!(said(&a, &config, &[("crm", SECRET)]).await, ["[\"[secret crm]\"]"]);
        assert_eq!(said(&b, &config, &[]).await, [&*config]);
    }
    assert!(a.direct().is_none(), "whoever is granted anything gets an instance for each event");
    assert_eq!(b.instances_kept(), 1);
}

/// What is kept of a configuration is what the guest said: each call leaves out its own secrets, and cuts after that.
#[tokio::test]
async fn lines_are_kept_as_they_were_said_and_cut_after_the_secrets_are_out() {
    let room = Room::new();
    let plugin = room.loaded_for(A, talks().interpreted()).await;
    let limit = PluginLimits::interpreted().log_line_bytes as usize;
    // The value begins eight bytes before the end of what is kept.
    let config: Arc<str> = format!("{}{SECRET}", "x".repeat(limit - 8)).into();
    for secrets in [&[][..], &[("other", "nothing")], &[("crm", SECRET)], &[], &[("of-b", SECRET)]] {
        for _ in 0..2 {
            let lines = said(&plugin, &config, secrets).await;
            let [line] = lines.as_slice() else { panic!("{lines:?}") };
            let expected = match secrets {
                [(name, SECRET)] => format!("{}[secret {name}]", "x".repeat(limit - 8)),
                _ => config.to_string(),
            };
            assert_eq!(*line, expected[..limit], "{secrets:?}");
        }
    }
    assert_eq!(plugin.direct().unwrap().kept().0, 1, "one snapshot served all of them");
}

/// So are names of headers that cannot be sent, which a fault shows.
#[tokio::test]
async fn a_fault_shows_no_beginning_of_a_secret() {
    let room = Room::new();
    // One header whose name begins at the text, 64 bytes of which are shown, and ends with the value and a space.
    let name = format!("{}{SECRET} ", "x".repeat(60));
    let guest = honest().items(&format!(r#"(data (i32.const 2048) "{name}")"#)).transform(&format!(
        "(i32.store (i32.const 268) (i32.const 512)) (i32.store (i32.const 272) (i32.const 1))
         (i32.store (i32.const 512) (i32.const 2048)) (i32.store (i32.const 516) (i32.const {}))
         (call $forward (i32.const 256) (i32.const 1))",
        name.len()
    ));
    let plugin = room.loaded_for(A, guest.build()).await;
    let secrets = NamedSecrets::new([("crm".to_owned(), Secret::new(SECRET))]);
    let given = HostContext { secrets, ..HostContext::default() };
    let told = plugin.run_with(given, no_config(), event("e")).await.unwrap_err().fault.to_string();
    assert!(
        told.contains("is not a header name") && told.contains("x[sec") && !told.contains("s3cr"),
        "{told}"
    );
}

#[tokio::test]
async fn no_workspace_finds_what_anothers_configuration_made() {
    let room = Room::new();
    let module = talks().interpreted();
    let a = room.loaded_for(A, module.clone()).await;
    let b = room.loaded_for(B, module).await;
    let config: Arc<str> = r#"{"guess":"right"}"#.into();
    for _ in 0..3 {
        said(&a, &config, &[]).await;
    }
    let kept = |plugin: &Plugin| {
        let (configured, beginning, _) = plugin.direct().unwrap().kept();
        (configured, beginning, plugin.instances_kept())
    };
    assert_eq!((kept(&a), kept(&b)), ((1, true, 1), (0, false, 0)), "B begins with nothing");
    said(&b, &config, &[]).await;
    assert_eq!((kept(&a), kept(&b)), ((1, true, 1), (0, true, 1)), "B's first event made its own");
    drop(a);
    said(&b, &config, &[]).await;
    assert_eq!(kept(&b), (1, true, 1));
}

/// Of its memory 4 MB are kept.
fn large(name: &str) -> Guest {
    named(name).pages(80).items(r#"(data (i32.const 4259840) "far")"#)
}

/// What one tenant takes of the room for snapshots others get when they need it, and all when it is gone.
#[tokio::test]
async fn room_for_snapshots_is_shared_and_comes_back() {
    let room = Room::new();
    let mut of_a = Vec::new();
    for number in 0..40 {
        let plugin = room.loaded_for(A, large(&format!("a{number}")).interpreted()).await;
        plugin.run(no_config(), event("e")).await.unwrap();
        of_a.push(plugin);
    }
    let kept = |plugin: &Plugin| plugin.direct().unwrap().kept();
    let taken = of_a.iter().filter(|plugin| kept(plugin).1).count();
    assert!((25..40).contains(&taken), "{taken} of 40 fit");
    let mut of_b = Vec::new();
    for number in 0..10 {
        let plugin = room.loaded_for(B, large(&format!("b{number}")).interpreted()).await;
        for _ in 0..2 {
            plugin.run(no_config(), event("e")).await.unwrap();
        }
        of_b.push(plugin);
    }
    assert!(of_b.iter().all(|plugin| kept(plugin).1), "each of B's has its room");
    assert!(of_b.iter().all(|plugin| kept(plugin).0 == 1), "and what its configuration makes");
    let before = kept(&of_b[0]).2;
    drop(of_a);
    let after = kept(&of_b[0]).2;
    assert!(before > 100 << 20 && after < 11 * (17 << 18), "{before} bytes, then {after}");
}

/// Whoever only looks leaves nothing.
#[tokio::test]
async fn previews_take_no_room() {
    let room = Room::new();
    let plugin = room.loaded_for(A, talks().interpreted()).await;
    let config: Arc<str> = "[]".into();
    for _ in 0..2 {
        said(&plugin, &config, &[]).await;
    }
    let before = plugin.direct().unwrap().kept();
    assert_eq!((before.0, plugin.instances_kept()), (1, 1));
    let looks = plugin.in_passing();
    for number in 0..493 {
        let other: Arc<str> = format!("[{number}]").into();
        assert_eq!(said(&looks, &other, &[]).await, [&*other]);
    }
    assert_eq!(plugin.direct().unwrap().kept(), before);
    let fresh = room.loaded_for(B, talks().interpreted()).await.in_passing();
    said(&fresh, &config, &[]).await;
    assert_eq!((fresh.instances_kept(), fresh.direct().unwrap().kept().0), (0, 0));
}

/// Computes for each byte of its configuration, and for each byte of an event.
fn computes() -> Guest {
    let spins = |bytes: u32| {
        format!(
            "(local $turn i32)
             (local.set $turn (i32.mul (local.get {bytes}) (i32.const 20000)))
             (loop $again
               (local.set $turn (i32.sub (local.get $turn) (i32.const 1)))
               (br_if $again (i32.gt_s (local.get $turn) (i32.const 0))))
             (call $ok)"
        )
    };
    honest().configure(&spins(1)).transform(&spins(13))
}

fn payload(bytes: usize) -> GuestEvent {
    GuestEvent { payload: vec![b'1'; bytes].into(), ..event("e") }
}

/// What a configuration cost is charged to every event, whether it was made for it or before: the same event ends alike.
#[tokio::test]
async fn the_time_of_a_configuration_is_charged_to_each_event() {
    let limit = Duration::from_millis(100);
    let limits = PluginLimits { cpu: limit, wall: Duration::from_secs(60), ..PluginLimits::interpreted() };
    let room = Room::with_both(limits);
    let plugin = room.loaded_for(A, computes().interpreted()).await;
    // The first event makes more than an instance; a processor that others want is slower than it is.
    let mut costs = Vec::new();
    for _ in 0..6 {
        costs.push(plugin.run(no_config(), payload(100)).await.unwrap().cost.cpu);
    }
    let of_a_byte = costs[1..].iter().min().unwrap().as_secs_f64() / 100.0;
    let bytes_of = |time: f64| (time / of_a_byte) as usize;
    let config: Arc<str> = "1".repeat(bytes_of(0.66 * limit.as_secs_f64())).into();
    let made = plugin.run(config.clone(), payload(1)).await.unwrap().cost.cpu;
    assert_eq!(plugin.direct().unwrap().kept().0, 2, "it is kept from here on, as that of before");
    let kept = plugin.run(config.clone(), payload(1)).await.unwrap().cost.cpu;
    assert!(kept > made / 2, "{made:?} when it was made, {kept:?} when it was there");
    // Between what the event may take alone and what it may take besides its configuration.
    let mut bytes = bytes_of(limit.as_secs_f64() - kept.as_secs_f64() / 2.0);
    let mut told_apart = 0;
    for _ in 0..60 {
        let with = plugin.run(config.clone(), payload(bytes)).await.map_err(|failure| failure.fault.code());
        let alone = plugin.run(no_config(), payload(bytes)).await.map_err(|failure| failure.fault.code());
        match (with, alone) {
            (Err("out_of_time"), Ok(alone)) if alone.cost.cpu + kept / 4 < limit => told_apart += 1,
            (Ok(_), _) => bytes += bytes / 8,
            (Err(_), _) => bytes -= bytes / 16,
        }
        if told_apart == 5 {
            return;
        }
    }
    panic!("only {told_apart} times was the event out of time for its configuration alone");
}
