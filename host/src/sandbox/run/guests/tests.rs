//! Turns and threads of calls. Not here: what calls do.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::future::join_all;
use futures::future::pending;

use super::*;
use crate::sandbox::module::tier::NATIVE;

fn thread() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

/// Where a call began and where it ended that computes for so many slices, giving way after each.
async fn threads(queue: &GuestQueue, calls: &Arc<PluginCalls>, slices: u32) -> (String, String) {
    let make = |meter: Arc<Meter>| async move {
        let computing = async {
            let began = thread();
            for slice in 1..=slices {
                while meter.spent_now() < TICK * slice {
                    std::hint::spin_loop();
                }
                tokio::task::yield_now().await;
            }
            (began, thread())
        };
        meter.measure(computing).await
    };
    queue.run(calls.slot().await.unwrap(), calls, Asleep::default(), make).await.unwrap()
}

#[tokio::test]
async fn a_long_call_goes_on_apart_and_so_do_the_next_of_its_plugin() {
    let guests = Guests::start(2, &NATIVE, 16).unwrap();
    let (calls, others) = (guests.queue().plugin_calls(), guests.queue().plugin_calls());
    let check = async |calls: &Arc<PluginCalls>, slices: u32, began: &str, ended: &str| {
        let (first, last) = threads(guests.queue(), calls, slices).await;
        assert_eq!((first.as_str(), last.as_str()), (began, ended));
    };
    check(&calls, 0, "guest", "guest").await;
    check(&calls, 3, "guest", "guest-long").await;
    for _ in 0..16 {
        check(&calls, 0, "guest-long", "guest-long").await;
        check(&others, 0, "guest", "guest").await;
    }
    check(&calls, 0, "guest", "guest").await;
}

#[tokio::test]
async fn few_long_calls_of_a_plugin_run_at_a_time() {
    let guests = Guests::start(1, &NATIVE, 16).unwrap();
    let (queue, calls) = (guests.queue(), guests.queue().plugin_calls());
    let all = join_all((0..8).map(|_| threads(queue, &calls, 3)));
    let most = async {
        let mut fewest = calls.long_slots.available_permits();
        loop {
            fewest = fewest.min(calls.long_slots.available_permits());
            assert!(queue.room.available_permits() <= NATIVE.calls);
            tokio::task::yield_now().await;
            if queue.begun.load(Ordering::Relaxed) == 8 && queue.room.available_permits() == NATIVE.calls {
                return fewest;
            }
        }
    };
    let (ended, fewest) = futures::join!(all, most);
    assert!(ended.iter().all(|(_, last)| last == "guest-long"), "{ended:?}");
    assert_eq!((fewest, calls.long_slots.available_permits()), (0, LONG_CALLS_PER_WORKER));
}

#[tokio::test]
async fn those_that_turn_long_and_those_that_begin_so_do_not_wait_for_each_other() {
    let guests = Guests::start(1, &Tier { calls: 2 * LONG_CALLS_PER_WORKER, ..NATIVE }, 16).unwrap();
    let (queue, calls) = (guests.queue(), guests.queue().plugin_calls());
    let go = Arc::new(AtomicBool::new(false));
    let one = |waits: bool| {
        let go = Arc::clone(&go);
        let make = move |_| async move {
            while waits && !go.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
            tokio::task::yield_now().await;
        };
        async { queue.run(calls.slot().await?, &calls, Asleep::default(), make).await }
    };
    // They have all the room of their workspace, and have not given way yet.
    let mut turning = Box::pin(join_all((0..LONG_CALLS_PER_WORKER).map(|_| one(true))));
    assert!(futures::poll!(&mut turning).is_pending());
    calls.pace.was_long();
    let mut beginning = Box::pin(join_all((0..LONG_CALLS_PER_WORKER).map(|_| one(false))));
    assert!(futures::poll!(&mut beginning).is_pending());
    go.store(true, Ordering::Relaxed);
    let all = futures::future::join(turning, beginning);
    let (turned, begun) = tokio::time::timeout(Duration::from_secs(20), all).await.expect("they go on");
    assert!(turned.into_iter().chain(begun).all(|ran| ran.is_ok()));
}

