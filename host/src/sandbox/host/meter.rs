//! The CPU time of a call. A call runs in slices on any of the guests' threads; only the slices count, not the waiting
//! between them. And how long it waited for its turn, which is no wall time of its own. Not here: what happens when the
//! budget is used up.

use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// CPU time of one call, nanoseconds. Written by the thread that runs the slice and by no other at
/// that time; the runtime orders one slice before the next, so relaxed accesses do.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    spent: AtomicU64,
    slice_began: AtomicU64,
    /// Time it was not let on any thread, nanoseconds.
    paused: AtomicU64,
}

impl Meter {
    /// CPU time used up to now, the slice that runs included. Only from inside a slice.
    pub(crate) fn spent_now(&self) -> Duration {
        let slice = thread_cpu().saturating_sub(self.slice_began.load(Ordering::Relaxed));
        Duration::from_nanos(self.spent.load(Ordering::Relaxed) + slice)
    }

    /// CPU time of the slices that ended.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed))
    }

    /// Waits for `turn` on behalf of the call.
    pub(crate) async fn pause<F: Future>(&self, turn: F) -> F::Output {
        let began = Instant::now();
        let output = turn.await;
        let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.paused.fetch_add(nanos, Ordering::Relaxed);
        output
    }

    /// How long it waited so.
    pub(crate) fn paused(&self) -> Duration {
        Duration::from_nanos(self.paused.load(Ordering::Relaxed))
    }

    /// Runs `call`, counting the CPU time of each of its slices.
    pub(crate) async fn measure<F: Future>(&self, call: F) -> F::Output {
        let mut call = pin!(call);
        poll_fn(|context| {
            self.slice_began.store(thread_cpu(), Ordering::Relaxed);
            let polled = call.as_mut().poll(context);
            let slice = thread_cpu().saturating_sub(self.slice_began.load(Ordering::Relaxed));
            self.spent.store(self.spent.load(Ordering::Relaxed) + slice, Ordering::Relaxed);
            polled
        })
        .await
    }
}

/// CPU time of the calling thread, nanoseconds.
fn thread_cpu() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(unsafe_code, reason = "a system call that writes to the place it is given, which is ours")]
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    debug_assert_eq!(answer, 0, "every Linux has this clock");
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waiting between slices is not counted, work within them is.
    #[tokio::test]
    async fn slices_count_and_waiting_does_not() {
        let meter = Meter::default();
        let work = || {
            let mut sum = 0_u64;
            while meter.spent_now() < Duration::from_millis(2) {
                sum = std::hint::black_box(sum + 1);
            }
        };
        meter
            .measure(async {
                work();
                tokio::time::sleep(Duration::from_millis(300)).await;
            })
            .await;
        let spent = meter.spent();
        assert!(spent >= Duration::from_millis(2), "{spent:?}");
        assert!(spent < Duration::from_millis(300), "the sleep was counted: {spent:?}");
    }
}
