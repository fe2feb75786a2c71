//! Filters and mappings: bytes in, filter and mapping, bytes out, beside serde_json's parse and
//! serialize of the same bytes. Prints the allocations of each before criterion measures.
//! `cargo bench --bench shape`

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use hookmill::shape::Budget;
use hookmill::shape::Document;
use hookmill::shape::Filter;
use hookmill::shape::Input;
use hookmill::shape::JsonLimits;
use hookmill::shape::Mapping;
use hookmill::shape::Query;
use hookmill::shape::TapeBuffer;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

struct Counting;

#[expect(
    unsafe_code,
    reason = "an allocator that counts can only be written so; it hands everything to the system's"
)]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LEAD_FILTER: &str = r#"{"all":[{"path":"$.signal_type","in":["product_qualified_lead","expansion"]},
    {"path":"$.confidence","gte":0.8},{"path":"$.account.domain","exists":true}]}"#;
const LEAD_MAPPING: &str = r#"{"version":1,"output":{
    "text":{"$template":"New lead: {{$.account.name}} ({{$.confidence}})"},
    "company":"$.account.name",
    "domain":{"$path":"$.account.domain","$apply":["trim","lowercase"]},
    "score":{"$path":"$.confidence","$apply":[{"multiply":100},"round"],"$as":"integer"},
    "plan":{"$path":"$.enrichment.plan","$default":"free"},
    "tags":{"$each":"$.events[*]","$value":{"name":"@","kind":"event"}},
    "industry":"$.enrichment.industry",
    "at":"$.detected_at",
    "source":"beton"}}"#;
const PUSH_FILTER: &str = r#"{"path":"$.ref","exists":true}"#;
const PUSH_MAPPING: &str = r#"{"output":{"text":{"$template":"{{$.pusher.name}} pushed to {{$.ref}} of {{$.repository.full_name}}"},
    "blocks":[{"type":"section","text":{"type":"mrkdwn","text":{"$template":"<{{$.compare}}|{{$.before}}…{{$.after}}>"}}},
    {"type":"context","elements":[{"type":"image","image_url":"$.sender.avatar_url","alt_text":"$.sender.login"},
    {"type":"mrkdwn","text":{"$template":"{{$.repository.language}} on {{$.repository.default_branch}}"}}]}]}}"#;
const PULL_FILTER: &str =
    r#"{"all":[{"path":"$.action","in":["opened","reopened"]},{"path":"$.pull_request.draft","eq":false}]}"#;
const PULL_MAPPING: &str = r#"{"output":{"text":{"$template":"{{$.sender.login}} opened #{{$.number}} {{$.pull_request.title}}"},
    "blocks":[{"type":"section","text":{"type":"mrkdwn","text":{"$template":"<{{$.pull_request.html_url}}|{{$.pull_request.title}}>"}}},
    {"type":"context","elements":[{"type":"image","image_url":"$.pull_request.user.avatar_url","alt_text":"$.pull_request.user.login"},
    {"type":"mrkdwn","text":{"$template":"{{$.pull_request.head.ref}} into {{$.pull_request.base.ref}} of {{$.repository.full_name}}"}}]}]}}"#;

struct Case {
    name: &'static str,
    body: Vec<u8>,
    filter: Filter,
    mapping: Mapping,
}

