//! What an event costs the store: 32 writers accept, every event is planned, attempted and closed.
//! Prints events a second, CPU time by thread, bytes on disk and in memory, and how long
//! opening takes afterwards. `cargo bench --bench store -- [events] [body bytes] [writers] [1 to settle
//! nothing before everything is written]`

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use hookmill::domain::delivery::Attempt;
use hookmill::domain::delivery::BodyEnd;
use hookmill::domain::delivery::DeliveryState;
use hookmill::domain::delivery::Response;
use hookmill::domain::delivery::Timings;
use hookmill::domain::event::Headers;
use hookmill::domain::event::NewEvent;
use hookmill::domain::event::RequestLine;
use hookmill::domain::id::ConnectionId;
use hookmill::domain::id::DestinationId;
use hookmill::domain::id::EventId;
use hookmill::domain::id::SourceId;
use hookmill::domain::id::WorkspaceId;
use hookmill::domain::plan::Plan;
use hookmill::domain::plan::Planned;
use hookmill::domain::plan::Route;
use hookmill::domain::plan::RouteEnd;
use hookmill::domain::time::Clock;
use hookmill::store::AttemptEntry;
use hookmill::store::Change;
use hookmill::store::Feed;
use hookmill::store::LogEntry;
use hookmill::store::Store;
use hookmill::store::sled::SledFeed;
use hookmill::store::sled::SledStore;
use hookmill::store::sled::StoreOptions;
use hookmill::store::sled::open;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const WORKSPACE: WorkspaceId = WorkspaceId::from_bits(1);
const SOURCE: SourceId = SourceId::from_bits(2);
const CONNECTION: ConnectionId = ConnectionId::from_bits(3);
const DESTINATION: DestinationId = DestinationId::from_bits(4);

struct Load {
    events: u64,
    body: usize,
    writers: u64,
    /// Whether nothing is settled before everything is written.
    backlog: bool,
}

#[expect(clippy::print_stdout, reason = "a bench reports to its caller")]
fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let number = |at: usize, default| numbers.get(at).copied().unwrap_or(default);
    let load = Load {
        events: number(0, 200_000),
        body: number(1, 1200) as usize,
        writers: number(2, 32),
        backlog: number(3, 0) == 1,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let dir = tempfile::tempdir_in(".").expect("a directory can be made here");
    let options = StoreOptions::at(dir.path().join("data"));

    let (store, feed, _) = open(options.clone()).expect("an empty store opens");
    let (store, before, start) = (Arc::new(store), cpu_by_thread(), Instant::now());
    let fed = runtime.spawn(settle(Arc::clone(&store), feed, load.events, load.backlog));
    runtime.block_on(write(&store, &load));
    runtime.block_on(fed).expect("the feed was read");
    runtime.block_on(store.commit(Change::default())).expect("the rest is written");
    let (elapsed, after) = (start.elapsed(), cpu_by_thread());

    let stats = store.stats();
    println!(
        "{:.0} events/s; {} commits of {:.1} events",
        per(load.events, elapsed),
        stats.commits,
        load.events as f64 / stats.commits as f64
    );
    println!("sync {} us on average, {} at most", stats.sync_us / stats.commits.max(1), stats.max_sync_us);
    let mut total = 0.0;
    for (name, time) in &after {
        let time = *time - before.get(name).copied().unwrap_or_default();
        let micros = time.as_secs_f64() * 1e6 / load.events as f64;
        total += micros;
        println!("  {name:<16} {micros:6.2} us of CPU an event");
    }
    println!("  {:<16} {total:6.2} us of CPU an event", "all");
    runtime.block_on(store.close()).expect("the store closes");
    println!("{} bytes an event on disk; {} MiB resident", size(dir.path()) / load.events, resident() >> 20);
    println!("{} files in blobs/", count(&dir.path().join("data/store/blobs")));

    let (start, before) = (Instant::now(), total_cpu());
    let (store, _feed, recovered) = open(options).expect("the store opens again");
    println!("opening took {:?} of CPU", total_cpu() - before);
    println!("opened again in {:?}, {} unfinished", start.elapsed(), recovered.unfinished.len());
    runtime.block_on(store.close()).expect("the store closes");
}

