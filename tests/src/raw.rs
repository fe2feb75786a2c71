//! Bytes on a TCP connection, for requests that no honest client sends. Not here: what to expect.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::gateway::Gateway;

const PATIENCE: Duration = Duration::from_secs(30);

/// Sends bytes and gives everything that comes back until the gateway closes the connection, or
/// has answered one whole request and keeps it open.
pub async fn exchange(gateway: &Gateway, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(gateway).await;
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(bytes.as_ref()).await;
    read_answer(&mut stream).await
}

/// A connection.
pub async fn connect(gateway: &Gateway) -> TcpStream {
    let stream = TcpStream::connect(gateway.address()).await.expect("the gateway listens");
    stream.set_nodelay(true).expect("a socket option");
    stream
}

/// Reads until the answer is complete or the connection is closed.
pub async fn read_answer(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    let reading = async {
        while !is_complete(&seen) {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => seen.extend_from_slice(&buffer[..count]),
            }
        }
    };
    let outcome = tokio::time::timeout(PATIENCE, reading).await;
    let text = String::from_utf8_lossy(&seen).into_owned();
    assert!(outcome.is_ok(), "no complete answer in {PATIENCE:?}, only {text:?}");
    text
}

/// Reads until the text is there, and gives all that came.
pub async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut seen = String::new();
    let mut buffer = [0; 4096];
    let reading = async {
        while !seen.contains(wanted) {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => seen.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
    };
    let _late = tokio::time::timeout(PATIENCE, reading).await;
    assert!(seen.contains(wanted), "no {wanted:?} in {PATIENCE:?}, only {seen:?}");
    seen
}

fn is_complete(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}

/// The status of an answer, 0 if there was none.
pub fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// Asserts that an answer is a problem document with that status, in its head and in its body.
pub fn problem(answer: &str, expected: u16) {
    assert_eq!(status(answer), expected, "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    let document: serde_json::Value = serde_json::from_str(body).expect("the body is JSON");
    assert_eq!(document["status"], expected, "{document}");
    for field in ["type", "title", "detail"] {
        assert!(document[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {document}");
    }
}
