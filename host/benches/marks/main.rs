//! The marks of the sandbox, all in one run: what a fresh instance for each event costs beside the same code run
//! natively and beside an instance that is there already, how two threads compare with one, and what JavaScript and
//! Python cost. CPU time but for the threads. `cargo bench -p hookmill --bench marks`
//!
//! Beside another system: `benches/extism/run.sh`. Build the guest first: `tests/guests/build.sh`. The other languages are measured if they were built, see
//! `languages.rs`.

mod clock;
mod guests;
mod lead;
mod rounds;
mod threads;
#[path = "../../../tests/guests/lead/src/transform.rs"]
mod transform;
#[path = "../../../tests/guests/lead/src/typed.rs"]
mod typed;

use std::hint::black_box;
use std::time::Duration;

use hookmill::domain::plugin::GuestEvent;

use crate::clock::thread_cpu;
use crate::guests::Guest;
use crate::guests::Guests;
use crate::rounds::Case;
use crate::transform::Lead;

type Transform = fn(&[u8], f64) -> Result<Lead, String>;

/// Events of a batch, from which follows what one more event in an instance costs.
const BATCH: u32 = 10;

fn native(transform: Transform, event: &GuestEvent) -> impl FnMut(u32) -> Duration {
    move |turns| {
        let began = thread_cpu();
        for _ in 0..turns {
            match transform(black_box(&event.payload), 0.8) {
                Ok(Lead::Forward(event_type, bytes)) => drop(black_box((event_type, bytes))),
                Ok(Lead::Drop(reason)) | Err(reason) => panic!("{reason}"),
            }
        }
        thread_cpu() - began
    }
}

fn fresh<'g>(guest: &'g Guest<'_>, event: &'g GuestEvent) -> impl FnMut(u32) -> Duration + 'g {
    move |turns| (0..turns).map(|_| guest.fresh(event).cpu).sum()
}

/// What an event costs when the instance is there already: what a batch of some more takes longer.
fn reused<'g>(guest: &'g Guest<'_>, event: &'g GuestEvent) -> impl FnMut(u32) -> Duration + 'g {
    move |turns| {
        let events = |number: usize| guest.batch(event, number).cost.cpu;
        (0..turns).map(|_| events(BATCH as usize + 1).saturating_sub(events(1)) / BATCH).sum()
    }
}

fn batch<'g>(guest: &'g Guest<'_>, event: &'g GuestEvent, size: u32) -> impl FnMut(u32) -> Duration + 'g {
    move |turns| (0..turns).map(|_| guest.batch(event, size as usize).cost.cpu / size).sum()
}

#[expect(clippy::print_stdout, reason = "this is what it is for")]
fn rust(guests: &Guests, event: &GuestEvent) {
    let (value, types) = (guests.lead("{}"), guests.lead(r#"{"typed":true}"#));
    let mut cases = [
        Case::new("native, serde_json::Value", 300, native(transform::transform, event)),
        Case::new("native, typed serde", 300, native(typed::transform, event)),
        Case::new("fresh instance, serde_json::Value", 300, fresh(&value, event)),
        Case::new("fresh instance, typed serde", 300, fresh(&types, event)),
        Case::new("one more in an instance, serde_json::Value", 30, reused(&value, event)),
        Case::new("one more in an instance, typed serde", 30, reused(&types, event)),
    ];
    rounds::measure(&mut cases, 60);
    let [native_value, native_types, fresh_value, fresh_types, reused_value, reused_types] = &cases;
    let mark = |name: &str, number: f64, unit: &str, mark: &str| {
        println!("  {name:<50} {number:>8.2} {unit:<2}  ({mark})");
    };
    mark("fresh over native, Value", rounds::ratio(fresh_value, native_value), "x", "at most 2.2");
    mark("fresh over native, typed", rounds::ratio(fresh_types, native_types), "x", "at most 4.2");
    mark("fresh over reused, Value", rounds::difference(fresh_value, reused_value), "µs", "at most 8");
    mark("fresh over reused, typed", rounds::difference(fresh_types, reused_types), "µs", "at most 8");
    let (one, two) = threads::most(&value, event);
    println!("one thread {one:.0} events/s, two {two:.0}");
    mark("two threads over one", two / one, "x", "at least 1.6");
}

fn interpreted(guests: &Guests, event: &GuestEvent) {
    let guest = |language| guests.in_language(language);
    let (js, python) = (guest("js"), guest("python"));
    let mut cases = Vec::new();
    for (names, guest) in [
        (
            [
                "JavaScript, alone",
                "JavaScript, batch of 20, each",
                "JavaScript, 64 at once, each (at most 400)",
            ],
            &js,
        ),
        (["Python, alone", "Python, batch of 20, each", "Python, 64 at once, each (at most 1000)"], &python),
    ] {
        let Some(guest) = guest else { continue };
        cases.push(Case::new(names[0], 20, fresh(guest, event)));
        cases.push(Case::new(names[1], 2, batch(guest, event, 20)));
        cases.push(Case::new(names[2], 2, |turns| (0..turns).map(|_| guest.at_once(event, 64)).sum()));
    }
    rounds::measure(&mut cases, 20);
}

fn main() {
    let guests = Guests::new();
    let event = lead::event(lead::payload(1 << 10));
    rust(&guests, &event);
    interpreted(&guests, &event);
}
