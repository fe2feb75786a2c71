//! When connections are made, used again, and closed.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::ErrorCode;
use crate::egress::Egress;
use crate::egress::EgressOptions;
use crate::egress::connect::wire::DriverSocket;
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
        assert!(egress.send(&target, request("{}"), LONG).await.outcome.unwrap().end == BodyEnd::Longer);
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

/// A peer that answers the first request, and breaks every connection over the next one it gets there
/// after `last_words`; every connection but the first breaks at once unless `recovers`.
async fn breaking(last_words: &'static str, recovers: bool) -> Peer {
    let number = AtomicUsize::new(0);
    Peer::new(move |peer, mut stream| {
        let first = number.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if peer.read(&mut stream).await && (first || recovers) {
                stream.write_all(OK.as_bytes()).await.unwrap();
                peer.read(&mut stream).await;
            }
            // Whoever is gone already hears nothing.
            let _gone = stream.write_all(last_words.as_bytes()).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_used_connection_that_breaks_before_an_answer_costs_no_attempt() {
    let egress = egress();
    let peer = breaking("", true).await;
    let target = target(&egress, peer.address);
    for body in ["one", "two"] {
        assert_eq!(status(&egress.send(&target, request(body), LONG).await), 200, "{body}");
    }
    assert_eq!((peer.connections(), peer.requests().len()), (2, 3));
}

#[tokio::test]
async fn a_fresh_connection_that_breaks_is_a_failure() {
    let egress = egress();
    let peer = breaking("", false).await;
    let target = target(&egress, peer.address);
    assert_eq!(status(&egress.send(&target, request("one"), LONG).await), 200);
    for connections in [2, 3] {
        let sent = egress.send(&target, request("two"), LONG).await;
        failed(&sent, ErrorCode::ConnectionFailed, "before it answered");
        assert_eq!(peer.connections(), connections, "one fresh connection, no more");
    }
}

#[tokio::test]
async fn an_answer_that_has_begun_is_not_asked_for_again() {
    let egress = egress();
    let peer = breaking("HTTP/1.1 2", true).await;
    let target = target(&egress, peer.address);
    assert_eq!(status(&egress.send(&target, request("one"), LONG).await), 200);
    let sent = egress.send(&target, request("two"), LONG).await;
    failed(&sent, ErrorCode::ConnectionFailed, "broke the connection");
    assert_eq!((peer.connections(), peer.requests().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_closes_after_every_answer_costs_no_attempt() {
    for pause in [0, 1, 20].map(Duration::from_millis) {
        let egress = egress();
        let peer = Peer::new(move |peer, mut stream| async move {
            if peer.read(&mut stream).await {
                let _gone = stream.write_all(OK.as_bytes()).await;
                tokio::time::sleep(pause).await;
            }
        })
        .await;
        let target = target(&egress, peer.address);
        for _ in 0..25 {
            let burst = (0..8).map(|_| egress.send(&target, request("{}"), LONG));
            for sent in join_all(burst).await {
                assert_eq!(status(&sent), 200, "{pause:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_closed_or_spoke_unasked_is_seen_before_its_driver_has_a_turn() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = || async {
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (DriverSocket::new(stream), listener.accept().unwrap().0)
    };
    let (wire, mut peer) = connected().await;
    let watch = wire.watch();
    assert!(watch.is_quiet());
    std::io::Write::write_all(&mut peer, b"HTTP/1.1 408 Request Timeout\r\n\r\n").unwrap();
    assert!(!watch.is_quiet());
    let (wire, peer) = connected().await;
    let watch = wire.watch();
    assert!(watch.is_quiet());
    drop(peer);
    assert!(!watch.is_quiet());
    // One whose driver has gone.
    drop(wire);
    assert!(!watch.is_quiet());
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
