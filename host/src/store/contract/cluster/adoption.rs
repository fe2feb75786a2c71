//! Adoption: what a node left goes to one other, whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::delivery::DeliveryState::Failed;
use crate::domain::delivery::DeliveryState::Retrying;
use crate::domain::id::EventId;
use crate::store::Change;
use crate::store::ConfigAnswer;
use crate::store::ConfigWrite;
use crate::store::Feed;
use crate::store::LogEntry;
use crate::store::Recovered;
use crate::store::Store;
use crate::store::Unfinished;
use crate::store::contract::Opened;
use crate::store::contract::Samples;
use crate::store::contract::cluster::Cluster;
use crate::store::contract::cluster::adopt;
use crate::store::contract::cluster::is_fenced;
use crate::store::contract::cluster::join;
use crate::store::contract::cluster::let_lapse;
use crate::store::contract::cluster::open_events;
use crate::store::contract::cluster::take_over;

fn events_of(left: &Recovered) -> Vec<EventId> {
    left.unfinished.iter().map(|one| one.event).collect()
}

pub(crate) async fn everything_has_one_owner(cluster: &impl Cluster) {
    let (mut first, mut second) = (join(cluster, 1).await, join(cluster, 2).await);
    let samples = Samples::of(1);
    let mut owned = Vec::new();
    for opened in [&mut first, &mut second] {
        let (events, fed) = opened.accept((0..3).map(|n| samples.event(format!("{n}"))).collect()).await;
        assert_eq!(fed.unwrap().range.first, events[0], "each is fed its own");
        let record = samples.record(events[0].delivery(1), 1, Retrying);
        let change =
            Change { deliveries: vec![record.clone()], closed: vec![events[0]], ..Change::default() };
        opened.commit(change).await;
        owned.push((events[1..].to_vec(), record));
    }
    for (opened, (events, record)) in [&first, &second].into_iter().zip(&owned) {
        assert_eq!(open_events(opened).await, *events);
        assert_eq!(opened.store.claim(None, 10).await.unwrap(), std::slice::from_ref(record));
    }
    // Anybody may look at them.
    for opened in [&first, &second] {
        for (events, record) in &owned {
            assert!(opened.store.event(events[0]).await.unwrap().is_some());
            assert_eq!(opened.store.delivery(record.id).await.unwrap().as_ref(), Some(record));
        }
    }
}

pub(crate) async fn what_a_node_left_is_adopted_as_it_was(cluster: &impl Cluster) {
    let (mut first, mut second) = (join(cluster, 1).await, join(cluster, 2).await);
    let samples = Samples::of(1);
    for revision in 0..2 {
        let write = ConfigWrite { key: "a".to_owned(), document: Some(revision.to_string().into_bytes()) };
        let answer = first.store.configure(vec![write], revision).await.unwrap();
        assert_eq!(answer, ConfigAnswer::Written { revision: revision + 1 });
    }
    let mut old = samples.event("under an older revision");
    old.revision = 1;
    let (untouched, planned) =
        (first.accept_one(old).await, first.accept_one(samples.event("planned")).await);
    let (parked, closed) =
        (first.accept_one(samples.event("parked")).await, first.accept_one(samples.event("closed")).await);
    let own = second.accept_one(samples.event("of the other")).await;
    let waiting = samples.record(parked.delivery(2), 1, Retrying);
    let log = vec![samples.plan(planned, 2), samples.attempt(planned.delivery(2), 1, Failed)];
    first.store.note(Change { log, closed: vec![closed, parked], ..Change::default() });
    let bytes = vec![(waiting.id, samples.bytes("kept"))];
    first.commit(Change { deliveries: vec![waiting.clone()], bytes, ..Change::default() }).await;

    let left = take_over(cluster, &second, &first).await;
    let expected = [
        Unfinished { event: untouched, done: vec![], planned: false },
        Unfinished { event: planned, done: vec![2], planned: true },
    ];
    assert_eq!((&left.unfinished[..], &left.live[..]), (&expected[..], std::slice::from_ref(&waiting)));
    assert_eq!(left.config.revision, 2);
    assert_eq!(left.past.iter().map(|state| state.revision).collect::<Vec<_>>(), [1]);
    assert_eq!(open_events(&second).await, [untouched, planned, own]);
    assert_eq!(second.store.claim(None, 10).await.unwrap(), std::slice::from_ref(&waiting));
    assert_eq!(second.store.delivery_bytes(waiting.id).await.unwrap(), Some(samples.bytes("kept")));
    let again = join(cluster, 1).await;
    assert_eq!((again.recovered.unfinished, again.recovered.live), (vec![], vec![]), "it owns nothing now");
}

