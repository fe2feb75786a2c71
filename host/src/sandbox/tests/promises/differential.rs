//! The same guest run in three ways, as a core module, as the component that is made of it, and as one that is not
//! followed: whatever events and configurations it meets, and whatever became of its bytes, answers, logs, faults and
//! memory are the same. Not here: cases that somebody thought of (`directly`).

use std::sync::Arc;
use std::time::Duration;

use crate::domain::grant::Grants;
use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::LogLine;
use crate::domain::plugin::PluginLimits;
use crate::domain::plugin::Verdict;
use crate::sandbox::Plugin;
use crate::sandbox::artifacts::compile;
use crate::sandbox::tests::promises::directly::not_followed;
use crate::sandbox::tests::promises::wat::Guest;
use crate::sandbox::tests::promises::wat::LOG;
use crate::sandbox::tests::promises::wat::component;
use crate::sandbox::tests::promises::wat::honest;
use crate::sandbox::tests::support::Room;
use crate::sandbox::tests::support::TENANT;
use crate::sandbox::tests::support::event;
use crate::sandbox::tests::support::sized;

const EVENTS: u64 = 3000;
/// Events that each mutation meets.
const EACH: usize = 4;

/// A guest that does what its configuration and its events say: each four bytes are an order. At the end it answers with
/// a sum over its memory and its globals, in which everything would show that is not its own.
fn obeys() -> Guest {
    honest()
        .imports(LOG)
        .pages(3)
        .items(ITEMS)
        .configure("(drop (call $obey (local.get 0) (local.get 1))) (call $configured)")
        .transform(
            "(local $answer i32)
             (local.set $answer (call $obey (local.get 12) (local.get 13)))
             (if (i32.ne (local.get $answer) (i32.const 0)) (then (return (local.get $answer))))
             (call $sums)",
        )
}

const ITEMS: &str = r#"
  (global $one (mut i64) (i64.const 3))
  (global $two (mut i32) (i32.const 5))
  (global $three (mut f64) (f64.const 7))
  (global $refuses (mut i32) (i32.const 0))
  (data (i32.const 700) "some words that may be logged")
  (data $later "come later")
  (func $obey (param $at i32) (param $bytes i32) (result i32)
    (local $end i32) (local $op i32) (local $a i32) (local $b i32) (local $place i32)
    (local.set $end (i32.sub (i32.add (local.get $at) (local.get $bytes)) (i32.const 3)))
    (loop $next
      (if (i32.lt_s (local.get $at) (local.get $end)) (then
        (local.set $op (i32.and (i32.load8_u (local.get $at)) (i32.const 15)))
        (local.set $a (i32.load8_u offset=1 (local.get $at)))
        (local.set $b (i32.load8_u offset=2 (local.get $at)))
        (local.set $place (i32.add (i32.const 2048) (i32.shl (i32.load16_u offset=1 (local.get $at)) (i32.const 1))))
        (if (i32.le_u (local.get $op) (i32.const 3)) (then
          (i64.store (local.get $place) (i64.extend_i32_u (i32.load (local.get $at))))))
        (if (i32.eq (local.get $op) (i32.const 4)) (then
          (global.set $one (i64.add (global.get $one) (i64.extend_i32_u (local.get $a))))
          (global.set $two (i32.xor (global.get $two) (local.get $b)))
          (global.set $three (f64.mul (global.get $three) (f64.convert_i32_u (local.get $b))))))
        (if (i32.eq (local.get $op) (i32.const 5)) (then
          (drop (memory.grow (i32.and (local.get $a) (i32.const 3))))))
        (if (i32.eq (local.get $op) (i32.const 6)) (then
          (call $log (i32.and (local.get $a) (i32.const 3)) (i32.const 700) (i32.and (local.get $b) (i32.const 31)))))
        (if (i32.eq (local.get $op) (i32.const 7)) (then
          (memory.fill (local.get $place) (local.get $a) (i32.shl (local.get $b) (i32.const 4)))))
        (if (i32.eq (local.get $op) (i32.const 8)) (then
          (memory.init $later (i32.const 760) (i32.const 0) (i32.and (local.get $a) (i32.const 7)))))
        (if (i32.eq (local.get $op) (i32.const 9)) (then
          (if (i32.lt_u (local.get $a) (i32.const 6)) (then unreachable))))
        (if (i32.eq (local.get $op) (i32.const 10)) (then
          (if (i32.lt_u (local.get $a) (i32.const 6)) (then
            (return (i32.shl (local.get $b) (i32.const 11)))))))
        (if (i32.eq (local.get $op) (i32.const 11)) (then
          (if (i32.lt_u (local.get $a) (i32.const 6)) (then
            (call $log (local.get $b) (i32.shl (local.get $a) (i32.const 15)) (i32.shl (local.get $b) (i32.const 9)))))))
        (if (i32.eq (local.get $op) (i32.const 12)) (then
          (if (i32.lt_u (local.get $a) (i32.const 3)) (then (global.set $refuses (i32.const 1))))))
        (if (i32.eq (local.get $op) (i32.const 13)) (then
          (if (i32.lt_u (local.get $a) (i32.const 3)) (then
            (drop (i32.div_u (local.get $b) (i32.and (local.get $b) (i32.const 1))))))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $next))))
    (i32.const 0))
  (func $configured (result i32)
    (if (i32.eqz (global.get $refuses)) (then (return (call $ok))))
    (i32.store (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 700))
    (i32.store (i32.const 40) (i32.const 10)) (i32.const 32))
  (func $sums (result i32) (local $at i32) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 1)) (i64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 196608))))
    (i64.store (i32.const 800) (local.get $sum))
    (i64.store (i32.const 808) (global.get $one))
    (i32.store (i32.const 816) (global.get $two))
    (i32.store (i32.const 820) (memory.size))
    (f64.store (i32.const 824) (global.get $three))
    (i32.store (i32.const 276) (i32.const 800))
    (i32.store (i32.const 280) (i32.const 32))
    (call $forward (i32.const 256) (i32.const 1)))"#;

