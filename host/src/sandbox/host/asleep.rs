//! Calls that wait for somebody outside, as those do that ask over HTTP. Not here: what they ask (`fetch`).

use std::future::Future;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

/// Says of a call whether it waits for somebody outside, and so for no thread. The default is for calls that never do.
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

    /// Whether it does now.
    pub(crate) fn is_now(&self) -> bool {
        self.0.as_ref().is_some_and(|asleep| asleep.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_sleeps_until_the_answer_comes() {
        let asleep = Asleep::possible();
        let (wake, answer) = tokio::sync::oneshot::channel::<()>();
        let mut waits = Box::pin(asleep.until(answer));
        assert!(!asleep.is_now());
        assert!(futures::poll!(&mut waits).is_pending());
        assert!(asleep.is_now());
        wake.send(()).unwrap();
        assert!(futures::poll!(&mut waits).is_ready());
        assert!(!asleep.is_now());
        assert!(!Asleep::default().is_possible());
    }
}
