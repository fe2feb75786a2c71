//! Events a second on one thread and on two, by turns. Wall time, since waiting for each other counts; the best of many
//! short rounds, since somebody else may take a processor for a while. Not here: a single event's cost.

use std::time::Duration;
use std::time::Instant;

use hookmill::domain::plugin::GuestEvent;

use crate::guests;
use crate::guests::Guest;

const ROUND: Duration = Duration::from_millis(40);
const ROUNDS: usize = 60;

/// The most events a second on one thread, and on two.
pub(crate) fn most(guest: &Guest<'_>, event: &GuestEvent) -> (f64, f64) {
    let mut most = (0.0_f64, 0.0_f64);
    for _ in 0..ROUNDS {
        most.0 = most.0.max(on(1, guest, event));
        most.1 = most.1.max(on(2, guest, event));
    }
    most
}

fn on(threads: usize, guest: &Guest<'_>, event: &GuestEvent) -> f64 {
    let (plugin, config) = (&guest.plugin, &guest.config);
    let work = move || {
        let runtime = guests::runtime();
        let (began, mut ran) = (Instant::now(), 0_u32);
        while began.elapsed() < ROUND {
            for _ in 0..16 {
                let run = plugin.run_here(config.clone(), event.clone());
                assert!(runtime.block_on(run).is_ok());
                ran += 1;
            }
        }
        f64::from(ran) / began.elapsed().as_secs_f64()
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    })
}
