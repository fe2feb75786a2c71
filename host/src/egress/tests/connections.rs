//! When connections are made, used again, and closed.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use crate::domain::delivery::ErrorCode;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::egress::tests::LONG;
use crate::egress::tests::egress;
use crate::egress::tests::failed;
use crate::egress::tests::options;
use crate::egress::tests::peer::Peer;
use crate::egress::tests::request;
use crate::egress::tests::status;
use crate::egress::tests::target;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_is_used_again() {
    let egress = egress();
    let peer = Peer::answering(OK).await;
    let target = target(&egress, peer.address);
    for number in 0..5 {
        let sent = egress.send(&target, request("{}"), LONG).await;
        assert_eq!(status(&sent), 200);
        assert_eq!(sent.timings.connect_us == 0, number > 0, "{number}");
        assert!(sent.timings.total_us >= sent.timings.first_byte_us);
    }
    assert_eq!((peer.connections(), peer.requests().len()), (1, 5));
}

#[tokio::test]
async fn a_long_answer_does_not_cost_the_connection() {
    let egress = egress();
    let body = "x".repeat(100_000);
    let peer = Peer::answering(format!("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{body}")).await;
    let target = target(&egress, peer.address);
    for _ in 0..3 {
        assert!(egress.send(&target, request("{}"), LONG).await.outcome.unwrap().truncated);
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn many_at_a_time_share_what_is_idle() {
    let egress = egress();
    let peer = Peer::answering(OK).await;
    let target = target(&egress, peer.address);
    for _ in 0..4 {
        let all = (0..20).map(|_| egress.send(&target, request("{}"), LONG));
        assert!(join_all(all).await.iter().all(|sent| status(sent) == 200));
    }
    assert!(peer.connections() <= 20, "{}", peer.connections());
    assert_eq!(peer.requests().len(), 80);
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_no_attempt() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        // Closed without a word.
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        let egress = egress();
        let (closed, mut seen) = mpsc::unbounded_channel();
        let peer = Peer::new(move |peer, mut stream| {
            let closed = closed.clone();
            async move {
                peer.read(&mut stream).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
                drop(stream);
                closed.send(()).unwrap();
            }
        })
        .await;
        let target = target(&egress, peer.address);
        for _ in 0..5 {
            assert_eq!(status(&egress.send(&target, request("{}"), LONG).await), 200);
            seen.recv().await.unwrap();
        }
        assert_eq!((peer.connections(), peer.requests().len()), (5, 5));
    }
}

#[tokio::test]
async fn a_request_that_was_taken_is_never_sent_twice() {
    let egress = egress();
    let number = AtomicUsize::new(0);
    let peer = Peer::new(move |peer, mut stream| {
        let first = number.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            peer.read(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            // The first connection takes a second request and dies over it.
            if !first || peer.read(&mut stream).await {
                drop(stream);
            }
        }
    })
    .await;
    let target = target(&egress, peer.address);
    assert_eq!(status(&egress.send(&target, request("one"), LONG).await), 200);
    let sent = egress.send(&target, request("two"), LONG).await;
    failed(&sent, ErrorCode::ConnectionFailed, "before it answered");
    assert_eq!((peer.connections(), peer.requests().len()), (1, 2));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let options = EgressOptions { idle_timeout: Duration::from_millis(20), ..options() };
    let egress = Egress::new(options).unwrap();
    let (closed, mut seen) = mpsc::unbounded_channel();
    let peer = Peer::new(move |peer, mut stream| {
        let closed = closed.clone();
        async move {
            peer.read(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            closed.send(stream.read(&mut [0]).await.unwrap()).unwrap();
        }
    })
    .await;
    let target = target(&egress, peer.address);
    assert_eq!(status(&egress.send(&target, request("{}"), LONG).await), 200);
    assert_eq!(seen.recv().await, Some(0), "the peer saw the end");
    assert_eq!(status(&egress.send(&target, request("{}"), LONG).await), 200);
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn connections_end_with_their_target() {
    let egress = egress();
    let (closed, mut seen) = mpsc::unbounded_channel();
    let peer = Peer::new(move |peer, mut stream| {
        let closed = closed.clone();
        async move {
            peer.read(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            closed.send(stream.read(&mut [0]).await.unwrap()).unwrap();
        }
    })
    .await;
    let target = target(&egress, peer.address);
    assert_eq!(status(&egress.send(&target, request("{}"), LONG).await), 200);
    drop(target);
    assert_eq!(seen.recv().await, Some(0), "the peer saw the end");
}

#[tokio::test]
async fn a_request_given_up_closes_its_connection() {
    let egress = egress();
    let (closed, mut seen) = mpsc::unbounded_channel();
    let peer = Peer::new(move |peer, mut stream| {
        let closed = closed.clone();
        async move {
            peer.read(&mut stream).await;
            closed.send(stream.read(&mut [0]).await.unwrap()).unwrap();
        }
    })
    .await;
    let target = target(&egress, peer.address);
    let sent = egress.send(&target, request("{}"), Duration::from_millis(50)).await;
    failed(&sent, ErrorCode::Timeout, "did not answer");
    assert_eq!(seen.recv().await, Some(0), "the peer saw the end");
}
