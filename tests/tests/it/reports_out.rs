//! What people report of what such systems send out: receivers that close, break off, say 410,
//! want a length, live at two addresses. Not here: retries as such (`retries`), private addresses (`ssrf`).

use std::collections::HashMap;
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::gateway::root;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use crate::delivery::delivery_in;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text but {value}"))
}

/// A receiver that does with each connection what a test says. It ends with the test.
struct Receiver {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn start<F, Done>(serve: F) -> Self
    where
        F: Fn(Arc<Mutex<Vec<String>>>, TcpStream) -> Done + Send + 'static,
        Done: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(seen.clone(), stream));
            }
        });
        Self { url, requests }
    }

    /// One that answers every request with these bytes and closes.
    async fn answering(answer: &'static str) -> Self {
        Self::start(move |seen, mut stream| async move {
            if read(&seen, &mut stream).await {
                let _gone = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await
    }

    /// Requests so far, each with its head and body.
    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Reads one request and notes it; false when the connection has ended.
async fn read(requests: &Mutex<Vec<String>>, stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    loop {
        let request = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = request.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                requests.lock().unwrap().push(request);
                return true;
            }
        }
        match stream.read_buf(&mut seen).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}

async fn attempts(client: &Client, delivery: &Value) -> Vec<Value> {
    client.all(&format!("/v1/deliveries/{}/attempts", text(&delivery["id"]))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_closes_after_every_answer_costs_no_attempt() {
    const BURST: usize = 200;
    let gateway = Gateway::start().await;
    let client = gateway.client();
    for pause in [0, 1, 20] {
        let receiver = Receiver::start(move |seen, mut stream| async move {
            if read(&seen, &mut stream).await {
                let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        })
        .await;
        let plan = Plan::new(&format!("closes-{pause}"), &receiver.url);
        let pipeline = plan.destination("retry", json!({"delays": ["1h"]})).make(&client).await;
        let sending = (0..BURST).map(|n| {
            let (pipeline, client) = (pipeline.clone(), client.clone());
            async move { pipeline.accept(&client, &json!({"n": n})).await }
        });
        futures::future::join_all(sending).await;
        let connection = &pipeline.connection;
        let settled = eventually(&format!("all attempts after {pause} ms are made"), || async {
            let all = client.all(&format!("/v1/deliveries?connection={connection}")).await;
            let waiting = all.iter().any(|delivery| delivery["state"] == "pending");
            (all.len() == BURST && !waiting).then_some(all)
        })
        .await;
        for delivery in settled {
            let outcome = (&delivery["state"], &delivery["attempts"]);
            assert_eq!(outcome, (&json!("delivered"), &json!(1)), "after {pause} ms: {delivery}");
        }
    }
}

#[tokio::test]
async fn a_receiver_that_breaks_every_connection_fails_after_its_attempts() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let receiver = Receiver::start(|seen, mut stream| async move {
        read(&seen, &mut stream).await;
    })
    .await;
    let plan = Plan::new("breaks", &receiver.url).destination("retry", json!({"delays": ["10ms", "10ms"]}));
    let pipeline = plan.make(&client).await;
    let event = pipeline.accept(&client, &json!({})).await;
    let delivery = delivery_in(&client, &event, "failed").await;
    assert_eq!(delivery["attempts"], 3);
    assert_eq!(receiver.requests().len(), 3, "one request an attempt, where the connection was fresh");
}

#[tokio::test]
async fn an_answer_whose_body_breaks_off_is_an_answer() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nok";
    let chunked = "HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n9\r\nok";
    for (name, answer, status) in [("long", long, 200), ("chunked", chunked, 202)] {
        let receiver = Receiver::answering(answer).await;
        let plan = Plan::new(name, &receiver.url).destination("retry", json!({"delays": ["10ms"]}));
        let event = plan.make(&client).await.accept(&client, &json!({})).await;
        let delivery = delivery_in(&client, &event, "delivered").await;
        let attempts = attempts(&client, &delivery).await;
        assert_eq!((attempts.len(), receiver.requests().len()), (1, 1), "{attempts:?}");
        let response = &attempts[0]["response"];
        assert_eq!((&attempts[0]["error"], &response["status"]), (&Value::Null, &json!(status)));
        assert_eq!((&response["body"], &response["truncated"]), (&json!("ok"), &json!(true)), "{response}");
        assert!(text(&response["cut"]).contains("in the middle of its answer"), "{response}");
    }
}

#[tokio::test]
async fn an_answer_whose_body_drips_beyond_the_time_limit_is_an_answer() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let receiver = Receiver::start(|seen, mut stream| async move {
        read(&seen, &mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let plan = Plan::new("drips", &receiver.url).destination("timeout_ms", json!(300));
    let event = plan.make(&client).await.accept(&client, &json!({})).await;
    let delivery = delivery_in(&client, &event, "delivered").await;
    let attempts = attempts(&client, &delivery).await;
    assert_eq!((attempts.len(), receiver.requests().len()), (1, 1), "{attempts:?}");
    assert!(text(&attempts[0]["response"]["cut"]).contains("did not finish within"), "{attempts:?}");
}

#[tokio::test]
async fn one_record_that_is_gone_fails_alone() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/c/gone", Reply::Status(410));
    let path = json!({"$template": "/c/{{ $.id }}"});
    let steps = json!([{"mapping": {"version": 1, "output": {"x": 1}, "path": path}}]);
    let pipeline = Plan::new("records", &sink.url("/all")).steps(steps).make(&client).await;
    let gone = pipeline.accept(&client, &json!({"id": "gone"})).await;
    assert_eq!(delivery_in(&client, &gone, "failed").await["attempts"], 1);
    let fine = pipeline.accept(&client, &json!({"id": "fine"})).await;
    delivery_in(&client, &fine, "delivered").await;
    let destination = client.get(&format!("/v1/destinations/{}", pipeline.destination)).await.expect(200);
    assert_eq!(destination["state"], "active", "{destination}");
    // The same answer at the destination's own URL says that the destination is gone.
    sink.always("/all", Reply::Status(410));
    let own = json!([{"mapping": {"version": 1, "output": {"x": 1}, "path": "/all"}}]);
    let pipeline = Plan::new("own", &sink.url("/all")).steps(own).make(&client).await;
    pipeline.accept(&client, &json!({})).await;
    eventually("the destination is paused", || async {
        let destination = client.get(&format!("/v1/destinations/{}", pipeline.destination)).await.expect(200);
        (destination["state"] == "paused").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_empty_body_has_a_length_and_no_type_that_nobody_gave() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for (name, method) in [("posts", "POST"), ("puts", "PUT"), ("patches", "PATCH")] {
        let plan = Plan::new(name, &receiver.url).destination("method", json!(method));
        let pipeline = plan.make(&client).await;
        let seen = receiver.requests().len();
        let sent = client.with_key("").send("POST", &pipeline.path, &[], Vec::new()).await.expect(202);
        delivery_in(&client, text(&sent["id"]), "delivered").await;
        let head = receiver.requests()[seen].to_lowercase();
        assert!(head.starts_with(&method.to_lowercase()), "{head}");
        assert!(head.contains("\r\ncontent-length: 0\r\n"), "{head}");
        assert!(!head.contains("content-type"), "{head}");
    }
    let pipeline = Plan::new("typed", &receiver.url).make(&client).await;
    let seen = receiver.requests().len();
    let headers = [("content-type", "text/csv")];
    let sent = client.with_key("").send("POST", &pipeline.path, &headers, Vec::new()).await.expect(202);
    delivery_in(&client, text(&sent["id"]), "delivered").await;
    assert!(receiver.requests()[seen].to_lowercase().contains("content-type: text/csv"));
}

#[tokio::test]
async fn a_name_with_an_allowed_and_a_forbidden_address_leads_to_the_allowed_one() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    // Where the machine has IPv6, `localhost` is ::1 as well, which the gateway is not allowed to call.
    let url = sink.url("/hook").replace("127.0.0.1", "localhost");
    let event = Plan::new("local", &url).make(&client).await.accept(&client, &json!({})).await;
    let delivery = delivery_in(&client, &event, "delivered").await;
    assert_eq!(delivery["attempts"], 1);
}

/// Answers that a strict reader of HTTP would not take, and the status each gives.
const ODD: &[(&str, &str, u16)] = &[
    ("a blank before the colon", "HTTP/1.1 200 OK\r\nx-a : 1\r\ncontent-length : 0\r\n\r\n", 200),
    ("a control in a cookie", "HTTP/1.1 200 OK\r\nset-cookie: a=\x01\r\ncontent-length: 0\r\n\r\n", 200),
    ("a folded header", "HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\ncontent-length: 0\r\n\r\n", 200),
    ("no colon", "HTTP/1.1 200 OK\r\nwhat is this\r\ncontent-length: 0\r\n\r\n", 200),
    ("two lengths", "HTTP/1.1 201 Made\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx", 201),
];

#[tokio::test]
async fn a_status_counts_whatever_the_headers_are_like() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let many: String = (0..300).map(|n| format!("x-{n}: 1\r\n")).collect();
    let many = format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n");
    let odd = ODD.iter().copied().chain([("300 headers", many.leak() as &str, 200)]);
    for (at, (what, answer, status)) in odd.enumerate() {
        let receiver = Receiver::answering(answer).await;
        let plan = Plan::new(&format!("odd-{at}"), &receiver.url);
        let plan = plan.destination("retry", json!({"delays": ["10ms"]}));
        let event = plan.make(&client).await.accept(&client, &json!({})).await;
        let delivery = delivery_in(&client, &event, "delivered").await;
        let attempts = attempts(&client, &delivery).await;
        assert_eq!((attempts.len(), receiver.requests().len()), (1, 1), "{what}: {attempts:?}");
        assert_eq!(attempts[0]["status"], status, "{what}: {attempts:?}");
    }
}

#[tokio::test]
async fn metrics_are_plain_text_unless_open_metrics_is_asked_for() {
    let gateway = Gateway::start().await;
    let client = gateway.client().with_key("");
    let open = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    let both = "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.4";
    for (accept, media) in [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text;q=0", "text/plain; version=0.0.4; charset=utf-8"),
        (both, "text/plain; version=0.0.4; charset=utf-8"),
        (open, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("Application/OpenMetrics-Text", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ] {
        let headers: &[(&str, &str)] = if accept.is_empty() { &[] } else { &[("accept", accept)] };
        let answer = client.send("GET", "/metrics", headers, Vec::new()).await;
        assert_eq!(answer.header("content-type"), media, "{accept}");
        assert_eq!(answer.text.ends_with("# EOF\n"), media.contains("openmetrics"), "{accept}");
        if media.starts_with("text/plain") {
            check_text_format(&answer.text);
        }
    }
}

/// The rules of the text format 0.0.4: each family is told once before its samples, with a type it
/// knows, and every sample is a name of its family, labels and a number.
fn check_text_format(text: &str) {
    let mut types: HashMap<&str, &str> = HashMap::new();
    let mut helped: Vec<&str> = Vec::new();
    let mut family = "";
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind), "{line}");
            assert!(types.insert(name, kind).is_none(), "told twice: {line}");
            family = name;
        } else if let Some(told) = line.strip_prefix("# HELP ") {
            helped.push(told.split(' ').next().unwrap());
        } else {
            assert!(!line.starts_with('#') && !line.is_empty(), "neither help, type nor sample: {line}");
            let name = line.split(['{', ' ']).next().unwrap();
            let endings: &[&str] = match types[family] {
                "histogram" => &["_bucket", "_sum", "_count"],
                _ => &[""],
            };
            let fits = endings.iter().any(|ending| name.strip_suffix(ending) == Some(family));
            assert!(fits, "{line} is no sample of {family}, a {}", types[family]);
            let number = line.rsplit(' ').next().unwrap();
            assert!(number.parse::<f64>().is_ok() || number == "+Inf", "{line}");
        }
    }
    assert!(types.len() > 10, "{text}");
    assert_eq!(helped.len(), types.len(), "each has its help");
    assert!(types.get("hookmill_events_received_total") == Some(&"counter"), "{types:?}");
}

/// Starts what follows without the right to make memory executable, as systemd does with `MemoryDenyWriteExecute=yes`.
const WITHOUT_EXECUTABLE_MEMORY: &str = "
import ctypes, os, sys
assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0, 'PR_SET_MDWE needs Linux 6.3'
os.execv(sys.argv[1], sys.argv[1:])
";

#[tokio::test]
async fn without_executable_memory_the_host_is_at_fault_and_says_so_at_start() {
    let under = ["python3", "-c", WITHOUT_EXECUTABLE_MEMORY];
    let (gateway, sink) = (Gateway::start_with(|options| options.under(&under)).await, Sink::start().await);
    let client = gateway.client();
    eventually("the log says so", || async {
        gateway.log().contains("MemoryDenyWriteExecute").then_some(())
    })
    .await;
    let plugin = std::fs::read(root().join("target/plugins/filter-leads.wasm")).unwrap();
    let answer = client.upload("leads", plugin).await;
    assert!(answer.status >= 500, "{answer:?}");
    assert!(answer.text.contains("make memory executable"), "{answer:?}");
    assert!(!answer.text.contains("too_complex"), "{answer:?}");
    // Whatever needs no plugin goes on.
    let event = Plan::new("plain", &sink.url("/hook")).make(&client).await.accept(&client, &json!({})).await;
    delivery_in(&client, &event, "delivered").await;
}

#[tokio::test]
async fn a_proxy_that_is_not_used_is_told_once() {
    let secret = "http://someone:hunter22@proxy.example:3128";
    let gateway = Gateway::start_with(|options| {
        options.env("HTTPS_PROXY", secret).env("all_proxy", secret).env("HTTP_PROXY", "")
    })
    .await;
    let told =
        |log: &str| log.lines().filter(|line| line.contains("proxy")).map(str::to_owned).collect::<Vec<_>>();
    let lines = eventually("the log says so", || async {
        Some(told(&gateway.log())).filter(|lines| !lines.is_empty())
    })
    .await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("HTTPS_PROXY") && lines[0].contains("all_proxy"), "{lines:?}");
    assert!(!lines[0].contains("HTTP_PROXY,") && !gateway.log().contains("hunter22"), "{lines:?}");
    let quiet = Gateway::start().await;
    assert_eq!(told(&quiet.log()), Vec::<String>::new());
}

/// Settings that cannot be used: what is told of them, and the variables that set them, below a folder.
fn bad_settings(folder: &Path) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let ca = |path: String| ("egress.extra_ca", vec![("HOOKMILL_EGRESS_EXTRA_CA", path)]);
    let key = |path: String| ("store.secret_key_file", vec![("HOOKMILL_STORE_SECRET_KEY_FILE", path)]);
    let exposed = file("exposed.key", &"ab".repeat(32));
    std::fs::set_permissions(&exposed, std::fs::Permissions::from_mode(0o644)).unwrap();
    let pem =
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0w\n-----END PRIVATE KEY-----\n";
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let plain = file("plain", "text");
    file("used", "");
    std::fs::remove_file(at("used")).unwrap();
    std::fs::create_dir(at("used")).unwrap();
    std::fs::write(folder.join("used/plugins"), "").unwrap();
    vec![
        ca(at("none.pem")),
        ca(file("key.pem", pem)),
        ca(file("ca.json", "{\"ca\": 1}")),
        ca(file("empty.pem", "")),
        ca(file("damaged.pem", damaged)),
        ca(at("")),
        key(file("short.key", "abcd")),
        key(exposed),
        key(at("nowhere/secret.key")),
        key(at("used")),
        ("data", vec![("HOOKMILL_DATA", plain.clone())]),
        ("data", vec![("HOOKMILL_DATA", format!("{plain}/below"))]),
        ("data", vec![("HOOKMILL_DATA", at("used"))]),
        ("log.filter", vec![("HOOKMILL_LOG_FILTER", "hookmill=loudest".to_owned())]),
        ("listen", vec![("HOOKMILL_LISTEN", "127.0.0.1".to_owned())]),
        ("cannot listen on", vec![("HOOKMILL_LISTEN", "192.0.2.1:8080".to_owned())]),
        // All at once.
        (
            "egress.extra_ca",
            vec![("HOOKMILL_EGRESS_EXTRA_CA", at("none.pem")), ("HOOKMILL_DATA", plain.clone())],
        ),
        ("data", vec![("HOOKMILL_EGRESS_EXTRA_CA", at("none.pem")), ("HOOKMILL_DATA", plain)]),
    ]
}

