//! Events of one connection that wait for the same plugin, run together if its manifest asks for that: making an instance
//! of an interpreter, and even putting one back, costs more than an event in one that is there. Whoever gets the next slot
//! takes along those that wait by then; where nobody waits, each event has an instance of its own. What a batch cannot
//! answer for each event (it failed, or the guest logged and nobody knows on which event) is run again one by one.
//! Not here: calling an instance.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::oneshot;

use crate::domain::plugin::Fault;
use crate::domain::plugin::GuestEvent;
use crate::domain::plugin::Verdict;
use crate::sandbox::instance::ran::Cost;
use crate::sandbox::instance::ran::Failure;
use crate::sandbox::instance::ran::Ran;

/// Events of one batch, and bytes of their payloads: a batch is one call, with the wall time of one call.
const BATCH: usize = 32;
const BATCH_BYTES: usize = 256 << 10;
/// Events run one by one after a batch that was in vain, so that a plugin which always logs, or an event that makes it
/// fail, costs little.
const ALONE: u32 = 1000;

/// One event that waits.
struct Waiting {
    number: u64,
    event: GuestEvent,
    answer: oneshot::Sender<Result<Ran, Failure>>,
}

/// The events that wait for one plugin.
#[derive(Default)]
pub(crate) struct Gather {
    queues: Mutex<Queues>,
    /// How many events more are to be run one by one.
    alone: AtomicU32,
}

#[derive(Default)]
struct Queues {
    next: u64,
    /// By the address of the configuration, which a connection's step has one of; it is held in the entry.
    of: HashMap<usize, (Arc<str>, Vec<Waiting>)>,
}

/// A place in a queue.
pub(crate) struct Ticket {
    number: u64,
    pub(crate) answer: oneshot::Receiver<Result<Ran, Failure>>,
}

/// Events to be run together.
pub(crate) struct Batch {
    waiting: Vec<Waiting>,
}

impl Gather {
    /// Whether the next event may wait for others at all.
    pub(crate) fn is_open(&self) -> bool {
        let one_less = |left: u32| left.checked_sub(1);
        self.alone.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err()
    }

    /// Lets an event wait.
    pub(crate) fn wait(&self, config: &Arc<str>, event: GuestEvent) -> Ticket {
        let (sender, answer) = oneshot::channel();
        let mut queues = self.queues();
        queues.next += 1;
        let number = queues.next;
        let queue = queues.of.entry(address(config)).or_insert_with(|| (config.clone(), Vec::new()));
        queue.1.push(Waiting { number, event, answer: sender });
        Ticket { number, answer }
    }

    /// The event of this place and those that wait with the same configuration, the oldest first; `None` if somebody
    /// took it along.
    pub(crate) fn take(&self, config: &Arc<str>, ticket: &Ticket) -> Option<Batch> {
        let mut queues = self.queues();
        let (_, queue) = queues.of.get_mut(&address(config))?;
        let own = queue.remove(queue.iter().position(|waiting| waiting.number == ticket.number)?);
        let mut bytes = own.event.payload.len();
        let fits = |waiting: &&Waiting| {
            bytes += waiting.event.payload.len();
            bytes <= BATCH_BYTES
        };
        let others = queue.iter().take(BATCH - 1).take_while(fits).count();
        let mut waiting = vec![own];
        // Those nobody waits for any more go here.
        waiting.extend(queue.drain(..others).filter(|waiting| !waiting.answer.is_closed()));
        if queue.is_empty() {
            queues.of.remove(&address(config));
        }
        Some(Batch { waiting })
    }

    /// Takes an event out whose caller went away.
    pub(crate) fn leave(&self, config: &Arc<str>, number: u64) {
        let mut queues = self.queues();
        let Some((_, queue)) = queues.of.get_mut(&address(config)) else { return };
        queue.retain(|waiting| waiting.number != number);
        if queue.is_empty() {
            queues.of.remove(&address(config));
        }
    }

    /// Tells everybody what a batch came to. If it cannot tell, they hear nothing, and run their events alone.
    pub(crate) fn settle(&self, batch: Batch, ran: Result<(Vec<Result<Verdict, Fault>>, Cost), Failure>) {
        let share = u32::try_from(batch.waiting.len()).unwrap_or(u32::MAX);
        let Ok((results, cost)) = ran.inspect_err(|_| self.alone.store(ALONE, Ordering::Relaxed)) else {
            return;
        };
        if !cost.log.is_empty() || cost.log_dropped > 0 {
            self.alone.store(ALONE, Ordering::Relaxed);
            return;
        }
        let cost = Cost { cpu: cost.cpu / share, ..cost };
        for (waiting, result) in batch.waiting.into_iter().zip(results) {
            let cost = cost.clone();
            let told = match result {
                Ok(verdict) => Ok(Ran { verdict, cost }),
                Err(fault) => Err(Failure { fault, cost }),
            };
            // Nobody may wait any more.
            let _gone = waiting.answer.send(told);
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        // The map is whole between any two statements.
        self.queues.lock()
    }
}

impl Ticket {
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }
}

