//! One event in a fresh instance, and one more in an instance that is there: hookmill beside Extism, with the same
//! transform over the same event, by turns in one run. CPU time of the thread that calls; µs per event.
//!
//! ```text
//! host/benches/extism/run.sh
//! ```
//!
//! Not here: what else the sandbox is measured by (`../marks`).

#[path = "../../marks/clock.rs"]
mod clock;
#[allow(dead_code, reason = "it has the guests of other benches as well")]
#[path = "../../marks/guests.rs"]
mod guests;
#[path = "../../marks/lead.rs"]
mod lead;
#[allow(dead_code, reason = "it has more than one way to compare")]
#[path = "../../marks/rounds.rs"]
mod rounds;

use std::hint::black_box;
use std::time::Duration;

use extism::CompiledPlugin;
use extism::Manifest;
use extism::Plugin;
use extism::PluginBuilder;
use extism::Wasm;

use crate::clock::thread_cpu;
use crate::guests::Guests;
use crate::rounds::Case;

/// As hookmill limits its guests: memory, and time, without which neither would need to look at a clock.
fn compiled(module: &[u8]) -> CompiledPlugin {
    let manifest =
        Manifest::new([Wasm::data(module)]).with_memory_max(1024).with_timeout(Duration::from_secs(1));
    PluginBuilder::new(manifest).with_wasi(false).compile().expect("it compiles")
}

fn called(plugin: &mut Plugin, payload: &[u8]) {
    let lead = plugin.call::<&[u8], &[u8]>("transform", black_box(payload)).expect("it runs");
    assert!(!black_box(lead).is_empty());
}

fn timed(turns: u32, mut turn: impl FnMut()) -> Duration {
    let began = thread_cpu();
    (0..turns).for_each(|_| turn());
    thread_cpu() - began
}

#[allow(clippy::print_stdout, reason = "this is what it is for")]
fn main() {
    let module = std::env::args().nth(1).expect("the guest of Extism: see run.sh");
    let compiled = compiled(&std::fs::read(module).expect("the guest of Extism: see run.sh"));
    let guests = Guests::new();
    let own = guests.lead("{}");
    for size in [300, 1 << 10, 10 << 10] {
        let event = lead::event(lead::payload(size));
        let mut there = Plugin::new_from_compiled(&compiled).expect("an instance");
        let fresh = |turns| {
            timed(turns, || {
                called(&mut Plugin::new_from_compiled(&compiled).expect("an instance"), &event.payload)
            })
        };
        let reused = |turns| timed(turns, || called(&mut there, &event.payload));
        let mut cases = [
            Case::new("hookmill, fresh instance", 100, |turns| timed(turns, || drop(own.fresh(&event)))),
            Case::new("Extism, fresh instance", 100, fresh),
            Case::new("Extism, the same instance again", 100, reused),
        ];
        println!("{} bytes", event.payload.len());
        rounds::measure(&mut cases, 40);
        println!(
            "  Extism over hookmill, fresh: {:.1} x (at least 8 at 1 KB)",
            rounds::ratio(&cases[1], &cases[0])
        );
    }
}
