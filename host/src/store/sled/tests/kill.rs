//! A process that is killed at any moment loses nothing it acknowledged and leaves no part of a
//! batch behind; nor does one that lets go of what a neighbour's workspace keeps no longer.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::BufRead;
use std::io::BufReader;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::delivery::DeliveryState::Delivered;
use crate::domain::id::EventId;
use crate::domain::time::Clock;
use crate::domain::time::Timestamp;
use crate::store::Change;
use crate::store::EventQuery;
use crate::store::Expiry;
use crate::store::Feed;
use crate::store::Store;
use crate::store::WorkspaceExpiry;
use crate::store::contract::Samples;
use crate::store::contract::samples::at;
use crate::store::sled::SledStore;
use crate::store::sled::StoreOptions;
use crate::store::sled::open;
use crate::store::sled::tests::child;

const ROUNDS: usize = 25;
const WRITERS: u64 = 8;

fn options(dir: &std::path::Path) -> StoreOptions {
    StoreOptions { free_bytes_min: Some(0), ..StoreOptions::at(dir.join("data")) }
}

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    rounds(concat!(module_path!(), "::a_killed_process_loses_nothing_it_acknowledged"), false);
}

/// Their events lie in the same chunks, which are written again without what is old of the neighbour.
#[test]
fn a_killed_sweep_takes_nothing_of_those_who_keep_more() {
    rounds(concat!(module_path!(), "::a_killed_sweep_takes_nothing_of_those_who_keep_more"), true);
}

/// Of one workspace all is kept; of a second one, if it is swept, nothing that has ended.
fn rounds(test: &str, sweeps: bool) {
    if let Some(dir) = child::dir() {
        return write_until_killed(&dir, sweeps);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    for round in 0..ROUNDS {
        let mut child = child::command(test, dir.path()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let before = said.acknowledged.len();
        let mut patience = None;
        for line in lines.map_while(Result::ok) {
            said.read(&line);
            // From the first answer on it may happen at any moment.
            if said.acknowledged.len() > before && patience.is_none() {
                let pid = child.id().to_string();
                patience = Some(std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_micros(fastrand::u64(0..60_000)));
                    std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
                }));
            }
        }
        patience.unwrap().join().unwrap();
        assert!(!child.wait().unwrap().success());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(check(dir.path(), &said, round, sweeps));
    }
}

/// What the children said they had been promised.
#[derive(Default)]
struct Said {
    acknowledged: BTreeMap<EventId, String>,
    closed: BTreeSet<EventId>,
}

impl Said {
    fn read(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["ack", id, body, "."] => {
                self.acknowledged.insert(id.parse().unwrap(), body.to_owned());
            }
            ["closed", id, "."] => {
                self.closed.insert(id.parse().unwrap());
            }
            _ => {}
        }
    }
}

/// What is stored of a workspace.
async fn stored(store: &SledStore, samples: &Samples) -> BTreeMap<EventId, String> {
    let (mut stored, mut before) = (BTreeMap::new(), None);
    loop {
        let query = EventQuery { before, ..EventQuery::all(samples.workspace, 10_000) };
        let page = store.events(query).await.unwrap();
        for event in page.items {
            stored.insert(event.id, String::from_utf8(event.data.body.to_vec()).unwrap());
        }
        before = page.next;
        if before.is_none() {
            return stored;
        }
    }
}

/// All of the second workspace that came before and has ended.
fn swept(before: Timestamp) -> Expiry {
    let expiry = WorkspaceExpiry { before, made_at: at(0) };
    Expiry { sooner: BTreeMap::from([(Samples::of(2).workspace, expiry)]), ..Expiry::default() }
}

async fn check(dir: &std::path::Path, said: &Said, round: usize, sweeps: bool) {
    let (store, _feed, recovered) = open(options(dir)).unwrap();
    let unfinished: BTreeSet<EventId> = recovered.unfinished.iter().map(|one| one.event).collect();
    let mut left = BTreeMap::new();
    if sweeps {
        // What was not let go of before is now, whatever came in this very moment.
        store.expire(swept(Clock::System.now().plus(Duration::from_secs(1)))).await.unwrap();
        left = self::stored(&store, &Samples::of(2)).await;
    }
    let stored = self::stored(&store, &Samples::of(1)).await;
    let is_open = |id: &EventId| unfinished.contains(id);
    assert!(left.keys().all(is_open), "round {round}: it has ended and is there");
    let is_there = |id: &EventId| stored.contains_key(id) || left.contains_key(id);
    assert!(unfinished.iter().all(is_there), "round {round}: it is open and gone");
    for (id, body) in &said.acknowledged {
        assert_eq!(stored.get(id), Some(body), "round {round}: {id} was acknowledged");
    }
    let mut batches: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for body in stored.values() {
        let (batch, rest) = body.split_once('/').unwrap();
        let (_, size) = rest.split_once('/').unwrap();
        let found = batches.entry(batch).or_default();
        *found = (found.0 + 1, size.trim_end_matches('x').parse().unwrap());
    }
    for (batch, (found, size)) in batches {
        assert_eq!(found, size, "round {round}: part of {batch}");
    }
    assert!(unfinished.is_disjoint(&said.closed), "round {round}: closed and still open");
    for id in stored.keys().filter(|id| !unfinished.contains(id)) {
        let log = store.event_log(*id).await.unwrap();
        assert_eq!(log.attempts.len(), 1, "round {round}: {id} is finished without an attempt");
    }
    store.close().await.unwrap();
}

fn write_until_killed(dir: &std::path::Path, sweeps: bool) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (store, mut feed, _) = open(options(dir)).unwrap();
    let store = Arc::new(store);
    for writer in 0..WRITERS {
        runtime.spawn(write(Arc::clone(&store), writer, sweeps));
    }
    if sweeps {
        let store = Arc::clone(&store);
        runtime.spawn(async move {
            loop {
                store.expire(swept(Clock::System.now())).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
    runtime.block_on(async {
        while let Some(committed) = feed.next().await {
            for held in committed.events.into_iter().flatten() {
                let event = &held.0.event;
                let (id, two) = (event.id, Samples::of(2));
                let samples = if event.data.workspace == two.workspace { two } else { Samples::of(1) };
                let log = vec![samples.attempt(id.delivery(1), 1, Delivered)];
                let change = Change { log, closed: vec![id], ..Change::default() };
                match fastrand::u8(..3) {
                    0 => store.note(change),
                    1 => {
                        store.commit(change).await.unwrap();
                        println!("closed {id} .");
                    }
                    _ => {}
                }
            }
        }
    });
}

async fn write(store: Arc<SledStore>, writer: u64, sweeps: bool) {
    let (samples, neighbour) = (Samples::of(1), Samples::of(2));
    let start = Clock::System.now().as_millis();
    for number in 0u64.. {
        let size = fastrand::usize(1..6);
        let padding = "x".repeat(if number % 5 == 0 { fastrand::usize(..30_000) } else { 100 });
        let body = |index| format!("{start}-{writer}-{number}/{index}/{size}{padding}");
        let mut events: Vec<_> = (0..size).map(|index| samples.event(body(index))).collect();
        if sweeps {
            events.extend((0..size).map(|index| neighbour.event(body(index))));
        }
        let mut accepted = store.accept(events).await.unwrap();
        accepted.truncate(size);
        for (index, one) in accepted.iter().enumerate() {
            println!("ack {} {} .", one.id, body(index));
        }
    }
}
