//! What comes back, and what is made of it.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::domain::delivery::BodyEnd;
use crate::domain::delivery::ErrorCode;
use crate::domain::delivery::Response;
use crate::egress::Sent;
use crate::egress::tests::LONG;
use crate::egress::tests::egress;
use crate::egress::tests::failed;
use crate::egress::tests::peer::Peer;
use crate::egress::tests::request;
use crate::egress::tests::status;
use crate::egress::tests::target;

/// Sends to a peer that answers once and closes.
async fn once(answer: &str) -> Sent {
    let egress = egress();
    let peer = Peer::closing(answer).await;
    egress.send(&target(&egress, peer.address), request("{}"), LONG).await
}

async fn answered(answer: &str) -> Response {
    once(answer).await.outcome.expect("there was no answer")
}

#[tokio::test]
async fn an_answer_comes_back() {
    let response = answered("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nX-A: b\r\nx-a: c\r\n\r\nok").await;
    let headers = response.headers;
    assert_eq!((response.status, response.body.as_ref(), response.end), (202, &b"ok"[..], BodyEnd::Whole));
    assert_eq!(headers.get_all("x-a").collect::<Vec<_>>(), ["b", "c"]);
}

#[tokio::test]
async fn every_way_to_end_a_body() {
    for (answer, body) in [
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc"),
        ("HTTP/1.1 200 OK\r\n\r\nuntil it closes", "until it closes"),
        ("HTTP/1.0 200 OK\r\n\r\nold", "old"),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", "x"),
        ("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", "x"),
    ] {
        assert_eq!(answered(answer).await.body, body, "{answer}");
    }
}