/// As many plugins of a workspace as would take all the room, each with as many calls as it may have.
fn crowd(queue: &GuestQueue, workspace: u128) -> Vec<Arc<PluginCalls>> {
    let plugins = NATIVE.calls / queue.calls_per_plugin + 1;
    let queue = queue.of(WorkspaceId::from_bits(workspace));
    (0..plugins).map(|_| queue.plugin_calls()).collect()
}

async fn busy(queue: &GuestQueue, calls: &Arc<PluginCalls>) -> Result<(), SandboxError> {
    queue.run(calls.slot().await?, calls, Asleep::default(), |_| pending::<()>()).await
}

#[tokio::test]
async fn a_workspace_leaves_room_to_others_however_many_plugins_it_has() {
    let guests = Guests::start(1, &NATIVE, 16).unwrap();
    let queue = guests.queue();
    let crowd = crowd(queue, 1);
    let all = crowd.iter().flat_map(|calls| (0..queue.calls_per_plugin).map(|_| busy(queue, calls)));
    // More than tokio lets one task do at a time.
    let mut all = Box::pin(tokio::task::unconstrained(join_all(all)));
    assert!(futures::poll!(&mut all).is_pending());
    assert_eq!(queue.room.available_permits(), NATIVE.calls / 2);
    // Of the same workspace one more waits; one of another runs.
    let own = queue.of(WorkspaceId::from_bits(1)).plugin_calls();
    assert!(futures::poll!(Box::pin(busy(queue, &own))).is_pending());
    assert_eq!(queue.room.available_permits(), NATIVE.calls / 2);
    let other = queue.of(WorkspaceId::from_bits(2)).plugin_calls();
    let (began, _) = threads(queue, &other, 0).await;
    assert_eq!(began, "guest");
}

#[tokio::test]
async fn long_calls_of_a_workspace_take_the_turns_of_few_plugins() {
    let guests = Guests::start(1, &NATIVE, 16).unwrap();
    let (queue, workspace) = (guests.queue(), guests.queue().of(WorkspaceId::from_bits(1)));
    let many: Vec<_> = (0..5).map(|_| workspace.plugin_calls()).collect();
    let turns = many.iter().flat_map(|calls| (0..LONG_CALLS_PER_WORKER).map(|_| calls.long_turn()));
    let mut turns: Vec<_> = turns.map(Box::pin).collect();
    let mut given = Vec::new();
    for turn in &mut turns {
        if let Poll::Ready(turn) = futures::poll!(turn) {
            given.push(turn.unwrap());
        }
    }
    assert_eq!(given.len(), LONG_PLUGINS_PER_WORKSPACE * LONG_CALLS_PER_WORKER);
    let other = queue.of(WorkspaceId::from_bits(2)).plugin_calls();
    assert!(other.long_turn().await.is_ok());
    // Nobody's in particular, as those of uploads, have their own.
    assert!(queue.plugin_calls().long_turn().await.is_ok());
}

#[tokio::test]
async fn a_call_that_sleeps_stays_where_it_is() {
    let guests = Guests::start(1, &NATIVE, 16).unwrap();
    let (queue, calls, asleep) = (guests.queue(), guests.queue().plugin_calls(), Asleep::possible());
    let (wake, answer) = tokio::sync::oneshot::channel::<()>();
    let told = asleep.clone();
    let make = |_| async move {
        told.until(answer).await.unwrap();
        thread()
    };
    let slot = calls.slot().await.unwrap();
    let mut sleeps = Box::pin(queue.run(slot, &calls, asleep.clone(), make));
    while !asleep.is_now() {
        assert!(futures::poll!(&mut sleeps).is_pending());
        tokio::task::yield_now().await;
    }
    wake.send(()).unwrap();
    assert_eq!(sleeps.await.unwrap(), "guest");
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_gives_its_places_back() {
    let guests = Guests::start(1, &NATIVE, 1).unwrap();
    let (queue, calls) = (guests.queue(), guests.queue().plugin_calls());
    {
        let slot = calls.slot().await.unwrap();
        let mut forgotten = Box::pin(queue.run(slot, &calls, Asleep::default(), |_| pending::<()>()));
        assert!(futures::poll!(&mut forgotten).is_pending());
    }
    // The only slot of the plugin.
    drop(calls.slot().await.unwrap());
}