pub(crate) async fn adoption_waits_for_what_is_in_flight(cluster: &impl Cluster) {
    let (mut first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    let samples = Samples::of(1);
    let known = first.accept_one(samples.event("known")).await;
    let_lapse(cluster, &first, &second).await;
    let stall = cluster.stall();
    let flying = async {
        let accepted = first.store.accept(vec![samples.event("in flight")]);
        let log = vec![samples.plan(known, 1)];
        let commit = first.store.commit(Change { log, ..Change::default() });
        tokio::join!(accepted, commit)
    };
    let mut adopting = std::pin::pin!(adopt(&second, &first));
    let mut flying = std::pin::pin!(flying);
    for _ in 0..20 {
        tokio::select! {
            biased;
            _ = &mut flying => panic!("a write ended while it was held in flight"),
            _ = &mut adopting => panic!("adopted while a write was in flight"),
            () = tokio::task::yield_now() => {}
        }
    }
    drop(stall);
    let ((accepted, committed), left) = tokio::join!(flying, adopting);
    let event = accepted.unwrap()[0].id;
    committed.unwrap();
    assert_eq!(events_of(&left), [known, event], "what was acknowledged is there");
    assert!(left.unfinished[0].planned);
    assert_eq!(open_events(&second).await, [known, event]);
    assert!(is_fenced(first.store.accept(vec![samples.event("later")]).await, 1));
    assert_eq!(open_events(&second).await, [known, event]);
}

/// Many writers, and a node that takes over in the midst of them.
pub(crate) async fn no_event_is_lost_or_adopted_twice(cluster: &impl Cluster) {
    const WRITERS: usize = 8;
    let samples = Samples::of(1);
    for round in 0..20 {
        let (first, mut second) = (join(cluster, 1).await, join(cluster, 2).await);
        let before: BTreeSet<EventId> = open_events(&second).await.into_iter().collect();
        let_lapse(cluster, &first, &second).await;
        let Opened { store, mut feed, .. } = first;
        let store = Arc::new(store);
        let writer = |number: usize| {
            let store = Arc::clone(&store);
            async move {
                let mut acknowledged = Vec::new();
                loop {
                    match store.accept(vec![samples.event(format!("{number}"))]).await {
                        Ok(answer) => acknowledged.extend(answer.iter().map(|one| one.id)),
                        answer => {
                            assert!(is_fenced(answer, 1));
                            return acknowledged;
                        }
                    }
                    for _ in 0..=number {
                        tokio::task::yield_now().await;
                    }
                }
            }
        };
        let taking = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            match second.store.adopt(store.lease().node).await.unwrap() {
                crate::store::Adoption::Adopted(left) => events_of(&left),
                other => panic!("{other:?}"),
            }
        };
        let reading = async { while feed.next().await.is_some() {} };
        let writing = futures_of((0..WRITERS).map(writer).collect());
        let (acknowledged, adopted) = tokio::select! {
            both = async { tokio::join!(writing, taking) } => both,
            () = reading => panic!("the feed ended"),
        };
        let unique: BTreeSet<EventId> = adopted.iter().copied().collect();
        assert_eq!(unique.len(), adopted.len(), "round {round}: adopted twice");
        let acknowledged: BTreeSet<EventId> = acknowledged.into_iter().collect();
        assert_eq!(unique, acknowledged, "round {round}: acknowledged and adopted");
        let mine: BTreeSet<EventId> = open_events(&second).await.into_iter().collect();
        assert_eq!(mine, &before | &acknowledged);
        second.commit(Change { closed: mine.into_iter().collect(), ..Change::default() }).await;
        let (own, _) = second.accept(vec![samples.event("and life goes on")]).await;
        assert_eq!(open_events(&second).await, own);
    }
}

/// All of them at once, in one task.
async fn futures_of<F: Future<Output = Vec<EventId>>>(futures: Vec<F>) -> Vec<EventId> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut found = Vec::new();
    std::future::poll_fn(move |context| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                found.extend(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        match running.is_empty() {
            true => std::task::Poll::Ready(std::mem::take(&mut found)),
            false => std::task::Poll::Pending,
        }
    })
    .await
}

pub(crate) async fn adopted_events_are_planned_by_the_adopter_only(cluster: &impl Cluster) {
    let (mut first, second) = (join(cluster, 1).await, join(cluster, 2).await);
    let samples = Samples::of(1);
    // Both were fed to the first node, which planned one of them in time.
    let (events, fed) = first.accept(vec![samples.event("planned"), samples.event("late")]).await;
    assert_eq!(fed.unwrap().range.count, 2);
    let (planned, late) = (events[0], events[1]);
    first.commit(Change { log: vec![samples.plan(planned, 1)], ..Change::default() }).await;
    let left = take_over(cluster, &second, &first).await;
    let expected = [
        Unfinished { event: planned, done: vec![], planned: true },
        Unfinished { event: late, done: vec![], planned: false },
    ];
    assert_eq!(left.unfinished, expected);

    let plan =
        |routes| Change { log: vec![samples.plan(late, routes)], closed: vec![late], ..Change::default() };
    first.store.note(plan(1));
    assert!(is_fenced(first.store.commit(plan(2)).await, 1));
    second.commit(plan(3)).await;
    assert!(is_fenced(first.store.commit(plan(4)).await, 1));
    let found = second.store.event_log(late).await.unwrap().plan;
    assert_eq!(found.map(LogEntry::Plan), Some(samples.plan(late, 3)));
    assert_eq!(open_events(&second).await, [planned]);
    assert_eq!(open_events(&first).await, []);
}

pub(crate) async fn what_was_adopted_is_adopted_again(cluster: &impl Cluster) {
    let mut first = join(cluster, 1).await;
    let event = first.accept_one(Samples::of(1).event("one")).await;
    let second = join(cluster, 2).await;
    take_over(cluster, &second, &first).await;
    let third = join(cluster, 3).await;
    let left = take_over(cluster, &third, &second).await;
    assert_eq!(events_of(&left), [event]);
    // It comes back, and takes over in its turn.
    let first = join(cluster, 1).await;
    let left = take_over(cluster, &first, &third).await;
    assert_eq!((events_of(&left), open_events(&first).await), (vec![event], vec![event]));
}
