//! A lane by table: what comes out next, and when.

use bytes::Bytes;

use crate::delivery::queues::Gate;
use crate::delivery::queues::Next;
use crate::delivery::queues::NextBatch;
use crate::delivery::queues::Parked;
use crate::delivery::queues::Queue;
use crate::delivery::queues::Removed;
use crate::domain::delivery::DeliveryBytes;
use crate::domain::delivery::DeliveryState;
use crate::domain::destination::BatchForm;
use crate::domain::destination::BatchRule;
use crate::domain::destination::RatePeriod;
use crate::domain::destination::SendRate;
use crate::domain::event::Headers;
use crate::domain::id::ConnectionId;
use crate::domain::id::DeliveryId;
use crate::domain::id::DestinationId;
use crate::domain::id::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::pipeline::job::Job;

const CONNECTION: ConnectionId = ConnectionId::from_bits(7);

fn job(id: u128, bytes: usize) -> Box<Job> {
    Box::new(Job {
        id: DeliveryId::from_bits(id),
        workspace: WorkspaceId::from_bits(1),
        connection: CONNECTION,
        destination: DestinationId::from_bits(1),
        revision: 1,
        state: DeliveryState::Pending,
        attempts: 0,
        schedule_from: 0,
        bytes: DeliveryBytes {
            event_type: String::new(),
            content_type: String::new(),
            headers: Headers::default(),
            method: None,
            path: None,
            payload: Bytes::from(vec![b'x'; bytes]),
        },
        received_at: Timestamp::default(),
        open: None,
    })
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn park(lane: &mut Queue, due: u64, id: u128) {
    lane.park(
        at(due),
        DeliveryId::from_bits(id),
        Parked { connection: CONNECTION, attempts: 1, held: false, faults: 0 },
    );
}

/// What comes out at `now`, as text.
fn next(lane: &mut Queue, now: u64, paused: bool) -> String {
    match lane.next(at(now), Gate::Open, |_| paused) {
        Next::Ready(job) => format!("ready {}", job.id.bits()),
        Next::Parked(id, _) => format!("parked {}", id.bits()),
        Next::Nothing(due) => format!("nothing until {:?}", due.map(Timestamp::as_millis)),
    }
}

#[test]
fn memory_and_disk_take_turns() {
    let mut lane = Queue::default();
    for id in [1, 2] {
        assert!(lane.offer(job(id, 1), Gate::Open).is_ok());
    }
    park(&mut lane, 5, 11);
    park(&mut lane, 4, 12);
    let out: Vec<String> = (0..5).map(|_| next(&mut lane, 10, false)).collect();
    assert_eq!(out, ["parked 12", "ready 1", "parked 11", "ready 2", "nothing until None"]);
}

#[test]
fn what_is_not_due_waits_and_says_until_when() {
    let mut lane = Queue::default();
    park(&mut lane, 50, 11);
    assert_eq!(next(&mut lane, 49, false), "nothing until Some(50)");
    assert_eq!(next(&mut lane, 50, false), "parked 11");
}

#[test]
fn a_paused_connection_is_passed_over_and_comes_back() {
    let mut lane = Queue::default();
    park(&mut lane, 1, 11);
    assert_eq!(next(&mut lane, 10, true), "nothing until None");
    assert_eq!(lane.waiting(), (0, 1));
    lane.readmit();
    assert_eq!(next(&mut lane, 10, false), "parked 11");
}

#[test]
fn too_much_is_given_back() {
    let mut lane = Queue::default();
    let taken = (0..5000).take_while(|id| lane.offer(job(*id, 1), Gate::Open).is_ok()).count();
    assert!((1..5000).contains(&taken));
    let mut lane = Queue::default();
    // One that is larger than all the room there is must not be given back for ever.
    assert!(lane.offer(job(1, 64 << 20), Gate::Open).is_ok());
    assert!(lane.offer(job(2, 1), Gate::Open).is_err());
    assert!(Queue::default().offer(job(1, 1), Gate::Shut).is_err());
}

#[test]
fn places_of_workers_come_back_with_nothing() {
    let mut lane = Queue::default();
    assert!(!lane.take_worker(2), "no work, no worker");
    for id in 0..3 {
        assert!(lane.offer(job(id, 1), Gate::Open).is_ok());
    }
    assert_eq!([lane.take_worker(2), lane.take_worker(2), lane.take_worker(2)], [true, true, false]);
    while next(&mut lane, 0, false) != "nothing until None" {}
    assert!(lane.offer(job(9, 1), Gate::Open).is_ok());
    assert!(lane.take_worker(2));
}

#[test]
fn removing_tells_where_it_was() {
    let mut lane = Queue::default();
    assert!(lane.offer(job(1, 1), Gate::Open).is_ok());
    park(&mut lane, 5, 2);
    assert!(matches!(lane.remove(DeliveryId::from_bits(1)), Some(Removed::Ready(_))));
    assert!(matches!(lane.remove(DeliveryId::from_bits(2)), Some(Removed::Parked(due, _)) if due == at(5)));
    assert!(lane.remove(DeliveryId::from_bits(3)).is_none());
    assert_eq!(lane.waiting(), (0, 0));
}

#[test]
fn what_a_worker_has_is_here_until_it_gives_it_back() {
    let mut lane = Queue::default();
    let has = |lane: &Queue| [1, 2].map(|id| lane.has(DeliveryId::from_bits(id), at(5)));
    assert!(lane.offer(job(1, 1), Gate::Open).is_ok());
    park(&mut lane, 5, 2);
    assert_eq!(has(&lane), [true, true]);
    assert!(lane.has(DeliveryId::from_bits(2), at(9)), "also where it is parked until another time");
    assert!(lane.take_worker(1) && !lane.take_worker(1));
    for out in ["parked 2", "ready 1"] {
        assert_eq!(next(&mut lane, 10, false), out);
        assert_eq!(has(&lane), [true, true], "with a worker");
    }
    lane.done(DeliveryId::from_bits(2));
    assert_eq!(has(&lane), [true, false]);
    lane.done(DeliveryId::from_bits(1));
    lane.leave();
    assert_eq!(has(&lane), [false, false]);
    park(&mut lane, 5, 2);
    assert!(lane.take_worker(1), "the place is free again");
    assert_eq!(next(&mut lane, 10, true), "nothing until None");
    assert_eq!(has(&lane), [false, true], "held back by a pause");
}

/// What comes out together at `now`, as text.
fn next_batch(lane: &mut Queue, now: u64, paused: bool) -> String {
    let rule = BatchRule { max_events: 3, max_wait_ms: 100, form: BatchForm::Array, failed: None };
    let ids = |ids: Vec<u128>| ids.iter().map(u128::to_string).collect::<Vec<_>>().join(" ");
    lane.take_worker(9);
    match lane.next_batch(at(now), Gate::Open, &rule, |_| paused) {
        NextBatch::Ready(jobs) => format!("ready {}", ids(jobs.iter().map(|job| job.id.bits()).collect())),
        NextBatch::Parked(found) => {
            format!("parked {}", ids(found.iter().map(|(id, _)| id.bits()).collect()))
        }
        NextBatch::Nothing(due) => format!("nothing {:?}", due.map(Timestamp::as_millis)),
    }
}

#[test]
fn a_batch_goes_when_it_is_full_or_has_waited() {
    let mut lane = Queue::default();
    for id in 1..=4 {
        assert!(lane.offer(job(id, 1), Gate::Open).is_ok());
    }
    assert_eq!(next_batch(&mut lane, 0, false), "ready 1 2 3");
    assert_eq!(next_batch(&mut lane, 99, false), "nothing Some(100)");
    assert_eq!(next_batch(&mut lane, 100, false), "ready 4");
    assert_eq!(next_batch(&mut lane, 100, false), "nothing None");
}

#[test]
fn what_failed_together_goes_together_and_alone() {
    let mut lane = Queue::default();
    for (due, id) in [(50, 1), (50, 2), (60, 3)] {
        park(&mut lane, due, id);
    }
    assert_eq!(next_batch(&mut lane, 49, false), "nothing Some(50)");
    assert_eq!(next_batch(&mut lane, 60, false), "parked 1 2");
    assert_eq!(next_batch(&mut lane, 60, true), "nothing None");
    lane.readmit();
    assert_eq!(next_batch(&mut lane, 60, false), "parked 3");
}

#[test]
fn what_never_went_waits_for_others_on_disk_too() {
    let mut lane = Queue::default();
    let new = Parked { connection: CONNECTION, attempts: 0, held: false, faults: 0 };
    for (due, id) in [(10, 1), (20, 2)] {
        lane.park(at(due), DeliveryId::from_bits(id), new);
    }
    assert_eq!(next_batch(&mut lane, 30, false), "nothing Some(110)");
    lane.park(at(25), DeliveryId::from_bits(3), new);
    assert_eq!(next_batch(&mut lane, 30, false), "parked 1 2 3");
    lane.park(at(40), DeliveryId::from_bits(4), new);
    assert_eq!(next_batch(&mut lane, 140, false), "parked 4");
}

#[test]
fn what_is_new_and_waits_holds_up_nothing_that_failed() {
    let mut lane = Queue::default();
    let new = Parked { connection: CONNECTION, attempts: 0, held: false, faults: 0 };
    for (due, id) in [(10, 1), (50, 4)] {
        lane.park(at(due), DeliveryId::from_bits(id), new);
    }
    park(&mut lane, 40, 2);
    park(&mut lane, 40, 3);
    assert_eq!(next_batch(&mut lane, 30, false), "nothing Some(40)");
    assert_eq!(next_batch(&mut lane, 60, false), "parked 2 3");
    // What stood between them does not keep them apart.
    assert_eq!(next_batch(&mut lane, 60, false), "nothing Some(110)");
    assert_eq!(next_batch(&mut lane, 110, false), "parked 1 4");
}

#[test]
fn what_is_paused_goes_with_nobody() {
    let mut lane = Queue::default();
    let of = |connection, attempts| Parked { connection, attempts, held: false, faults: 0 };
    let paused = ConnectionId::from_bits(9);
    for (due, id, parked) in [
        (10, 1, of(CONNECTION, 0)),
        (11, 2, of(CONNECTION, 0)),
        (40, 3, of(CONNECTION, 1)),
        (40, 4, of(paused, 1)),
    ] {
        lane.park(at(due), DeliveryId::from_bits(id), parked);
    }
    lane.take_worker(1);
    let rule = BatchRule { max_events: 3, max_wait_ms: 100, form: BatchForm::Array, failed: None };
    match lane.next_batch(at(60), Gate::Open, &rule, |parked| parked.connection == paused) {
        NextBatch::Parked(found) => {
            assert_eq!(found.iter().map(|(id, _)| id.bits()).collect::<Vec<_>>(), [3]);
        }
        other => panic!("{other:?}"),
    }
}

/// Two workers whose batches go on in further requests ask for the last turn at once.
#[test]
fn a_turn_is_given_once() {
    let rate = SendRate { requests: 2, per: RatePeriod::Second };
    let mut queue = Queue::default();
    let now = Timestamp::from_millis(1_000_000);
    assert_eq!(queue.take_turn(rate, now), Ok(()));
    assert_eq!(queue.take_turn(rate, now), Ok(()));
    let later = Timestamp::from_millis(1_001_000);
    assert_eq!(queue.take_turn(rate, now), Err(later));
    assert_eq!(queue.take_turn(rate, later), Ok(()), "and the next when it is time");
}