#[tokio::test]
async fn what_serve_refuses_its_check_refuses_in_the_same_words() {
    let directory = tempfile::tempdir().unwrap();
    let serve = |check: bool, variables: &[(&'static str, String)]| {
        let mut command = hookmill();
        command.arg("serve").args(check.then_some("--check"));
        command.env("HOOKMILL_DATA", directory.path().join("data")).env("HOOKMILL_LISTEN", "127.0.0.1:0");
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        async move {
            let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
            let output = output.expect("it ends").unwrap();
            (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
        }
    };
    for (part, variables) in bad_settings(directory.path()) {
        let (checked, told) = serve(true, &variables).await;
        let (served, said) = serve(false, &variables).await;
        assert!(told.contains(part), "{variables:?}: {told}");
        assert_ne!(checked, 0, "{variables:?}: {told}");
        assert_eq!((checked, told), (served, said), "{variables:?}");
    }
    let (checked, told) = serve(true, &[]).await;
    assert_eq!((checked, told.contains("the settings are good")), (0, true), "{told}");
    assert!(!directory.path().join("data").exists(), "a check makes nothing");
    // What runs already is no fault of the settings.
    let mut running = Gateway::start().await;
    let data = ("HOOKMILL_DATA", running.data().to_str().unwrap().to_owned());
    let (checked, told) = serve(true, &[data.clone(), ("HOOKMILL_LISTEN", running.address())]).await;
    assert_eq!(checked, 0, "{told}");
    // The key of other secrets than those that there are, and none.
    let body = json!({"value": "hunter22hunter22"}).to_string().into_bytes();
    let json = [("content-type", "application/json")];
    let kept = running.client().send("PUT", "/v1/secrets/token", &json, body).await;
    assert!(matches!(kept.status, 200 | 201), "{kept:?}");
    running.terminate().await;
    let other = directory.path().join("other.key");
    std::fs::write(&other, "cd".repeat(32)).unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o600)).unwrap();
    for (key, part) in [(other, "the key in"), (directory.path().join("no.key"), "put it back")] {
        let key = ("HOOKMILL_STORE_SECRET_KEY_FILE", key.to_str().unwrap().to_owned());
        let (checked, told) = serve(true, &[data.clone(), key.clone()]).await;
        assert!(checked != 0 && told.contains(part), "{told}");
        assert_eq!((checked, told), serve(false, &[data.clone(), key]).await);
    }
}
