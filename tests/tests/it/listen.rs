//! `hookmill listen`: what comes in at a source reaches a service on this machine, signed, each event once, also what
//! came in while nobody listened.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use hookmill_tests::Client;
use hookmill_tests::Gateway;
use hookmill_tests::Pipeline;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::eventually;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::sign;
use hookmill_tests::sink::Hit;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncRead;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::sync::mpsc;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A running `hookmill listen`.
struct Listener {
    child: Child,
    /// Read as they come, so that it never waits for this test.
    lines: mpsc::UnboundedReceiver<String>,
    said: Arc<Mutex<Vec<String>>>,
}

async fn collect(stream: impl AsyncRead + Unpin, said: Arc<Mutex<Vec<String>>>) {
    let mut lines = BufReader::new(stream).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Listener {
    /// Starts one and waits until it says that it listens.
    async fn start(gateway: &Gateway, args: &[&str]) -> Self {
        let listener = Self::spawn(gateway, args);
        listener.hear("ready").await;
        listener
    }

    fn spawn(gateway: &Gateway, args: &[&str]) -> Self {
        let mut command = hookmill();
        command.arg("listen").args(args).args(["--url", &gateway.url(), "--key", ADMIN_KEY]);
        let mut child = command.env("LISTEN_SECRET", SECRET).spawn().expect("the binary starts");
        let said = Arc::default();
        tokio::spawn(collect(child.stderr.take().expect("stderr is piped"), Arc::clone(&said)));
        let (shown, lines) = mpsc::unbounded_channel();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        tokio::spawn(async move {
            while let Some(line) = stdout.next_line().await.expect("UTF-8") {
                // The test may have seen enough.
                let _gone = shown.send(line);
            }
        });
        Self { child, lines, said }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Waits until it has said something on stderr.
    async fn hear(&self, words: &str) {
        eventually(&format!("it says `{words}`"), || async { self.said().contains(words).then_some(()) })
            .await;
    }

    /// The next line on stdout.
    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(eventually::PATIENCE, self.lines.recv()).await;
        line.ok().flatten().unwrap_or_else(|| panic!("no line; it said:\n{}", self.said()))
    }

    /// The next line on stdout, which is JSON.
    async fn json(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"))
    }

    #[expect(unsafe_code, reason = "there is no safe kill(2) in the standard library")]
    fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id().expect("it is running")).expect("process ids are small");
        // SAFETY: kill touches no memory; the child is not waited for yet, so the id is still its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Waits for its end; gives what is left on stdout.
    async fn ended(&mut self) -> (ExitStatus, Vec<String>) {
        let mut rest = Vec::new();
        while let Some(line) = self.lines.recv().await {
            rest.push(line);
        }
        let status = tokio::time::timeout(eventually::PATIENCE, self.child.wait()).await;
        (status.expect("it ends").expect("waiting for a child"), rest)
    }

    /// Ctrl-C.
    async fn interrupt(&mut self) -> ExitStatus {
        self.signal(libc::SIGINT);
        self.ended().await.0
    }
}

/// A source that takes everything, its type by a header.
async fn source(client: &Client, name: &str) -> Pipeline {
    Plan::to_inbox(name).source("event_type", json!({"header": "x-kind"})).make(client).await
}

async fn post(client: &Client, pipeline: &Pipeline, kind: &str, body: &[u8]) -> String {
    let headers = [("content-type", "text/plain; charset=utf-8"), ("x-kind", kind), ("x-other", "kept")];
    let answer = client.with_key("").send("POST", &pipeline.path, &headers, body.to_vec()).await.expect(202);
    answer["id"].as_str().expect("an id").to_owned()
}

/// Judged by another implementation than the one that signed.
fn verify(hit: &Hit, secret: &str) {
    let (id, at) = (hit.header("webhook-id"), hit.header("webhook-timestamp").parse().expect("seconds"));
    let expected = sign::standard("webhook", secret, id, at, &hit.body);
    let signature = &expected.last().expect("a signature").1;
    assert_eq!(hit.header("webhook-signature"), signature, "{hit:?}");
}

