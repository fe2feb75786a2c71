//! Whatever befalls three nodes, in whatever order: an acknowledged event is one node's until that one closes it, and
//! only who still owns something writes. Not here: what happens at the same time (`adoption`).

use std::collections::BTreeSet;

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::Adoption;
use crate::store::Change;
use crate::store::Store;
use crate::store::contract::Opened;
use crate::store::contract::Samples;
use crate::store::contract::cluster::Cluster;
use crate::store::contract::cluster::is_fenced;
use crate::store::contract::cluster::join;
use crate::store::contract::cluster::node;
use crate::store::contract::cluster::open_events;
use crate::store::contract::samples::START;

const NODES: usize = 3;
const SEEDS: u64 = 20;
const STEPS: usize = 200;

/// One node, and what it should be.
struct Member<C: Cluster> {
    number: u16,
    opened: Opened<C>,
    owned: BTreeSet<EventId>,
    until: Timestamp,
    /// Whether somebody took over since it was opened.
    fenced: bool,
}

impl<C: Cluster> Member<C> {
    async fn begin(cluster: &C, number: u16, owned: BTreeSet<EventId>) -> Self {
        let opened = join(cluster, number).await;
        let found: BTreeSet<_> = opened.recovered.unfinished.iter().map(|one| one.event).collect();
        assert_eq!(found, owned, "node {number} begins again");
        let until = opened.store.lease().until;
        Self { number, opened, owned, until, fenced: false }
    }

    async fn accept(&mut self) {
        let event = Samples::of(1).event("one");
        if self.fenced {
            assert!(is_fenced(self.opened.store.accept(vec![event]).await, self.number));
        } else {
            self.owned.insert(self.opened.accept_one(event).await);
        }
    }

    async fn close(&mut self, event: EventId) {
        let closing = self.opened.store.commit(Change { closed: vec![event], ..Change::default() }).await;
        if self.fenced {
            assert!(is_fenced(closing, self.number));
        } else {
            closing.unwrap();
            self.owned.remove(&event);
        }
    }

    /// Answers whose lease has ended.
    async fn renew(&mut self) -> Option<Vec<u16>> {
        let renewed = self.opened.store.renew().await;
        if self.fenced {
            assert!(is_fenced(renewed, self.number));
            return None;
        }
        let renewed = renewed.unwrap();
        self.until = renewed.lease.until;
        Some(renewed.lapsed.iter().map(|node| node.number()).collect())
    }
}

async fn adopt<C: Cluster>(members: &mut [Member<C>], by: usize, from: usize, now: Timestamp) {
    let answer = members[by].opened.store.adopt(node(members[from].number)).await;
    if members[by].fenced {
        return assert!(is_fenced(answer, members[by].number));
    }
    match answer.unwrap() {
        Adoption::Running { until } => {
            assert!(by == from || until > now);
            assert_eq!(until, members[from].until);
        }
        Adoption::Nothing => assert!(members[from].fenced && members[from].until <= now),
        Adoption::Adopted(left) => {
            assert!(by != from && !members[from].fenced && members[from].until <= now);
            let left: BTreeSet<_> = left.unfinished.iter().map(|one| one.event).collect();
            assert_eq!(left, members[from].owned);
            members[from].owned.clear();
            members[from].fenced = true;
            members[by].owned.extend(left);
        }
    }
}

pub(crate) async fn an_event_is_one_nodes_whatever_befalls_them(cluster: &impl Cluster) {
    let mut now = START;
    let mut members = Vec::new();
    for number in 1..=NODES as u16 {
        members.push(Member::begin(cluster, number, BTreeSet::new()).await);
    }
    for seed in 0..SEEDS {
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..STEPS {
            let (one, other) = (random.usize(..NODES), random.usize(..NODES));
            match random.u8(..10) {
                0..3 => members[one].accept().await,
                3..5 => {
                    // Whoever lost its own would close what others have.
                    let whose = if members[one].fenced { other } else { one };
                    let event = random.choice(&members[whose].owned).copied();
                    if let Some(event) = event {
                        members[one].close(event).await;
                    }
                }
                5 => {
                    now += random.u64(..4_000);
                    cluster.set_time(Timestamp::from_millis(now));
                }
                6..8 => {
                    let at = Timestamp::from_millis(now);
                    if let Some(lapsed) = members[one].renew().await {
                        let ended = members.iter().filter(|member| member.until <= at && !member.fenced);
                        assert_eq!(lapsed, ended.map(|member| member.number).collect::<Vec<_>>());
                    }
                }
                8 => adopt(&mut members, one, other, Timestamp::from_millis(now)).await,
                _ => {
                    let (number, owned) = (members[one].number, std::mem::take(&mut members[one].owned));
                    members[one] = Member::begin(cluster, number, owned).await;
                }
            }
            for member in &members {
                let open: BTreeSet<_> = open_events(&member.opened).await.into_iter().collect();
                assert_eq!(open, member.owned, "seed {seed}: node {}", member.number);
            }
        }
    }
}
