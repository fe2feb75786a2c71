//! Who is next on the guests' threads. New calls go first, since most take microseconds; but calls
//! that used up a slice and wait for the next get half of the time, however many new ones come.
//! Without this a flood of small events would starve a plugin that needs some milliseconds.

use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;

use crate::sandbox::engine::TICK;

/// What the calls of one runtime know of each other. The numbers are hints: relaxed accesses do,
/// and to be off by one call is fine.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Calls that used up a slice and wait for the next.
    waiting: AtomicUsize,
    /// Time that new calls took since one of those had its turn, nanoseconds.
    taken_by_new: AtomicU64,
}

/// Says of a call whether it waits for somebody outside, and so for no turn. The default is for calls that never do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asleep(Option<Arc<AtomicBool>>);

impl Asleep {
    /// For a call that may.
    pub(crate) fn possible() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether the call may ever.
    pub(crate) const fn is_possible(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for `answer`, and says so meanwhile.
    pub(crate) async fn until<F: Future>(&self, answer: F) -> F::Output {
        let mut answer = pin!(answer);
        poll_fn(|context| {
            let polled = answer.as_mut().poll(context);
            if let Some(asleep) = &self.0 {
                asleep.store(polled.is_pending(), Ordering::Relaxed);
            }
            polled
        })
        .await
    }

    fn is_now(&self) -> bool {
        self.0.as_ref().is_some_and(|asleep| asleep.load(Ordering::Relaxed))
    }
}

/// One call's place among the others.
struct Turn<'t> {
    turns: &'t Turns,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not begun.
    New,
    /// Went behind those that wait, once, or has begun: gives way no more.
    GaveWay,
    /// Used up a slice and waits for the next.
    Waiting,
}

impl Turns {
    /// Runs `call`, taking turns. The runtime must look for new calls first, and run those that
    /// woke themselves in the order in which they did. While it is asleep it has no place among them.
    pub(crate) async fn take<F: Future>(&self, asleep: Asleep, call: F) -> F::Output {
        let mut call = pin!(call);
        let mut turn = Turn { turns: self, stage: Stage::New };
        poll_fn(|context| {
            if turn.must_give_way() {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let was = turn.begin();
            let began = Instant::now();
            let polled = call.as_mut().poll(context);
            turn.end(was, began.elapsed(), polled.is_pending() && !asleep.is_now());
            polled
        })
        .await
    }
}

impl Turn<'_> {
    fn must_give_way(&mut self) -> bool {
        let others = self.turns.waiting.load(Ordering::Relaxed) > 0;
        let taken = Duration::from_nanos(self.turns.taken_by_new.load(Ordering::Relaxed));
        let gives = self.stage == Stage::New && others && taken >= TICK;
        if gives {
            self.stage = Stage::GaveWay;
        }
        gives
    }

    /// Gives the stage that was left.
    fn begin(&mut self) -> Stage {
        if self.stage == Stage::New {
            self.stage = Stage::GaveWay;
            return Stage::New;
        }
        if self.stage == Stage::Waiting {
            self.turns.waiting.fetch_sub(1, Ordering::Relaxed);
            self.turns.taken_by_new.store(0, Ordering::Relaxed);
            self.stage = Stage::GaveWay;
            return Stage::Waiting;
        }
        self.stage
    }

    fn end(&mut self, was: Stage, took: Duration, waits: bool) {
        if was != Stage::Waiting {
            let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            self.turns.taken_by_new.fetch_add(nanos, Ordering::Relaxed);
        }
        if waits {
            self.turns.waiting.fetch_add(1, Ordering::Relaxed);
            self.stage = Stage::Waiting;
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.stage == Stage::Waiting {
            self.turns.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;

    use super::*;

    /// Spins for a little more than a slice, `slices` times, giving way after each.
    async fn compute(slices: usize) {
        for _ in 0..slices {
            let began = Instant::now();
            while began.elapsed() <= TICK {
                std::hint::spin_loop();
            }
            give_way().await;
        }
    }

    /// As the engine does at a tick.
    async fn give_way() {
        let mut gave = false;
        poll_fn(|context| {
            if gave {
                return Poll::Ready(());
            }
            gave = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn a_new_call_gives_way_once_and_only_to_those_that_wait() {
        let turns = Arc::new(Turns::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let call = |name: &'static str, slices: usize| {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            tokio::spawn(async move {
                turns
                    .take(Asleep::default(), async {
                        compute(slices).await;
                        order.lock().unwrap().push(name);
                    })
                    .await;
            })
        };
        // One thread, so a fixed order: the long one's first slice is a whole one, so the next
        // gives way to its second; it ends there, and nobody waits any more.
        let calls = [call("long", 1), call("second", 0), call("third", 0)];
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["long", "second", "third"]);
    }

    #[tokio::test]
    async fn a_call_that_is_taken_back_no_longer_waits() {
        let turns = Turns::default();
        {
            let mut call = Box::pin(turns.take(Asleep::default(), std::future::pending::<()>()));
            assert!(futures::poll!(&mut call).is_pending());
            assert_eq!(turns.waiting.load(Ordering::Relaxed), 1);
        }
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_call_that_sleeps_is_in_nobodys_way() {
        let (turns, asleep) = (Turns::default(), Asleep::possible());
        let (wake, answer) = tokio::sync::oneshot::channel::<()>();
        let call = async {
            give_way().await;
            asleep.until(answer).await.unwrap();
            give_way().await;
        };
        let mut call = Box::pin(turns.take(asleep.clone(), call));
        let waiting = || turns.waiting.load(Ordering::Relaxed);
        assert!(futures::poll!(&mut call).is_pending());
        assert_eq!(waiting(), 1, "it waits for its turn");
        assert!(futures::poll!(&mut call).is_pending());
        assert_eq!(waiting(), 0, "it sleeps");
        wake.send(()).unwrap();
        assert!(futures::poll!(&mut call).is_pending());
        assert_eq!(waiting(), 1, "it waits for its turn again");
        assert!(futures::poll!(&mut call).is_ready());
        assert_eq!(waiting(), 0);
    }
}