#[tokio::test]
async fn what_comes_in_reaches_a_local_port_as_it_came_and_signed() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = source(&client, "here").await;
    post(&client, &pipeline, "before", b"not asked for").await;
    let url = sink.url("/hook?own=1");
    let mut listener =
        Listener::start(&gateway, &["--source", "here", "--forward", &url, "--secret-env", "LISTEN_SECRET"])
            .await;
    let body = b"{\"a\": 1.0,\n \"b\": \"\\u00e4\"}  \n";
    let path = format!("{}/tenant/42?x=1&y=%20", pipeline.path);
    let headers = [
        ("content-type", "application/vnd.x+json"),
        ("x-kind", "order.paid"),
        ("x-other", "kept"),
        ("accept-encoding", "gzip"),
        ("webhook-id", "theirs"),
    ];
    let answer = client.with_key("").send("PUT", &path, &headers, body.to_vec()).await;
    // Only what a source takes is an event.
    assert_eq!(answer.status, 405, "{answer:?}");
    let answer = client.with_key("").send("POST", &path, &headers, body.to_vec()).await.expect(202);
    let id = answer["id"].as_str().unwrap();
    let line = listener.line().await;
    for part in [id, "order.paid", "POST", &sink.url("/hook?own=1&x=1&y=%20"), "200 in"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    let hits = sink.hits();
    assert_eq!(hits.len(), 1, "{hits:?}");
    let hit = &hits[0];
    assert_eq!((&hit.body[..], hit.path.as_str()), (&body[..], "/hook?own=1&x=1&y=%20"));
    for (name, value) in [
        ("content-type", "application/vnd.x+json"),
        ("x-other", "kept"),
        ("webhook-id", id),
        ("accept-encoding", ""),
        ("host", sink.address()),
    ] {
        assert_eq!(hit.header(name), value, "{name}");
    }
    verify(hit, SECRET);
    assert!(!listener.said().contains(SECRET), "a secret that was given is not printed");
    assert!(listener.interrupt().await.success());
    listener.hear("forwarded 1: 1 answered with 2xx").await;
}

#[tokio::test]
async fn whatever_is_answered_is_told_and_the_next_one_follows() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = source(&client, "here").await;
    sink.script("/hook", |before, _| match before {
        0 => Reply::Full(500, vec![], "no such\nuser".into()),
        1 => Reply::Close,
        _ => Reply::Full(302, vec![("location", "/elsewhere".to_owned())], "".into()),
    });
    let args = ["--source", "here", "--forward", &sink.url("/hook"), "--json", "--count", "3"];
    let mut listener = Listener::start(&gateway, &args).await;
    for kind in ["a", "b", "c"] {
        post(&client, &pipeline, kind, b"x").await;
    }
    let lines = [listener.json().await, listener.json().await, listener.json().await];
    let kinds: Vec<&Value> = lines.iter().map(|line| &line["type"]).collect();
    assert_eq!(kinds, ["a", "b", "c"]);
    assert_eq!((&lines[0]["status"], &lines[0]["answer"]), (&json!(500), &json!("no such\nuser")));
    assert!(lines[1]["status"].is_null() && lines[1]["error"].is_string(), "{}", lines[1]);
    assert_eq!((&lines[2]["status"], &lines[2]["url"]), (&json!(302), &json!(sink.url("/hook"))));
    assert!(lines.iter().all(|line| line["ms"].is_u64() && line["source"] == pipeline.source), "{lines:?}");
    let (status, rest) = listener.ended().await;
    assert!(status.success() && rest.is_empty(), "{rest:?}");
    assert_eq!(sink.counted("/elsewhere"), 0, "redirects are not followed");
    listener.hear("forwarded 3: 0 answered with 2xx, 2 with another status, 1 not answered").await;
    let said = listener.said();
    // The secret was made for this run and is printed, so that a receiver can be told.
    let secret = said
        .split_whitespace()
        .map(|word| word.trim_end_matches(','))
        .find(|word| word.starts_with("whsec_"));
    verify(&sink.hits()[0], secret.expect("a secret"));
}

