//! No byte survives: a guest that writes a secret wherever it can, and looks for one wherever it can, over many events (a
//! hundred thousand in `make soak`) of two tenants that share the slots of one pool. Not here: what tenants may share on
//! purpose (`kv`).

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;

use crate::domain::id::WorkspaceId;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::Plugin;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::named;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::no_config;
use crate::sandbox::tests::support::sized;

/// How many there are.
fn events() -> usize {
    sized(10_000, 100_000)
}

const TENANTS: [&str; 2] = ["a", "b"];
/// Versions of each tenant's plugin. The pool gives a module the slot it had before as long as there are few modules;
/// with so many, slots go from one module, and one tenant, to another.
const VERSIONS: usize = 80;
/// Events at a time.
const AT_ONCE: usize = 8;

/// Globals, a table and a data segment to be spoiled. `$look` gives the first word it finds that was not there at
/// first; memory from 2048 up to the heap (where compilers have their stack) and from `$from` to its end is zero at
/// first. `$meet` takes the memory that the payload asks for, looks, and spoils all with the payload's first word.
const ITEMS: &str = r#"
  (global $zero (mut i64) (i64.const 0))
  (global $seven (mut i64) (i64.const 7))
  (global $looked (mut i32) (i32.const 0))
  (global $found (mut i64) (i64.const 0))
  (table $table 8 20000 funcref)
  (elem declare func $ok)
  (data (i32.const 512) "\08\07\06\05\04\03\02\01")
  (data (i32.const 576) "clean")
  (data $once "once and never again")
  (func $scan (param $at i32) (param $end i32) (result i64) (local $word i64)
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end)) (then
        (local.set $word (i64.load (local.get $at)))
        (if (i64.ne (local.get $word) (i64.const 0)) (then (return (local.get $word))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $next))))
    (i64.const 0))
  (func $fill (param $at i32) (param $end i32) (param $word i64)
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end)) (then
        (i64.store (local.get $at) (local.get $word))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $next)))))
  (func $end (result i32) (i32.mul (memory.size) (i32.const 65536)))
  (func $free (result i32) (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
  (func $look (param $from i32) (result i64) (local $word i64) (local $at i32)
    (if (i64.ne (local.tee $word (call $scan (i32.const 2048) (i32.const 65536))) (i64.const 0))
      (then (return (local.get $word))))
    (if (i64.ne (local.tee $word (call $scan (local.get $from) (call $end))) (i64.const 0))
      (then (return (local.get $word))))
    (if (i64.ne (global.get $zero) (i64.const 0)) (then (return (global.get $zero))))
    (if (i64.ne (global.get $seven) (i64.const 7)) (then (return (global.get $seven))))
    (if (i64.ne (i64.load (i32.const 512)) (i64.const 0x0102030405060708)) (then (return (i64.load (i32.const 512)))))
    (if (i32.ne (table.size $table) (i32.const 8)) (then (return (i64.const 0x656c626174))))
    (loop $next
      (if (i32.eqz (ref.is_null (table.get $table (local.get $at)))) (then (return (i64.const 0x7972746e65))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 8))))
    (i64.const 0))
  (func $meet (param $payload i32) (result i64) (local $found i64) (local $secret i64)
    (drop (memory.grow (i32.mul (i32.load8_u offset=8 (local.get $payload)) (i32.const 16))))
    (local.set $found (call $look (call $free)))
    (if (i64.ne (global.get $found) (i64.const 0)) (then (local.set $found (global.get $found))))
    (local.set $secret (i64.load (local.get $payload)))
    (call $fill (i32.const 2048) (i32.const 65536) (local.get $secret))
    (call $fill (call $free) (call $end) (local.get $secret))
    (global.set $zero (local.get $secret))
    (global.set $seven (local.get $secret))
    (i64.store (i32.const 512) (local.get $secret))
    (table.fill $table (i32.const 0) (ref.func $ok) (i32.const 8))
    (drop (table.grow $table (ref.func $ok) (i32.const 100)))
    (memory.init $once (i32.const 640) (i32.const 0) (i32.const 20))
    (data.drop $once)
    (local.get $found))
  (func $say (param $at i32) (param $found i64) (local $text i32)
    (i32.store (local.get $at) (i32.const 0))
    (i32.store offset=4 (local.get $at) (i32.const 1))
    (i32.store offset=8 (local.get $at) (i32.const 576))
    (i32.store offset=12 (local.get $at) (i32.const 5))
    (if (i64.ne (local.get $found) (i64.const 0)) (then
      (local.set $text (call $take (i32.const 8)))
      (i64.store (local.get $text) (local.get $found))
      (i32.store offset=8 (local.get $at) (local.get $text))
      (i32.store offset=12 (local.get $at) (i32.const 8)))))"#;

/// Before the host writes anything to an instance, it looks at all of it.
const REALLOC: &str = r#"
  (if (i32.eqz (global.get $looked)) (then
    (global.set $looked (i32.const 1))
    (global.set $found (call $look (i32.const 65536)))
    (if (i32.ne (memory.size) (i32.const PAGES)) (then (global.set $found (i64.const 0x79726f6d656d))))))
  (call $take (local.get 3))"#;

/// One after the other in one instance; the data segment is there for the first alone.
const BATCH: &str = r#"
  (local $at i32) (local $event i32) (local $end i32)
  (drop (call $each (local.get 1)))
  (local.set $at (i32.load (i32.const 48)))
  (local.set $end (i32.add (local.get $at) (i32.mul (local.get 1) (i32.const 16))))
  (local.set $event (local.get 0))
  (loop $next
    (if (i32.eq (local.get $at) (i32.load (i32.const 48)))
      (then (call $say (local.get $at) (call $meet (i32.load offset=48 (local.get $event)))))
      (else (call $say (local.get $at) (call $look (call $free)))))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (local.set $event (i32.add (local.get $event) (i32.const 56)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (i32.const 48)"#;

/// How a guest runs: whoever changes tables or drops data needs a component around it.
#[derive(Clone, Copy, Debug)]
enum Way {
    Component,
    Directly,
}

fn guest(name: &str, way: Way) -> Guest {
    let only_in_components = ["(table.fill ", "(drop (table.grow ", "(data.drop "];
    let runs = |line: &&str| {
        matches!(way, Way::Component)
            || only_in_components.iter().all(|start| !line.trim_start().starts_with(start))
    };
    let items: Vec<&str> = ITEMS.lines().filter(runs).collect();
    // What runs directly has one table more, and is put back as long as not too many pages were written.
    let pages = if matches!(way, Way::Component) { 4 } else { 3 };
    named(name)
        .pages(pages)
        .items(&items.join("\n"))
        .realloc(&REALLOC.replace("PAGES", &pages.to_string()))
        .transform("(call $say (i32.const 32) (call $meet (local.get 12))) (i32.const 32)")
        .batch(BATCH)
}

/// An event with a secret of its own. Most leave memory as it is; some take a mebibyte more, a few a large part of all.
fn secret(tenant: &str, number: usize) -> GuestEvent {
    let mebibytes = match number {
        number if number % 1024 == 0 => 32_u8,
        number if number % 16 < 2 => 1,
        _ => 0,
    };
    let mut payload = format!("{tenant}{number:07}").into_bytes();
    payload.push(mebibytes);
    GuestEvent { payload: payload.into(), ..event("e") }
}

/// Of an event of each plugin: mostly one of a few that come again and again, now and then one of many. They take memory
/// of different lengths.
fn config(turn: usize) -> Arc<str> {
    let number = if turn.is_multiple_of(16) { turn % 40 } else { turn * turn % 40 };
    format!(r#"{{"{}":1}}"#, "c".repeat(number * 50)).into()
}

/// What is shown is no matter of time.
fn unhurried() -> PluginLimits {
    PluginLimits { cpu: Duration::from_secs(60), wall: Duration::from_secs(600), ..PluginLimits::default() }
}

async fn tenants(room: &Room, way: Way) -> Vec<(&'static str, Plugin)> {
    let mut plugins = Vec::new();
    for version in 0..VERSIONS {
        for tenant in TENANTS {
            let guest = guest(&format!("{tenant}-{version}"), way);
            let module = if matches!(way, Way::Directly) { guest.interpreted() } else { guest.build() };
            let workspace = WorkspaceId::from_bits(u128::from(tenant.as_bytes()[0]));
            plugins.push((tenant, room.loaded_for(workspace, module).await));
        }
    }
    plugins
}

#[tokio::test]
async fn no_byte_survives_to_the_next_event_or_the_other_tenant() {
    forgets(Way::Component).await;
}

#[tokio::test]
async fn no_byte_survives_in_an_instance_that_is_put_back() {
    forgets(Way::Directly).await;
}

async fn forgets(way: Way) {
    let room = Room::with_both(unhurried());
    let plugins = tenants(&room, way).await;
    let clean = Verdict::Drop("clean".to_owned());
    let calls = futures::stream::iter(0..events()).map(|number| {
        let (tenant, plugin) = &plugins[number % plugins.len()];
        let call = plugin.run(config(number / plugins.len()), secret(tenant, number));
        async move { (number, call.await) }
    });
    let mut calls = calls.buffer_unordered(AT_ONCE);
    let (mut met, mut large) = (0, 0);
    while let Some((number, ran)) = calls.next().await {
        let ran = ran.unwrap_or_else(|failure| panic!("event {number}: {failure}"));
        assert_eq!(ran.verdict, clean, "event {number} found what was not its own");
        met += 1;
        large += usize::from(ran.cost.memory_peak_bytes > 32 << 20);
    }
    println!("{met} events of {} plugins found nothing, {large} of them in more than 32 MiB", plugins.len());
    assert_eq!(met, events());
    assert!(large >= events() / 1100, "{large}");
    let kept = plugins.iter().filter(|(_, plugin)| plugin.instances_kept() > 0).count();
    assert_eq!(kept > 5, matches!(way, Way::Directly), "{kept} plugins have an instance that was put back");
}

/// The same guest does find what is there: within one instance, the first event's secret is the second's finding.
#[tokio::test]
async fn within_one_instance_the_secret_is_found() {
    for way in [Way::Component, Way::Directly] {
        let room = Room::with_both(unhurried());
        let (_, plugin) = tenants(&room, way).await.swap_remove(0);
        for number in [1024, 1025, 5] {
            let batch = vec![secret("a", number), secret("a", number + 1)];
            let ran = plugin.run_batch(no_config(), batch).await.unwrap();
            let found = format!("a{number:07}");
            assert_eq!(
                ran.results,
                [Ok(Verdict::Drop("clean".to_owned())), Ok(Verdict::Drop(found))],
                "{way:?}"
            );
        }
    }
}
