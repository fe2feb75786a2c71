//! The first signal drains, the second stops; an orderly stop under load loses and repeats nothing.

use std::collections::HashMap;
use std::time::Duration;

use hookmill_tests::Gateway;
use hookmill_tests::Reply;
use hookmill_tests::Sink;
use hookmill_tests::load::Load;
use hookmill_tests::pipeline::Plan;
use hookmill_tests::raw;
use serde_json::json;
use tokio::io::AsyncWriteExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_loses_and_repeats_nothing() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/hook", Reply::Late(Duration::from_millis(20), 200));
    let pipeline = Plan::new("term", &sink.url("/hook")).make(&client).await;
    let load = Load::start(&client, &pipeline.path, 16, 300);
    for round in 1..=4 {
        hookmill_tests::eventually("load flows", || async {
            (load.acknowledged() > round * 150).then_some(())
        })
        .await;
        let status = gateway.terminate().await;
        assert!(status.success(), "ended with {status}");
        gateway.restart().await;
    }
    let outcome = load.stop().await;
    hookmill_tests::settled(&client).await;
    let wanted = outcome.acknowledged.len();
    let hits = sink.wait_until("all acknowledged events arrive", |hits| {
        let numbers: std::collections::HashSet<_> = hits.iter().filter_map(number).collect();
        outcome.acknowledged.keys().all(|number| numbers.contains(number))
    });
    let mut times: HashMap<u64, u32> = HashMap::new();
    for hit in hits.await {
        *times.entry(number(&hit).unwrap()).or_default() += 1;
    }
    let repeated: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(repeated.is_empty(), "of {wanted} came more than once: {repeated:?}");
    // Requests that cross the closing on their way are answered. What may be left is a connection that the system
    // took in the instant before the listener was gone: that request was not taken, and may be sent again.
    assert!(outcome.unanswered.len() <= 4, "four stops left {:?} unanswered", outcome.unanswered);
    let taken: Vec<_> = outcome.unanswered.iter().filter(|number| times.contains_key(number)).collect();
    assert!(taken.is_empty(), "taken without an answer: {taken:?} of {:?}", outcome.unanswered);
}

fn number(hit: &hookmill_tests::sink::Hit) -> Option<u64> {
    hit.json()["number"].as_u64()
}

#[tokio::test]
async fn what_is_being_asked_is_still_answered() {
    let mut gateway = Gateway::start().await;
    let pipeline = Plan::new("slow", "http://127.0.0.1:9/").make(&gateway.client()).await;
    let mut stream = raw::connect(&gateway).await;
    let head = format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{", pipeline.path);
    stream.write_all(head.as_bytes()).await.unwrap();
    gateway.client().get("/healthz").await;
    gateway.signal(libc::SIGTERM);
    hookmill_tests::eventually("nobody new is let in", || async {
        tokio::net::TcpStream::connect(gateway.address()).await.is_err().then_some(())
    })
    .await;
    stream.write_all(b"}").await.unwrap();
    assert_eq!(raw::status(&raw::read_answer(&mut stream).await), 202);
    assert!(gateway.ended().await.success());
}

#[tokio::test]
async fn an_attempt_under_way_is_finished_and_a_second_signal_does_not_wait() {
    let (mut gateway, sink) = (Gateway::start().await, Sink::start().await);
    let client = gateway.client();
    sink.always("/late", Reply::Late(Duration::from_millis(700), 200));
    sink.always("/never", Reply::Never);
    let late = Plan::new("late", &sink.url("/late")).make(&client).await;
    late.accept(&client, &json!({})).await;
    sink.wait_for("/late", 1).await;
    assert!(gateway.terminate().await.success());
    gateway.restart().await;

    let never = Plan::new("never", &sink.url("/never")).make(&client).await;
    never.accept(&client, &json!({})).await;
    sink.wait_for("/never", 1).await;
    assert_eq!(sink.hits_at("/late").len(), 1, "finished before the stop, so not sent again");
    gateway.signal(libc::SIGTERM);
    hookmill_tests::eventually("it is draining", || async {
        tokio::net::TcpStream::connect(gateway.address()).await.is_err().then_some(())
    })
    .await;
    assert!(gateway.is_running(), "it waits for the attempt");
    gateway.signal(libc::SIGTERM);
    gateway.ended().await;
}