#[tokio::test]
async fn a_local_port_where_nobody_is_can_be_waited_for() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = source(&client, "here").await;
    let (address, url) = (sink.address().to_owned(), sink.url("/hook"));
    drop(sink);
    let mut listener =
        Listener::start(&gateway, &["--source", "here", "--forward", &url, "--until-answered"]).await;
    let id = post(&client, &pipeline, "a", b"x").await;
    let line = listener.line().await;
    assert!(line.contains(&id) && line.contains("no answer") && line.contains("refused"), "{line}");
    let sink = Sink::start_at(&address).await;
    post(&client, &pipeline, "b", b"y").await;
    for kind in ["a", "b"] {
        let line = listener.line().await;
        assert!(line.contains(&format!("  {kind}  ")) && line.contains("200 in"), "{line}");
    }
    let bodies: Vec<_> = sink.hits().iter().map(|hit| hit.body.clone()).collect();
    assert_eq!(bodies, ["x", "y"]);
    assert!(listener.interrupt().await.success());
}

/// Waits until each of these has come, however often.
async fn all_arrived(sink: &Sink, expected: &[String]) {
    let all = |hits: &[Hit]| expected.iter().all(|body| hits.iter().any(|hit| hit.body == body.as_bytes()));
    sink.wait_until("everything has arrived", all).await;
}

#[tokio::test]
async fn nothing_is_lost_while_it_was_away_and_nothing_comes_twice() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = source(&client, "here").await;
    let other = source(&client, "elsewhere").await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").to_str().unwrap().to_owned();
    let url = sink.url("/hook");
    let args = ["--source", "here", "--forward", &url, "--resume", &state, "--json"];
    let mut expected = Vec::new();
    let send = async |number: usize, expected: &mut Vec<String>| {
        post(&client, &other, "other", b"not listened to").await;
        let body = format!("event {number}");
        post(&client, &pipeline, "a", body.as_bytes()).await;
        expected.push(body);
    };
    post(&client, &pipeline, "a", b"before anybody listened").await;
    let mut listener = Listener::start(&gateway, &args).await;
    for number in 0..5 {
        send(number, &mut expected).await;
    }
    sink.wait_for("/hook", 5).await;
    // The listener is away, and is killed at whatever it does.
    listener.line().await;
    listener.child.kill().await.unwrap();
    for number in 5..300 {
        send(number, &mut expected).await;
    }
    let mut listener = Listener::start(&gateway, &args).await;
    all_arrived(&sink, &expected).await;
    // The gateway is away.
    gateway.kill().await;
    listener.hear("lost the connection to the gateway").await;
    gateway.restart().await;
    for number in 300..310 {
        send(number, &mut expected).await;
    }
    listener.hear("connected again").await;
    all_arrived(&sink, &expected).await;
    assert!(listener.interrupt().await.success());
    // Neither is there, and nothing is left to do.
    let mut listener = Listener::start(&gateway, &[&args[..], &["--count", "1"]].concat()).await;
    send(310, &mut expected).await;
    assert_eq!(listener.json().await["status"], 200);
    assert!(listener.ended().await.0.success());
    let hits = sink.hits_at("/hook");
    let mut bodies: Vec<String> =
        hits.iter().map(|hit| String::from_utf8_lossy(&hit.body).into_owned()).collect();
    // One that was answered and not noted yet when the listener was killed comes again, under the same id. Nothing else
    // does: Ctrl-C and a gateway that goes away cost no event a second delivery.
    let again: Vec<String> =
        bodies.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect();
    assert!(again.len() <= 1 && again.iter().all(|body| expected[..5].contains(body)), "twice: {again:?}");
    bodies.dedup();
    assert_eq!(bodies, expected, "in their order");
    let ids: Vec<&str> = hits.iter().map(|hit| hit.header("webhook-id")).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