#[tokio::test]
async fn redirects_are_answers() {
    let elsewhere = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for code in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {code} Go\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
            elsewhere.address
        );
        assert_eq!(answered(&answer).await.status, code);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    use BodyEnd::{Longer, Whole};
    for (length, end) in [(16 << 10, Whole), ((16 << 10) + 1, Longer), (100_000, Longer), (3 << 20, Longer)] {
        let body = "x".repeat(length);
        let response = answered(&format!("HTTP/1.1 500 No\r\ncontent-length: {length}\r\n\r\n{body}")).await;
        assert_eq!((response.body.len(), response.end), (length.min(16 << 10), end), "{length}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let egress = egress();
    let peer = Peer::new(|peer, mut stream| async move {
        peer.read(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut going = stream.write_all(head.as_bytes()).await;
        while going.is_ok() {
            going = stream.write_all(b"1000\r\n").await;
            going = going.and(stream.write_all(&[b'x'; 0x1000]).await);
            going = going.and(stream.write_all(b"\r\n").await);
        }
    })
    .await;
    let sent = egress.send(&target(&egress, peer.address), request("{}"), LONG).await;
    let response = sent.outcome.unwrap();
    assert_eq!((response.status, response.body.len(), response.end), (200, 16 << 10, BodyEnd::Longer));
}

#[tokio::test]
async fn many_headers_are_kept_up_to_a_bound() {
    let headers: String = (0..60).map(|n| format!("x-{n}: {}\r\n", "v".repeat(500))).collect();
    let response = answered(&format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n")).await;
    let bytes: usize = response.headers.0.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!((7000..=8 << 10).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn what_is_not_http_is_named() {
    for (answer, part) in [
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "not an HTTP/1.1 answer"),
        ("\0\0\0\x18ftypmp42\r\n\r\n", "not an HTTP/1.1 answer"),
        ("HTTP/1.1 abc OK\r\n\r\n", "not an HTTP/1.1 answer"),
        ("HTTP/1.1 20\r\n\r\n", "not an HTTP/1.1 answer"),
        // An interim answer decides nothing.
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2xx OK\r\n\r\n", "not an HTTP/1.1 answer"),
        ("\x15\x03\x03\0\x02\x02\x46", "speaks TLS on this port"),
    ] {
        failed(&once(answer).await, ErrorCode::BadResponse, part);
    }
}

#[tokio::test]
async fn a_status_counts_whatever_the_headers_are_like() {
    let huge = "y".repeat(200_000);
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\nx: {huge}\r\ncontent-length: 0\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n"),
    ] {
        let response = answered(&answer).await;
        assert_eq!((response.status, &response.headers.0[..]), (200, &[][..]));
        broken(&response, ErrorCode::BadResponse, "headers of the answer cannot be read");
    }
    for (odd, kept) in [
        ("x-a : 1", Some("1")),
        ("x-a:1\r\n  2", Some("1  2")),
        ("x-a: \x01", None),
        ("no colon", None),
        ("x\x01a: 1", None),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{odd}\r\nx-b: 3\r\ncontent-length: 2\r\n\r\nok");
        let response = answered(&answer).await;
        assert_eq!(
            (response.status, response.body.as_ref(), response.end),
            (200, &b"ok"[..], BodyEnd::Whole)
        );
        let found = |name| response.headers.get(name);
        assert_eq!(found("x-b"), Some("3"), "{odd:?}");
        let same = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(found("x-a").map(same), kept.map(same), "{odd:?}");
    }
}

/// The answer's body was broken off; the kind and what is said of it.
#[track_caller]
fn broken(response: &Response, code: ErrorCode, part: &str) {
    let BodyEnd::Broken(error) = &response.end else { panic!("{:?}", response.end) };
    assert_eq!(error.code, code, "{}", error.detail);
    assert!(error.detail.contains(part), "{} says nothing of {part}", error.detail);
}

#[tokio::test]
async fn a_body_that_stops_short_does_not_undo_the_status() {
    for (head, part, body) in [
        ("content-length: 50\r\n\r\n", "half", "half"),
        ("content-length: 50\r\n\r\n", "", ""),
        ("transfer-encoding: chunked\r\n\r\n", "5\r\nha", "ha"),
        ("transfer-encoding: chunked\r\n\r\n", "2\r\nha\r\n", "ha"),
        ("transfer-encoding: chunked\r\n\r\n", "2\r\nha\r\nnot a length\r\n", "ha"),
    ] {
        for status in [200, 206, 410, 503] {
            let response = answered(&format!("HTTP/1.1 {status} X\r\nretry-after: 7\r\n{head}{part}")).await;
            assert_eq!((response.status, response.body.as_ref()), (status, body.as_bytes()), "{head}{part}");
            assert_eq!(response.headers.get("retry-after"), Some("7"));
            broken(&response, ErrorCode::ConnectionFailed, "in the middle of its answer");
        }
    }
}

#[tokio::test]
async fn a_body_that_drips_beyond_the_time_limit_does_not_undo_the_status() {
    for head in ["content-length: 900", "transfer-encoding: chunked"] {
        let egress = egress();
        let peer = Peer::new(move |peer, mut stream| async move {
            peer.read(&mut stream).await;
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes()).await.unwrap();
            while stream.write_all(b"1\r\nx\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        let target = target(&egress, peer.address);
        for connections in [1, 2] {
            let sent = egress.send(&target, request("{}"), Duration::from_millis(100)).await;
            let response = sent.outcome.unwrap();
            assert_eq!(response.status, 200);
            assert!(response.body.len() < 900 && response.body.contains(&b'x'), "{:?}", response.body);
            broken(&response, ErrorCode::Timeout, "did not finish within 100ms");
            assert!(sent.timings.total_us >= 100_000);
            assert_eq!(peer.connections(), connections, "the connection is of no more use");
        }
    }
}

#[tokio::test]
async fn an_answer_that_stops_short_is_a_broken_connection() {
    for (answer, when) in
        [("", "before it answered"), ("HTTP/1.1 200 OK\r\ncontent-le", "before it answered")]
    {
        failed(&once(answer).await, ErrorCode::ConnectionFailed, when);
    }
}

#[tokio::test]
async fn slowness_is_a_timeout_that_says_where() {
    for (answer, part) in
        [("", "did not answer within 50ms"), ("HTTP/1.1 200 O", "did not answer within 50ms")]
    {
        let egress = egress();
        let peer = Peer::new(move |peer, mut stream| async move {
            peer.read(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            // Until the other side gives up.
            peer.read(&mut stream).await;
        })
        .await;
        let target = target(&egress, peer.address);
        let sent = egress.send(&target, request("{}"), Duration::from_millis(50)).await;
        failed(&sent, ErrorCode::Timeout, part);
        assert!(sent.timings.total_us >= 50_000);
    }
}

#[tokio::test]
async fn whoever_switches_protocols_is_not_asked_again() {
    let egress = egress();
    let peer =
        Peer::answering("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")
            .await;
    let target = target(&egress, peer.address);
    for _ in 0..2 {
        let sent = egress.send(&target, request("{}"), LONG).await;
        assert_eq!(status(&sent), 101);
    }
    assert_eq!(peer.connections(), 2);
}
