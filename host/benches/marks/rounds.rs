//! Measuring several things by turns, so that whatever else the machine does falls on all of them alike. Not here:
//! what is measured.

use std::time::Duration;

/// One thing to measure, and what it took, µs, in each round.
pub(crate) struct Case<'c> {
    name: &'static str,
    /// CPU time of this many turns.
    run: Box<dyn FnMut(u32) -> Duration + 'c>,
    turns: u32,
    took: Vec<f64>,
}

impl<'c> Case<'c> {
    pub(crate) fn new(name: &'static str, turns: u32, run: impl FnMut(u32) -> Duration + 'c) -> Self {
        Self { name, run: Box::new(run), turns, took: Vec::new() }
    }

    /// The median, µs.
    pub(crate) fn micros(&self) -> f64 {
        median(self.took.clone())
    }
}

/// Measures all cases in each round, and prints their medians.
#[expect(clippy::print_stdout, reason = "this is what it is for")]
pub(crate) fn measure(cases: &mut [Case<'_>], rounds: usize) {
    for round in 0..=rounds {
        for case in &mut *cases {
            let took = (case.run)(case.turns).as_secs_f64() * 1e6 / f64::from(case.turns);
            // The first warms up.
            if round > 0 {
                case.took.push(took);
            }
        }
    }
    for case in cases {
        println!("{:<52} {:>8.2} µs", case.name, case.micros());
    }
}

/// Median of the quotients of each round: what disturbs a round disturbs both.
pub(crate) fn ratio(one: &Case<'_>, other: &Case<'_>) -> f64 {
    median(one.took.iter().zip(&other.took).map(|(one, other)| one / other).collect())
}

/// The same of the differences, µs.
pub(crate) fn difference(one: &Case<'_>, other: &Case<'_>) -> f64 {
    median(one.took.iter().zip(&other.took).map(|(one, other)| one - other).collect())
}

pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