#[tokio::test]
async fn since_begins_earlier_and_types_are_chosen() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = source(&client, "here").await;
    for kind in ["order.paid", "order.sent", "user.new", "ping", "user"] {
        post(&client, &pipeline, kind, kind.as_bytes()).await;
    }
    let url = sink.url("/hook");
    let args = ["--source", &pipeline.source, "--forward", &url, "--since", "10m", "--json"];
    let args = [&args[..], &["--event-types", "order.*,ping", "--count", "3", "--signing", "none"]].concat();
    let mut listener = Listener::spawn(&gateway, &args);
    let (status, lines) = listener.ended().await;
    assert!(status.success() && lines.len() == 3, "{lines:?} {}", listener.said());
    let hits = sink.hits();
    let bodies: Vec<_> = hits.iter().map(|hit| hit.body.clone()).collect();
    assert_eq!(bodies, ["order.paid", "order.sent", "ping"]);
    assert!(hits.iter().all(|hit| hit.header("webhook-id").is_empty()), "nothing is added: {hits:?}");
}

#[tokio::test]
async fn what_a_connection_would_send() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let steps = json!([
        {"filter": {"path": "$.score", "gte": 10}},
        {"mapping": {"version": 1, "output": {"points": "$.score"}}},
    ]);
    let plan = Plan::new("there", &sink.url("/production")).steps(steps);
    let plan = plan.destination("headers", json!({"x-team": "growth", "x-api-key": "hush-hush"}));
    let plan = plan.destination("signing", json!({"profile": "crm", "secret": "theirs"}));
    let pipeline = plan.connection("state", json!("paused")).make(&client).await;
    let url = sink.url("/hook");
    let args = ["--connection", "there", "--forward", &url, "--secret", "mine", "--json"];
    let mut listener = Listener::start(&gateway, &args).await;
    pipeline.accept(&client, &json!({"score": 5})).await;
    pipeline.send(&client, &json!({"score": 1e300})).await.expect(202);
    let (first, second) = (listener.json().await, listener.json().await);
    let why = first["not_forwarded"].as_str().unwrap_or_default();
    assert!(why.contains("filter dropped it"), "{first}");
    assert_eq!(second["status"], 200, "{second}");
    let hits = sink.hits();
    assert_eq!(hits.len(), 1, "a connection that is paused sends nothing itself: {hits:?}");
    let hit = &hits[0];
    assert_eq!((&hit.body[..], hit.path.as_str()), (&br#"{"points":1e+300}"#[..], "/hook"));
    let signature = hex::encode(sign::hmac_sha256(b"mine", &[&hit.body]));
    assert_eq!((hit.header("x-webhook-signature"), hit.header("x-team")), (signature.as_str(), "growth"));
    assert_eq!((hit.header("content-type"), hit.header("x-api-key")), ("application/json", ""));
    assert!(listener.interrupt().await.success());
    listener.hear("1 answered with 2xx; 1 not forwarded").await;
}

#[tokio::test]
async fn a_connection_that_takes_a_group_is_heard_with_its_types() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    client.post("/v1/event-types", &json!({"name": "order.paid", "group": "order"})).await.expect(201);
    let plan = Plan::to_inbox("there").source("event_type", json!({"path": "$.kind"}));
    let plan = plan.connection("event_types", json!([]));
    let pipeline = plan.connection("event_groups", json!(["order"])).make(&client).await;
    let url = sink.url("/hook");
    let args = ["--connection", "there", "--forward", &url, "--json", "--count", "1"];
    let mut listener = Listener::start(&gateway, &args).await;
    pipeline.accept(&client, &json!({"kind": "other"})).await;
    pipeline.accept(&client, &json!({"kind": "order.paid"})).await;
    assert_eq!(listener.json().await["status"], 200);
    assert_eq!(sink.wait_for("/hook", 1).await[0].json()["kind"], "order.paid");
}