impl Batch {
    /// The events, in the order their results are wanted.
    pub(crate) fn events(&self) -> Vec<GuestEvent> {
        self.waiting.iter().map(|waiting| waiting.event.clone()).collect()
    }

    /// Whether there is more than one.
    pub(crate) fn is_shared(&self) -> bool {
        self.waiting.len() > 1
    }
}

fn address(config: &Arc<str>) -> usize {
    Arc::as_ptr(config).cast::<u8>() as usize
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;

    fn event(bytes: usize) -> GuestEvent {
        let text: Arc<str> = "".into();
        GuestEvent {
            id: text.clone(),
            event_type: text.clone(),
            source: text.clone(),
            received_at: text.clone(),
            headers: Vec::new(),
            content_type: text,
            payload: Bytes::from(vec![b'x'; bytes]),
        }
    }

    fn sizes(batch: &Batch) -> Vec<usize> {
        batch.waiting.iter().map(|waiting| waiting.event.payload.len()).collect()
    }

    #[test]
    fn who_waits_on_one_connection_goes_together_and_nobody_else() {
        let (gather, one, other): (_, Arc<str>, Arc<str>) = (Gather::default(), "{}".into(), "{}".into());
        let tickets: Vec<_> = (0..40).map(|number| gather.wait(&one, event(number))).collect();
        // The same text, and another connection all the same.
        let alone = gather.wait(&other, event(99));
        let gone = gather.wait(&one, event(98));
        gather.leave(&one, gone.number());
        let batch = gather.take(&one, &tickets[35]).unwrap();
        let expected: Vec<usize> = [35].into_iter().chain(0..31).collect();
        assert_eq!(sizes(&batch), expected);
        assert!(gather.take(&one, &tickets[3]).is_none(), "it is on its way");
        assert_eq!(sizes(&gather.take(&other, &alone).unwrap()), [99]);
        let rest = gather.take(&one, &tickets[31]).unwrap();
        assert_eq!(sizes(&rest), [31, 32, 33, 34, 36, 37, 38, 39]);
        assert!(gather.queues().of.is_empty());
    }

    #[test]
    fn a_batch_is_bounded_in_bytes_but_for_its_first() {
        let (gather, config): (_, Arc<str>) = (Gather::default(), "{}".into());
        let large = gather.wait(&config, event(BATCH_BYTES + 1));
        let small: Vec<_> = (0..3).map(|_| gather.wait(&config, event(BATCH_BYTES / 2))).collect();
        assert_eq!(sizes(&gather.take(&config, &large).unwrap()), [BATCH_BYTES + 1]);
        assert_eq!(sizes(&gather.take(&config, &small[0]).unwrap()), [BATCH_BYTES / 2; 2]);
    }

    #[test]
    fn costs_are_shared_and_what_is_not_known_of_each_is_not_told() {
        let (gather, config): (_, Arc<str>) = (Gather::default(), "{}".into());
        let settled = |cost: Cost| {
            let mut tickets = [gather.wait(&config, event(1)), gather.wait(&config, event(2))];
            let batch = gather.take(&config, &tickets[0]).unwrap();
            let refused = Fault::Refused { message: "no".to_owned() };
            gather.settle(batch, Ok((vec![Ok(Verdict::Drop("a".to_owned())), Err(refused)], cost)));
            tickets.each_mut().map(|ticket| ticket.answer.try_recv().ok())
        };
        let [first, second] = settled(Cost { cpu: Duration::from_millis(2), ..Cost::default() });
        let first = first.unwrap().unwrap();
        assert_eq!(
            (first.verdict, first.cost.cpu),
            (Verdict::Drop("a".to_owned()), Duration::from_millis(1))
        );
        assert_eq!(second.unwrap().unwrap_err().cost.cpu, Duration::from_millis(1));
        assert!(gather.is_open());
        assert_eq!(settled(Cost { log_dropped: 1, ..Cost::default() }), [None, None]);
        assert!((0..ALONE).all(|_| !gather.is_open()));
        assert!(gather.is_open());
    }
}