async fn write(store: &Arc<SledStore>, load: &Load) {
    let each = load.events / load.writers;
    let extra = load.events % load.writers;
    let mut writers = Vec::new();
    for writer in 0..load.writers {
        let store = Arc::clone(store);
        let body = load.body;
        writers.push(tokio::spawn(async move {
            for number in 0..each + u64::from(writer < extra) {
                store.accept(vec![event(writer, number, body)]).await.expect("accepted");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("a writer ended well");
    }
}

#[expect(clippy::print_stdout, reason = "a bench reports to its caller")]
async fn settle(store: Arc<SledStore>, mut feed: SledFeed, events: u64, backlog: bool) {
    let (mut seen, mut waiting) = (0, Vec::new());
    while seen < events {
        let committed = feed.next().await.expect("the store is open");
        seen += u64::from(committed.range.count);
        waiting.push(committed);
        if backlog && seen < events {
            continue;
        }
        if backlog {
            println!("{} MiB resident with everything waiting", resident() >> 20);
        }
        for committed in waiting.drain(..) {
            let held = match committed.events {
                Some(held) => held,
                None => store.read(committed.range).await.expect("they are there"),
            };
            for held in held {
                store.note(settled(held.0.event.id));
            }
        }
    }
}

fn event(writer: u64, number: u64, size: usize) -> NewEvent {
    let mut body = format!("{{\"writer\":{writer},\"number\":{number},\"items\":[");
    let mut seed = writer << 32 | number;
    while body.len() < size {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        body.push_str(&format!("{{\"sku\":\"{:08x}\",\"amount\":{}}},", seed >> 32, seed % 9999));
    }
    body.push_str("0]}");
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    NewEvent {
        workspace: WORKSPACE,
        source: Some(SOURCE),
        event_type: Arc::from("order.paid"),
        content_type: Arc::from("application/json"),
        headers: Headers(vec![
            header("user-agent", "shop/1.0"),
            header("x-delivery", &format!("{seed:016x}")),
            header("host", "hooks.example.com"),
        ]),
        request: RequestLine { method: "POST".to_owned(), ..RequestLine::default() },
        body: Bytes::from(body),
        received_at: Clock::System.now(),
        revision: 1,
        idempotency: None,
        verified_by: Arc::from("key"),
    }
}

fn settled(event: EventId) -> Change {
    let now = Clock::System.now();
    let delivery = event.delivery(1);
    let planned = Planned { id: delivery, payload_bytes: 1200, payload_hash: event.bits() as u64 };
    let end = RouteEnd::Delivering(vec![planned]);
    let route = Route { connection: CONNECTION, destination: DESTINATION, steps: Vec::new(), end };
    let plan = Plan { event, workspace: WORKSPACE, at: now, routes: vec![route] };
    let headers = Headers(vec![("content-length".to_owned(), "2".to_owned())]);
    let response = Response { status: 200, headers, body: Bytes::from_static(b"ok"), end: BodyEnd::Whole };
    let attempt = Attempt {
        id: delivery.attempt(1),
        at: now,
        timings: Timings { dns_us: 0, connect_us: 0, first_byte_us: 731, total_us: 902 },
        outcome: Ok(response),
        state: DeliveryState::Delivered,
        next_attempt_at: None,
    };
    let entry =
        AttemptEntry { workspace: WORKSPACE, connection: CONNECTION, destination: DESTINATION, attempt };
    let log = vec![LogEntry::Plan(plan), LogEntry::Attempt(entry)];
    Change { log, closed: vec![event], ..Change::default() }
}

fn per(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// CPU time of the threads of this process by name, in ticks of 10 ms, as Linux counts them.
fn cpu_by_thread() -> BTreeMap<String, Duration> {
    let mut by_name = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let (name, time) = ticks(&stat);
        *by_name.entry(name.to_owned()).or_default() += time;
    }
    by_name
}

/// The name without its number, and the CPU time, in a line of `/proc/…/stat`.
fn ticks(stat: &str) -> (&str, Duration) {
    let Some((head, rest)) = stat.rsplit_once(") ") else { return ("?", Duration::ZERO) };
    let name = head.split_once('(').map_or("?", |(_, name)| name);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let ticks: u64 = rest.split(' ').skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    (name, Duration::from_millis(ticks * 10))
}

/// CPU time of the process so far, threads that ended included.
fn total_cpu() -> Duration {
    ticks(&std::fs::read_to_string("/proc/self/stat").unwrap_or_default()).1
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() << 10
}

fn size(dir: &Path) -> u64 {
    std::fs::read_dir(dir).into_iter().flatten().flatten().fold(0, |sum, entry| {
        let inner = if entry.path().is_dir() { size(&entry.path()) } else { 0 };
        sum + inner + entry.metadata().map_or(0, |data| if data.is_file() { data.len() } else { 0 })
    })
}

fn count(dir: &Path) -> usize {
    std::fs::read_dir(dir).into_iter().flatten().count()
}