/// The lead signal with so many people and events in it.
fn lead(people: usize, events: usize, text: &str) -> Vec<u8> {
    let names = ["visited_pricing_page", "invited_team_member", "api_key_created"];
    let events: Vec<String> = (0..events).map(|n| format!("\"{}\"", names[n % 3])).collect();
    let people: Vec<String> = (0..people)
        .map(|n| {
            format!(
                r#"{{"id":{},"name":"Person {n}","email":"person{n}@example.com","title":"{text}","score":{n}.5,"active":true,"manager":null}}"#,
                1000 + n
            )
        })
        .collect();
    let people =
        if people.is_empty() { String::new() } else { format!(r#","people":[{}]"#, people.join(",")) };
    format!(
        r#"{{"signal_type":"product_qualified_lead","confidence":0.92,"source":"posthog","hypothesis_id":"hyp_8g2k","account":{{"name":"Acme Corp","domain":" ACME.com "}},"events":[{}],"enrichment":{{"company_size":"50-200","industry":"SaaS"{people}}},"detected_at":"2026-04-29T14:31:08Z"}}"#,
        events.join(",")
    )
    .into_bytes()
}

fn cases() -> Vec<Case> {
    let case = |name, body, filter: &str, mapping: &str| Case {
        name,
        body,
        filter: Filter::compile(filter.as_bytes()).expect("the bench's filters are right"),
        mapping: Mapping::compile(mapping.as_bytes()).expect("the bench's mappings are right"),
    };
    let escapes = r#"a \"b\" \\ c\n\td \u00e9 \ud83d\ude00 \"\"\"\\\\\n\n"#;
    vec![
        case("lead-0.3k", lead(0, 3, ""), LEAD_FILTER, LEAD_MAPPING),
        case("lead-1k", lead(5, 6, "Head of Growth"), LEAD_FILTER, LEAD_MAPPING),
        case("lead-10k", lead(70, 12, "Head of Growth"), LEAD_FILTER, LEAD_MAPPING),
        case("lead-100k", lead(720, 12, "Head of Growth"), LEAD_FILTER, LEAD_MAPPING),
        case("escapes-10k", lead(60, 12, escapes), LEAD_FILTER, LEAD_MAPPING),
        case("push-7k", include_bytes!("data/github-push.json").to_vec(), PUSH_FILTER, PUSH_MAPPING),
        case("pull-21k", include_bytes!("data/github-pull-request.json").to_vec(), PULL_FILTER, PULL_MAPPING),
    ]
}

fn connection(case: &Case, document: &Document<'_>, out: &mut Vec<u8>) {
    let input = Input::of(document);
    out.clear();
    let decision = case.filter.test(&input, &mut Budget::default()).expect("within the budget");
    assert!(decision.pass, "the bench's events pass");
    case.mapping.apply(&input, &mut Budget::default(), out).expect("the bench's mappings succeed");
    black_box(out);
}

fn whole(case: &Case, buffer: &mut TapeBuffer, out: &mut Vec<u8>) {
    let document = buffer.parse(&case.body, JsonLimits::default()).expect("the bench's bodies are JSON");
    connection(case, &document, out);
    buffer.put_back(document);
}

fn counted(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event");
    let (mut buffer, mut out) = (TapeBuffer::default(), Vec::with_capacity(64 * 1024));
    for case in cases() {
        whole(&case, &mut buffer, &mut out);
        let allocations = counted(|| whole(&case, &mut buffer, &mut out));
        #[expect(clippy::print_stdout, reason = "a bench talks to whoever runs it")]
        {
            println!(
                "{}: {} bytes in, {} out, {allocations} allocations",
                case.name,
                case.body.len(),
                out.len()
            );
        }
        group.throughput(Throughput::Bytes(case.body.len() as u64));
        group.bench_function(BenchmarkId::new("serde_json", case.name), |bencher| {
            bencher.iter(|| {
                let value: serde_json::Value = serde_json::from_slice(&case.body).expect("JSON");
                out.clear();
                serde_json::to_writer(&mut out, &value).expect("it fits");
                black_box(&out);
            });
        });
        group.bench_function(BenchmarkId::new("shape", case.name), |bencher| {
            bencher.iter(|| whole(&case, &mut buffer, &mut out));
        });
        let document = Document::parse(&case.body).expect("JSON");
        group.bench_function(BenchmarkId::new("further connection", case.name), |bencher| {
            bencher.iter(|| connection(&case, &document, &mut out));
        });
    }
    group.finish();
}

fn queries(criterion: &mut Criterion) {
    let items: Vec<String> = (0..2000).map(|n| {
        format!(r#"{{"id":{n},"name":"item {n}","price":{}.{:02},"tags":["a","b"],"stock":{{"here":{n},"there":0}}}}"#, n % 50, n % 100)
    }).collect();
    let json = format!(r#"{{"items":[{}]}}"#, items.join(","));
    let document = Document::parse(json.as_bytes()).expect("JSON");
    let mut group = criterion.benchmark_group("query");
    for text in
        ["$..name", "$.items[?@.price > 10].id", "$.items[*].id", "$.items[?match(@.name, 'item 1.*')].id"]
    {
        let query = Query::compile(text).expect("the bench's queries are right");
        group.bench_function(text, |bencher| {
            bencher.iter(|| {
                black_box(query.nodes(&document, &mut Budget::default()).expect("within the budget")).len()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, events, queries);
criterion_main!(benches);
