//! Plugins in every language, each from an empty folder to a delivery, and the repository's example of
//! the language. The compilers are those that `make test` installs.

use std::ffi::OsString;
use std::path::Path;
use std::process::Output;

use bytes::Bytes;
use futures::future::join_all;
use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Pipeline;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::gateway::root;
use hookmill_tests::guests;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;

/// Events sent at once.
const MANY: u32 = 60;

/// The search path with the compilers of JavaScript and Python in front.
fn search_path() -> OsString {
    let tools = ["plugins/redact-pii/node_modules/.bin", "target/python/bin"].map(|tool| root().join(tool));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(tools.into_iter().chain(std::env::split_paths(&path))).unwrap()
}

async fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = hookmill();
    command.args(arguments).current_dir(folder).env("PATH", search_path()).envs([guests::built()]);
    command.output().await.expect("the binary starts")
}

/// What a command that must succeed prints, as JSON.
async fn told(folder: &Path, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--json"]].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

/// Each of the examples ran.
fn assert_ran(tested: &Value, examples: usize) {
    assert_eq!(tested["runs"].as_array().unwrap().len(), examples, "{tested}");
}

/// What a plugin without grants asks of the outside by the means of its language, and what it is told. It keeps what it
/// can in its instance, and fails if it finds that there.
struct Asks {
    file: &'static str,
    /// How its own `transform` begins, and how it does when another stands in front of it.
    transform: [&'static str; 2],
    source: &'static str,
    told: &'static [(&'static str, &'static str)],
    warning: &'static str,
    line: &'static str,
}

const NEEDS_CLOCK: &str = "needs the grant `clock`";
const NEEDS_RANDOM: &str = "needs the grant `random`";

const JAVASCRIPT: Asks = Asks {
    file: "plugin.js",
    transform: ["export function transform(", "function decide("],
    source: include_str!("granted/asks.js"),
    told: &[
        ("Date.now()", "Date.now() needs the grant `clock`"),
        ("new Date()", NEEDS_CLOCK),
        ("performance.now()", NEEDS_CLOCK),
        ("Math.random()", NEEDS_RANDOM),
        ("crypto.randomUUID()", NEEDS_RANDOM),
        ("setTimeout()", "setTimeout() is not there"),
        ("fetch()", "needs the grant `http`"),
        ("a promise", "returned a promise"),
        ("nothing", "1970-01-01T00:00:00.000Z"),
    ],
    warning: "Date.now() needs the grant `clock`",
    line: r#" {\"by\":\"console.log\"}"#,
};

const PYTHON: Asks = Asks {
    file: "plugin.py",
    transform: ["def transform(", "def decide("],
    source: include_str!("granted/asks.py"),
    told: &[
        ("time.time()", "time.time() needs the grant `clock`"),
        ("datetime.now()", NEEDS_CLOCK),
        ("date.today()", NEEDS_CLOCK),
        ("random.random()", NEEDS_RANDOM),
        ("random.choice()", NEEDS_RANDOM),
        ("uuid4()", NEEDS_RANDOM),
        ("ZoneInfo()", "ZoneInfo('Europe/Berlin') is not there"),
        ("open()", "open('a-file') is not there"),
        ("sleep()", "a plugin does not wait"),
        ("exit()", "SystemExit: 3"),
        ("nothing", "1970-01-01T00:00:00"),
    ],
    warning: "datetime.now() needs the grant `clock`",
    line: " {'by': 'print'}",
};

impl Asks {
    /// Puts its questions in front of a new project's own `transform`.
    fn ask(&self, project: &Path) {
        let path = project.join(self.file);
        let [own, renamed] = self.transform;
        let source = std::fs::read_to_string(&path).unwrap();
        assert_eq!(source.matches(own).count(), 1, "{source}");
        std::fs::write(&path, source.replace(own, renamed) + self.source).unwrap();
    }

    /// Each question is answered by a refusal that says what it needs, and what was printed before is a line of the log.
    async fn check(&self, client: &Client, steps: &Value, pushed: &Value) {
        let warnings = pushed["warnings"].to_string();
        assert!(warnings.contains(self.warning), "{warnings}");
        for (question, expected) in self.told {
            let request = json!({"steps": steps, "payload": {"asks": question}});
            let answer = client.post("/v1/preview", &request).await;
            let text = &answer.text;
            assert!(text.contains(expected) && !text.contains("unreachable"), "{question}: {text}");
            assert!(text.contains(&format!("asks for {question}{}", self.line)), "{question}: {text}");
        }
    }
}

/// `new`, `build`, `test`, `push`, and an event.
async fn from_nothing_to_a_delivery(language: &str, asks: Option<Asks>) {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let folder = tempfile::tempdir().unwrap();
    told(folder.path(), &["plugin", "new", "leads", "--lang", language]).await;
    let project = folder.path().join("leads");
    if let Some(asks) = &asks {
        asks.ask(&project);
    }
    let built = told(&project, &["plugin", "build"]).await;
    let file = built["path"].as_str().unwrap();
    let tested = told(&project, &["plugin", "test", file]).await;
    assert_ran(&tested, 3);
    // What the compilers of JavaScript and Python make has an interpreter in it, and runs directly.
    assert_eq!(tested["put_back"], json!(["js", "python"].contains(&language)), "{tested}");
    let url = gateway.url();
    let to = ["--url", &url, "--key", ADMIN_KEY, "--name", "leads"];
    let pushed = told(&project, &[&["plugin", "push", file], &to[..]].concat()).await;
    assert_eq!(pushed["active"], json!(true), "{pushed}");
    let imports = pushed["imports"].as_array().unwrap();
    assert!(imports.iter().all(|import| import == "log"), "nothing of the outside: {pushed}");

    let client = gateway.client();
    let step = json!({"plugin": {"name": "leads", "version": "active", "config": {"min_confidence": 0.8}}});
    let steps = json!([step]);
    if let Some(asks) = &asks {
        asks.check(&client, &steps, &pushed).await;
    }
    let pipeline = Plan::new("leads", &sink.url("/leads")).steps(steps).make(&client).await;
    let account = json!({"name": "Ada & Söhne \"Ltd\"", "domain": "ada.example"});
    for confidence in [0.1, 0.92] {
        pipeline.accept(&client, &json!({"confidence": confidence, "account": account, "more": [1]})).await;
    }
    let hits = sink.wait_for("/leads", 1).await;
    assert_eq!(hits[0].json(), json!({"company": account, "score": 92}));
    at_once(&client, &pipeline, &sink).await;
    // A configuration that lacks something.
    let bad =
        json!({"steps": [{"plugin": {"name": "leads", "version": "active", "config": {}}}], "payload": {}});
    let refused = client.post("/v1/preview", &bad).await;
    assert!(refused.text.contains("min_confidence"), "{refused:?}");
}

/// Of what comes at once each comes to what it comes to alone, and one that is refused takes none along.
async fn at_once(client: &Client, pipeline: &Pipeline, sink: &Sink) {
    let is_refused = |number: u32| number.is_multiple_of(7);
    let send = async |number: u32| {
        let confidence = if is_refused(number) { json!("?") } else { json!(0.9) };
        let account = json!({"name": number.to_string(), "domain": "many.example"});
        pipeline.accept(client, &json!({"confidence": confidence, "account": account})).await;
    };
    join_all((0..MANY).map(send)).await;
    let mut expected: Vec<String> =
        (0..MANY).filter(|number| !is_refused(*number)).map(|number| number.to_string()).collect();
    let hits = sink.wait_for("/leads", 1 + expected.len()).await;
    let name = |hit: &Hit| hit.json()["company"]["name"].as_str().unwrap().to_owned();
    let mut names: Vec<String> = hits.iter().skip(1).map(name).collect();
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
}

/// A plugin that counts its events in a global and says how often it was asked; its instances are put back, and so it
/// always says once.
async fn forgets(language: &str, file: &str, source: &str) {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let folder = tempfile::tempdir().unwrap();
    told(folder.path(), &["plugin", "new", "counts", "--lang", language]).await;
    let project = folder.path().join("counts");
    std::fs::remove_dir_all(project.join("examples")).unwrap();
    std::fs::write(project.join(file), source).unwrap();
    let built = told(&project, &["plugin", "build"]).await;
    let path = built["path"].as_str().unwrap();
    let checked = told(&project, &["plugin", "check", path]).await;
    assert_eq!(checked["instance"], json!("put back after each event"), "{checked}");
    let (url, client) = (gateway.url(), gateway.client());
    let to = ["--url", &url, "--key", ADMIN_KEY, "--name", "counts"];
    told(&project, &[&["plugin", "push", path], &to[..]].concat()).await;
    let steps = json!([{"plugin": {"name": "counts", "version": "active"}}]);
    let pipeline = Plan::new("counts", &sink.url("/counts")).steps(steps).make(&client).await;
    for number in 1..=20 {
        pipeline.accept(&client, &json!({"number": number, "text": "x".repeat(number * 10_000)})).await;
        // One after the other, so that each may meet what the one before left.
        let hits = sink.wait_for("/counts", number).await;
        let payload = hits[number - 1].json();
        assert_eq!(payload, json!({"asked": 1, "seen": [number], "found": null}), "event {number}");
    }
}

/// The repository's own plugin of the language keeps its word.
async fn example(name: &str, examples: usize) {
    assert_ran(&told(&root().join("plugins").join(name), &["plugin", "test", "."]).await, examples);
}

/// A project whose plugin uses every grant, from a folder to deliveries.
async fn with_grants(language: &str, file: &str, source: &str) {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let body = Bytes::from_static(br#"{"name": "Ada"}"#);
    sink.always("/who", Reply::Full(200, vec![("content-type", "application/json".to_owned())], body));
    let folder = tempfile::tempdir().unwrap();
    told(folder.path(), &["plugin", "new", "granted", "--lang", language]).await;
    let project = folder.path().join("granted");
    std::fs::remove_dir_all(project.join("examples")).unwrap();
    std::fs::write(project.join(file), source).unwrap();
    if language == "c" {
        std::fs::write(project.join("manifest.json"), r#"{"name": "granted", "version": "1.0.0"}"#).unwrap();
    }
    let built = told(&project, &["plugin", "build"]).await;
    let (url, client) = (gateway.url(), gateway.client());
    let to = ["--url", &url, "--key", ADMIN_KEY, "--name", "granted"];
    let pushed =
        told(&project, &[&["plugin", "push", built["path"].as_str().unwrap()], &to[..]].concat()).await;
    // The interpreters import the log whether a plugin uses it or not.
    let mut imports = pushed["imports"].as_array().unwrap().clone();
    imports.retain(|import| import != "log");
    assert_eq!(imports, ["clock", "http", "kv", "random", "secrets"], "{pushed}");

    let secret = json!({"value": "t0ken-of-the-crm"}).to_string().into_bytes();
    let headers = [("content-type", "application/json")];
    client.send("PUT", "/v1/secrets/crm_token", &headers, secret).await.expect(201);
    let grants = json!(["clock", "kv", "random", {"http": [sink.address()]}, {"secrets": ["crm_token"]}]);
    let config = json!({"url": sink.url("/who")});
    let steps = json!([{"plugin": {"name": "granted", "config": config, "grants": grants}}]);
    let pipeline = Plan::new("granted", &sink.url("/granted")).steps(steps).make(&client).await;
    for _ in 0..2 {
        pipeline.accept(&client, &json!({"id": 7})).await;
    }
    let hits = sink.wait_for("/granted", 2).await;
    let mut seen: Vec<Value> = hits.iter().map(Hit::json).collect();
    seen.sort_by_key(|payload| payload["seen"].as_u64());
    let outside: Vec<Value> =
        seen.iter_mut().filter_map(|payload| payload.as_object_mut()?.remove("outside")).collect();
    check_outside(&outside, language);
    for (payload, number) in seen.iter().zip(1..) {
        let (refused, not_sent) = (payload["refused"].as_str(), payload["not_sent"].as_str());
        assert!(refused.unwrap().contains("256 bytes"), "{payload}");
        assert!(not_sent.unwrap().starts_with("http: refused: "), "{payload}");
        assert!(not_sent.unwrap().contains("is not among the hosts"), "{payload}");
        let expected = json!({"seen": number, "keys": ["seen"], "name": "Ada", "no_secret": null, "is_now": true,
            "random": 20, "refused": refused, "not_sent": not_sent});
        assert_eq!(*payload, expected);
    }
    let asked = sink.hits_at("/who");
    assert_eq!((asked.len(), asked[0].header("authorization")), (2, "Bearer t0ken-of-the-crm"));
    assert_eq!(asked[0].json(), json!({"id": 7}));
}

/// What the language's own means say where they are granted: it is true, and for each event another.
fn check_outside(seen: &[Value], language: &str) {
    let [first, second] = seen else { return assert_eq!(language, "c", "{seen:?}") };
    for [now, chance, _] in [first, second].map(|seen| [&seen[0], &seen[1], &seen[2]]) {
        assert!(now.as_f64().unwrap() > 1_700_000_000_000.0, "{now}");
        assert!((0.0..1.0).contains(&chance.as_f64().unwrap()), "{chance}");
    }
    assert!(first[1] != second[1] && first[2] != second[2], "{seen:?}");
    assert_eq!(first[2].as_str().map(str::len), Some(36), "{first}");
}

#[tokio::test]
async fn javascript() {
    from_nothing_to_a_delivery("js", Some(JAVASCRIPT)).await;
}

#[tokio::test]
async fn javascript_forgets() {
    let source = r#"
        import { forwardJson } from "./.hookmill/hookmill.js";
        export const manifest = { name: "counts", version: "0.1.0", description: "Counts." };
        const seen = [];
        let asked = 0;
        export function transform(event) {
          const { number, text } = event.json();
          const found = globalThis.kept?.number ?? null;
          globalThis.kept = { number, text: text.toUpperCase() };
          Array.prototype.kept = text;
          seen.push(number);
          asked += 1;
          return forwardJson({ asked, seen, found });
        }"#;
    forgets("js", "plugin.js", source).await;
}

#[tokio::test]
async fn javascript_with_grants() {
    with_grants("js", "plugin.js", include_str!("granted/plugin.js")).await;
}

#[tokio::test]
async fn javascript_example() {
    example("redact-pii", 4).await;
}

#[tokio::test]
async fn python() {
    from_nothing_to_a_delivery("python", Some(PYTHON)).await;
}

#[tokio::test]
async fn python_forgets() {
    let source = [
        "import builtins",
        "from hookmill import forward_json",
        "manifest = {'name': 'counts', 'version': '0.1.0', 'description': 'Counts.'}",
        "seen = []",
        "asked = 0",
        "def transform(event, config):",
        "    global asked",
        "    payload = event.json()",
        "    found = getattr(builtins, 'kept', None)",
        "    builtins.kept = payload['text'].upper()",
        "    seen.append(payload['number'])",
        "    asked += 1",
        "    return forward_json({'asked': asked, 'seen': seen, 'found': found})",
        "",
    ];
    forgets("python", "plugin.py", &source.join("\n")).await;
}

#[tokio::test]
async fn python_with_grants() {
    with_grants("python", "plugin.py", include_str!("granted/plugin.py")).await;
}

#[tokio::test]
async fn python_example() {
    example("normalize-money", 5).await;
}

#[tokio::test]
async fn c() {
    from_nothing_to_a_delivery("c", None).await;
    example("page-url", 4).await;
}

#[tokio::test]
async fn c_with_grants() {
    with_grants("c", "plugin.c", include_str!("granted/plugin.c")).await;
}

#[tokio::test]
async fn rust() {
    from_nothing_to_a_delivery("rust", None).await;
    let checked = told(&root(), &["plugin", "check", "target/plugins/filter-leads.wasm"]).await;
    assert_eq!((&checked["name"], &checked["tier"]), (&json!("filter-leads"), &json!("native")));
    let instance = "made for each event: it is native code, of which an instance is soon made";
    assert_eq!(checked["instance"], json!(instance));
}

#[tokio::test]
async fn a_compiler_that_is_missing_is_named() {
    for (language, hint) in [("js", "npm install"), ("python", "pip install"), ("c", "apt install clang-19")]
    {
        let folder = tempfile::tempdir().unwrap();
        told(folder.path(), &["plugin", "new", "leads", "--lang", language]).await;
        let mut command = hookmill();
        command.args(["plugin", "build"]).current_dir(folder.path().join("leads"));
        // A search path with npm on it, and nothing else.
        let tools = folder.path().join("tools");
        std::fs::create_dir(&tools).unwrap();
        std::fs::write(tools.join("npm"), "").unwrap();
        let output = command.env("PATH", tools).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(hint), "{language}: {said}");
    }
}