#[tokio::test]
async fn what_strangers_say_moves_no_cursor() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = Plan::to_inbox("here").source("event_type", json!({"path": "$.kind"})).make(&client).await;
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\u{202e}x\nevt_forged";
    let answer = evil.to_owned();
    sink.script("/hook", move |_, _| Reply::Full(500, vec![], answer.clone().into()));
    for json in [false, true] {
        let url = sink.url("/hook");
        let args = [
            "--source",
            "here",
            "--forward",
            &url,
            "--count",
            "1",
            if json { "--json" } else { "--with-path" },
        ];
        let mut listener = Listener::start(&gateway, &args).await;
        pipeline.accept(&client, &json!({"kind": evil})).await;
        let (status, lines) = listener.ended().await;
        assert!(status.success(), "{}", listener.said());
        let shown = lines.join("\n") + &listener.said();
        let obeyed = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
        assert!(!shown.contains(obeyed), "{shown:?}");
        assert!(lines.iter().all(|line| !line.starts_with("evt_forged")), "{lines:?}");
        if json {
            let line: Value = serde_json::from_str(&lines[0]).unwrap();
            assert_eq!((line["type"].as_str(), line["answer"].as_str()), (Some(evil), Some(evil)));
        }
    }
}

#[tokio::test]
async fn a_senders_path_stays_below_the_one_that_was_given() {
    let (gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    let pipeline = source(&client, "here").await;
    let url = sink.url("/hook");
    let args = ["--source", "here", "--forward", &url, "--with-path", "--json"];
    let mut listener = Listener::start(&gateway, &args).await;
    for (path, status) in [("/tenant/42", json!(200)), ("/%2e%2e/admin", Value::Null)] {
        let path = format!("{}{path}", pipeline.path);
        // As a stranger sends it: a library would tidy the path up.
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx");
        let answer = hookmill_tests::raw::exchange(&gateway, head).await;
        assert!(answer.contains("202"), "{answer}");
        assert_eq!(listener.json().await["status"], status);
    }
    let paths: Vec<String> = sink.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["/hook/tenant/42"]);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_ends_it() {
    let gateway = Gateway::start().await;
    let client = gateway.client();
    let pipeline = source(&client, "here").await;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").to_str().unwrap().to_owned();
    std::fs::write(&state, r#"{"listens_to":"src_other","after":"evt_00000000000000000000000000"}"#).unwrap();
    let forward = ["--forward", "3000"];
    for (args, code, told) in [
        (&["--source", "nowhere"][..], 1, "nowhere"),
        (&["--connection", "nowhere"], 1, "nowhere"),
        (&["--source", "here", "--resume", &state], 1, "src_other"),
        (&["--source", "here", "--secret-env", "NO_SUCH_VARIABLE"], 1, "NO_SUCH_VARIABLE"),
        (&["--source", "here", "--secret", "short"], 1, "whsec_"),
        (&["--source", "here", "--since", "yesterday"], 1, "such as 2h"),
        (&["--source", "here", "--signing", "md5"], 2, "standard_webhooks"),
        (&["--source", "here", "--event-types", "/x/"], 2, "no regular expressions"),
        (&["--source", "here", "--connection", "here"], 2, "cannot be used with"),
        (&[], 2, "--source"),
    ] {
        let mut listener = Listener::spawn(&gateway, &[args, &forward].concat());
        let (status, lines) = listener.ended().await;
        eventually("it says why", || async { listener.said().contains(told).then_some(()) }).await;
        assert!(status.code() == Some(code) && lines.is_empty(), "{args:?}: {status} {}", listener.said());
    }
    // A key that is taken away ends it, too.
    let key = client.post("/v1/api-keys", &json!({"name": "k", "scopes": ["read"]})).await.expect(201);
    let mut command = hookmill();
    command.args(["listen", "--source", &pipeline.source, "--forward", "3000", "--url", &gateway.url()]);
    let child = command.env("HOOKMILL_KEY", key["secret"].as_str().unwrap()).spawn().unwrap();
    client.delete(&format!("/v1/api-keys/{}", key["id"].as_str().unwrap())).await.expect(204);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}
