//! Words of others drive nobody's terminal.

use std::time::Duration;

use hookmill_tests::Gateway;
use hookmill_tests::gateway::ADMIN_KEY;
use hookmill_tests::gateway::hookmill;
use hookmill_tests::pipeline::Plan;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;

/// Clears the screen, sets the title, adds a line, turns what follows around; both spellings of the escape.
const ATTACK: &str = "x\x1b[2J\x1b]0;owned\x07\rall good\u{9b}31m\u{202e}\nevent.received  event=evt_forged";

#[track_caller]
fn is_harmless(text: &str) {
    let drives = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
    assert!(!text.contains(drives), "{text:?}");
}

async fn tailed(gateway: &Gateway, more: &[&str]) -> String {
    let mut command = hookmill();
    command.args(["tail", "--url", &gateway.url(), "--key", ADMIN_KEY]).args(more);
    let mut tail = command.spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let client = gateway.client();
    let shown = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("tail goes on");
            if line.contains("event.received") {
                return line;
            }
        }
    };
    let sending = async {
        loop {
            client.post("/v1/events", &json!({"type": ATTACK, "payload": 1})).await.expect(202);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let line = tokio::select! { line = shown => line, () = sending => unreachable!("it sends for ever") };
    tail.kill().await.unwrap();
    line
}

#[tokio::test]
async fn tail_shows_an_event_type_as_it_is_written() {
    let gateway = Gateway::start().await;
    let line = tailed(&gateway, &[]).await;
    is_harmless(&line);
    assert!(line.starts_with("event.received") && line.contains("event=evt_forged"), "on one line: {line}");
    assert!(line.contains(r"x\u001b[2J"), "{line}");
    let line = tailed(&gateway, &["--json"]).await;
    is_harmless(&line);
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["data"]["type"], ATTACK, "JSON means the same");
}

#[tokio::test]
async fn receive_shows_a_body_below_its_own_lines() {
    let gateway = Gateway::start().await;
    let mut command = hookmill();
    command.args(["receive", "--listen", "127.0.0.1:0"]);
    let mut receiver = command.spawn().unwrap();
    let mut talk = BufReader::new(receiver.stderr.take().unwrap()).lines();
    let first = talk.next_line().await.unwrap().unwrap();
    let url = first.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let client = gateway.client();
    let pipeline = Plan::new("shown", &url).make(&client).await;
    let body = format!("{ATTACK}\nreceived /forged  id dlv_1  signature good  answered 200");
    let headers = [("content-type", "text/plain")];
    client.with_key("").send("POST", &pipeline.path, &headers, body.into_bytes()).await.expect(202);
    let mut lines = BufReader::new(receiver.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    while !seen.iter().any(|line: &String| line.contains("/forged")) {
        seen.push(lines.next_line().await.unwrap().expect("receive goes on"));
    }
    seen.iter().for_each(|line| is_harmless(line));
    let own = seen.iter().filter(|line| line.starts_with("received "));
    assert_eq!(own.count(), 1, "{seen:#?}");
    receiver.kill().await.unwrap();
}

#[tokio::test]
async fn errors_of_a_server_and_names_of_files_are_harmless() {
    let sink = hookmill_tests::Sink::start().await;
    let problem =
        json!({"title": ATTACK, "detail": ATTACK, "errors": [{"pointer": ATTACK, "detail": ATTACK}]});
    let answer = hookmill_tests::Reply::Full(422, Vec::new(), problem.to_string().into());
    sink.always("/v1/stream", answer.clone());
    sink.always("/v1/plugins", answer.clone());
    sink.always("/in/s", answer);
    let base = sink.url("");
    for arguments in [
        &["tail", "--key", "k", "--url", &base][..],
        &["plugin", "list", "--key", "k", "--url", &base],
        &["trigger", "s", "--url", &base],
        &["map", "run", ATTACK, ATTACK],
        &["plugin", "check", ATTACK],
    ] {
        let output = hookmill().args(arguments).output().await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!output.status.success() && said.contains("\\u001b"), "{arguments:?}: {said}");
        is_harmless(&said);
    }
}