/// All that can be told of a call but what it cost.
type Told = (Result<Verdict, String>, Vec<LogLine>, u32, u64);

async fn told(plugin: &Plugin, config: &Arc<str>, event: &GuestEvent) -> Told {
    let (answer, cost) = match plugin.run(config.clone(), event.clone()).await {
        Ok(ran) => (Ok(ran.verdict), ran.cost),
        // Where a trap was is told by the names of functions, of which a component has more.
        Err(failure) => match failure.fault {
            Fault::Trapped { trap, .. } => (Err(trap), failure.cost),
            // How far it came until then is chance.
            fault @ Fault::OutOfTime { .. } => return (Err(fault.to_string()), Vec::new(), 0, 0),
            fault => (Err(fault.to_string()), failure.cost),
        },
    };
    (answer, cost.log, cost.log_dropped, cost.memory_peak_bytes)
}

/// Of some orders; letters, so that a configuration can have them.
fn orders(random: &mut fastrand::Rng) -> String {
    let number = random.usize(0..12);
    (0..number * 4).map(|_| char::from(random.u8(0..128))).collect()
}

fn random_event(random: &mut fastrand::Rng) -> GuestEvent {
    let length = if random.u8(0..30) == 0 { random.usize(0..60_000) } else { random.usize(0..60) };
    let payload: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
    GuestEvent { payload: payload.into(), ..event("e") }
}

fn limits() -> PluginLimits {
    // Short, since some mutations never end.
    let cpu = Duration::from_millis(60);
    PluginLimits { memory_bytes: 1 << 20, cpu, ..PluginLimits::interpreted() }
}

#[tokio::test]
async fn random_events_end_alike_in_every_way() {
    let room = Room::with_both(limits());
    let module = obeys().interpreted();
    let connected = component(&module);
    let ways = [
        room.loaded(module).await,
        room.loaded(connected.clone()).await,
        room.loaded(not_followed(connected)).await,
    ];
    let (mut faults, mut answers) = (0, 0);
    for seed in 0..EVENTS {
        let mut random = fastrand::Rng::with_seed(seed);
        // A few configurations come again and again.
        let config = match random.u8(0..3) {
            0 => orders(&mut random),
            _ => orders(&mut fastrand::Rng::with_seed(random.u64(0..12))),
        };
        let (config, event): (Arc<str>, _) = (config.into(), random_event(&mut random));
        let [one, two, expected] = [&ways[0], &ways[1], &ways[2]].map(|plugin| told(plugin, &config, &event));
        let expected = expected.await;
        assert_eq!((one.await, two.await), (expected.clone(), expected.clone()), "event {seed}, {config:?}");
        if expected.0.is_ok() { answers += 1 } else { faults += 1 }
    }
    println!("{EVENTS} events: {answers} answers, {faults} faults");
    assert!(answers > 500 && faults > 200, "{answers} answers, {faults} faults");
    let direct = ways.each_ref().map(|plugin| plugin.direct().is_some());
    assert_eq!(direct, [true, true, false]);
    assert!(ways[0].direct().unwrap().kept().0 > 5, "what configurations made was used");
}

#[tokio::test]
async fn mutated_guests_end_alike_in_every_way() {
    let mutations = sized(800, 8_000);
    let room = Room::with_both(limits());
    let good = obeys().interpreted();
    let (mut compared, mut directly) = (0, 0);
    for seed in 0..mutations {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut module = good.clone();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(8..module.len());
            module[at] = if random.bool() { module[at] ^ 1 << random.u8(0..8) } else { random.u8(..) };
        }
        let Ok(connected) = compile::componentized(&module) else { continue };
        let uploads = [module, connected.clone(), not_followed(connected)];
        let mut ways = Vec::new();
        let mut refused = Vec::new();
        for upload in uploads {
            match room.sandbox.admit(upload.into()).await {
                Ok(admitted) => {
                    let plugin =
                        room.sandbox.load(TENANT, &admitted.digest, Grants::default()).await.unwrap();
                    ways.push((admitted.digest, plugin));
                }
                Err(refusal) => refused.push(refusal.fault.map(|fault| fault.code())),
            }
        }
        assert!(ways.is_empty() || refused.is_empty(), "mutation {seed}: some are refused: {refused:?}");
        assert!(refused.iter().all(|code| *code == refused[0]), "mutation {seed}: {refused:?}");
        let Some(((_, last), others)) = ways.split_last() else { continue };
        for _ in 0..EACH {
            let (config, event): (Arc<str>, _) = (orders(&mut random).into(), random_event(&mut random));
            // Twice, so that the second meets what the first left.
            for _ in 0..2 {
                let expected = told(last, &config, &event).await;
                for (_, plugin) in others {
                    let seen = told(plugin, &config, &event).await;
                    assert_eq!(seen, expected, "mutation {seed}, {config:?}");
                }
            }
        }
        compared += 1;
        directly += usize::from(others.iter().all(|(_, plugin)| plugin.direct().is_some()));
        let digests: Vec<_> = ways.iter().map(|(digest, _)| *digest).collect();
        drop(ways);
        for digest in digests {
            room.sandbox.remove(&digest).await.unwrap();
        }
    }
    println!("{mutations} mutations: {compared} compared, {directly} of them run directly");
    assert!(compared > 40 && directly > 30, "{compared} compared, {directly} directly");
}
